package operate

import (
	"context"
	"time"

	"jeton/auth/audit"
	"jeton/auth/sshkey"
	"jeton/cmd/jeton/control"
)

// NewKey are the arguments of key.add; Line is as in authorized_keys. Either User is set, or Repository and Access (read
// or write): then it is a deploy key, which belongs to nobody and opens that repository alone.
type NewKey struct {
	User       string `json:"user,omitempty"`
	Repository string `json:"repository,omitempty"`
	Access     string `json:"access,omitempty"`
	Label      string `json:"label"`
	Line       string `json:"line"`
}

// KeysOf are the arguments of key.list: a person's, a repository's, or with neither all.
type KeysOf struct {
	User       string `json:"user,omitempty"`
	Repository string `json:"repository,omitempty"`
}

// Key is an SSH key as commands show one: a person's, or the deploy key of a repository, with its access.
type Key struct {
	ID          string    `json:"id"`
	User        string    `json:"user,omitempty"`
	Repository  string    `json:"repository,omitempty"`
	Access      string    `json:"access,omitempty"`
	Label       string    `json:"label"`
	Fingerprint string    `json:"fingerprint"`
	Public      string    `json:"public"`
	NoTouch     bool      `json:"no_touch_required,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
}

// Owner is whose a key is, for a line.
func (k Key) Owner() string {
	if k.Repository != "" {
		return k.Repository + " (" + k.Access + ")"
	}
	return k.User
}

func (o operator) shownKey(e sshkey.Entry) Key {
	k := Key{ID: e.ID, Access: string(e.Access), Label: e.Label, Fingerprint: e.Fingerprint, Public: e.Public, NoTouch: e.NoTouch,
		CreatedAt: e.CreatedAt}
	if !e.Deploys() {
		k.User = o.userName(e.UserID)
		return k
	}
	k.Repository = e.RepoID
	if r, ok := o.s.Access.ByID(e.RepoID); ok {
		k.Repository = r.Path
	}
	return k
}

// keys registers the operations about SSH keys.
func (o operator) keys(r control.Registry) {
	handle(r, "key.add", o.addKey)
	handle(r, "key.list", func(ctx context.Context, _ audit.Actor, of KeysOf) ([]Key, error) {
		entries, err := o.keysOf(ctx, of)
		list := []Key{}
		for _, e := range entries {
			list = append(list, o.shownKey(e))
		}
		return list, err
	})
	handle(r, "key.remove", func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		return Nothing{}, o.s.Keys.Remove(ctx, by, n.Name)
	})
}

func (o operator) keysOf(ctx context.Context, of KeysOf) ([]sshkey.Entry, error) {
	if of.Repository == "" {
		id, err := o.userID(of.User)
		return o.s.Keys.List(id), err
	}
	one, err := o.repo(ctx, of.Repository)
	if err != nil {
		return nil, err
	}
	if of.User != "" {
		return nil, control.Fail(control.Invalid, "a key is a person's or a repository's: name one of the two")
	}
	return o.s.Keys.OfRepository(one.ID), nil
}

func (o operator) addKey(ctx context.Context, by audit.Actor, n NewKey) (Key, error) {
	if n.Repository != "" {
		return o.addDeployKey(ctx, by, n)
	}
	if n.Access != "" {
		return Key{}, control.Fail(control.Invalid, "access belongs to deploy keys: a person's key may what the person may")
	}
	u, err := o.user(n.User)
	if err != nil {
		return Key{}, err
	}
	e, err := o.s.Keys.Add(ctx, by, u.ID, n.Label, n.Line)
	return o.shownKey(e), err
}

func (o operator) addDeployKey(ctx context.Context, by audit.Actor, n NewKey) (Key, error) {
	if n.User != "" {
		return Key{}, control.Fail(control.Invalid, "a key is a person's or a repository's: name one of the two")
	}
	one, err := o.repo(ctx, n.Repository)
	if err != nil {
		return Key{}, err
	}
	if n.Access == "" {
		n.Access = string(sshkey.Read)
	}
	e, err := o.s.Keys.AddDeploy(ctx, by, one.ID, sshkey.Access(n.Access), n.Label, n.Line)
	return o.shownKey(e), err
}

package tokens

import (
	"context"
	"errors"
	"time"

	"jeton/auth/access"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// key is an SSH key as replies have it.
type key struct {
	ID          string    `json:"key_id" doc:"The key's id."`
	User        *string   `json:"username" doc:"Whose it is; null for a deploy key."`
	Repository  *string   `json:"repository" doc:"Path of the repository that a deploy key opens."`
	Access      *string   `json:"access" doc:"What a deploy key may do: read or write."`
	Label       string    `json:"label" doc:"What it is for."`
	Key         string    `json:"key" doc:"The public key: type and base64."`
	Fingerprint string    `json:"fingerprint" doc:"As ssh-keygen -l shows it."`
	NoTouch     bool      `json:"no_touch_required" doc:"Whether signatures of this security key need not tell that somebody touched it."`
	CreatedOn   time.Time `json:"created_on" doc:"When it was added."`
}

func (o Options) shownKey(e sshkey.Entry) key {
	k := key{ID: e.ID, Access: unlessEmpty(string(e.Access)), Label: e.Label, Key: e.Public, Fingerprint: e.Fingerprint, NoTouch: e.NoTouch, CreatedOn: e.CreatedAt.UTC()}
	if u, ok := o.People.ByID(e.UserID); ok {
		k.User = &u.Name
	}
	if r, ok := o.Places.ByID(e.RepoID); ok {
		k.Repository = &r.Path
	}
	return k
}

const (
	noKey  = "ssh key `…` does not exist"
	either = "A key is a person's or a repository's: name one of `userid` and `repoid`"
)

func (o Options) keyMethods() []method.Method {
	open := method.On{Kind: method.Open}
	return []method.Method{
		method.Of(method.Method{Name: "get_ssh_keys", On: open, New: true, REST: "GET ssh_keys", Example: `{}`,
			Doc:   "Lists the SSH keys of the caller, or for administrators of anybody; or the deploy keys of a repository that the caller administers. A token that is bound to repositories lists deploy keys alone.",
			Fails: []string{others, "user `…` does not exist", "repository `…` does not exist", bound},
		}, o.keys),
		method.Of(method.Method{Name: "add_ssh_key", On: open, Changes: true, New: true, REST: "POST ssh_keys",
			Doc: "Adds an SSH key to the caller's account (right account) or for administrators to anybody's (right admin), or a deploy key to a repository that the caller administers (either right). " +
				"A key opens git over SSH from everywhere, so that a token which is taken from some networks alone adds none, and one that is bound to repositories adds deploy keys to these alone. " +
				"A key has no end, even where the token has one; its owner is told of it.",
			Example: `{"key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF3d2SPqHYOLzKQ4pXtTFpS1PaWyZ5Ha4Gxq5ZK4Vzrj ada@laptop", "label": "laptop"}`,
			Fails: []string{"this key cannot be used: …", "this key is in use already; a key belongs to one person, or to one repository as its deploy key",
				"a token makes none that gives more than it does itself: …", others, "user `…` does not exist", "repository `…` does not exist", either, noRight},
		}, o.addKey),
		method.Of(method.Method{Name: "remove_ssh_key", On: open, Changes: true, New: true, REST: "DELETE ssh_keys/{key_id}",
			Doc:     "Removes an SSH key that the caller could have added; connections that it opened end at their next request.",
			Example: `{"key_id": "u6vd3gq2zj5c7x4mlp2nq3rsta"}`, Fails: []string{noKey, noRight},
		}, o.removeKey),
	}
}

const (
	bound   = "Access was denied to this resource. This token is bound to repositories or groups, and reaches no account. Use one that is bound to nothing."
	noRight = "Access was denied to this resource. This token has not the right \"account\", which is needed here. Make one with it."
)

type keysArgs struct {
	User *method.Ref `arg:"userid,optional" max:"255" doc:"Name or id of a person; the caller where nothing is named."`
	Repo *method.Ref `arg:"repoid,optional" max:"255" doc:"Path or id of a repository, for its deploy keys."`
}

// holder is whose keys arguments name: a person, or a repository.
type holder struct {
	person access.User
	repo   access.Repository
}

// holder finds whose keys are meant, where the caller may manage them.
func (o Options) holder(c *method.Call, by token.Token, in keysArgs) (h holder, err error) {
	switch {
	case in.User != nil && in.Repo != nil:
		return h, method.Fail(method.Invalid, "%s", either)
	case in.Repo != nil:
		h.repo, err = c.SeenRepository(o.Places, *in.Repo, access.Admin)
		return h, err
	case by.Bound:
		return h, method.Fail(method.Denied, "%s", bound)
	case in.User != nil:
		h.person, err = person.As(c, o.People, *in.User, rules(c, by))
		return h, err
	}
	h.person, _ = o.People.ByID(c.Identity.UserID)
	return h, nil
}

// mayChange asks for the right that changing somebody's keys needs.
func (o Options) mayChange(c *method.Call, by token.Token, userID string) error {
	if c.Has(token.RightAccount) && (userID == "" || userID == c.Identity.UserID) || rules(c, by) {
		return nil
	}
	return method.Fail(method.Denied, "%s", noRight)
}

func (o Options) keys(_ context.Context, c *method.Call, in keysArgs) ([]key, error) {
	by, err := o.asking(c)
	if err != nil {
		return nil, err
	}
	h, err := o.holder(c, by, in)
	if err != nil {
		return nil, err
	}
	entries := []sshkey.Entry{}
	if h.repo.ID != "" {
		entries = o.Keys.OfRepository(h.repo.ID)
	} else if h.person.ID != "" { // "" would be everybody's
		entries = o.Keys.List(h.person.ID)
	}
	list := make([]key, 0, len(entries))
	for _, e := range entries {
		list = append(list, o.shownKey(e))
	}
	return list, nil
}

type addArgs struct {
	keysArgs
	Key    string `arg:"key" max:"16384" doc:"The public key, as in a .pub file."`
	Label  string `arg:"label,optional" max:"400" doc:"What it is for; the key's comment where it is left out."`
	Access string `arg:"access,optional" choices:"read,write" doc:"What a deploy key may do; read where it is left out. A person's key may what the person may."`
}

func (o Options) addKey(ctx context.Context, c *method.Call, in addArgs) (key, error) {
	by, err := o.asking(c)
	if err != nil {
		return key{}, err
	}
	h, err := o.holder(c, by, in.keysArgs)
	if err != nil {
		return key{}, err
	}
	if err := o.mayChange(c, by, h.person.ID); err != nil {
		return key{}, err
	}
	e, err := o.enter(ctx, c, by, h, in)
	switch {
	case errors.Is(err, sshkey.ErrBadKey):
		return key{}, method.Fail(method.Invalid, "%v", err)
	case errors.Is(err, sshkey.ErrTaken):
		return key{}, method.Fail(method.Conflict, "%v", err)
	case err != nil:
		return key{}, err
	}
	if o.KeyAdded != nil && !e.Deploys() {
		o.KeyAdded(e, c.Actor)
	}
	return o.shownKey(e), nil
}

// enter stores a key for its holder, where the token that asks gives as much.
func (o Options) enter(ctx context.Context, c *method.Call, by token.Token, h holder, in addArgs) (sshkey.Entry, error) {
	owner := token.KeyOfPerson
	switch {
	case h.repo.ID != "":
		owner = token.KeyOfRepository
	case in.Access != "":
		return sshkey.Entry{}, method.Fail(method.Invalid, "`access` belongs to deploy keys: a person's key may what the person may")
	}
	if err := by.CoversKeyOf(owner); err != nil {
		return sshkey.Entry{}, method.Fail(method.Denied, "%v", err)
	}
	if owner == token.KeyOfPerson {
		return o.Keys.Add(ctx, c.Actor, h.person.ID, in.Label, in.Key)
	}
	if in.Access == "" {
		in.Access = string(sshkey.Read)
	}
	return o.Keys.AddDeploy(ctx, c.Actor, h.repo.ID, sshkey.Access(in.Access), in.Label, in.Key)
}

type removed struct {
	Msg string `json:"msg" doc:"What was done, in a sentence."`
	ID  string `json:"key_id" doc:"The id that the key had."`
}

func (o Options) removeKey(ctx context.Context, c *method.Call, in struct {
	ID string `arg:"key_id" max:"64" doc:"The key's id."`
}) (removed, error) {
	by, err := o.asking(c)
	if err != nil {
		return removed{}, err
	}
	none := method.Fail(method.NotFound, "ssh key `%s` does not exist", in.ID)
	e, ok := o.Keys.ByID(in.ID)
	switch {
	case !ok, e.Deploys() && !c.Sees(e.RepoID, access.Admin):
		return removed{}, none
	case !e.Deploys() && (by.Bound || e.UserID != c.Identity.UserID && !rules(c, by)):
		return removed{}, none
	}
	if err := o.mayChange(c, by, e.UserID); err != nil {
		return removed{}, err
	}
	switch err := o.Keys.Remove(ctx, c.Actor, e.ID); {
	case errors.Is(err, sshkey.ErrNotFound):
		return removed{}, none
	case err != nil:
		return removed{}, err
	}
	return removed{"Removed ssh key `" + e.Label + "`", e.ID}, nil
}

// Package hooks is the methods of the API about web hooks: make, show, change and remove them, send a test, look at what was
// sent, and send it again. All are Jeton's own; RhodeCode has its web hooks in its pages alone.
//
// Who may administer a repository or a group administers its hooks; the server's are an administrator's whose token has the
// right admin and is bound to nothing. What may not be administered does not exist. A hook of a group is told of everything
// below it, so it is made by those who administer all that lies there, and is the group's from then on.
package hooks

import (
	"context"
	"errors"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/hook"
)

// Hooks does it; *hook.Server does.
type Hooks interface {
	Create(ctx context.Context, by audit.Actor, h hook.Hook) (hook.Hook, error)
	Hook(ctx context.Context, id string) (hook.Hook, error)
	Of(ctx context.Context, p hook.Place) ([]hook.Hook, error)
	Update(ctx context.Context, by audit.Actor, id string, change func(h *hook.Hook) error) (hook.Hook, error)
	Rotate(ctx context.Context, by audit.Actor, id string, secret hook.Secret, overlap time.Duration) (hook.Hook, error)
	Remove(ctx context.Context, by audit.Actor, id string) error
	Ping(ctx context.Context, by audit.Actor, id string) (hook.Delivery, error)
	Deliveries(ctx context.Context, hookID, before string, limit int) ([]hook.Delivery, error)
	Delivery(ctx context.Context, hookID, id string) (d hook.Delivery, body string, err error)
	Redeliver(ctx context.Context, by audit.Actor, hookID, id string) (hook.Delivery, error)
}

// Places finds repositories and groups; *access.Repositories does.
type Places interface {
	Find(ref string) (access.Repository, bool)
	FindGroup(ref string) (access.Group, bool)
	ByID(id string) (access.Repository, bool)
	GroupByID(id string) (access.Group, bool)
}

// People finds persons; *access.Users does.
type People interface {
	ByID(id string) (access.User, bool)
}

// Tokens finds the token of a call; *token.Store does.
type Tokens interface {
	ByID(id string) (token.Token, bool)
}

// Options are what the methods need. With the zero value they can be declared, and not be called.
type Options struct {
	Hooks  Hooks
	Places Places
	People People
	Tokens Tokens
	// ManagesAll tells whether somebody administers a group and all that lies in it.
	ManagesAll func(u access.User, groupID string) bool
	// NewID makes the id of a hook.
	NewID func() string
}

// Methods are those of web hooks.
func Methods(o Options) []method.Method {
	return []method.Method{o.create(), o.list(), o.update(), o.rotate(), o.remove(), o.ping(), o.deliveries(), o.redeliver()}
}

// open is what all methods are about: where a hook lies is found by the method itself.
func open() method.On { return method.On{Kind: method.Open} }

// of is the place that arguments name: a repository, a group, or the server, which the caller administers.
func (o Options) of(c *method.Call, repo, group method.Ref) (hook.Place, error) {
	switch {
	case repo != "" && group != "":
		return hook.Place{}, method.Fail(method.Invalid, "name a repository (repoid), or a group of repositories (repogroupid), or neither for the server: not both")
	case repo != "":
		r, err := c.SeenRepository(o.Places, repo, access.Admin)
		return hook.Place{RepoID: r.ID}, err
	case group != "":
		g, err := c.SeenGroup(o.Places, group, access.Admin)
		return hook.Place{GroupID: g.ID}, err
	}
	if !o.ofServer(c) {
		return hook.Place{}, method.Fail(method.Denied, "web hooks of the server are for an administrator's token with the right admin that is bound to no repositories; name a repository (repoid) or a group (repogroupid)")
	}
	return hook.Place{}, nil
}

// ofServer tells whether a caller administers the server's hooks.
func (o Options) ofServer(c *method.Call) bool {
	t, ok := o.Tokens.ByID(c.Identity.Proven.TokenID)
	return ok && !t.Bound && c.Admin()
}

// found is a hook that the caller administers; all others do not exist.
func (o Options) found(ctx context.Context, c *method.Call, id method.Ref) (hook.Hook, error) {
	h, err := o.Hooks.Hook(ctx, string(id))
	if err != nil {
		return h, said(err, id)
	}
	if h.RepoID != "" && c.Sees(h.RepoID, access.Admin) || h.GroupID != "" && c.SeesGroup(h.GroupID, access.Admin) ||
		h.RepoID == "" && h.GroupID == "" && o.ofServer(c) {
		return h, nil
	}
	return h, said(hook.ErrNotFound, id)
}

// tells refuses where a hook leads out of a group what is kept from the caller.
func (o Options) tells(c *method.Call, groupID string) error {
	if groupID == "" {
		return nil
	}
	u, ok := o.People.ByID(c.Identity.UserID)
	if !ok || !o.ManagesAll(u, groupID) {
		return method.Fail(method.Denied, "a web hook of a group is told of all that lies in it: it is for those who administer all of that, and something in this group is kept from you")
	}
	return nil
}

// whole is a hook that the caller administers, with all that it is told of: its deliveries, and the secret that signs them.
func (o Options) whole(ctx context.Context, c *method.Call, id method.Ref) (hook.Hook, error) {
	h, err := o.found(ctx, c, id)
	if err == nil {
		err = o.tells(c, h.GroupID)
	}
	return h, err
}

// gives refuses to have tokens go along where the caller's own token makes none: such a one is taken from everywhere.
func (o Options) gives(c *method.Call) error {
	t, ok := o.Tokens.ByID(c.Identity.Proven.TokenID)
	if ok && c.Has(token.RightTokens) && len(t.Networks) == 0 {
		return nil
	}
	return method.Fail(method.Denied, "%s", makesNone)
}

// said is an error in words for the client; id is the hook that was asked for.
func said(err error, id method.Ref) error {
	switch {
	case errors.Is(err, hook.ErrNotFound):
		return method.Fail(method.NotFound, "webhook `%s` does not exist", id)
	case errors.Is(err, hook.ErrBad):
		return method.Fail(method.Invalid, "%v", err)
	case errors.Is(err, hook.ErrTooMany):
		return method.Fail(method.Conflict, "%v; remove one first", err)
	case errors.Is(err, hook.ErrOff):
		return method.Fail(method.Conflict, "webhook `%s` is switched off; switch it on with update_webhook", id)
	}
	return err
}

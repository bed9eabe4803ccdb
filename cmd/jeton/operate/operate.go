// Package operate is what an operator can do with a data folder, as operations of cmd/jeton/control: people,
// repositories, tokens, keys and sign-in methods. Commands name things by what people type (user names, paths); the
// operations find the ids, call auth and the engine, and say what went wrong with a code.
package operate

import (
	"context"
	"encoding/json"
	"errors"
	"sort"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/auth/whitelist"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/wire"
	"jeton/vcs/host"
	"jeton/vcs/rules"
)

// Nothing is the arguments, or the result, of an operation that has none.
type Nothing struct{}

// Named are the arguments of an operation about one thing: a user name, a path, or an id.
type Named struct {
	Name string `json:"name"`
}

// operator does the operations on one store.
type operator struct{ s *wire.Store }

// Operations are all operations on a store.
func Operations(s *wire.Store) control.Registry {
	r, o := control.Registry{}, operator{s}
	o.people(r)
	o.userGroups(r)
	o.groups(r)
	o.repositories(r)
	o.credentials(r)
	o.audited(r)
	o.explain(r)
	o.views(r)
	for name, f := range r {
		r[name] = func(ctx context.Context, operator string, args json.RawMessage) (any, error) {
			if err := s.Fresh(ctx); err != nil { // what other nodes have changed is known first
				return nil, coded(err)
			}
			return f(ctx, operator, args)
		}
	}
	return r
}

// handle registers an operation whose errors get their codes here.
func handle[A, R any](r control.Registry, name string, f func(ctx context.Context, by audit.Actor, args A) (R, error)) {
	control.Handle(r, name, func(ctx context.Context, operator string, args A) (R, error) {
		out, err := f(ctx, audit.Command(operator), args)
		return out, coded(err)
	})
}

// coded finds the code of an error by what it wraps.
func coded(err error) error {
	var already *control.Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	for _, c := range []struct {
		code string
		errs []error
	}{
		{control.NotFound, []error{access.ErrNoUser, access.ErrNoRepository, access.ErrNoGroup, access.ErrNoUserGroup, token.ErrNotFound, sshkey.ErrNotFound, signin.ErrNoPlugin, host.ErrNotFound, host.ErrNoData}},
		{control.Taken, []error{access.ErrTaken, sshkey.ErrTaken, host.ErrTaken}},
		{control.Invalid, []error{access.ErrBadName, access.ErrBadEmail, access.ErrBadPassword, access.ErrBadPermission, token.ErrBadRequest, token.ErrWhich, token.ErrBadExpiry, token.ErrBadNetwork, sshkey.ErrBadKey, signin.ErrBadSetting, whitelist.ErrBad, host.ErrBadPath, rules.ErrBad}},
		{control.Refused, []error{token.ErrBeyond, token.ErrRotated, access.ErrOwns, access.ErrHolds, access.ErrInside, signin.ErrUnfit}},
	} {
		for _, e := range c.errs {
			if errors.Is(err, e) {
				return &control.Error{Code: c.code, Message: err.Error()}
			}
		}
	}
	return err
}

// User is a person as commands show one.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Active   bool   `json:"active"`
	Admin    bool   `json:"admin"`
	Password bool   `json:"has_password"`
	Service  bool   `json:"service"`
	Source   string `json:"source,omitempty"`
	// TokensOnly: git takes tokens and keys only, by what was laid down for the person or a user group.
	TokensOnly bool      `json:"git_tokens_only"`
	CreatedAt  time.Time `json:"created_at"`
}

func (o operator) shownUser(u access.User) User {
	return User{ID: u.ID, Name: u.Name, Email: u.Email, Active: u.Active, Admin: u.Admin, Password: u.HasPassword, Service: u.Service,
		Source: u.Source, TokensOnly: o.s.Users.TokensOnly(u.ID), CreatedAt: u.CreatedAt}
}

// NewUser are the arguments of user.create.
type NewUser struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
	Admin    bool   `json:"admin"`
	Service  bool   `json:"service"`
}

// NewPassword are the arguments of user.password.
type NewPassword struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// people registers the operations about people.
func (o operator) people(r control.Registry) {
	handle(r, "user.create", func(ctx context.Context, by audit.Actor, n NewUser) (User, error) {
		u, err := o.s.Users.Create(ctx, by, access.NewUser{Name: n.Name, Email: n.Email, Password: n.Password, Admin: n.Admin, Service: n.Service})
		return o.shownUser(u), err
	})
	handle(r, "user.list", func(context.Context, audit.Actor, Nothing) ([]User, error) {
		list := []User{}
		for _, u := range o.s.Users.List() {
			list = append(list, o.shownUser(u))
		}
		sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
		return list, nil
	})
	handle(r, "user.password", func(ctx context.Context, by audit.Actor, n NewPassword) (Nothing, error) {
		u, err := o.user(n.Name)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Users.SetPassword(ctx, by, u.ID, n.Password)
	})
	for name, change := range map[string]func(context.Context, audit.Actor, string) error{
		"user.activate": o.s.Users.Activate, "user.deactivate": o.s.Users.Deactivate, "user.promote": o.s.Users.Promote,
		"user.demote": o.s.Users.Demote, "user.delete": o.s.Users.Delete, "user.require-tokens": o.s.Users.RequireTokens,
		"user.allow-password": o.s.Users.AllowPassword,
	} {
		handle(r, name, func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
			u, err := o.user(n.Name)
			if err != nil {
				return Nothing{}, err
			}
			return Nothing{}, change(ctx, by, u.ID)
		})
	}
}

func (o operator) user(name string) (access.User, error) {
	u, ok := o.s.Users.ByName(name)
	if !ok {
		return u, control.Fail(control.NotFound, "there is no user %q", name)
	}
	return u, nil
}

// userName is the name for an id; the id itself where nobody has it any more.
func (o operator) userName(id string) string {
	if u, ok := o.s.Users.ByID(id); ok {
		return u.Name
	}
	return id
}

package gate

import (
	"context"
	"errors"
	"fmt"

	"jeton/auth/signin"
)

// byProxy takes a trusted proxy's word, where there is one: else the request is a guest's. It opens git as a password
// does, and not where git takes tokens and keys alone.
func (g *Gate) byProxy(ctx context.Context, c signin.Claim, q question) (subject, error) {
	if g.o.NoGitPasswords {
		return subject{}, nil // nobody is made who could not come in then
	}
	c.Git = q.door == Git
	r, err := g.o.SignIn.Vouched(ctx, c)
	switch {
	case errors.Is(err, signin.ErrRefused):
		return subject{}, notVouched()
	case err != nil:
		return subject{}, fmt.Errorf("take a proxy's word: %w", err)
	case r.UserID == "":
		return subject{}, nil
	}
	u, _ := g.o.Users.ByID(r.UserID)
	return g.byGitPassword(subject{user: u, proven: Proven{UserID: r.UserID, Vouched: true}})
}

// recallVouched asks once more about somebody whom a proxy has named: would its word be taken now?
func (g *Gate) recallVouched(p Proven) (subject, error) {
	u, _ := g.o.Users.ByID(p.UserID)
	s, err := g.person(subject{user: u, proven: p})
	if err != nil {
		return s, err
	}
	if g.o.NoGitPasswords || !g.o.SignIn.Vouches(p.UserID, true) {
		return s, vouchingOff()
	}
	return g.byGitPassword(s)
}

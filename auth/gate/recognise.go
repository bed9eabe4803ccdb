package gate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"jeton/auth/access"
	"jeton/auth/signin"
	"jeton/auth/sshcert"
	"jeton/auth/sshkey"
	"jeton/auth/token"
)

// subject is who asks, so far as it is known. The zero subject is a guest.
type subject struct {
	user access.User
	// token is set where one was used, deploy where a repository's own key was: then there is no user.
	token  *token.Token
	deploy *sshkey.Entry
	// certificate is set where one was checked.
	certificate *sshcert.Certificate
	// proven is set where a credential was found, even one that is refused then.
	proven Proven
}

// question is what is asked, besides by whom.
type question struct {
	door   Door
	way    doorway
	res    Resource
	access Access
}

func (s subject) guest() bool { return s.user.ID == "" && s.deploy == nil }

// name is what the subject is called in reflogs, in the record, and in sentences.
func (s subject) name() string {
	if s.deploy != nil {
		return "deploy key " + s.deploy.Label
	}
	return s.user.Name
}

// level is what the subject may do with a repository. A deploy key opens its own and no other, not even a public one.
func (g *Gate) level(s subject, r access.Repository) access.Level {
	switch {
	case s.deploy == nil:
		return g.o.Repositories.Level(s.user, r)
	case s.deploy.RepoID != r.ID:
		return access.None
	case s.deploy.Access == sshkey.Write:
		return access.Write
	case s.deploy.Access == sshkey.Read:
		return access.Read
	}
	return access.None
}

func (s subject) credential() string {
	switch {
	case s.proven.TokenID != "":
		return "token:" + s.proven.TokenID
	case s.proven.KeyID != "":
		return "key:" + s.proven.KeyID
	case s.certificate != nil:
		return fmt.Sprintf("cert:%s:%d", escapeKeyID(s.certificate.KeyID), s.certificate.Serial)
	case s.proven.UserID != "":
		return "password"
	}
	return ""
}

func (s subject) identity() Identity {
	id := Identity{UserID: s.user.ID, UserName: s.name(), Email: s.user.Email, Admin: s.user.Admin,
		Proven: s.proven, Credential: s.credential()}
	switch {
	case s.token != nil:
		id.TokenExpiry = s.token.ExpiresAt
	case s.certificate != nil:
		id.TokenExpiry = s.certificate.Expires
	}
	return id
}

// recognise goes through the checks that are about the credential: form, kind, alive, plug-in or view, person active.
// With a refusal the subject still says whose it was, for the audit record.
func (g *Gate) recognise(ctx context.Context, c Credential, q question) (subject, error) {
	if c.Proven != (Proven{}) {
		return g.recall(c, q)
	}
	f, err := read(c, q.way)
	switch {
	case err != nil || f.guest:
		return subject{}, err
	case f.isToken:
		return g.byToken(f, q)
	}
	return g.byPassword(ctx, f, c.Remote)
}

func (g *Gate) byToken(f form, q question) (subject, error) {
	t, ok := g.o.Tokens.Find(f.token)
	if !ok {
		return subject{}, badCredential("unknown token " + f.token.Hint())
	}
	s, err := g.ownerOf(t)
	if err != nil {
		return s, err
	}
	if !access.TokenName(f.user) && !s.user.Is(f.user) {
		return s, badCredential("another person's user name beside the token")
	}
	return s, g.judge(s, q)
}

func (g *Gate) ownerOf(t token.Token) (subject, error) {
	owner, ok := g.o.Users.ByID(t.UserID)
	s := subject{user: owner, token: &t, proven: Proven{TokenID: t.ID}}
	if !ok {
		return s, badCredential("the token's owner is gone")
	}
	return s, nil
}

// judge asks what a genuine token must be at this door. Whoever holds it may be told which it is not.
func (g *Gate) judge(s subject, q question) error {
	t := s.token
	if t.Kind != q.way.kind {
		return wrongKind(t.Kind, q.way, g.o.HowToMint(q.way.kind))
	}
	switch t.State(g.o.Now()) {
	case token.Revoked:
		return revoked(t.RevokedAt)
	case token.Expired:
		return expired(t.ExpiresAt)
	}
	if q.door == Git && !g.o.SignIn.Enabled(signin.Token) {
		return tokensOff()
	}
	if q.door == View && !g.o.ViewOn(q.res.View, t.ID) {
		return viewOff(q.res.View)
	}
	if !s.user.Active {
		return inactive(s.user.Name)
	}
	return nil
}

func (g *Gate) byPassword(ctx context.Context, f form, remote netip.Addr) (subject, error) {
	u, _ := g.o.Users.ByName(f.user)
	r, err := g.o.SignIn.SignIn(ctx, signin.Attempt{User: f.user, Secret: f.password, Remote: remote})
	if err != nil {
		return subject{user: access.User{Name: u.Name}}, signInError(err)
	}
	// The stamp is of the password that was judged: one that is changed meanwhile leaves it out of date.
	u, _ = g.o.Users.ByID(r.UserID)
	return g.person(subject{user: u, proven: Proven{UserID: r.UserID, Stamp: r.Stamp}})
}

func signInError(err error) error {
	switch {
	case errors.Is(err, signin.ErrRefused):
		return badCredential("wrong user name or password")
	case errors.Is(err, signin.ErrOff):
		return passwordsOff()
	case errors.Is(err, signin.ErrBusy):
		return tooMany(2 * time.Second)
	case errors.Is(err, signin.ErrUnavailable):
		return unavailable(err)
	}
	return fmt.Errorf("sign in: %w", err)
}

// stamp is signin.Stamp of what is stored now.
func (g *Gate) stamp(userID string) string { return signin.Stamp(g.o.Users.PasswordHash(userID)) }

// person ends the way of passwords and keys: is there somebody, and active?
func (g *Gate) person(s subject) (subject, error) {
	switch {
	case s.user.ID == "":
		return s, badCredential("the user is gone")
	case !s.user.Active:
		return s, inactive(s.user.Name)
	}
	return s, nil
}

// recall asks once more about a credential that was proven before.
func (g *Gate) recall(c Credential, q question) (subject, error) {
	p := c.Proven
	switch {
	case p.TokenID != "":
		return g.recallToken(p, q)
	case q.door != Git:
		return subject{}, badCredential("keys and passwords open git alone")
	case p.KeyID != "":
		return g.recallKey(p)
	case p.Certificate != "":
		return g.recallCertificate(p, c.Remote)
	}
	u, _ := g.o.Users.ByID(p.UserID)
	s := subject{user: u, proven: p}
	switch {
	case p.Stamp != g.stamp(p.UserID):
		return s, badCredential("the password was changed")
	case !g.o.SignIn.Open(p.UserID):
		return s, passwordsOff()
	}
	return g.person(s)
}

func (g *Gate) recallToken(p Proven, q question) (subject, error) {
	t, ok := g.o.Tokens.ByID(p.TokenID)
	if !ok {
		return subject{proven: p}, badCredential("the token is gone")
	}
	s, err := g.ownerOf(t)
	if err != nil {
		return s, err
	}
	return s, g.judge(s, q)
}

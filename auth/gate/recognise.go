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
	// token is set where one was used, deploy where a repository's own key was. There is no user with that, nor with a
	// deploy token.
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

func (s subject) guest() bool { return s.user.ID == "" && s.deploy == nil && s.token == nil }

// deployToken tells whether a token was used that is nobody's.
func (s subject) deployToken() bool { return s.token != nil && s.token.Deploy != token.Deploy{} }

// name is what the subject is called in reflogs, in the record, and in sentences.
func (s subject) name() string {
	switch {
	case s.deploy != nil:
		return "deploy key " + s.deploy.Label
	case s.deployToken():
		return "deploy token " + s.token.Label
	}
	return s.user.Name
}

// level is what the subject may do with a repository: a person what was given to them, and with a token within its scope
// alone. A deploy key or token opens what it belongs to and no other, not even what is public.
func (g *Gate) level(s subject, r access.Repository) access.Level {
	switch {
	case s.token != nil && !s.token.Touches(r.ID, r.Groups):
		return access.None
	case s.deployToken():
		return given(string(s.token.Access))
	case s.deploy == nil:
		return g.o.Repositories.Level(s.user, r)
	case s.deploy.RepoID != r.ID:
		return access.None
	}
	return given(string(s.deploy.Access))
}

// given is the level of what is nobody's and carries its own access.
func given(a string) access.Level {
	switch a {
	case string(Write):
		return access.Write
	case string(Read):
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
	case s.proven.Vouched:
		return "vouched"
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
		id.TokenExpiry, id.TokenLine, id.TokenLabel = s.token.Ends(), s.token.Line, s.token.Label
	case s.certificate != nil:
		id.TokenExpiry = s.certificate.Expires
	}
	return id
}

// recognise goes through the checks that are about the credential: form, kind, alive, network, plug-in or view, person
// active. With a refusal the subject still says whose it was, for the audit record.
func (g *Gate) recognise(ctx context.Context, c Credential, q question) (subject, error) {
	if c.Proven != (Proven{}) {
		return g.recall(c, q)
	}
	f, err := read(c, q.way)
	switch {
	case err != nil || f.guest:
		return subject{}, err
	case f.isToken:
		return g.byToken(f, c.Remote, q)
	case f.vouched:
		return g.byProxy(ctx, *c.Claim, q)
	}
	return g.byPassword(ctx, f, c.Remote)
}

func (g *Gate) byToken(f form, from netip.Addr, q question) (subject, error) {
	t, ok := g.o.Tokens.Find(f.token)
	if !ok {
		return subject{}, badCredential("unknown token " + f.token.Hint())
	}
	s, err := g.ownerOf(t)
	if err != nil {
		return s, err
	}
	if !access.TokenName(f.user) && (s.deployToken() || !s.user.Is(f.user)) {
		return s, badCredential("another person's user name beside the token")
	}
	return s, g.judge(s, from, q)
}

// ownerOf finds whose a token is. A decoy goes no further, whosever it is: nothing it is asked may tell it from a text
// that is no token.
func (g *Gate) ownerOf(t token.Token) (subject, error) {
	s := subject{token: &t, proven: Proven{TokenID: t.ID}}
	if t.UserID != "" {
		s.user, _ = g.o.Users.ByID(t.UserID)
	}
	switch {
	case t.Decoy:
		return s, badCredential("a decoy")
	case s.user.ID == "" && !s.deployToken():
		return s, badCredential("the token's owner is gone")
	}
	return s, nil
}

// judge asks what a genuine token must be at this door. Whoever holds it may be told which it is not.
func (g *Gate) judge(s subject, from netip.Addr, q question) error {
	for _, c := range checks {
		if err := c.ask(g, s, from, q); err != nil {
			return err
		}
	}
	return nil
}

func (g *Gate) byPassword(ctx context.Context, f form, remote netip.Addr) (subject, error) {
	if g.o.NoGitPasswords {
		return subject{}, tokensOnly(g.o.HowToMint(token.VCS), true)
	}
	u, _ := g.o.Users.ByName(f.user)
	r, err := g.o.SignIn.SignIn(ctx, signin.Attempt{User: f.user, Secret: f.password, Remote: remote})
	if err != nil {
		return subject{user: access.User{Name: u.Name}}, signInError(err)
	}
	// The stamp is of the password that was judged: one that is changed meanwhile leaves it out of date.
	u, _ = g.o.Users.ByID(r.UserID)
	return g.byGitPassword(subject{user: u, proven: Proven{UserID: r.UserID, Stamp: r.Stamp}})
}

// byGitPassword ends the way of a right password: it opens git alone, and not for everybody.
func (g *Gate) byGitPassword(s subject) (subject, error) {
	s, err := g.person(s)
	if err == nil && g.o.Users.TokensOnly(s.user.ID) {
		err = tokensOnly(g.o.HowToMint(token.VCS), false)
	}
	return s, err
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

// stamp is signin.Stamp of what signs a person in now: what is stored, or nothing of ours where a directory judges.
func (g *Gate) stamp(userID string) string {
	if g.o.SignIn.Source(userID) != "" {
		return signin.Stamp("")
	}
	return signin.Stamp(g.o.Users.PasswordHash(userID))
}

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
		return g.recallToken(p, c.Remote, q)
	case q.door != Git:
		return subject{}, badCredential("keys and passwords open git alone")
	case p.KeyID != "":
		return g.recallKey(p)
	case p.Certificate != "":
		return g.recallCertificate(p, c.Remote)
	case p.Vouched:
		return g.recallVouched(p)
	}
	u, _ := g.o.Users.ByID(p.UserID)
	s := subject{user: u, proven: p}
	switch {
	case g.o.NoGitPasswords:
		return s, tokensOnly(g.o.HowToMint(token.VCS), true)
	case p.Stamp != g.stamp(p.UserID):
		return s, badCredential("the password was changed")
	case !g.o.SignIn.Open(p.UserID):
		return s, passwordsOff()
	}
	return g.byGitPassword(s)
}

func (g *Gate) recallToken(p Proven, from netip.Addr, q question) (subject, error) {
	t, ok := g.o.Tokens.ByID(p.TokenID)
	if !ok {
		return subject{proven: p}, badCredential("the token is gone")
	}
	s, err := g.ownerOf(t)
	if err != nil {
		return s, err
	}
	return s, g.judge(s, from, q)
}

package gate

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/signin/headers"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/db"
	"jeton/db/dbtest"
)

const password = "correct horse"

var (
	root   = audit.Command("root")
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	remote = netip.MustParseAddr("192.0.2.1")
)

// world is a server's whole knowledge: ada owns ada/private, ada/public, ada/old (archived) and bob's team/app;
// bob may write ada/private's neighbour team/app and read ada/private, eve may nothing, chief everything.
// VCS tokens are switched on and the view "raw" is on the whitelist.
type world struct {
	t      testing.TB
	db     *db.DB
	users  *access.Users
	repos  *access.Repositories
	tokens *token.Store
	keys   *sshkey.Store
	signin *signin.Registry
	audit  *audit.Record
	gate   *Gate
	now    atomic.Pointer[time.Time]

	ada, bob, eve, chief access.User
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	d := dbtest.New(t)
	var err error
	w := &world{t: t, db: d}
	w.set(noon)
	clock := func() time.Time { return *w.now.Load() }
	hasher := signin.NewHasher()
	hasher.SetCost(signin.Cost{MemoryKiB: 8 * 1024, Passes: 1, Threads: 1})
	w.users, err = access.NewUsers(ctx, d, access.UserOptions{Hasher: hasher, Now: clock})
	ok(t, err)
	w.repos, err = access.NewRepositories(ctx, d)
	ok(t, err)
	w.tokens, err = token.NewStore(ctx, d, token.Options{Now: clock})
	ok(t, err)
	w.keys, err = sshkey.NewStore(ctx, d, clock)
	ok(t, err)
	w.signin, err = signin.NewRegistry(ctx, d, signin.Options{People: w.users, Plugins: []signin.Plugin{
		signin.NewPassword(d, w.users, hasher, clock), headers.New([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})}})
	ok(t, err)
	w.audit = audit.New(d, audit.Options{})
	t.Cleanup(func() { w.audit.Close(); w.tokens.Close(); d.Close() })
	w.gate = New(w.options(clock))
	w.people()
	return w
}

func (w *world) options(clock func() time.Time) Options {
	return Options{Users: w.users, Repositories: w.repos, Tokens: w.tokens, Keys: w.keys, SignIn: w.signin, Audit: w.audit,
		Create: access.CreateOwn, PushToCreate: true, Now: clock, RefusalTime: -1,
		ViewOn: func(view, _ string) bool { return view == "raw" }}
}

func (w *world) people() {
	ctx := context.Background()
	user := func(n access.NewUser) access.User {
		u, err := w.users.Create(ctx, root, n)
		ok(w.t, err)
		return u
	}
	w.ada = user(access.NewUser{Name: "ada", Email: "ada@example.org", Password: password})
	w.bob = user(access.NewUser{Name: "bob", Email: "bob@example.org", Password: password + " bob"})
	w.eve = user(access.NewUser{Name: "eve"})
	w.chief = user(access.NewUser{Name: "chief", Admin: true})
	for path, private := range map[string]bool{"ada/private": true, "ada/public": false, "ada/old": true, "team/app": true} {
		w.addRepo(path, w.ada, private)
	}
	ok(w.t, w.repos.Archive(ctx, root, "id-ada/old"))
	ok(w.t, w.repos.Give(ctx, root, "id-team/app", w.bob.ID, access.Write))
	ok(w.t, w.repos.Give(ctx, root, "id-ada/private", w.bob.ID, access.Read))
	ok(w.t, w.signin.Enable(ctx, root, signin.Token))
}

func (w *world) addRepo(path string, owner access.User, private bool) {
	w.t.Helper()
	ok(w.t, w.db.Repositories().Insert(context.Background(), db.Repository{ID: "id-" + path, Path: path,
		FoldedPath: strings.ToLower(path), OwnerID: owner.ID, Private: private}))
}

func (w *world) set(now time.Time) { w.now.Store(&now) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

// mint makes a token of somebody's and gives its text; more is applied to the request.
func (w *world) mint(u access.User, kind token.Kind, more ...func(*token.Request)) (id, text string) {
	w.t.Helper()
	q := token.Request{UserID: u.ID, Kind: kind, Label: "test"}
	if kind == token.VCS || kind == token.API {
		q.Access = token.Write
	}
	for _, m := range more {
		m(&q)
	}
	t, secret, err := w.tokens.Mint(context.Background(), root, q)
	ok(w.t, err)
	return t.ID, secret.Reveal()
}

func readOnly(q *token.Request) { q.Access = token.Read }

func boundTo(paths ...string) func(*token.Request) {
	return func(q *token.Request) {
		for _, p := range paths {
			q.Repositories = append(q.Repositories, "id-"+p)
		}
	}
}

func decoy(q *token.Request) { q.Decoy = true }

// from binds a token to networks.
func from(networks ...string) func(*token.Request) {
	return func(q *token.Request) {
		for _, n := range networks {
			q.Networks = append(q.Networks, netip.MustParsePrefix(n))
		}
	}
}

// rotated makes a token of ada's that has a successor.
func (w *world) rotated(kind token.Kind, overlap time.Duration) string {
	w.t.Helper()
	id, text := w.mint(w.ada, kind)
	_, _, err := w.tokens.Rotate(context.Background(), root, id, token.Rotation{Overlap: overlap})
	ok(w.t, err)
	return text
}

// deploy makes a deploy token of a repository; "" for the kind that there is none of.
func (w *world) deploy(kind token.Kind, path string, more ...func(*token.Request)) string {
	w.t.Helper()
	if kind == token.API {
		return ""
	}
	_, text := w.mint(access.User{}, kind, append(more, func(q *token.Request) { q.Deploy.RepositoryID = "id-" + path })...)
	return text
}

func until(at time.Time) func(*token.Request) { return func(q *token.Request) { q.ExpiresAt = at } }

func basic(user, secret string) Credential {
	return Credential{User: user, Secret: secret, Scheme: "basic", Remote: remote}
}

func by(scheme, secret string) Credential {
	return Credential{Secret: secret, Scheme: scheme, Remote: remote}
}

// addKey gives somebody a new SSH key and returns its wire format.
func (w *world) addKey(u access.User) (id string, wire []byte) {
	w.t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	ok(w.t, err)
	key, err := ssh.NewPublicKey(public)
	ok(w.t, err)
	e, err := w.keys.Add(context.Background(), root, u.ID, "", string(ssh.MarshalAuthorizedKey(key)))
	ok(w.t, err)
	return e.ID, key.Marshal()
}

// code is what an answer comes to: "" for a yes, "create" for a yes to a free path, else the code of the refusal.
func code(t testing.TB, g *Grant, err error) Code {
	t.Helper()
	switch r := AsRefused(err); {
	case r != nil:
		if g != nil || r.Sentence == "" || r.Reason == "" {
			t.Errorf("a refusal is not whole: %+v with grant %+v", r, g)
		}
		return r.Code
	case err != nil:
		t.Fatalf("the gate failed: %v", err)
	case g.Create:
		return "create"
	}
	return ""
}

func (w *world) ask(c Credential, d Door, path string, a Access) Code {
	w.t.Helper()
	g, err := w.gate.Admit(context.Background(), c, d, Resource{Path: path, View: "raw"}, a)
	return code(w.t, g, err)
}

package signin_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/signin/headers"
	"jeton/db"
	"jeton/db/dbtest"
)

var root = audit.Command("root")

// node is a server's registry over a database that others may use too, with the plug-ins password and headers.
type node struct {
	db       *db.DB
	users    *access.Users
	registry *signin.Registry
}

func newNode(t *testing.T, d *db.DB) *node {
	t.Helper()
	n := &node{db: d}
	hasher := signin.NewHasher()
	hasher.SetCost(signin.Cost{MemoryKiB: 8 * 1024, Passes: 1, Threads: 1})
	var err error
	n.users, err = access.NewUsers(t.Context(), d, access.UserOptions{Hasher: hasher})
	done(t, err)
	t.Cleanup(n.users.Close)
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	n.registry, err = signin.NewRegistry(t.Context(), d, signin.Options{People: n.users, Log: slog.New(slog.DiscardHandler),
		Plugins: []signin.Plugin{signin.NewPassword(d, n.users, hasher, nil), headers.New(proxies)}})
	done(t, err)
	t.Cleanup(n.registry.Close)
	return n
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

// named is what comes of a proxy's word that somebody has come; "" for nobody.
func (n *node) named(t *testing.T, user string) (id string, err error) {
	t.Helper()
	done(t, n.db.Fresh(t.Context()))
	got, err := n.registry.Vouched(t.Context(), signin.Claim{Peer: netip.MustParseAddr("10.0.0.1"), Header: http.Header{"X-Forwarded-User": {user}}})
	return got.UserID, err
}

func TestWhomAProxyNamesIsFoundOrMadeOnEveryDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		n, ctx := newNode(t, open()), t.Context()
		if id, err := n.named(t, "ada"); id != "" || err != nil {
			t.Fatalf("before it is switched on: %q, %v", id, err)
		}
		done(t, n.registry.Enable(ctx, root, signin.Headers))
		ada, err := n.named(t, "Ada")
		done(t, err)
		u, _ := n.users.ByID(ada)
		if u.Name != "Ada" || u.Source != signin.Headers || u.Admin || u.HasPassword || n.registry.Source(ada) != signin.Headers {
			t.Errorf("made %+v", u)
		}
		if again, err := n.named(t, "aDA"); again != ada || err != nil {
			t.Errorf("the second time: %q, %v; the first %q", again, err, ada)
		}
		if !n.registry.Vouches(ada, false) || n.registry.Vouches(ada, true) {
			t.Error("what it listens to is not what is set")
		}

		bob, err := n.users.Create(ctx, root, access.NewUser{Name: "bob", Password: "correct horse"})
		done(t, err)
		if id, err := n.named(t, "bob"); !errors.Is(err, signin.ErrRefused) {
			t.Errorf("an account of this server was taken over: %q, %v", id, err)
		}
		done(t, n.registry.Set(ctx, root, signin.Headers, signin.Settings{"create": "false"}))
		if id, err := n.named(t, "grace"); !errors.Is(err, signin.ErrRefused) {
			t.Errorf("somebody was made who must not be: %q, %v", id, err)
		}
		done(t, n.registry.Link(ctx, root, signin.Headers, bob.ID, "bob"))
		for _, name := range []string{"bob", "Bob"} {
			if id, err := n.named(t, name); id != bob.ID || err != nil {
				t.Errorf("linked, named %s: %q, %v", name, id, err)
			}
		}
		done(t, n.registry.Link(ctx, root, signin.Password, bob.ID, "bob"))
		if id, err := n.named(t, "bob"); !errors.Is(err, signin.ErrRefused) || n.registry.Vouches(bob.ID, false) {
			t.Errorf("given back: %q, %v", id, err)
		}

		after := newNode(t, open())
		if id, err := after.named(t, "ada"); id != ada || err != nil {
			t.Errorf("after a restart: %q, %v", id, err)
		}
		done(t, after.users.Delete(ctx, root, ada))
		if id, err := after.named(t, "ada"); !errors.Is(err, signin.ErrRefused) {
			t.Errorf("deleted: %q, %v", id, err)
		}
	})
}

func TestManyFirstRequestsMakeOnePersonOnEveryDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		first := newNode(t, open())
		nodes := []*node{first}
		done(t, first.registry.Enable(t.Context(), root, signin.Headers))
		if strings.HasSuffix(t.Name(), "/postgres") { // of SQLite one process is the only one
			nodes = append(nodes, newNode(t, open()))
		}
		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				var err error
				if ids[i], err = nodes[i%len(nodes)].named(t, "ada"); err != nil {
					t.Errorf("request %d: %v", i, err)
				}
				if _, known := nodes[i%len(nodes)].users.ByID(ids[i]); !known {
					t.Errorf("request %d: the node that was asked does not know the person", i)
				}
			})
		}
		wg.Wait()
		for i, id := range ids {
			if id == "" || id != ids[0] {
				t.Errorf("request %d is %q's, and the first %q's", i, id, ids[0])
			}
		}
	})
}

func TestSwitchesOrderAndSettingsAreKeptOnEveryDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		n, ctx := newNode(t, open()), t.Context()
		other := n
		if strings.HasSuffix(t.Name(), "/postgres") {
			other = newNode(t, open())
		}
		done(t, n.registry.Set(ctx, root, signin.Headers, signin.Settings{"header": "X-Remote-User", "git": "true"}))
		done(t, n.registry.Order(ctx, root, []string{"auth_headers", "auth_rhodecode"}))
		done(t, n.registry.Enable(ctx, root, signin.Headers))
		done(t, n.registry.Disable(ctx, root, signin.Password))
		done(t, other.db.Fresh(ctx))
		for which, r := range map[string]*signin.Registry{"this": n.registry, "another": other.registry, "the next": newNode(t, open()).registry} {
			list := r.List()
			if list[0].ID != signin.Headers || list[1].ID != signin.Password || !list[0].Enabled || list[1].Enabled {
				t.Errorf("%s node has %+v", which, list)
			}
			if s := list[0].Settings; s["header"] != "X-Remote-User" || s["git"] != "true" || s["create"] != "true" {
				t.Errorf("%s node has set %v", which, s)
			}
		}
		if err := n.registry.Set(ctx, root, signin.Headers, signin.Settings{"header": "Cookie"}); !errors.Is(err, signin.ErrUnfit) && !errors.Is(err, signin.ErrBadSetting) {
			t.Errorf("a header that clients send: %v", err)
		}
		done(t, n.registry.Link(ctx, root, signin.Password, "nobody", "nobody")) // nothing to take back
	})
}

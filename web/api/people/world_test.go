package people

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/db"
	"jeton/web/api/method"
)

// world is real stores with the administrator root, the people ada and bob, and what they have.
type world struct {
	t *testing.T
	d *db.DB
	o Options
}

type hasher struct{}

func (hasher) Hash(_ context.Context, password string) (string, error) {
	return "plain:" + password, nil
}

// trash deletes repositories as the host does, without their folders.
type trash struct{ d *db.DB }

func (h trash) Delete(ctx context.Context, id string) error {
	return h.d.Repositories().Trash(ctx, id, time.Now())
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	known, err := access.Open(t.Context(), d, access.UserOptions{Hasher: hasher{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(known.Close)
	tokens, err := token.NewStore(t.Context(), d, token.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tokens.Close() })
	w := &world{t: t, d: d}
	w.o = Options{Users: known.Users, UserGroups: known.UserGroups, Repositories: known.Repositories, Tokens: tokens, Host: trash{d},
		Record: func(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
			return audit.Latest(ctx, d, q, limit)
		},
		Note: func(ctx context.Context, by audit.Actor, action, resource, detail string) error {
			return d.Write(ctx, func(tx *db.Tx) error { return audit.Done(ctx, tx, by, action, resource, detail) })
		}}
	w.user(access.NewUser{Name: "root", Admin: true})
	w.user(access.NewUser{Name: "ada", Email: "ada@example.com", Firstname: "Ada", Lastname: "Lovelace"})
	w.user(access.NewUser{Name: "bob"})
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) user(n access.NewUser) access.User {
	w.t.Helper()
	u, err := w.o.Users.Create(w.t.Context(), audit.Command("test"), n)
	w.ok(err)
	return u
}

func (w *world) id(name string) string {
	w.t.Helper()
	u, found := w.o.Users.ByName(name)
	if !found {
		w.t.Fatalf("there is no %s", name)
	}
	return u.ID
}

func (w *world) group(name, owner string) access.UserGroup {
	w.t.Helper()
	g, err := w.o.UserGroups.Create(w.t.Context(), audit.Command("test"), access.NewUserGroup{Name: name, OwnerID: w.id(owner)})
	w.ok(err)
	return g
}

func (w *world) repo(path, owner string) access.Repository {
	w.t.Helper()
	w.ok(w.d.Repositories().Insert(w.t.Context(), db.Repository{ID: db.NewID(), Path: path, FoldedPath: path, OwnerID: w.id(owner), Private: true, CreatedAt: time.Now()}))
	r, _ := w.o.Repositories.ByPath(path)
	return r
}

// caller is who calls, with an unbound token that has these rights.
type caller struct {
	w      *world
	user   access.User
	rights []token.Right
}

func (c caller) Sees(_ gate.Identity, id string, l access.Level) bool {
	r, ok := c.w.o.Repositories.ByID(id)
	return ok && c.w.o.Repositories.Level(c.user, r) >= l
}

func (c caller) SeesGroup(_ gate.Identity, id string, l access.Level) bool {
	g, ok := c.w.o.Repositories.GroupByID(id)
	return ok && c.w.o.Repositories.LevelOfGroup(c.user, g) >= l
}

func (c caller) SeesUserGroup(_ gate.Identity, id string, l access.Level) bool {
	g, ok := c.w.o.UserGroups.ByID(id)
	return ok && c.w.o.UserGroups.Level(c.user, g) >= l
}

func (c caller) Has(_ gate.Identity, r token.Right) bool {
	return slices.Contains(c.rights, r) && (r != token.RightAdmin || c.user.Admin)
}

// as is somebody who calls; root has the right admin unless other rights are given.
func (w *world) as(name string, rights ...token.Right) caller {
	w.t.Helper()
	u, _ := w.o.Users.ByID(w.id(name))
	if u.Admin && len(rights) == 0 {
		rights = []token.Right{token.RightAdmin}
	}
	return caller{w, u, rights}
}

// call runs a method about what its arguments name, as the API does once the gate has let a call in. Its reply is JSON, in
// which ids stand as <name>.
func (c caller) call(name, args string) (string, error) {
	c.w.t.Helper()
	var v method.Values
	c.w.ok(json.Unmarshal([]byte(args), &v))
	for _, m := range Methods(c.w.o) {
		if m.Name != name {
			continue
		}
		ready, err := m.Prepare(v)
		if err != nil {
			return "", err
		}
		about := &method.Call{Identity: gate.Identity{UserID: c.user.ID, UserName: c.user.Name, Admin: c.user.Admin}, Actor: audit.Actor{UserID: c.user.ID, Name: c.user.Name}, Gate: c}
		about.Person = c.user
		if m.On.Kind == method.Person && ready.About != "" {
			about.Person, _ = c.w.o.Users.Find(ready.About)
		}
		about.UserGroup, _ = c.w.o.UserGroups.Find(ready.About)
		result, err := ready.Run(c.w.t.Context(), about)
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(result)
		c.w.ok(err)
		return c.w.named(string(text)), nil
	}
	c.w.t.Fatalf("there is no method %s", name)
	return "", nil
}

func (w *world) named(text string) string {
	for _, u := range w.o.Users.List() {
		text = strings.ReplaceAll(text, u.ID, "<"+u.Name+">")
	}
	for _, g := range w.o.UserGroups.List() {
		text = strings.ReplaceAll(text, g.ID, "<"+g.Name+">")
	}
	return text
}

// wants calls and compares the reply's fields with JSON that holds some of them.
func (c caller) wants(name, args, want string) {
	c.w.t.Helper()
	got, err := c.call(name, args)
	if err != nil {
		c.w.t.Errorf("%s %s: %v", name, args, err)
		return
	}
	var have, some any
	c.w.ok(json.Unmarshal([]byte(got), &have))
	c.w.ok(json.Unmarshal([]byte(want), &some))
	if !holds(have, some) {
		c.w.t.Errorf("%s %s: got\n%s\nwhich lacks something of\n%s", name, args, got, want)
	}
}

// holds tells whether a JSON value has all that another has; lists must be as long.
func holds(have, some any) bool {
	switch s := some.(type) {
	case map[string]any:
		h, is := have.(map[string]any)
		for k, v := range s {
			if got, there := h[k]; !is || !there || !holds(got, v) {
				return false
			}
		}
		return is
	case []any:
		h, is := have.([]any)
		if !is || len(h) != len(s) {
			return false
		}
		for i := range s {
			if !holds(h[i], s[i]) {
				return false
			}
		}
		return true
	}
	return have == some
}

// fails calls and compares the error.
func (c caller) fails(name, args string, code method.Code, want string) {
	c.w.t.Helper()
	got, err := c.call(name, args)
	var e *method.Error
	if !errors.As(err, &e) {
		c.w.t.Errorf("%s %s: got %s, %v; want %s", name, args, got, err, want)
		return
	}
	if text := c.w.named(e.Error()); e.Code != code || text != want {
		c.w.t.Errorf("%s %s: got %s %q, want %s %q", name, args, e.Code, text, code, want)
	}
}

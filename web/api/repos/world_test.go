package repos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/wire"
	"jeton/vcs/host"
	"jeton/vcs/maintain"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
	"jeton/web/api/method"
	"jeton/web/api/repos"
)

// world is a whole store with people: root, an administrator; ada, who owns team/app; bob, who may read it; eve, who may
// nothing.
type world struct {
	t      testing.TB
	s      *wire.Store
	o      repos.Options
	people map[string]access.User
	app    host.Repo
	// happened is what was told, as WHAT PATH; later has jobs go on when asked.
	happened []string
	later    bool
	jobs     []repos.Job
	// forgotten are the repositories of which what is kept was dropped.
	forgotten []string
}

var root = audit.Command("test")

func newWorld(t testing.TB) *world {
	t.Helper()
	set, err := config.Load(config.Sources{Environ: []string{"JETON_SERVER_HTTP=127.0.0.1:0", "JETON_SSH_LISTEN=127.0.0.1:0"}})
	ok(t, err)
	s, err := wire.Open(t.Context(), t.TempDir(), set, "test", slog.New(slog.DiscardHandler))
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	w := &world{t: t, s: s, people: map[string]access.User{}}
	for _, name := range []string{"root", "ada", "bob", "eve"} {
		w.people[name], err = s.Users.Create(t.Context(), root, access.NewUser{Name: name, Email: name + "@example.com", Admin: name == "root"})
		ok(t, err)
	}
	_, err = s.Access.CreateGroup(t.Context(), root, "team", w.people["ada"].ID)
	ok(t, err)
	w.app, err = s.Host.Create(t.Context(), host.Repo{Path: "team/app", OwnerID: w.people["ada"].ID, Private: true, Description: "Our app"})
	ok(t, err)
	ok(t, s.Access.Give(t.Context(), root, w.app.ID, w.people["bob"].ID, access.Read))
	w.o = repos.Options{Host: s.Host, Access: s.Access, Users: s.Users, UserGroups: s.UserGroups, Rules: s.Rules, Jobs: w, Events: w,
		Create: access.CreateOwn, Bound: func(gate.Identity) bool { return false }, Note: s.Note,
		Maintain: func(ctx context.Context, id string) (maintain.Report, error) { return s.Maintain(ctx, id) },
		Forget:   func(id string) { w.forgotten = append(w.forgotten, id) }}
	return w
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Happened implements repos.Events.
func (w *world) Happened(_ context.Context, h repos.Happened) error {
	text := h.What + " " + h.Repo.Path
	if h.From != "" {
		text += " from " + h.From
	}
	if h.Fork.ID != "" {
		text += " as " + h.Fork.Path
	}
	w.happened = append(w.happened, text)
	return errors.New("nobody listens") // which changes nothing
}

// Do implements repos.Jobs: at once, or never.
func (w *world) Do(ctx context.Context, j repos.Job) (json.RawMessage, string, error) {
	w.jobs = append(w.jobs, j)
	if w.later {
		return nil, "job-1", nil
	}
	result, err := w.run(ctx, j)
	return result, "", err
}

func (w *world) run(ctx context.Context, j repos.Job) (json.RawMessage, error) {
	args, err := json.Marshal(j.Args)
	ok(w.t, err)
	for _, k := range repos.Kinds(w.o) {
		if k.Name == j.Kind {
			result, err := k.Run(ctx, j.By, args, func(string) {})
			if err != nil {
				return nil, err
			}
			text, err := json.Marshal(result)
			ok(w.t, err)
			return text, nil
		}
	}
	w.t.Fatalf("there is no kind of job %q", j.Kind)
	return nil, nil
}

// sight is method.Gate by what somebody may, without a token between.
type sight struct {
	w *world
	u access.User
}

func (g sight) Sees(_ gate.Identity, id string, l access.Level) bool {
	r, lives := g.w.s.Access.ByID(id)
	return lives && g.w.s.Access.Level(g.u, r) >= max(l, access.Read)
}

func (g sight) SeesGroup(_ gate.Identity, id string, l access.Level) bool {
	r, lives := g.w.s.Access.GroupByID(id)
	return lives && g.w.s.Access.LevelOfGroup(g.u, r) >= max(l, access.Read)
}

func (g sight) SeesUserGroup(_ gate.Identity, id string, l access.Level) bool {
	r, lives := g.w.s.UserGroups.ByID(id)
	return lives && g.w.s.UserGroups.Level(g.u, r) >= max(l, access.Read)
}

func (g sight) Has(_ gate.Identity, r token.Right) bool { return r != token.RightAdmin || g.u.Admin }

// call calls a method as somebody, past the gate's first question, and answers the reply.
func (w *world) call(as, name, args string) (map[string]any, error) {
	w.t.Helper()
	result, err := w.raw(as, name, args)
	if err != nil {
		return nil, err
	}
	var out any
	text, err := json.Marshal(result)
	ok(w.t, err)
	ok(w.t, json.Unmarshal(text, &out))
	if m, is := out.(map[string]any); is {
		return m, nil
	}
	return map[string]any{"": out}, nil
}

func (w *world) raw(as, name, args string) (any, error) {
	w.t.Helper()
	var v method.Values
	ok(w.t, json.NewDecoder(bytes.NewReader([]byte(args))).Decode(&v))
	for _, m := range repos.Methods(w.o) {
		if m.Name != name {
			continue
		}
		ready, err := m.Prepare(v)
		if err != nil {
			return nil, err
		}
		u := w.people[as]
		c := &method.Call{Identity: gate.Identity{UserID: u.ID, UserName: u.Name, Admin: u.Admin}, Actor: audit.Actor{UserID: u.ID, Name: u.Name, Door: "api"},
			URL: "https://jeton.example", Gate: sight{w, u}, Recheck: func(context.Context) error { return nil }}
		if m.On.Kind == method.Repository {
			if c.Repo, _ = w.s.Access.Find(ready.About); c.Repo.ID == "" {
				return nil, method.NoRepository(method.Ref(ready.About))
			}
		}
		return ready.Run(w.t.Context(), c)
	}
	w.t.Fatalf("there is no method %q", name)
	return nil, nil
}

// must is a call that succeeds.
func (w *world) must(as, name, args string) map[string]any {
	w.t.Helper()
	out, err := w.call(as, name, args)
	if err != nil {
		w.t.Fatalf("%s(%s) as %s: %v", name, args, as, err)
	}
	return out
}

// fails is a call that is refused with a code and a text.
func (w *world) fails(as, name, args string, code method.Code, text string) {
	w.t.Helper()
	_, err := w.call(as, name, args)
	var e *method.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Text, text) {
		w.t.Errorf("%s(%s) as %s: got %v, want %s: %s", name, args, as, err, code, text)
	}
}

// push pushes one commit and answers it.
func (w *world) push(id, text string, ref string, parents ...oid.ID) oid.ID {
	w.t.Helper()
	repo, err := w.s.Host.Open(w.t.Context(), id)
	ok(w.t, err)
	return storagetest.Push(w.t, repo, storagetest.Commit(w.t, text, parents...), ref)
}

func (w *world) repo(path string) access.Repository {
	w.t.Helper()
	r, lives := w.s.Access.ByPath(path)
	if !lives || !r.Is(path) {
		w.t.Fatalf("there is no repository %s", path)
	}
	return r
}

func (w *world) view(id string) *storage.View {
	w.t.Helper()
	repo, err := w.s.Host.Open(w.t.Context(), id)
	ok(w.t, err)
	return storagetest.View(w.t, repo)
}

func (w *world) rules(id string) rules.Rules {
	w.t.Helper()
	r, err := w.s.Host.Rules(w.t.Context(), id)
	ok(w.t, err)
	return r
}

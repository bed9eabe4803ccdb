package hook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/auth/seal"
	"jeton/cmd/jeton/hookrows"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/web/hook"
)

// got is a request that a receiver had.
type got struct {
	method, path string
	header       http.Header
	body         string
}

// receiver is a server that is told.
type receiver struct {
	*httptest.Server
	// mu guards what follows.
	mu   sync.Mutex
	list []got
	// answer, where it is set, answers the request with that number, from 0.
	answer func(n int, w http.ResponseWriter, r *http.Request)
	// came is told of each.
	came chan got
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	v := &receiver{came: make(chan got, 1000)}
	v.Server = httptest.NewServer(http.HandlerFunc(v.take))
	t.Cleanup(v.Close)
	return v
}

func (v *receiver) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.mu.Lock()
	one := got{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)}
	n := len(v.list)
	v.list = append(v.list, one)
	answer := v.answer
	v.mu.Unlock()
	if answer != nil {
		answer(n, w, r)
	}
	v.came <- one
}

func (v *receiver) set(answer func(n int, w http.ResponseWriter, r *http.Request)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

// next waits for a request.
func (v *receiver) next(t *testing.T) got {
	t.Helper()
	select {
	case one := <-v.came:
		return one
	case <-time.After(30 * time.Second):
		t.Fatal("the receiver is told of nothing")
	}
	return got{}
}

// none looks whether anything else came.
func (v *receiver) none(t *testing.T) {
	t.Helper()
	select {
	case one := <-v.came:
		t.Errorf("the receiver is told of %s %s too", one.method, one.body)
	default:
	}
}

// world is one repository of ada's, a server of hooks over a database, and a receiver.
type world struct {
	t    *testing.T
	db   *db.DB
	rows *hookrows.Rows
	s    *hook.Server
	r    *receiver
	dir  string
	law  rules.Rules
	// pushes counts journal entries, commits what was committed.
	pushes, commits int
	off             chan hook.Hook
	minted          chan string
	stop            func()
}

const repoID, groupID = "r-app", "g-team"

func (w *world) Open(ctx context.Context, _ string) (storage.Repository, error) {
	return disk.Open(ctx, w.dir, repoID, disk.Options{})
}
func (w *world) Rules(context.Context, string) (rules.Rules, error) { return w.law, nil }
func (w *world) Repo(_ context.Context, id string) (hook.Repo, bool) {
	return hook.Repo{ID: id, Path: "team/app", Owner: hook.Person{ID: "u-ada", Name: "ada"}, Groups: []string{groupID}, CreatedAt: time.Unix(0, 0).UTC()}, id == repoID
}
func (w *world) Person(_ string, recorded hook.Person) hook.Person { return recorded }
func (w *world) Group(id string) (string, []string, bool)          { return "team", nil, id == groupID }

// newWorld makes one whose server runs. change sets its options.
func newWorld(t *testing.T, change func(o *hook.Options)) *world {
	t.Helper()
	w := &world{t: t, db: dbtest.New(t), r: newReceiver(t), dir: filepath.Join(t.TempDir(), "app.git"), off: make(chan hook.Hook, 10), minted: make(chan string, 100)}
	w.git("init", "-q", "--bare", "-b", "main", w.dir)
	ctx := t.Context()
	ok(t, w.db.Users().Insert(ctx, db.User{ID: "u-ada", Name: "ada", FoldedName: "ada", CreatedAt: time.Now()}))
	ok(t, w.db.Groups().Insert(ctx, db.Group{ID: groupID, ParentID: db.RootGroup, Name: "team", FoldedName: "team", CreatedAt: time.Now()}))
	ok(t, w.db.Repositories().Insert(ctx, db.Repository{ID: repoID, Path: "team/app", FoldedPath: "team/app", OwnerID: "u-ada", CreatedAt: time.Now()}))
	w.rows = hookrows.New(w.db, seal.Random(), slog.New(slog.DiscardHandler))
	o := hook.Options{Rows: w.rows, Repositories: w, Facts: w, URL: func() string { return "https://code.example.com" }, Version: "test",
		Client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Waits:  []time.Duration{time.Millisecond, time.Millisecond}, Off: func(h hook.Hook) { w.off <- h }, PlainTokens: true,
		Mint: func(_ context.Context, repo string, _ hook.Hook) (hook.Bearer, error) {
			secret := fmt.Sprintf("jet_vcs_%038d", len(w.minted))
			w.minted <- repo
			return hook.Bearer{Secret: hook.NewSecret(secret), Expires: time.Now().Add(time.Hour)}, nil
		}}
	if change != nil {
		change(&o)
	}
	w.s = hook.New(o)
	w.run()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.s.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run ended with %v", err)
		}
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env = append(cmd.Environ(), "GIT_DIR="+w.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Grace", "GIT_AUTHOR_EMAIL=grace@example.com", "GIT_COMMITTER_NAME=Ada",
		"GIT_COMMITTER_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=1700000000 +0100", fmt.Sprintf("GIT_COMMITTER_DATE=%d +0100", 1_700_000_001+w.commits))
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a commit of some files (name=content) upon parents, and answers its id.
func (w *world) commit(message string, files []string, parents ...string) string {
	w.t.Helper()
	w.commits++
	var tree strings.Builder
	for _, f := range files {
		name, content, _ := strings.Cut(f, "=")
		cmd := exec.Command("git", "--git-dir", w.dir, "hash-object", "-w", "--stdin")
		cmd.Stdin = strings.NewReader(content)
		id, err := cmd.Output()
		ok(w.t, err)
		fmt.Fprintf(&tree, "100644 blob %s\t%s\n", strings.TrimSpace(string(id)), name)
	}
	cmd := exec.Command("git", "--git-dir", w.dir, "mktree")
	cmd.Stdin = strings.NewReader(tree.String())
	id, err := cmd.Output()
	ok(w.t, err)
	args := []string{"commit-tree", strings.TrimSpace(string(id)), "-m", message}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return w.git(args...)
}

// push moves refs ("name new", with new empty or 0 to delete), and has the server follow that.
func (w *world) push(moves ...string) {
	w.t.Helper()
	var updates []storage.RefUpdate
	for _, m := range moves {
		name, to, _ := strings.Cut(m, " ")
		u := storage.RefUpdate{Name: name}
		if old, err := exec.Command("git", "--git-dir", w.dir, "rev-parse", "-q", "--verify", name).Output(); err == nil {
			u.Old, _ = oid.Parse(strings.TrimSpace(string(old)))
		}
		if to == "" {
			w.git("update-ref", "-d", name)
		} else {
			w.git("update-ref", name, to)
			u.New, _ = oid.Parse(to)
		}
		updates = append(updates, u)
	}
	w.follow(updates...)
}

// follow has the server follow a push that has moved refs.
func (w *world) follow(updates ...storage.RefUpdate) {
	w.t.Helper()
	w.pushes++
	p := follow.Push{Entry: receive.Entry{ID: fmt.Sprintf("push%04d", w.pushes), RepoID: repoID, At: time.Now(), Updates: updates,
		Actor: storage.Actor{ID: "u-ada", Name: "ada", Email: "ada@example.com"}}, EndedAt: time.Unix(1_700_000_100, 0)}
	for _, u := range updates {
		p.Results = append(p.Results, storage.RefResult{Name: u.Name})
	}
	for range 2 { // the journal may tell a push again
		ok(w.t, w.s.Follow(w.t.Context(), p))
	}
}

var by = audit.Command("test")

// hook makes a hook of the repository that is told of everything.
func (w *world) hook(change func(h *hook.Hook)) hook.Hook {
	w.t.Helper()
	h := hook.Hook{ID: db.NewID(), RepoID: repoID, URL: w.r.URL + "/hook", Form: hook.GitHub, ContentType: hook.JSON, Events: hook.Kinds(), Active: true, Secret: hook.NewSecret("s3cret")}
	if change != nil {
		change(&h)
	}
	h, err := w.s.Create(w.t.Context(), by, h)
	ok(w.t, err)
	return h
}

// settled waits until nothing waits for a hook, and answers what it was sent, the newest first.
func (w *world) settled(h hook.Hook) []hook.Delivery {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		list, err := w.s.Deliveries(w.t.Context(), h.ID, "", 100)
		ok(w.t, err)
		waits := false
		for _, d := range list {
			waits = waits || d.State == hook.Waiting
		}
		if !waits {
			return list
		}
	}
	w.t.Fatal("deliveries wait for ever")
	return nil
}

// of reads JSON.
func of(t *testing.T, body string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

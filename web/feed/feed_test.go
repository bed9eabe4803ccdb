package feed

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/auth/gate"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/vcs/storage/storagetest"
	"jeton/web/door"
)

// world is a server of feeds over repositories on disk, whose pushes and readers a test lays down.
type world struct {
	t      testing.TB
	repos  map[string]storage.Repository
	laws   map[string]rules.Rules
	paths  map[string]string // of what everybody may read, by id
	mine   map[string]string // of what ada may read besides
	pushes []follow.Push     // the last first
	public map[string]bool
	mark   atomic.Int64
	now    time.Time
	server *Server
	built  int
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, repos: map[string]storage.Repository{}, laws: map[string]rules.Rules{}, paths: map[string]string{}, mine: map[string]string{},
		public: map[string]bool{}, now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	at, err := url.Parse("https://code.example.com/git/")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Repositories: w, Pushes: w, Readers: w, URL: at, Now: func() time.Time { return w.now }}
	for _, c := range change {
		c(&o)
	}
	w.server = New(o)
	w.now = w.now.Add(time.Minute)
	return w
}

// create makes an empty repository.
func (w *world) create(id, path string) storage.Repository {
	w.t.Helper()
	dir := w.t.TempDir() + "/" + id + ".git"
	if err := disk.Create(context.Background(), dir); err != nil {
		w.t.Fatal(err)
	}
	r, err := disk.Open(context.Background(), dir, id, disk.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = r.Close() })
	w.repos[id], w.mine[id] = r, path
	return r
}

func (w *world) Open(_ context.Context, id string) (storage.Repository, error) {
	if r := w.repos[id]; r != nil {
		w.built++
		return r, nil
	}
	return nil, host.ErrNotFound
}

func (w *world) Rules(_ context.Context, id string) (rules.Rules, error) { return w.laws[id], nil }

func (w *world) Of(_ context.Context, ids []string, limit int) (list []follow.Push, err error) {
	for _, p := range w.pushes {
		for _, id := range ids {
			if p.RepoID == id && len(list) < limit {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

func (w *world) Public(_ context.Context, limit int) (list []follow.Push, err error) {
	for _, p := range w.pushes {
		if w.public[p.RepoID] && len(list) < limit {
			list = append(list, p)
		}
	}
	return list, nil
}

func (w *world) Mark(context.Context) (string, error) { return fmt.Sprint(w.mark.Load()), nil }

func (w *world) Readable(id gate.Identity, repoID string) (string, bool) {
	if path, ok := w.paths[repoID]; ok {
		return path, true
	}
	path, ok := w.mine[repoID]
	return path, ok && id.UserID == "u-ada"
}

func (w *world) Watched(context.Context, string) (ids []string, err error) {
	for id := range w.repos {
		ids = append(ids, id)
	}
	return ids, nil
}

func (w *world) Named(_, recorded string) string { return recorded }

// pushed notes a push in the journal.
func (w *world) pushed(repoID string, updates ...storage.RefUpdate) {
	p := follow.Push{Entry: receive.Entry{ID: fmt.Sprintf("p%04d", len(w.pushes)), RepoID: repoID, Actor: storage.Actor{ID: "u-ada", Name: "ada"}, Updates: updates},
		EndedAt: w.now}
	for _, u := range updates {
		p.Results = append(p.Results, storage.RefResult{Name: u.Name})
	}
	w.pushes = append([]follow.Push{p}, w.pushes...)
	w.mark.Add(1)
}

// visit is ada's, with a token.
func visit(repoID, path, format string) door.Visit {
	v := door.Visit{Rest: format, Private: true, Identity: gate.Identity{UserID: "u-ada", UserName: "ada", Credential: "token:1"}}
	v.RepoID, v.Path = repoID, path
	return v
}

// get asks for the feed of a repository; headers are name, value, and so on.
func (w *world) get(repoID, format, query string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return ask(w.server.Repository, visit(repoID, w.mine[repoID], format), query, headers...)
}

func ask(h func(http.ResponseWriter, *http.Request, door.Visit), v door.Visit, query string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/x?"+query, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h(rec, r, v)
	return rec
}

// body is the text of an answer that must be a feed.
func body(t testing.TB, rec *httptest.ResponseRecorder) string {
	t.Helper()
	if rec.Code != http.StatusOK {
		t.Fatalf("answered %d: %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// commitOf makes the objects of a commit from its raw text behind the tree and parents.
func commitOf(t testing.TB, file string, raw string, parents ...oid.ID) []storagetest.Object {
	t.Helper()
	blob := storagetest.Object{Kind: plumbing.BlobObject, Content: file}
	id := blob.ID(t)
	tree := storagetest.Object{Kind: plumbing.TreeObject, Content: "100644 file\x00" + string(id[:])}
	head := fmt.Sprintf("tree %s\n", tree.ID(t))
	for _, p := range parents {
		head += fmt.Sprintf("parent %s\n", p)
	}
	return []storagetest.Object{blob, tree, {Kind: plumbing.CommitObject, Content: head + raw}}
}

const who = "author Ada <ada@example.com> 1700000000 +0100\ncommitter Ada <ada@example.com> 1700000100 +0100\n"

// push makes a commit on a branch and notes it in the journal.
func (w *world) push(repoID, branch, message string, parents ...oid.ID) oid.ID {
	w.t.Helper()
	ref := "refs/heads/" + branch
	old := storagetest.Value(w.t, w.repos[repoID], ref)
	id := storagetest.Push(w.t, w.repos[repoID], commitOf(w.t, message, who+"\n"+message+"\n", parents...), ref)
	w.pushed(repoID, storage.RefUpdate{Name: ref, Old: old, New: id})
	return id
}

func TestTheFeedOfARepositoryTellsItsCommitsInEveryFormat(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	one := w.push("r1", "main", "First line\n\nand <b>more</b>")
	two := w.push("r1", "main", "Second", one)
	for _, f := range []string{"rss", "atom", "json"} {
		rec := w.get("r1", f, "auth_token=jet_feed_secret")
		text := body(t, rec)
		check(t, f, text)
		for _, want := range []string{"https://code.example.com/git/team/app/changeset/" + one.String(), two.String(), "First line", "Second", "Ada", "2023",
			"https://code.example.com/git/team/app/feed/" + f} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", f, want, text)
			}
		}
		for _, not := range []string{"auth_token", "jet_feed", "<b>", "ada@example.com"} {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q is in\n%s", f, not, text)
			}
		}
		if strings.Index(text, two.String()) > strings.Index(text, one.String()) {
			t.Errorf("%s: the newest is not the first", f)
		}
		if got := rec.Header().Get("Cache-Control") + " " + rec.Header().Get("Referrer-Policy"); got != "private, no-cache no-referrer" {
			t.Errorf("%s: headers are %q", f, got)
		}
		if got := rec.Header().Get("Content-Type"); !strings.HasPrefix(got, map[string]string{"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}[f]) {
			t.Errorf("%s: the type is %s", f, got)
		}
	}
}

func TestAnEmptyRepositoryHasAFeedWithoutEntries(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	for _, f := range []string{"rss", "atom", "json"} {
		for _, query := range []string{"", "tags=1", "diff=1"} {
			text := body(t, w.get("r1", f, query))
			if n := check(t, f, text); n != 0 {
				t.Errorf("%s?%s has %d entries", f, query, n)
			}
		}
	}
}

func TestEntriesKeepTheirIdsOverARenameAndDifferFromFormatToFormat(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	seen := map[string]string{}
	for _, f := range []string{"rss", "atom", "json"} {
		w.mine["r1"] = "team/app"
		before := ids(body(t, w.get("r1", f, "")))
		w.mine["r1"] = "other/name"
		after := ids(body(t, w.get("r1", f, "")))
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%s: ids were %v and are %v", f, before, after)
		}
		for _, id := range after {
			if at := seen[id]; at != "" {
				t.Errorf("%s and %s share the id %s", at, f, id)
			}
			seen[id] = f
		}
	}
	branch := ids(body(t, w.get("r1", "rss", "branch=main")))
	for _, id := range branch {
		if seen[id] != "" {
			t.Errorf("the feed of a branch shares the id %s with that of the repository", id)
		}
	}
}

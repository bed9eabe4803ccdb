package view

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/host"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/web/door"
)

// git runs the real git, with a clock that stands still.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return gitInput(t, dir, "", args...)
}

func gitInput(t testing.TB, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "TZ=UTC", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000001 +0100")
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(out.String())
}

// repository is one on disk, served by a handler of its own.
type repository struct {
	t       testing.TB
	dir     string
	repo    *disk.Repository
	handler *Handler
	visit   door.Visit
	rules   rules.Rules
	// fails, where it is set, is what opening the repository ends in.
	fails error
}

// newRepository makes an empty one that is not public; refs below refs/hidden are hidden.
func newRepository(t testing.TB, o Options) *repository {
	t.Helper()
	p := &repository{t: t, dir: filepath.Join(t.TempDir(), "app.git"), rules: rules.Rules{Hidden: []string{"refs/hidden"}}}
	git(t, "", "init", "-q", "--bare", "-b", "main", p.dir)
	var err error
	if p.repo, err = disk.Open(t.Context(), p.dir, "1", disk.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.repo.Close() })
	o.Repos, o.Door = p, p
	p.handler = New(o)
	p.visit = door.Visit{Admission: host.Admission{RepoID: "1", Path: "team/app"}, Private: true}
	return p
}

// Open implements Repositories.
func (p *repository) Open(context.Context, string) (storage.Repository, error) {
	if p.fails != nil {
		return nil, p.fails
	}
	return p.repo, nil
}

// Rules implements Repositories.
func (p *repository) Rules(context.Context, string) (rules.Rules, error) { return p.rules, nil }

// Refuse implements Door as door.Door does.
func (p *repository) Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	var no *host.Refusal
	if !errors.As(err, &no) {
		no = &host.Refusal{Status: http.StatusInternalServerError, Sentence: "The server has failed: " + err.Error()}
	}
	door.Say(w, no.Status, no.Sentence)
}

// blob writes a blob.
func (p *repository) blob(content string) string {
	p.t.Helper()
	return gitInput(p.t, p.dir, content, "hash-object", "-w", "--stdin")
}

// commit makes a commit of a tree that is written as `git ls-tree -z` does, puts it on a branch, and returns its id.
func (p *repository) commit(ref, message string, entries ...string) string {
	p.t.Helper()
	tree := gitInput(p.t, p.dir, strings.Join(entries, "\x00")+"\x00", "mktree", "-z", "--missing")
	args := []string{"commit-tree", "-m", message, tree}
	if out, err := exec.Command("git", "--git-dir", p.dir, "rev-parse", "-q", "--verify", ref).Output(); err == nil {
		args = append(args, "-p", strings.TrimSpace(string(out)))
	}
	id := git(p.t, p.dir, args...)
	git(p.t, p.dir, "update-ref", ref, id)
	return id
}

// seen has the repository notice what git did to it from outside.
func (p *repository) seen() {
	p.t.Helper()
	_ = p.repo.Close()
	var err error
	if p.repo, err = disk.Open(p.t.Context(), p.dir, "1", disk.Options{}); err != nil {
		p.t.Fatal(err)
	}
}

// get asks a handler for what stands behind its word; headers are "Name: value".
func (p *repository) get(serve func(http.ResponseWriter, *http.Request, door.Visit), rest string, headers ...string) *http.Response {
	p.t.Helper()
	return p.ask(http.MethodGet, serve, rest, "", headers...)
}

func (p *repository) ask(method string, serve func(http.ResponseWriter, *http.Request, door.Visit), rest, query string, headers ...string) *http.Response {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, "/x?"+query, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	v := p.visit
	v.Rest = rest
	serve(w, r, v)
	return w.Result()
}

// body is all of an answer's.
func body(t testing.TB, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// says makes sure that a request was refused with a status, by a sentence that holds some words.
func says(t testing.TB, what string, r *http.Response, status int, words string) {
	t.Helper()
	text := body(t, r)
	if r.StatusCode != status || !strings.Contains(text, words) || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") || r.Header.Get("ETag") != "" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d %.300q with %v; want %d and %q", what, r.StatusCode, text, r.Header, status, words)
	}
	if strings.ContainsFunc(strings.TrimSuffix(text, "\n"), func(c rune) bool { return c < ' ' || c == 0x7f }) {
		t.Errorf("%s: what the client sent comes back as it is: %q", what, text)
	}
}

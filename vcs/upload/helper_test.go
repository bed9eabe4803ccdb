package upload

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"jeton/vcs/rules"
	"jeton/vcs/storage/disk"
	"jeton/vcs/wire"
)

// try runs the real git, which is the oracle.
func try(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "HOME="+os.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := try(t, dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// fixture is a bare repository that real git writes and the server reads, over HTTP and in process.
type fixture struct {
	t      testing.TB
	dir    string // the bare repository
	url    string
	repo   *disk.Repository
	server *Server
	src    string // a working copy that pushes into dir by real git, past the server
	clock  int
	named  map[string]string // what names found, which is asked for with each exchange; nil once refs have moved
	mu     sync.Mutex        // guards rules: the requests of git come on the server's own goroutines
	rules  rules.Rules       // those of what is served over HTTP
}

// under lays down rules for what is served over HTTP.
func (f *fixture) under(r rules.Rules) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = r
}

// session is that of a client over HTTP.
func (f *fixture) session(v wire.Version) Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Session{Version: v, Stateless: true, Rules: f.rules}
}

// empty makes a repository without a commit.
func empty(t testing.TB, o Options) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: filepath.Join(t.TempDir(), "app.git"), src: t.TempDir(), server: New(o), clock: 1_700_000_000}
	git(t, "", "init", "-q", "--bare", "-b", "main", f.dir)
	repo, err := disk.Open(context.Background(), f.dir, "1", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	f.repo = repo
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	git(t, f.src, "init", "-q", "-b", "main")
	git(t, f.src, "remote", "add", "origin", f.dir)
	return f
}

// history makes a repository of n commits, with a branch that was merged, a light tag, an annotated one and a tag of it.
func history(t testing.TB, n int, o Options) *fixture {
	t.Helper()
	f := empty(t, o)
	var b strings.Builder
	for i := range n {
		f.change(&b, i+1, "", fmt.Sprintf("dir%d/file%d", i%3, i%7), strings.Repeat(fmt.Sprintf("line %d\n", i), 50))
	}
	tagger := fmt.Sprintf("tagger A <a@example.com> %d +0000\n", f.clock)
	fmt.Fprintf(&b, "reset refs/heads/old\nfrom :%d\n\nreset refs/tags/light\nfrom :%d\n\n", n-1, n)
	fmt.Fprintf(&b, "tag v1\nmark :%d\nfrom :%d\n%s%s", n+1, n-1, tagger, textOf("one\n"))
	fmt.Fprintf(&b, "tag v1-signed\nfrom :%d\n%s%s", n+1, tagger, textOf("tag of a tag\n"))
	feed(t, f.src, b.String(), "fast-import", "--quiet")
	git(t, f.src, "reset", "-q", "--hard")
	f.push("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
	return f
}

// textOf is a piece of text as git fast-import takes it.
func textOf(text string) string { return fmt.Sprintf("data %d\n%s\n", len(text), text) }

// change adds a commit to main for git fast-import: one process makes many of them, where git commit takes three for each.
// from is its parent where that is not the one before it in the stream.
func (f *fixture) change(b *strings.Builder, mark int, from, name, content string) {
	f.clock += 60
	fmt.Fprintf(b, "commit refs/heads/main\nmark :%d\n", mark)
	for _, role := range []string{"author", "committer"} {
		fmt.Fprintf(b, "%s A <a@example.com> %d +0000\n", role, f.clock)
	}
	fmt.Fprintf(b, "%s%sM 100644 inline %s\n%s", textOf("change "+name+"\n"), from, name, textOf(content))
}

// grow adds n commits to main.
func (f *fixture) grow(n int) {
	f.t.Helper()
	f.named = nil
	var b strings.Builder
	from := "from refs/heads/main^0\n"
	for i := range n {
		f.change(&b, i+1, from, "grown", fmt.Sprint(n, i))
		from = ""
	}
	feed(f.t, f.src, b.String(), "fast-import", "--quiet")
	git(f.t, f.src, "reset", "-q", "--hard")
}

// alone adds n commits that change nothing to main of a client's repository, each newer than all that the server has.
func alone(t testing.TB, dir, from string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\n%s%s", 1_800_000_000+i, textOf(fmt.Sprint(i)), from)
		from = ""
	}
	feed(t, dir, b.String(), "fast-import", "--quiet")
}

// write lays a file into src, for the next commit.
func (f *fixture) write(name, content string) {
	f.t.Helper()
	path := filepath.Join(f.src, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// commit adds a commit to src, a minute later than the one before, and returns its id.
func (f *fixture) commit(name, content string) string {
	f.t.Helper()
	f.write(name, content)
	f.clock, f.named = f.clock+60, nil
	git(f.t, f.src, "add", "-A")
	cmd := exec.CommandContext(f.t.Context(), "git", "-C", f.src, "commit", "-q", "-m", "change "+name)
	date := fmt.Sprintf("%d +0000", f.clock)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("git commit: %v\n%s", err, out)
	}
	return f.id("HEAD")
}

// push moves refs of src into the repository by real git, and has it read anew.
func (f *fixture) push(args ...string) {
	f.t.Helper()
	git(f.t, f.src, append([]string{"push", "-q", "--force", "origin"}, args...)...)
	f.rescan()
}

func (f *fixture) rescan() {
	f.t.Helper()
	f.named = nil
	if err := f.repo.Rescan(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// id is what a revision of src stands for.
func (f *fixture) id(revision string) string {
	f.t.Helper()
	return git(f.t, f.src, "rev-parse", revision)
}

// ServeHTTP is smart HTTP, as little as a real git needs of it.
func (f *fixture) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := wire.ParseVersion(r.Header.Get("Git-Protocol"))
	var err error
	switch r.URL.Path {
	case "/info/refs":
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		if v != wire.V2 {
			_, _ = w.Write([]byte("001e# service=git-upload-pack\n0000"))
		}
		err = f.server.Advertise(r.Context(), f.repo, f.session(v), w)
	case "/git-upload-pack":
		body := r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			body = gunzip(f.t, r.Body)
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		err = f.server.Serve(r.Context(), f.repo, f.session(v), body, w)
	default:
		http.NotFound(w, r)
	}
	if err != nil {
		f.t.Logf("%s: %v", r.URL.Path, err)
	}
}

func gunzip(t testing.TB, r io.Reader) io.ReadCloser {
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Error(err)
	}
	return z
}

// ask sends one request as over HTTP, and returns the answer and the error for the log.
func (f *fixture) ask(v wire.Version, request string) (string, error) {
	return f.talk(Session{Version: v, Stateless: true}, request)
}

// talk is ask for any kind of session.
func (f *fixture) talk(ses Session, request string) (string, error) {
	f.t.Helper()
	var b bytes.Buffer
	err := f.server.Serve(f.t.Context(), f.repo, ses, strings.NewReader(request), &b)
	return b.String(), err
}

// advertisement is what is shown to a client that comes.
func (f *fixture) advertisement(v wire.Version) string {
	f.t.Helper()
	var b bytes.Buffer
	if err := f.server.Advertise(f.t.Context(), f.repo, Session{Version: v, ID: "S"}, &b); err != nil {
		f.t.Fatal(err)
	}
	return b.String()
}

// fsck has real git look at a clone.
func fsck(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "fsck", "--strict")
}

// pkt frames lines; "0000", "0001" and "0002" stand for themselves.
func pkt(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		switch line {
		case "0000", "0001", "0002":
			b.WriteString(line)
		default:
			fmt.Fprintf(&b, "%04x%s", len(line)+4, line)
		}
	}
	return b.String()
}

// unframe reads an answer as lines up to where the pack begins; special packets as their digits.
func unframe(t testing.TB, answer string) []string {
	t.Helper()
	var lines []string
	r := wire.NewReader(strings.NewReader(answer))
	for p, err := r.Next(); err == nil; p, err = r.Next() {
		if p.Kind != wire.Data {
			lines = append(lines, []string{"", "0000", "0001", "0002"}[p.Kind])
			continue
		}
		lines = append(lines, p.Line())
	}
	return lines
}

// packOf collects band 1 of an answer, and the text of the other bands.
func packOf(t *testing.T, answer string) (packBytes, people, fatal string) {
	t.Helper()
	r := wire.NewReader(strings.NewReader(answer))
	for p, err := r.Next(); err == nil; p, err = r.Next() {
		if len(p.Data) == 0 {
			continue
		}
		switch p.Data[0] {
		case 1:
			packBytes += string(p.Data[1:])
		case 2:
			people += string(p.Data[1:])
		case 3:
			fatal += string(p.Data[1:])
		}
	}
	return packBytes, people, fatal
}

// blank makes as little of a bare repository as git needs, without a process for it, and with files of this content in it.
func blank(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"HEAD": "ref: refs/heads/main\n", "refs/.keep": "", "objects/info/.keep": ""}
	maps.Copy(all, files)
	for name, content := range all {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// objects unpacks a pack beside the objects of dir (for thin packs), and returns how many it brought.
func objects(t *testing.T, dir, packBytes string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "-C", dir, "index-pack", "--stdin", "--fix-thin", "--strict")
	cmd.Stdin = strings.NewReader(packBytes)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git index-pack of %d bytes: %v\n%s", len(packBytes), err, out)
	}
	return int(packBytes[8])<<24 | int(packBytes[9])<<16 | int(packBytes[10])<<8 | int(packBytes[11])
}

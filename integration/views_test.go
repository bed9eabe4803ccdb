package integration

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// viewing starts a server whose web tokens open raw files, diffs and patches.
func viewing(t *testing.T, env ...string) *server {
	t.Helper()
	return start(t, append(env, "JETON_WEB_TOKEN_VIEWS=raw,diff,patch,download,compare")...)
}

// fetchView asks curl for an address below the server, with the web token in the way that X-Auth-Token is, and returns the
// status, the head and the body. The address goes out as it is written.
func (s *server) fetchView(t *testing.T, address string, args ...string) (status, head, body string) {
	t.Helper()
	return s.fetchAs(t, address, append(args, "-H", "X-Auth-Token: "+s.Tokens["web"])...)
}

func (s *server) fetchAs(t *testing.T, address string, args ...string) (status, head, body string) {
	t.Helper()
	out := curl(t, append(args, "--path-as-is", s.URL+"/"+address)...)
	head, body, _ = strings.Cut(out, "\r\n\r\n")
	if f := strings.Fields(head); len(f) > 1 {
		status = f[1]
	}
	return status, head, body
}

// written is a path as it stands in an address.
func written(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

func TestRawFilesWithCurl(t *testing.T) {
	s := viewing(t)
	dir := sampleHistory(t)
	odd := []string{"with space", "größe/ü.txt", "line\nbreak", `quote"'.c`, "per%cent+plus", "bytes-\xff\xfe", "question?.txt", "hash#.txt", "..dots", "-dash"}
	for _, name := range odd {
		commit(t, dir, name, "content of "+name)
	}
	for link, target := range map[string]string{"loop": "loop", "out": "../../../etc/passwd"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	id := commit(t, dir, "page.html", "<script>alert(1)</script>")
	git(t, dir, "push", "-q", s.mine("team/web/app"), "main", "HEAD:refs/heads/release/v1.2+rc@1")
	for i, name := range odd {
		revs := []string{"main", "tip", id, id[:10], "release/v1.2+rc@1", "refs/heads/main"}
		for _, rev := range []string{revs[i%len(revs)], "main"} {
			if status, head, got := s.fetchView(t, "team/web/app/raw/"+rev+"/"+written(name)); status != "200" || got != "content of "+name {
				t.Fatalf("%s %q: %s\n%s\n%s", rev, name, status, head, got)
			}
		}
	}
	for link, target := range map[string]string{"loop": "loop", "out": "../../../etc/passwd"} {
		if status, _, got := s.fetchView(t, "team/web/app/raw/main/"+link); status != "200" || got != target {
			t.Errorf("the link %s: %s %q", link, status, got)
		}
		if status, _, got := s.fetchView(t, "team/web/app/raw/main/"+link+"/x"); status != "404" || !strings.Contains(got, "no file or folder") {
			t.Errorf("below the link %s: %s %q", link, status, got)
		}
	}
	_, head, _ := s.fetchView(t, "team/web/app/raw/main/page.html")
	for _, want := range []string{"Content-Type: text/plain; charset=utf-8", "X-Content-Type-Options: nosniff", "Content-Security-Policy: default-src 'none'", "Referrer-Policy: no-referrer", "Cache-Control: private"} {
		if !strings.Contains(head, want) {
			t.Errorf("a page that somebody pushed comes without %q:\n%s", want, head)
		}
	}
	s.saved(t, id)
}

// saved has curl save files under their own names, go on with one that it has half of, and ask again for what it has.
func (s *server) saved(t *testing.T, id string) {
	t.Helper()
	dir, base := t.TempDir(), s.URL+"/team/web/app"
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("curl", append([]string{"-q", "-sSf"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("curl %q: %v\n%s", args, err, out)
		}
	}
	is := func(name, want string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	token := "?auth_token=" + s.Tokens["web"]
	run("-OJ", base+"/download/main/with%20space"+token)
	is("with space", "content of with space")
	run("-OJ", base+"/rawfile/"+id+"/page.html"+token)
	is("page.html", "<script>alert(1)</script>")
	if err := os.WriteFile(filepath.Join(dir, "half"), []byte("content of "), 0o600); err != nil {
		t.Fatal(err)
	}
	run("-C", "-", "-o", "half", "-u", "git:"+s.Tokens["web"], base+"/raw/main/..dots")
	is("half", "content of ..dots")
	run("-r", "8-9", "-o", "part", "-H", "Authorization: Bearer "+s.Tokens["web"], base+"/raw/main/..dots")
	is("part", "of")
	run("--etag-save", "tag", "-o", "first", base+"/raw/main/-dash"+token)
	run("--etag-compare", "tag", "-o", "second", base+"/raw/main/-dash"+token)
	is("first", "content of -dash")
	if _, err := os.Stat(filepath.Join(dir, "second")); err == nil {
		t.Error("a file that has not changed is sent again")
	}
}

// series is a history of n commits of many kinds, on the branch main, that begins with a commit called base.
func series(t *testing.T, n int) string {
	t.Helper()
	dir := sampleHistory(t)
	git(t, dir, "tag", "base")
	for i := range n {
		name := fmt.Sprintf("dir-%d/file-%d.txt", i%3, i%7)
		switch i % 8 {
		case 3:
			commit(t, dir, "bin", "\x00binary\x01"+strings.Repeat(fmt.Sprint(i), 100))
		case 4:
			git(t, dir, "mv", "-k", "bin", fmt.Sprintf("moved-%d", i))
			git(t, dir, "commit", "-q", "--allow-empty", "-m", "Move: größe\n\nWith a body.\n\n  and blanks")
		case 5:
			commit(t, dir, "no-newline", strings.Repeat("line\n", i)+"end")
		case 6:
			if err := os.Chmod(filepath.Join(dir, "no-newline"), os.FileMode(0o644|i%16/8*0o111)); err != nil {
				t.Fatal(err)
			}
			commit(t, dir, "crlf ü.txt", fmt.Sprintf("one\r\ntwo %d\r\n", i))
		default:
			commit(t, dir, name, strings.Repeat("same\n", 30)+fmt.Sprintf("changed %d\n", i))
		}
	}
	return dir
}

func TestDiffsAndPatchesOfABranchAreGits(t *testing.T) {
	s := viewing(t)
	dir := series(t, 40)
	git(t, dir, "branch", "release/1.0", "base")
	git(t, dir, "push", "-q", s.mine("admin/series"), "main", "release/1.0")
	base, work := strings.TrimSpace(git(t, dir, "rev-parse", "base")), filepath.Join(t.TempDir(), "work")
	git(t, "", "clone", "-q", dir, work)
	s.printed(t, dir)
	same := func(what string) {
		t.Helper()
		if got, want := git(t, work, "rev-parse", "HEAD^{tree}"), git(t, dir, "rev-parse", "main^{tree}"); got != want {
			t.Errorf("%s makes the tree %s, want %s", what, got, want)
		}
	}
	apply := func(input string, args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env, cmd.Stdin = work, gitEnv(), strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	status, head, text := s.fetchView(t, "admin/series/compare/release/1.0...main.patch")
	if status != "200" || !strings.Contains(head, "Content-Type: text/plain; charset=utf-8") {
		t.Fatalf("%s\n%s", head, text)
	}
	git(t, work, "reset", "-q", "--hard", base)
	apply(text, "am", "-q", "--keep-cr", "--empty=keep")
	same("git am of the series")
	log := func(dir string) string { return git(t, dir, "log", "--format=%an %ae %at %B", base+"..main") }
	if got, want := log(work), log(dir); got != want {
		t.Errorf("the commits are told otherwise:\n%s\nwant\n%s", got, want)
	}
	_, _, text = s.fetchView(t, "admin/series/compare/"+base[:9]+"...main.diff?context=1")
	git(t, work, "reset", "-q", "--hard", base)
	apply(text, "apply", "--index", "--whitespace=nowarn")
	git(t, work, "commit", "-q", "-m", "all")
	same("git apply of the comparison")
	// The last commits one by one, as a diff and as a patch.
	git(t, work, "reset", "-q", "--hard", strings.TrimSpace(git(t, dir, "rev-parse", "main~8")))
	for i := 7; i >= 0; i-- {
		id := strings.TrimSpace(git(t, dir, "rev-parse", fmt.Sprintf("main~%d", i)))
		if i%2 == 0 {
			_, _, text = s.fetchView(t, "admin/series/changeset-patch/"+id)
			apply(text, "am", "-q", "--keep-cr", "--empty=keep")
			continue
		}
		_, head, text = s.fetchView(t, "admin/series/changeset-download/"+id)
		if !strings.Contains(head, `Content-Disposition: attachment; filename="series-`+id[:12]+`.diff"`) {
			t.Errorf("a diff to save has the head\n%s", head)
		}
		apply(text, "apply", "--index", "--whitespace=nowarn", "--allow-empty")
		git(t, work, "commit", "-q", "--allow-empty", "-m", "x")
	}
	same("the last commits one by one")
	_, _, text = s.fetchView(t, "admin/series/diff/no-newline?diff1=base&diff2=main")
	if status, _, _ := s.fetchView(t, "admin/series/diff/no-newline?diff1=release/1.0&diff2=main"); status != "200" || !strings.Contains(text, "no branch") {
		t.Errorf("a diff of one file: %s; with a tag that was not pushed: %s", status, text)
	}
}

// printed makes sure that the diffs of the last commits are what git prints, for those who may see them.
func (s *server) printed(t *testing.T, dir string) {
	t.Helper()
	for i, id := range strings.Fields(git(t, dir, "rev-list", "-16", "main")) {
		want := git(t, dir, "diff-tree", "-p", "--binary", "--full-index", "-C", "--no-commit-id", "--root", id)
		word := []string{"changeset-diff", "raw-changeset", "raw-diff"}[i%3]
		_, head, got := s.fetchView(t, "admin/series/"+word+"/"+id)
		// What a binary patch holds is deflated, which another program does otherwise; git am takes it.
		got, _, _ = strings.Cut(got, "GIT binary patch")
		want, _, _ = strings.Cut(want, "GIT binary patch")
		if got != want || !strings.Contains(head, "Cache-Control: private, max-age=86400, immutable") {
			t.Fatalf("%s of %s:\n%s\n%s\ngit prints\n%s", word, id, head, got, want)
		}
	}
	res, err := http.Get(s.URL + "/admin/series/changeset-diff/main")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(res.Body)
	if res.StatusCode != http.StatusNotFound || strings.Contains(b.String(), "diff") {
		t.Errorf("a stranger is answered %d\n%s", res.StatusCode, b.String())
	}
}

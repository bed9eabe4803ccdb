package integration

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// newest runs the newest git that could be had, which has features that this machine's has not.
func newest(t *testing.T, env []string, args ...string) string {
	t.Helper()
	out, err := execute(env, fetched(t, "git-newest/git"), args...)
	if err != nil {
		t.Fatalf("the newest git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestNewestGitClonesARevision(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	inner := strings.TrimSpace(git(t, source, "rev-parse", "main~2"))
	for what, revision := range map[string]string{"a tag": "refs/tags/v2", "a branch": "refs/heads/topic", "a commit within": inner} {
		for _, tr := range transports(t, s) {
			t.Run(what+" over "+tr.name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "clone")
				newest(t, tr.env, "clone", "-q", "--depth", "1", "--revision", revision, tr.address(s, "admin/sample"), dir)
				fsck(t, dir)
				if got, want := treeOf(t, dir, "HEAD"), treeOf(t, source, revision); got != want {
					t.Errorf("the tree is %s, want %s", got, want)
				}
				if n := strings.TrimSpace(git(t, dir, "rev-list", "--count", "HEAD")); n != "1" {
					t.Errorf("one commit was asked for, %s came", n)
				}
			})
		}
	}
}

// An archive over HTTP is asked for by git 2.44 and newer alone; over SSH every git asks.
func TestEveryGitFetchesArchives(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	ssh := []string{sshEnv(s.addKey(t, "ed25519"))}
	for _, c := range []struct{ name, program, address string }{
		{"newest git over http", fetched(t, "git-newest/git"), s.mine("admin/sample")},
		{"newest git over ssh", fetched(t, "git-newest/git"), s.ssh("admin/sample")},
		{"git over ssh", "git", s.ssh("admin/sample")},
		{"oldest git over ssh", fetched(t, "git-oldest/git"), s.ssh("admin/sample")},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, dir := filepath.Join(t.TempDir(), "archive.tar"), t.TempDir()
			if out, err := execute(ssh, c.program, "archive", "--remote", c.address, "--format=tar", "-o", file, "v2"); err != nil {
				t.Fatalf("git archive: %v\n%s", err, out)
			}
			if out, err := exec.Command("tar", "-xf", file, "-C", dir).CombinedOutput(); err != nil {
				t.Fatalf("tar: %v\n%s", err, out)
			}
			git(t, dir, "init", "-q")
			git(t, dir, "add", "-A", "-f")
			if got, want := strings.TrimSpace(git(t, dir, "write-tree")), treeOf(t, source, "v2"); got != want {
				t.Errorf("the tree of the archive is %s, want %s", got, want)
			}
			out, err := execute(ssh, c.program, "archive", "--remote", c.address, "-o", file, "nothing")
			if err == nil || !strings.Contains(out, "nothing") {
				t.Errorf("an archive of what is not there: %v\n%s", err, out)
			}
		})
	}
}

func TestNewestGitTakesTheBundleThatTheServerNames(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	bundle := filepath.Join(t.TempDir(), "all.bundle")
	git(t, source, "bundle", "create", "-q", bundle, "--branches", "--tags")
	var taken atomic.Int32
	shelf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken.Add(1)
		http.ServeFile(w, r, bundle)
	}))
	defer shelf.Close()
	s.jeton(t, "repo", "set", "admin/sample", "fetch.bundles=all="+shelf.URL+"/all.bundle")
	later := commit(t, source, "later.txt", "not in the bundle\n")
	git(t, source, "push", "-q", s.mine("admin/sample"), "main")

	trace, dir := filepath.Join(t.TempDir(), "packets"), filepath.Join(t.TempDir(), "clone")
	newest(t, []string{"GIT_TRACE_PACKET=" + trace}, "-c", "transfer.bundleURI=true", "clone", "-q", s.mine("admin/sample"), dir)
	fsck(t, dir)
	if got := head(t, dir); got != later {
		t.Errorf("HEAD is %s, want %s", got, later)
	}
	if taken.Load() == 0 {
		t.Error("the bundle was not fetched")
	}
	packets, err := os.ReadFile(trace)
	if err != nil || !bytes.Contains(packets, []byte("have "+strings.TrimSpace(git(t, source, "rev-parse", "main~1")))) {
		t.Errorf("what the bundle brought was not offered as had: %v", err)
	}
}

func TestEveryGitFiltersAsItCan(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "config", "uploadpack.allowFilter", "true")
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	for _, name := range []string{"git-oldest/git", "git-newest/git"} {
		for _, filter := range []string{"blob:none", "blob:limit=1k", "tree:0", "tree:2", "object:type=commit", "combine:blob:limit=1k+tree:2"} {
			if strings.HasPrefix(filter, "object:") && name == "git-oldest/git" {
				continue // git 2.32 and newer
			}
			t.Run(name+" "+filter, func(t *testing.T) {
				// C git's own answer, over a file, is what should be missing.
				theirs, ours := filepath.Join(t.TempDir(), "theirs"), filepath.Join(t.TempDir(), "ours")
				git(t, "", "clone", "-q", "--bare", "--filter="+filter, "file://"+source, theirs)
				if out, err := execute(nil, fetched(t, name), "clone", "-q", "--bare", "--filter="+filter, s.mine("admin/sample"), ours); err != nil {
					t.Fatalf("clone: %v\n%s", err, out)
				}
				list := []string{"cat-file", "--batch-check=%(objectname)", "--batch-all-objects"}
				if got, want := git(t, ours, list...), git(t, theirs, list...); got != want {
					t.Errorf("objects are there: got\n%swant\n%s", got, want)
				}
				out, err := execute(nil, fetched(t, name), "-C", ours, "archive", "--format=tar", "-o", filepath.Join(t.TempDir(), "all.tar"), "main")
				if err != nil {
					t.Errorf("what was left out is not fetched when it is needed: %v\n%s", err, out)
				}
			})
		}
	}
}

func TestNewestGitSignsAndAnnotatesPushes(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := sampleHistory(t)
	git(t, dir, "push", "-q", s.mine("admin/signed"), "main") // a nonce is given out for a repository that is there
	key := newKey(t, "ed25519")
	for i, tr := range transports(t, s)[:2] {
		id := commit(t, dir, "signed.txt", tr.name)
		newest(t, tr.env, "-C", dir, "-c", "gpg.format=ssh", "-c", "user.signingkey="+key, "push", "-q", "--signed", "-o", "ci.skip", tr.address(s, "admin/signed"), "main")
		list := s.pushes(t, "admin/signed")
		if len(list) != i+2 {
			t.Fatalf("%s: %d pushes are logged", tr.name, len(list))
		}
		p := list[0] // SLOP: the nonce was some seconds old, as it may be over HTTP
		if p.NonceStatus != "OK" && p.NonceStatus != "SLOP" || !strings.Contains(p.Certificate, id) || len(p.Options) != 1 || p.Options[0] != "ci.skip" {
			t.Errorf("%s: the signed push is logged as %+v", tr.name, p)
		}
	}
}

package integration

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

func TestNewcomerClonesCommitsAndPushes(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tr := range transports(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "hello")
			tr.git(t, "", "clone", "-q", tr.address(s, s.Repo), dir)
			if len(files(t, dir)) == 0 {
				t.Fatal("the sample repository is empty")
			}
			id := commit(t, dir, "from-"+tr.name+".txt", "hello\n")
			tr.git(t, dir, "push", "-q", "origin", "HEAD")
			if got := git(t, s.dir(t, s.Repo), "rev-parse", "HEAD"); strings.TrimSpace(got) != id {
				t.Errorf("HEAD on the server is %s, pushed %s", got, id)
			}
			s.fsck(t, s.Repo)
		})
	}
}

func TestEveryKindOfClone(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	origin := s.dir(t, "admin/sample")
	fsck(t, origin)
	for _, tr := range transports(t, s) {
		address := tr.address(s, "admin/sample")
		t.Run(tr.name, func(t *testing.T) {
			t.Run("plain", func(t *testing.T) {
				dir := t.TempDir()
				tr.git(t, "", "clone", "-q", address+".git", dir)
				if !maps.Equal(files(t, dir), files(t, source)) {
					t.Error("the work tree is not the one that was pushed")
				}
				fsck(t, dir)
			})
			t.Run("bare", func(t *testing.T) {
				dir := t.TempDir()
				tr.git(t, "", "clone", "-q", "--bare", address, dir)
				same(t, "bare", origin, dir)
			})
			t.Run("mirror", func(t *testing.T) {
				dir := t.TempDir()
				tr.git(t, "", "clone", "-q", "--mirror", address+"/", dir)
				same(t, "mirror", origin, dir)
			})
			t.Run("single-branch", func(t *testing.T) {
				dir := t.TempDir()
				tr.git(t, "", "clone", "-q", "--single-branch", "-b", "topic", address, dir)
				if got := git(t, dir, "branch", "-r"); strings.Contains(got, "main") {
					t.Errorf("a single branch was asked for, got %s", got)
				}
				fsck(t, dir)
			})
			t.Run("depth and unshallow", func(t *testing.T) { shallow(t, tr, address, source) })
			t.Run("blob:none", func(t *testing.T) { partial(t, tr, address, source) })
		})
	}
}

// shallow clones one commit deep, deepens, and takes the rest.
func shallow(t *testing.T, tr transport, address, source string) {
	dir := t.TempDir()
	tr.git(t, "", "clone", "-q", "--depth", "1", "--no-single-branch", address, dir)
	if n := strings.TrimSpace(git(t, dir, "rev-list", "--count", "main")); n != "1" {
		t.Errorf("--depth 1 brought %s commits", n)
	}
	if !maps.Equal(files(t, dir), files(t, source)) {
		t.Error("the work tree of the shallow clone is not the one that was pushed")
	}
	fsck(t, dir)
	tr.git(t, dir, "fetch", "-q", "--depth", "3")
	if n := strings.TrimSpace(git(t, dir, "rev-list", "--count", "--first-parent", "origin/main")); n != "3" {
		t.Errorf("--depth 3 brought %s commits of the first-parent line", n)
	}
	fsck(t, dir)
	tr.git(t, dir, "fetch", "-q", "--unshallow")
	if got, want := git(t, dir, "rev-list", "origin/main"), git(t, source, "rev-list", "main"); got != want {
		t.Errorf("after --unshallow the history is\n%s, want\n%s", got, want)
	}
	fsck(t, dir)
}

// partial clones without blobs and lets the checkout, and then a diff, ask for them.
func partial(t *testing.T, tr transport, address, source string) {
	dir := filepath.Join(t.TempDir(), "partial")
	tr.git(t, "", "clone", "-q", "--filter=blob:none", "--no-checkout", address, dir)
	missing := strings.Count(git(t, dir, "rev-list", "--objects", "--all", "--missing=print"), "?")
	if missing == 0 {
		t.Error("nothing is missing in a clone without blobs")
	}
	tr.git(t, dir, "checkout", "-q", "main")
	if !maps.Equal(files(t, dir), files(t, source)) {
		t.Error("the work tree of the partial clone is not the one that was pushed")
	}
	if got, want := tr.git(t, dir, "log", "-p", "--format=%H"), git(t, source, "log", "-p", "--format=%H"); got != want {
		t.Error("log -p of the partial clone differs")
	}
}

func TestEmptyRepositoryIsCloned(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.jeton(t, "repo", "create", "admin/empty")
	for _, tr := range transports(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			dir := t.TempDir()
			tr.git(t, "", "clone", "-q", tr.address(s, "admin/empty"), dir)
			if got := strings.TrimSpace(git(t, dir, "symbolic-ref", "HEAD")); !strings.HasPrefix(got, "refs/heads/") {
				t.Errorf("HEAD of the empty clone is %q", got)
			}
			if got := tr.git(t, dir, "ls-remote", "origin"); strings.TrimSpace(got) != "" {
				t.Errorf("an empty repository shows refs: %s", got)
			}
		})
	}
}

func TestObjectsThatARefDoesNotReachAreNotServed(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	old := head(t, source)
	secret := commit(t, source, "secret.txt", "never meant to be pushed\n")
	blob := strings.TrimSpace(git(t, source, "rev-parse", "HEAD:secret.txt"))
	git(t, source, "push", "-q", s.mine("admin/sample"), "main")
	git(t, source, "push", "-q", "--force", s.mine("admin/sample"), old+":refs/heads/main")
	git(t, s.dir(t, "admin/sample"), "cat-file", "-e", secret) // it is still on the disk, which is why this test means something
	git(t, source, "push", "-q", s.mine("admin/other"), secret+":refs/heads/main")

	for _, tr := range transports(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			dir := t.TempDir()
			tr.git(t, "", "clone", "-q", tr.address(s, "admin/sample"), dir)
			for what, id := range map[string]string{"commit left by a force push": secret, "blob left by a force push": blob} {
				out, err := tryGit(dir, tr.env, "fetch", "origin", id)
				if err == nil || !strings.Contains(out, "not our ref "+id) {
					t.Errorf("%s: fetch by id answered %v\n%s", what, err, out)
				}
			}
			tr.git(t, dir, "fetch", "-q", "origin", old)
			inner := strings.TrimSpace(git(t, source, "rev-parse", old+"~1"))
			tr.git(t, "", "--git-dir", filepath.Join(dir, ".git"), "fetch", "-q", "origin", inner)
		})
	}
}

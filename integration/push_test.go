package integration

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestEveryKindOfPush(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tr := range transports(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			repo := "admin/push-" + tr.name
			dir := sampleHistory(t)
			address := tr.address(s, repo)
			server := func() string { return s.dir(t, repo) }

			tr.git(t, dir, "push", "-q", "--all", address)
			tr.git(t, dir, "push", "-q", "--tags", address)
			same(t, "first push", strip(t, dir), server())
			if got := strings.TrimSpace(git(t, server(), "symbolic-ref", "HEAD")); got != "refs/heads/main" {
				t.Errorf("HEAD is %s after the first push", got)
			}
			commit(t, dir, "new.txt", "fast-forward\n")
			tr.git(t, dir, "push", "-q", address, "main")
			tr.git(t, dir, "push", "-q", address, "main:refs/heads/new/branch")

			git(t, dir, "commit", "-q", "--amend", "-m", "Amended")
			if out, err := tryGit(dir, tr.env, "push", address, "main"); err == nil {
				t.Errorf("a push that is no fast-forward went through without --force: %s", out)
			}
			tr.git(t, dir, "push", "-q", "--force", address, "main")
			tr.git(t, dir, "push", "-q", address, ":refs/heads/new/branch")
			tr.git(t, dir, "push", "-q", address, "--delete", "v1")
			if got := refs(t, server()); strings.Contains(got, "new/branch") || strings.Contains(got, "tags/v1") {
				t.Errorf("deleted refs are still there:\n%s", got)
			}
			if out, err := tryGit(dir, tr.env, "push", address, ":main"); err == nil || !strings.Contains(out, "current branch") {
				t.Errorf("deleting the branch that HEAD names answered %v: %s", err, out)
			}
			tr.git(t, dir, "push", "-q", "--mirror", address)
			same(t, "mirror", strip(t, dir), server())
			if out := tr.git(t, dir, "push", "--mirror", address); !strings.Contains(out, "up-to-date") {
				t.Errorf("a second mirror push did something: %s", out)
			}
			allOrNone(t, s, tr, dir, repo)
		})
	}
}

// atomic pushes a good branch and one that has moved at the server: with --atomic neither may move.
func allOrNone(t *testing.T, s *server, tr transport, dir, repo string) {
	other, address := t.TempDir(), tr.address(s, repo)
	tr.git(t, "", "clone", "-q", address, other)
	commit(t, other, "other.txt", "moved by somebody else\n")
	tr.git(t, other, "push", "-q", "origin", "HEAD:refs/heads/topic", "--force")
	commit(t, dir, "atomic.txt", "atomic\n")
	before := refs(t, s.dir(t, repo))
	stale := strings.TrimSpace(git(t, dir, "rev-parse", "topic"))
	out, err := tryGit(dir, tr.env, "push", "--atomic", "--force-with-lease=topic:"+stale, address, "main", "main:topic")
	if err == nil {
		t.Errorf("an atomic push with one bad ref went through: %s", out)
	}
	if after := refs(t, s.dir(t, repo)); after != before {
		t.Errorf("an atomic push with one bad ref moved something:\n%s--\n%s", before, after)
	}
	if out, err := tryGit(dir, tr.env, "push", "--atomic", address, "main", "main:refs/heads/a..b"); err == nil {
		t.Errorf("an atomic push with a bad name went through: %s", out)
	}
	tr.git(t, dir, "push", "-q", "--atomic", "--force", address, "main", "main:refs/heads/topic", "main:refs/heads/third")
	if got := strings.Count(refs(t, s.dir(t, repo)), head(t, dir)); got < 3 {
		t.Errorf("an atomic push moved %d refs, want 3", got)
	}
	s.fsck(t, repo)
}

// strip makes a bare copy without remote-tracking refs, so that refs can be compared.
func strip(t *testing.T, dir string) string {
	t.Helper()
	bare := t.TempDir()
	git(t, "", "clone", "-q", "--mirror", dir, bare)
	for line := range strings.Lines(git(t, bare, "for-each-ref", "--format=%(refname)", "refs/remotes")) {
		git(t, bare, "update-ref", "-d", strings.TrimSpace(line))
	}
	return bare
}

func TestABlobOf300MB(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "config", "core.compression", "0")
	big, err := os.Create(filepath.Join(dir, "big.bin"))
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 1<<20)
	for range 300 {
		_, _ = rand.Read(noise)
		if _, err := big.Write(noise); err != nil {
			t.Fatal(err)
		}
	}
	if err := big.Close(); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "Add a big file")
	want := strings.TrimSpace(git(t, dir, "rev-parse", "HEAD:big.bin"))
	for _, tr := range transports(t, s) {
		if strings.HasSuffix(tr.name, "v1") || strings.HasSuffix(tr.name, "v0") {
			continue // pushes are alike in every version, and the clone of a blob is one range
		}
		t.Run(tr.name, func(t *testing.T) {
			repo := "admin/big-" + tr.name
			tr.git(t, dir, "push", "-q", tr.address(s, repo), "main")
			if peak := s.peak(t); peak > 256<<20 {
				t.Errorf("the server's memory rose to %d MiB", peak>>20)
			}
			clone := t.TempDir()
			tr.git(t, "", "clone", "-q", tr.address(s, repo), clone)
			if peak := s.peak(t); peak > 300<<20 {
				t.Errorf("the server's memory rose to %d MiB while it was cloned", peak>>20)
			}
			if got := strings.TrimSpace(git(t, clone, "hash-object", "big.bin")); got != want {
				t.Errorf("the blob came back as %s, want %s", got, want)
			}
		})
	}
}

// peak is the highest resident memory of the server so far, in bytes, files included (proc(5), VmHWM).
func (s *server) peak(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	t.Fatal("/proc tells no VmHWM")
	return 0
}

func TestTwoPushersRaceForABranch(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/race"))
	for round := range 5 {
		var wg sync.WaitGroup
		outs, errs, ids := make([]string, 2), make([]error, 2), make([]string, 2)
		dirs := []string{t.TempDir(), t.TempDir()}
		for i, dir := range dirs {
			git(t, "", "clone", "-q", s.mine("admin/race"), dir)
			ids[i] = commit(t, dir, "race.txt", fmt.Sprintf("round %d by %d\n", round, i))
		}
		for i, dir := range dirs {
			wg.Go(func() { outs[i], errs[i] = tryGit(dir, nil, "push", "origin", "main") })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one of two must win, got %v and %v\n%s\n%s", errs[0], errs[1], outs[0], outs[1])
		}
		winner, loser := 0, 1
		if errs[0] != nil {
			winner, loser = 1, 0
		}
		if got := strings.TrimSpace(git(t, s.dir(t, "admin/race"), "rev-parse", "main")); got != ids[winner] {
			t.Errorf("main is %s, the winner pushed %s", got, ids[winner])
		}
		if !strings.Contains(outs[loser], "rejected") {
			t.Errorf("the loser was not told that its push was rejected:\n%s", outs[loser])
		}
		git(t, dirs[loser], "pull", "-q", "--no-rebase", "-X", "ours", "--no-edit", "origin", "main")
		git(t, dirs[loser], "push", "-q", "origin", "main")
	}
	s.fsck(t, "admin/race")
}

func TestTwentyClientsAtOnce(t *testing.T) {
	t.Parallel()
	s := startIn(t, builtForRaces(t), filepath.Join(short(t), "data"))
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/crowd"))
	all := transports(t, s)
	var wg sync.WaitGroup
	failures := make(chan string, 200)
	for i := range 20 {
		dir := t.TempDir()
		tr := all[i%len(all)]
		wg.Go(func() {
			do := func(dir string, args ...string) {
				if out, err := tryGit(dir, tr.env, args...); err != nil {
					failures <- fmt.Sprintf("client %d (%s): git %v: %v\n%s", i, tr.name, args, err, out)
				}
			}
			do("", "clone", "-q", tr.address(s, "admin/crowd"), dir)
			for n := range 2 {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("client%d", i)), fmt.Append(nil, n), 0o644); err != nil {
					failures <- err.Error()
				}
				do(dir, "add", "-A")
				do(dir, "commit", "-q", "-m", "Crowd")
				do(dir, "push", "-q", "origin", fmt.Sprintf("HEAD:refs/heads/client%d", i))
				do(dir, "fetch", "-q", "origin")
			}
		})
	}
	wg.Wait()
	close(failures)
	for f := range failures {
		t.Error(f)
	}
	s.fsck(t, "admin/crowd")
	if n := strings.Count(refs(t, s.dir(t, "admin/crowd")), "refs/heads/client"); n != 20 {
		t.Errorf("%d of 20 branches are there", n)
	}
}

func TestPushMustBringWhatThisRepositoryLacks(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/one"))
	base := head(t, source)
	id := commit(t, source, "only-in-two.txt", "in another repository\n")
	git(t, source, "push", "-q", s.mine("admin/two"), "main")
	// The objects are taken out of the pusher's reach, so that its pack refers to what only the other repository has.
	child := commit(t, source, "child.txt", "child\n")
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--bare")
	git(t, dir, "fetch", "-q", source, "+refs/*:refs/*")
	pushPackWithout(t, s, dir, "admin/one", child, id, base)
	if got := refs(t, s.dir(t, "admin/one")); strings.Contains(got, child) {
		t.Errorf("a ref points to a commit whose parent is not there:\n%s", got)
	}
	s.fsck(t, "admin/one")
}

func TestManyPushesAreRepackedByThemselves(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_MAINTAIN_PACKS=10")
	dir := t.TempDir()
	git(t, "", "clone", "-q", s.mine(s.Repo), dir)
	for i := range 25 {
		commit(t, dir, "file.txt", fmt.Sprint(i))
		git(t, dir, "push", "-q", "origin", "HEAD")
	}
	eventually(t, "fewer than ten packs", func() bool {
		packs, err := filepath.Glob(filepath.Join(s.dir(t, s.Repo), "objects/pack/*.pack"))
		return err == nil && len(packs) < 10
	})
	s.fsck(t, s.Repo)
	clone := t.TempDir()
	git(t, "", "clone", "-q", s.mine(s.Repo), clone)
	if head(t, clone) != head(t, dir) {
		t.Error("the clone is not what was pushed")
	}
}

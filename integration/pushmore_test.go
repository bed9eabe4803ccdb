package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// signing makes git sign with an SSH key.
func signing(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "config", "gpg.format", "ssh")
	git(t, dir, "config", "user.signingKey", newKey(t, "ed25519")+".pub")
}

// both are HTTP and SSH under the protocol version that git takes by itself.
func both(t *testing.T, s *server) []transport {
	t.Helper()
	return []transport{{"http", (*server).mine, nil}, {"ssh", (*server).ssh, []string{sshEnv(s.addKey(t, "ed25519"))}}}
}

func TestSignedPushesAndPushOptions(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tr := range both(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			repo, dir := "admin/signed-"+tr.name, sampleHistory(t)
			address := tr.address(s, repo)
			signing(t, dir)
			if out, err := tryGit(dir, tr.env, "push", "--signed", address, "main"); err == nil || !strings.Contains(out, "does not support --signed") {
				t.Errorf("a signed push to where nothing is yet: %v %s", err, out)
			}
			tr.git(t, dir, "push", "-q", "--signed=if-asked", address, "main")
			commit(t, dir, "signed.txt", "signed\n")
			tr.git(t, dir, "push", "-q", "--signed", "-o", "ci.skip", "-o", "two words", address, "main", "main:refs/heads/other")
			same := strings.Count(refs(t, s.dir(t, repo)), head(t, dir))
			if same != 2 {
				t.Errorf("%d refs have moved, want 2", same)
			}
			commit(t, dir, "signed.txt", "signed again\n")
			tr.git(t, dir, "push", "-q", "--signed", "--atomic", address, "main")
			tr.git(t, dir, "push", "-q", "--signed", address, ":other")
			if out, err := tryGit(dir, append(tr.env, "GIT_TRACE_PACKET=1"), "push", "-q", "-o", "x\x1b[31m", address, "main:third"); err != nil {
				t.Errorf("an option with an escape: %v %s", err, out)
			}
			s.fsck(t, repo)
		})
	}
}

// TestShallowClonesPushWhereTheirHistoryIs pushes from clones that are cut off: into the repository that they came from it
// works, into one that lacks what is behind the cut it is refused in git's words, for the refs concerned and no other.
func TestShallowClonesPushWhereTheirHistoryIs(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tr := range both(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			repo, dir := "admin/deep-"+tr.name, sampleHistory(t)
			tr.git(t, dir, "push", "-q", "--all", tr.address(s, repo))
			clone := t.TempDir()
			tr.git(t, "", "clone", "-q", "--depth", "2", tr.address(s, repo), clone)
			commit(t, clone, "from-shallow.txt", "shallow\n")
			tr.git(t, clone, "push", "-q", "origin", "main", "main~1:refs/heads/older")
			s.fsck(t, repo)
			if !strings.Contains(refs(t, s.dir(t, repo)), head(t, clone)) {
				t.Error("the push of a shallow clone did not arrive")
			}
			whole := t.TempDir()
			tr.git(t, "", "clone", "-q", tr.address(s, repo), whole)
			if got, want := git(t, whole, "rev-list", "HEAD~1"), git(t, dir, "rev-list", "HEAD"); got != want {
				t.Errorf("a whole clone has the history\n%swant\n%s", got, want)
			}

			other := "admin/lacks-" + tr.name
			island := t.TempDir()
			git(t, island, "init", "-q", "-b", "island")
			commit(t, island, "island.txt", "alone\n")
			tr.git(t, island, "push", "-q", tr.address(s, other), "island")
			git(t, clone, "fetch", "-q", island, "island:island")
			before := refs(t, s.dir(t, other))
			out, err := tryGit(clone, tr.env, "push", tr.address(s, other), "main", "island:refs/heads/second")
			if err == nil || !strings.Contains(out, "shallow update not allowed") {
				t.Errorf("into one that lacks the history: %v %s", err, out)
			}
			if after := refs(t, s.dir(t, other)); after == before || strings.Contains(after, "refs/heads/main") || !strings.Contains(after, "refs/heads/second") {
				t.Errorf("afterwards:\n%s", after)
			}
			s.fsck(t, other)
			if out, err = tryGit(clone, tr.env, "push", tr.address(s, "admin/empty-"+tr.name), "main"); err == nil || !strings.Contains(out, "shallow update not allowed") {
				t.Errorf("into nothing: %v %s", err, out)
			}
			if out := s.jeton(t, "repo", "list"); strings.Contains(out, "admin/empty-") {
				t.Errorf("a refused push has left a repository:\n%s", out)
			}
			s.jeton(t, "repo", "create", "admin/made-"+tr.name)
			if out, err = tryGit(clone, tr.env, "push", tr.address(s, "admin/made-"+tr.name), "main"); err == nil || !strings.Contains(out, "shallow update not allowed") {
				t.Errorf("into an empty repository: %v %s", err, out)
			}
			s.fsck(t, "admin/made-"+tr.name)
			git(t, clone, "fetch", "-q", "--unshallow", dir, "main")
			tr.git(t, clone, "push", "-q", tr.address(s, "admin/made-"+tr.name), "main")
			s.fsck(t, "admin/made-"+tr.name)
		})
	}
}

// TestARefusalIsReadBeforeAllIsSent pushes much more than a socket holds to a branch that a rule closes: git shows the rule.
func TestARefusalIsReadBeforeAllIsSent(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tr := range both(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			repo, dir := "admin/closed-"+tr.name, sampleHistory(t)
			tr.git(t, dir, "push", "-q", tr.address(s, repo), "main")
			s.jeton(t, "repo", "protect", repo, "sealed/**", "--no-create")
			noise := exec.Command("sh", "-c", "head -c 20000000 /dev/urandom > noise.bin")
			noise.Dir = dir
			if out, err := noise.CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			git(t, dir, "add", "noise.bin")
			git(t, dir, "commit", "-q", "-m", "Much")
			for _, post := range []string{"1000", "1000000000"} { // bytes from which git sends in chunks
				out, err := tryGit(dir, tr.env, "-c", "http.postBuffer="+post, "push", tr.address(s, repo), "main:sealed/x")
				if err == nil || !strings.Contains(out, `protected branch: the rule "refs/heads/sealed/**" allows no creation`) {
					t.Errorf("answered %v: %s", err, out)
				}
			}
			if left, err := os.ReadDir(filepath.Join(s.dir(t, repo), "jeton/incoming")); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

// TestReflogsSayWhoAndByWhat reads the server's reflogs with git.
func TestReflogsSayWhoAndByWhat(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tr := range both(t, s) {
		repo, dir := "admin/log-"+tr.name, sampleHistory(t)
		tr.git(t, dir, "push", "-q", tr.address(s, repo), "main", "main:other")
		commit(t, dir, "x.txt", tr.name)
		tr.git(t, dir, "push", "-q", tr.address(s, repo), "main")
		credential := map[string]string{"http": "push (token:", "ssh": "push (key:"}[tr.name]
		log := git(t, s.dir(t, repo), "log", "-g", "--format=%gn %gs", "refs/heads/main")
		if strings.Count(log, s.User+" "+credential) != 2 {
			t.Errorf("%s: the reflog of main says\n%s", tr.name, log)
		}
		tr.git(t, dir, "push", "-q", tr.address(s, repo), ":other")
		if _, err := os.Lstat(filepath.Join(s.dir(t, repo), "logs/refs/heads/other")); err == nil {
			t.Errorf("%s: the reflog of a deleted branch is there", tr.name)
		}
		if head := git(t, s.dir(t, repo), "log", "-g", "--format=%gs", "HEAD"); !strings.Contains(head, credential) {
			t.Errorf("%s: the reflog of HEAD says\n%s", tr.name, head)
		}
	}
}

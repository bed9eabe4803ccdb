package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// addDeployKey makes a key pair and lets it open one repository.
func (s *server) addDeployKey(t *testing.T, repo, access string) (id, path string) {
	t.Helper()
	path = newKey(t, "ed25519")
	var made struct{ ID string }
	s.ask(t, &made, "key", "add", "--repo", repo, "--access", access, "--label", "ci "+access, path+".pub")
	return made.ID, path
}

func TestADeployKeyClonesAndPushesItsRepositoryAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	_, reads := s.addDeployKey(t, "ada/app", "read")
	id, writes := s.addDeployKey(t, "ada/app", "write")
	if out, err := s.try("key", "add", "--user", "ada", writes+".pub"); err == nil || !strings.Contains(out, "in use already") {
		t.Errorf("the deploy key became ada's too: %v %s", err, out)
	}
	if out, err := s.dial(t, sshArgs(reads)); err != nil || !strings.Contains(out, "Hello deploy key ci read!") || !strings.Contains(out, "ada/app") || strings.Contains(out, s.Repo) {
		t.Errorf("it is greeted with %v\n%s", err, out)
	}
	dir := t.TempDir()
	if out, err := tryGit("", []string{sshEnv(reads)}, "clone", "-q", s.ssh("ada/app"), dir); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	commit(t, dir, "x", "x")
	refuse(t, dir, []string{sshEnv(reads)}, []string{"deploy key may only read"}, "push", s.ssh("ada/app"), "HEAD:refs/heads/x")
	if out, err := tryGit(dir, []string{sshEnv(writes)}, "push", "-q", s.ssh("ada/app"), "HEAD:refs/heads/x"); err != nil {
		t.Fatalf("push: %v\n%s", err, out)
	}
	for name, repo := range map[string]string{"another": s.Repo, "not there": "ada/none"} {
		refuse(t, "", []string{sshEnv(writes)}, []string{"no such repository"}, "ls-remote", s.ssh(repo))
		if name == "not there" {
			refuse(t, dir, []string{sshEnv(writes)}, []string{"no such repository"}, "push", s.ssh(repo), "HEAD")
		}
	}
	folder := strings.TrimSpace(s.jeton(t, "repo", "path", "ada/app"))
	b, err := os.ReadFile(filepath.Join(folder, "logs/refs/heads/x"))
	if err != nil {
		t.Fatal(err)
	}
	if log := string(b); !strings.Contains(log, "deploy key ci write <> ") || !strings.Contains(log, "(key:"+id+")") {
		t.Errorf("the reflog tells of %q", log)
	}
	s.jeton(t, "key", "remove", id, "--yes")
	if out, err := tryGit("", []string{sshEnv(writes)}, "ls-remote", s.ssh("ada/app")); err == nil {
		t.Errorf("a removed deploy key still opens: %s", out)
	}
}

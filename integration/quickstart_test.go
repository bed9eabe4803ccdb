package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestQuickstartToFirstClone is not run beside others, since it looks at the clock. On a machine that has more to do than
// it can, each program is given the longer: the quickest of three times counts, by how many want a core.
func TestQuickstartToFirstClone(t *testing.T) {
	path := built(t)
	var s *server
	best := time.Hour
	for range 3 {
		begin := time.Now()
		s = startIn(t, path, filepath.Join(short(t), "data"))
		git(t, "", "clone", "-q", s.mine(s.Repo), t.TempDir())
		best = min(best, time.Since(begin))
	}
	limit := time.Duration(float64(2*time.Second) * max(1, wanting(t)))
	t.Logf("from a built binary to the first clone: %s", best)
	if best > limit {
		t.Errorf("from a built binary to the first clone it took %s, more than %s", best, limit)
	}
	for _, kind := range []string{"api", "feed", "vcs", "web"} {
		if !strings.HasPrefix(s.Tokens[kind], "jet_"+kind+"_") {
			t.Errorf("the %s token is %q", kind, s.Tokens[kind])
		}
	}
	if s.User == "" || s.Password == "" || s.Repo == "" || s.SSH == "" {
		t.Errorf("quickstart left something out: %+v", s)
	}
}

// wanting is how many programs want each core of this machine, of the last minute (proc_loadavg(5)).
func wanting(t *testing.T) float64 {
	t.Helper()
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		t.Fatal(err)
	}
	return load / float64(runtime.NumCPU())
}

func TestQuickstartAgainStartsTheSameData(t *testing.T) {
	t.Parallel()
	data := filepath.Join(short(t), "data")
	s := startIn(t, built(t), data)
	secret := s.Tokens["vcs"]
	s.stop(t)
	again := startIn(t, s.binary, data)
	if again.Password != "" || len(again.Tokens) != 0 {
		t.Errorf("the second run printed secrets: %+v", again)
	}
	git(t, "", "ls-remote", again.http(again.Repo, "git", secret))
}

func TestQuickstartSaysWhatToPaste(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(built(t), "quickstart", "--data", filepath.Join(short(t), "data"), "--http", "127.0.0.1:0", "--ssh", "127.0.0.1:0")
	log := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all lines", func() bool { return strings.Contains(log.String(), "Ctrl-C") })
	printed := log.String()
	home := t.TempDir()
	key := filepath.Join(home, ".ssh", "id_ed25519")
	if err := os.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	for _, c := range []struct{ begin, says string }{ // a line of each door, and what comes of it
		{"git clone http", "Cloning into 'hello'"},
		{"'" + built(t) + "' key add", "SHA256:"},
		{"curl -OJ", ""},
		{"curl 'http" /* the diff */, "diff --git "},
		{"curl 'http" /* the feed */, "<feed "},
		{"curl -H", `"repo_name":"admin/hello"`},
		{"JETON_API_HOST=", `"branches": {`},
	} {
		line := c.begin + "…"
		if i := strings.Index(printed, "\n"+c.begin); i >= 0 {
			line, _, _ = strings.Cut(printed[i+1:], "\n")
			printed = printed[i+1+len(line):]
		}
		paste := exec.Command("sh", "-c", line)
		paste.Dir, paste.Env = home, append(gitEnv(), "HOME="+home)
		if out, err := paste.CombinedOutput(); err != nil || !strings.Contains(string(out), c.says) {
			t.Errorf("the printed line %q says\n%s, %v, want %q", line, out, err, c.says)
		}
	}
	if out, err := exec.Command("unzip", "-tq", filepath.Join(home, "hello-tip.zip")).CombinedOutput(); err != nil {
		t.Errorf("the archive is none: %v\n%s", err, out)
	}
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted, quickstart ended with %v\n%s", err, log)
	}
}

func TestCommandsWorkWithAndWithoutTheServer(t *testing.T) {
	t.Parallel()
	data := filepath.Join(short(t), "data")
	s := startIn(t, built(t), data)
	s.jeton(t, "repo", "create", "admin/while-running")
	s.stop(t)
	s.jeton(t, "repo", "create", "admin/while-stopped")
	out := s.jeton(t, "repo", "list")
	for _, name := range []string{"admin/while-running", "admin/while-stopped", s.Repo} {
		if !strings.Contains(out, name) {
			t.Errorf("repo list lacks %s:\n%s", name, out)
		}
	}
	if out := s.jeton(t, "version"); !strings.Contains(out, "go1") {
		t.Errorf("version says %q", out)
	}
	s.run(t)
	s.jeton(t, "repo", "rename", "admin/while-stopped", "admin/renamed")
	source := sampleHistory(t)
	_, secret := s.token(t, "--user", "admin", "--kind", "vcs")
	git(t, source, "push", "-q", s.http("admin/renamed", "admin", secret), "main")
	s.fsck(t, "admin/renamed")
	if out, err := s.try("repo", "delete", "admin/renamed"); err == nil {
		t.Errorf("a repository was deleted without --yes: %s", out)
	}
	s.jeton(t, "repo", "delete", "admin/renamed", "--yes")
	refuse(t, "", nil, []string{"not found"}, "ls-remote", s.http("admin/renamed", "admin", secret))
}

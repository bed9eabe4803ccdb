package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// made is a folder for what all tests begin with; it is gone when they end.
var made string

func TestMain(m *testing.M) {
	var err error
	if made, err = os.MkdirTemp("", "jeton-integration-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(made)
	os.Exit(code)
}

// built builds the server once for a run: static, or with the race detector.
var built, builtForRaces = builder("CGO_ENABLED=0"), builder("CGO_ENABLED=1", "-race")

func builder(env string, flags ...string) func(*testing.T) string {
	build := sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp(made, "built-")
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, "jeton")
		cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), "./cmd/jeton")...)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), env)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, out)
		}
		return path, nil
	})
	return func(t *testing.T) string {
		t.Helper()
		path, err := build()
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
}

// server is a running `jeton quickstart` and what it printed.
type server struct {
	URL      string            `json:"url"`
	SSH      string            `json:"ssh_url"`
	User     string            `json:"user"`
	Password string            `json:"password"`
	Repo     string            `json:"repo"`
	Tokens   map[string]string `json:"tokens"`

	binary, data string
	env          []string
	cmd          *exec.Cmd
	log          *lockedBuffer
}

// start runs quickstart on a fresh data folder; it is stopped, and must end well, when the test ends.
func start(t *testing.T, env ...string) *server {
	t.Helper()
	return startIn(t, built(t), filepath.Join(short(t), "data"), env...)
}

// startIn runs quickstart over a data folder. The server's PATH is an empty folder: no git program can be found there.
func startIn(t *testing.T, binary, data string, env ...string) *server {
	t.Helper()
	s := &server{binary: binary, data: data, env: env}
	s.run(t)
	t.Cleanup(func() { s.stop(t) })
	return s
}

// short is a temporary folder with a short path, so that control sockets fit in 108 bytes.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (s *server) run(t *testing.T) {
	t.Helper()
	s.log = &lockedBuffer{}
	s.cmd = exec.Command(s.binary, "quickstart", "--data", s.data, "--http", "127.0.0.1:0", "--ssh", "127.0.0.1:0", "--json")
	empty := filepath.Join(filepath.Dir(s.data), "no-programs")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	s.cmd.Env = append([]string{"PATH=" + empty, "HOME=" + empty}, s.env...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(out).Decode(s); err != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		t.Fatalf("quickstart --json printed no object: %v\n%s", err, s.log)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s.URL = strings.TrimSuffix(s.URL, "/")
	s.SSH = strings.TrimSuffix(s.SSH, "/")
}

// stop asks the server to end, as an operator does, and fails the test when it does not end well.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if s.cmd.ProcessState != nil {
		return
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop the server: %v", err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server did not end well: %v\n%s", err, tail(s.log.String()))
	}
	if strings.Contains(s.log.String(), "DATA RACE") || strings.Contains(s.log.String(), "panic") {
		t.Errorf("the server's log tells of a race or a panic:\n%s", tail(s.log.String()))
	}
}

// kill ends the server as a power cut would.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
}

// http is a repository's address with a credential, https its SSH twin is ssh.
func (s *server) http(repo, user, secret string) string {
	u, err := url.Parse(s.URL + "/" + repo)
	if err != nil {
		panic(err)
	}
	if user != "" || secret != "" {
		u.User = url.UserPassword(user, secret)
	}
	return u.String()
}

// mine is a repository's address with the administrator's vcs token.
func (s *server) mine(repo string) string { return s.http(repo, "git", s.Tokens["vcs"]) }

// ssh is a repository's address over SSH; the key is chosen by sshEnv.
func (s *server) ssh(repo string) string { return s.SSH + "/" + repo }

// jeton runs a command of the program against the running server and returns what it printed.
func (s *server) jeton(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.try(args...)
	if err != nil {
		t.Fatalf("jeton %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *server) try(args ...string) (string, error) {
	cmd := exec.Command(s.binary, append(args, "--data", s.data)...)
	cmd.Env = append([]string{"PATH=/nonexistent", "HOME=/nonexistent"}, s.env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return string(out) + errs.String(), err
	}
	return string(out), nil
}

// ask runs a command with --json and reads its answer into v.
func (s *server) ask(t *testing.T, v any, args ...string) {
	t.Helper()
	out := s.jeton(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("jeton %s --json: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// token mints a token and returns its id and secret.
func (s *server) token(t *testing.T, args ...string) (id, secret string) {
	t.Helper()
	var made struct{ ID, Token string }
	s.ask(t, &made, append([]string{"token", "create", "--label", "test"}, args...)...)
	if made.ID == "" || !strings.HasPrefix(made.Token, "jet_") {
		t.Fatalf("token create answered %+v", made)
	}
	return made.ID, made.Token
}

// dir is where a repository lies on the server's disk.
func (s *server) dir(t *testing.T, repo string) string {
	t.Helper()
	return strings.TrimSpace(s.jeton(t, "repo", "path", repo))
}

// fsck lets C git judge a repository on the server's disk.
func (s *server) fsck(t *testing.T, repo string) {
	t.Helper()
	fsck(t, s.dir(t, repo))
}

func fsck(t *testing.T, dir string) {
	t.Helper()
	out := git(t, dir, "fsck", "--strict", "--full", "--no-dangling")
	if bad := strings.TrimSpace(strings.ReplaceAll(out, "notice: HEAD points to an unborn branch (main)", "")); strings.Contains(bad, "error") || strings.Contains(bad, "missing") || strings.Contains(bad, "warning") {
		t.Errorf("git fsck --strict in %s:\n%s", dir, out)
	}
}

// gitConfig holds settings that spare the tests what they do not look at: git's housekeeping behind each commit and fetch,
// and its waiting for the disk. GIT_TEMPLATE_DIR spares the sample hooks of each repository.
const gitConfig = "testdata/gitconfig"

// gitEnv keeps the person's own settings, and prompts, out of the tests.
func gitEnv(extra ...string) []string {
	config, err := filepath.Abs(gitConfig)
	if err != nil {
		panic(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + config, "GIT_TEMPLATE_DIR=", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true",
		"LC_ALL=C", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com"}
	return append(env, extra...)
}

// git runs the real client and fails the test when it fails.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, nil, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// tryGit runs the real client; out holds what it printed and then what it said on stderr. The two have pipes of their
// own: OpenSSH makes its stderr non-blocking, and a stdout that shares the pipe would lose lines.
func tryGit(dir string, env []string, args ...string) (out string, err error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = gitEnv(env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String() + stderr.String(), err
}

// refuse runs the real client, which must fail, and say each of words.
func refuse(t *testing.T, dir string, env []string, words []string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, env, args...)
	if err == nil {
		t.Fatalf("git %s succeeded and should not\n%s", strings.Join(args, " "), out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("git %s: want the words %q, got\n%s", strings.Join(args, " "), w, out)
		}
	}
	return out
}

// commit writes a file and commits it; it returns the commit's id.
func commit(t *testing.T, dir, file, content string) string {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "Change "+file)
	return head(t, dir)
}

func head(t *testing.T, dir string) string {
	t.Helper()
	return strings.TrimSpace(git(t, dir, "rev-parse", "HEAD"))
}

// refs lists a repository's refs, in order, for comparison.
func refs(t *testing.T, dir string) string {
	t.Helper()
	return git(t, dir, "for-each-ref", "--format=%(objectname) %(refname)")
}

// lockedBuffer is a buffer that the server writes to while the test reads.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func tail(s string) string { return s[max(0, len(s)-6000):] }

// eventually waits until something is so; for what the server does after it has answered.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// tryInput runs a command of the program with something on its standard input.
func (s *server) tryInput(input string, args ...string) (string, error) {
	cmd := exec.Command(s.binary, append(args, "--data", s.data)...)
	cmd.Env = append([]string{"PATH=/nonexistent", "HOME=/nonexistent"}, s.env...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// server is one side of a comparison: a process that is measured, and where it listens.
type server struct {
	name  string
	cmd   *exec.Cmd
	base  string // http://127.0.0.1:port
	token string // the vcs token; empty at C git's side
	web   string // the web token, and the feed token
	feed  string
	wide  string // a commit that changes 1,000 files
	data  string
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// url is where a repository answers, with the credential for a real git client.
func (s *server) url(repo string) string {
	if s.token == "" {
		return s.base + "/" + repo
	}
	return strings.Replace(s.base, "://", "://git:"+s.token+"@", 1) + "/" + repo
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// startJeton starts quickstart over a fresh data folder; GOMEMLIMIT is left unset, as the memory figures demand.
func startJeton(binary, data string) (*server, error) {
	cmd := exec.Command(binary, "quickstart", "--data", data, "--http", "127.0.0.1:0", "--ssh", "127.0.0.1:0", "--json")
	cmd.Env = append(os.Environ(), "JETON_LOG_LEVEL=error", "JETON_WEB_TOKEN_VIEWS=*", "JETON_FEED_MEMORY=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	var said struct {
		URL    string            `json:"url"`
		Tokens map[string]string `json:"tokens"`
	}
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		return nil, fmt.Errorf("read what quickstart printed: %w", err)
	}
	return &server{name: "jeton", cmd: cmd, base: strings.TrimSuffix(said.URL, "/"), token: said.Tokens["vcs"], web: said.Tokens["web"], feed: said.Tokens["feed"], data: data}, nil
}

// startReference starts this program again as the CGI server in front of git http-backend.
func startReference(root string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "cgi", root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the reference: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read the reference's address: %w", err)
	}
	return &server{name: "git", cmd: cmd, base: strings.TrimSpace(line)}, nil
}

// serveCGI runs git http-backend over root and prints its address. net/http/cgi refuses chunked bodies by itself:
// the transfer encoding is cleared and no length passed on, so that http-backend reads to the end.
func serveCGI(root string) error {
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return fmt.Errorf("find git: %w", err)
	}
	backend := &cgi.Handler{
		Path:       filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"),
		Env:        []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=bench", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"},
		InheritEnv: []string{"PATH"},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == emptyPath:
			w.WriteHeader(http.StatusNoContent)
			return
		case strings.HasPrefix(path, "/-/"):
			serveGit(root, w, r)
			return
		}
		if r.ContentLength < 0 {
			r.TransferEncoding = nil
		}
		if v := r.Header.Get("Git-Protocol"); v != "" {
			with := *backend
			with.Env = append(append([]string{}, backend.Env...), "GIT_PROTOCOL="+v)
			with.ServeHTTP(w, r)
			return
		}
		backend.ServeHTTP(w, r)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	if err := http.Serve(l, handler); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// prepareReference makes C git's copy as fast as C git knows: bitmaps, commit-graph, checked pushes.
func prepareReference(root, repo, from string) error {
	dir := filepath.Join(root, repo)
	if err := emptyReference(root, repo); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"fetch", "--quiet", from, "+refs/*:refs/*"},
		{"symbolic-ref", "HEAD", "refs/heads/main"},
		{"repack", "-adbq"},
		{"commit-graph", "write", "--reachable", "--no-progress"},
	} {
		if err := run("", "git", append([]string{"-C", dir}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

func emptyReference(root, repo string) error {
	dir := filepath.Join(root, repo)
	if err := run("", "git", "init", "--quiet", "--bare", "--object-format=sha1", dir); err != nil {
		return err
	}
	if err := run("", "git", "-C", dir, "config", "receive.fsckObjects", "true"); err != nil {
		return err
	}
	return run("", "git", "-C", dir, "config", "http.receivepack", "true")
}

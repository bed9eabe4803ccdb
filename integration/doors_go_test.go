package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// goHost is the name under which the go command knows the server. An import path cannot hold a port, so that go and git
// come to it through a proxy, which leads port 443 of this name to the server.
const goHost = "code.example.test"

// proxied is an HTTP proxy that leads goHost to a server and knows no other host.
func proxied(t *testing.T, to string) string {
	t.Helper()
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != goHost+":443" {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		up, err := net.Dial("tcp", to)
		if err != nil {
			http.Error(w, "the server does not answer", http.StatusBadGateway)
			return
		}
		defer up.Close()
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer down.Close()
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		ended := make(chan struct{})
		go func() {
			_, _ = io.Copy(up, down)
			close(ended)
		}()
		_, _ = io.Copy(down, up)
		_ = down.Close()
		<-ended
	}))
	t.Cleanup(p.Close)
	return p.URL
}

// gopher is a person with the go command, whose netrc may hold a secret.
type gopher struct {
	t     *testing.T
	env   []string
	cache string
}

// newGopher has a home of its own. secret "" is no netrc.
func newGopher(t *testing.T, proxy, cert, secret string) gopher {
	t.Helper()
	home := t.TempDir()
	if secret != "" {
		if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte("machine "+goHost+" login ada password "+secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := gopher{t: t, cache: filepath.Join(home, "mod")}
	g.env = gitEnv("HOME="+home, "GOPATH="+home, "GOMODCACHE="+g.cache, "GOCACHE="+filepath.Join(home, "cache"), "GOFLAGS=-mod=mod", "GOPRIVATE="+goHost, "GOPROXY=off", "GOSUMDB=off",
		"GOTOOLCHAIN=local", "GOTELEMETRY=off", "HTTPS_PROXY="+proxy, "https_proxy="+proxy, "SSL_CERT_FILE="+cert, "GIT_SSL_CAINFO="+cert)
	t.Cleanup(func() { _, _ = g.try("clean", "-modcache") }) // it writes what nobody may remove
	return g
}

func (g gopher) try(args ...string) (string, error) {
	dir := g.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.test/user\n\ngo 1.24\n"), 0o600); err != nil {
		g.t.Fatal(err)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, g.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// module makes a repository whose module has a package in a folder.
func module(t *testing.T, path, folder string) string {
	t.Helper()
	work := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", work)
	for file, content := range map[string]string{"go.mod": "module " + path + "\n\ngo 1.24\n", "root.go": "package root\n", folder + "/x.go": "package x\n\nconst X = 1\n"} {
		at := filepath.Join(work, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git(t, work, "add", "-A")
	git(t, work, "commit", "-q", "-m", "Make a module")
	git(t, work, "tag", "v1.2.3")
	return work
}

// TestTheGoCommandGetsModules from public and private repositories in nested groups, with a vcs token in netrc.
func TestTheGoCommandGetsModules(t *testing.T) {
	tls := selfSigned(t, goHost)
	cert := valueOf(tls, "JETON_SERVER_TLS_CERT")
	s := start(t, append(tls, "JETON_SERVER_URL=https://"+goHost+"/hosted")...)
	proxy := proxied(t, s.listens(t))
	s.jeton(t, "user", "create", "ada")
	_, secret := s.token(t, "--user", "ada", "--kind", "vcs")
	for repo, folder := range map[string]string{"ada/libs/deep/private": "archive/pkg", "ada/open": "sub"} {
		work := module(t, goHost+"/hosted/"+repo, folder)
		push := []string{"-c", "http.proxy=" + proxy, "-c", "http.sslCAInfo=" + cert, "push", "-q", (&url.URL{Scheme: "https", Host: goHost, User: url.UserPassword("ada", secret), Path: "/hosted/" + repo}).String(), "main", "v1.2.3"}
		if repo == "ada/open" {
			s.jeton(t, "repo", "create", repo, "--owner", "ada", "--public")
		}
		git(t, work, push...)
	}

	ada, guest := newGopher(t, proxy, cert, secret), newGopher(t, proxy, cert, "")
	for _, c := range []struct {
		who  gopher
		name string
		get  string
		want string // in what go says; "" is that it goes well
	}{
		{guest, "a public one", "ada/open@v1.2.3", ""},
		{guest, "a package in a public one", "ada/open/sub", ""},
		{ada, "a private one by netrc", "ada/libs/deep/private", ""},
		{ada, "a package in a folder that is called as a word of ours", "ada/libs/deep/private/archive/pkg@v1.2.3", ""},
		{ada, "a folder that is not there", "ada/libs/deep/private/none@v1.2.3", "does not contain package"},
		{guest, "a private one without a token", "ada/libs/deep/private", "401 Unauthorized"},
		{guest, "one that is not there", "ada/libs/deep/none", "401 Unauthorized"},
		{ada, "one that is not there, for somebody", "ada/libs/none", "404 Not Found"},
	} {
		out, err := c.who.try("get", goHost+"/hosted/"+c.get)
		if (err == nil) != (c.want == "") || !strings.Contains(out, c.want) {
			t.Errorf("%s: go get said %v: %s", c.name, err, out)
		}
		if strings.Contains(out, secret) {
			t.Errorf("%s: the token shows: %s", c.name, out)
		}
	}
}

// valueOf finds a variable in an environment.
func valueOf(env []string, name string) string {
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// listens is where a server listens for HTTP, whatever address it tells clients: of the ports that its process listens on
// the one that is not SSH's (proc(5), /proc/pid/net/tcp).
func (s *server) listens(t *testing.T) string {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	table, err := os.ReadFile(proc + "net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	open, err := filepath.Glob(proc + "fd/*")
	if err != nil {
		t.Fatal(err)
	}
	sockets := map[string]bool{}
	for _, fd := range open {
		to, _ := os.Readlink(fd) // one that was closed meanwhile is none
		sockets[to] = true
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != "0A" || !sockets["socket:["+f[9]+"]"] {
			continue
		}
		port, err := strconv.ParseUint(f[1][strings.IndexByte(f[1], ':')+1:], 16, 16)
		if at := fmt.Sprintf("127.0.0.1:%d", port); err == nil && !strings.HasSuffix(s.SSH, fmt.Sprintf(":%d", port)) {
			return at
		}
	}
	t.Fatal("the server listens on no port for HTTP")
	return ""
}

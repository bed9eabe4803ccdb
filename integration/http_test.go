package integration

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned makes a certificate for 127.0.0.1 and names that nobody has signed, and returns it as settings of the server.
func selfSigned(t *testing.T, names ...string) []string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "jeton"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for name, block := range map[string]*pem.Block{"CERT": {Type: "CERTIFICATE", Bytes: cert}, "KEY": {Type: "PRIVATE KEY", Bytes: secret}} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		env = append(env, "JETON_SERVER_TLS_"+name+"="+path)
	}
	return env
}

// commitNoise commits a file that cannot be compressed.
func commitNoise(t *testing.T, dir string, megabytes int) {
	t.Helper()
	b := make([]byte, megabytes<<20)
	_, _ = rand.Read(b)
	git(t, dir, "config", "core.compression", "0")
	commit(t, dir, "noise.bin", string(b))
}

// speaksHTTP2 lets real git push in chunks, clone, and be refused by a rule; it returns what curl told within git.
func speaksHTTP2(t *testing.T, s *server, address string) string {
	t.Helper()
	dir, env := sampleHistory(t), []string{"GIT_CURL_VERBOSE=1"}
	here := []string{"-c", "http.sslVerify=false"}
	chunks := append(here, "-c", "http.postBuffer=1000", "push", "-q", address)
	commitNoise(t, dir, 4)
	said, err := tryGit(dir, env, append(chunks, "main")...)
	if err != nil {
		t.Fatalf("push: %v\n%s", err, tail(said))
	}
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := tryGit("", env, append(here, "clone", "-q", address, clone)...); err != nil || head(t, clone) != head(t, dir) {
		t.Fatalf("clone: %v\n%s", err, tail(out))
	}
	fsck(t, clone)
	s.jeton(t, "repo", "protect", "admin/two", "sealed/**", "--no-create")
	commitNoise(t, dir, 5)
	out, err := tryGit(dir, nil, append(chunks, "main:sealed/x")...)
	if err == nil || !strings.Contains(out, `protected branch: the rule "refs/heads/sealed/**" allows no creation`) || strings.Contains(out, "roken pipe") || strings.Contains(out, "RPC failed") {
		t.Errorf("a push that a rule forbids: %v\n%s", err, out)
	}
	leftovers(t, s.dir(t, "admin/two"))
	return said
}

func TestGitSpeaksHTTP2OverTLS(t *testing.T) {
	t.Parallel()
	s := start(t, selfSigned(t)...)
	if !strings.HasPrefix(s.URL, "https://") {
		t.Fatalf("the address is %s", s.URL)
	}
	said := speaksHTTP2(t, s, s.mine("admin/two"))
	if !strings.Contains(said, "HTTP/2 200") || strings.Contains(said, "HTTP/1.1 200") {
		t.Errorf("git's push was not over HTTP/2 alone:\n%s", tail(said))
	}
}

// TestProxiesSpeakHTTP2WithoutTLS puts a proxy in front that speaks nothing else upstream; curl does so by itself.
func TestProxiesSpeakHTTP2WithoutTLS(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_SERVER_H2C=true")
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	upstream := &http.Transport{Protocols: only}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Transport: upstream, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	t.Cleanup(func() { proxy.Close(); upstream.CloseIdleConnections() })
	speaksHTTP2(t, s, strings.Replace(s.mine("admin/two"), to.Host, strings.TrimPrefix(proxy.URL, "http://"), 1))

	x := newTarget(t, s)
	body := filepath.Join(t.TempDir(), "push")
	if err := os.WriteFile(body, append([]byte(command(x.tip, x.next, "refs/heads/main")), x.good...), 0o600); err != nil {
		t.Fatal(err)
	}
	for service, data := range map[string]string{"git-receive-pack": "@" + body, "git-upload-pack": pkt("want "+x.tip+"\n") + "0000" + pkt("done\n")} {
		out := curl(t, "--http2-prior-knowledge", "-H", "Content-Type: application/x-"+service+"-request", "--data-binary", data, x.mine(x.repo)+"/"+service)
		if want := map[string]string{"git-receive-pack": "ok refs/heads/main", "git-upload-pack": "PACK"}[service]; !strings.HasPrefix(out, "HTTP/2 200") || !strings.Contains(out, want) {
			t.Errorf("%s: got %.300q", service, out)
		}
	}
	s.fsck(t, x.repo)
}

// curl returns the head of an answer and the answer.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("curl", append([]string{"-q", "-sS", "-D", "-"}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("curl %q: %v\n%s%s", args, err, out, &errs)
	}
	return string(out)
}

func TestPagesOfChosenOriginsSpeakGit(t *testing.T) {
	t.Parallel()
	const page, other = "https://app.example.com", "https://evil.example.com"
	for _, c := range []struct{ setting, origin, want string }{
		{"", page, ""}, {page, page, page}, {page, other, ""}, {"*", other, "*"},
	} {
		s := start(t, "JETON_SERVER_CORS_ORIGINS="+c.setting)
		address := s.URL + "/" + s.Repo
		for name, out := range map[string]string{
			"preflight": curl(t, "-X", "OPTIONS", "-H", "Origin: "+c.origin, "-H", "Access-Control-Request-Method: POST",
				"-H", "Access-Control-Request-Headers: authorization,content-type,git-protocol", address+"/git-upload-pack"),
			"refused":   curl(t, "-H", "Origin: "+c.origin, address+"/info/refs?service=git-upload-pack"),
			"served":    curl(t, "-u", "git:"+s.Tokens["vcs"], "-H", "Origin: "+c.origin, address+"/info/refs?service=git-upload-pack"),
			"elsewhere": curl(t, "-H", "Origin: "+c.origin, s.URL+"/"),
		} {
			want := "access-control-allow-origin: " + c.want + "\r\n"
			if got := strings.Contains(strings.ToLower(out), "access-control-"); got != (c.want != "" && name != "elsewhere") || got && !strings.Contains(strings.ToLower(out), want) {
				t.Errorf("setting %q, %s from %s: got\n%.600s", c.setting, name, c.origin, out)
			}
			if status := map[string]string{"preflight": " 204 ", "refused": " 401 ", "served": " 200 ", "elsewhere": " 200 "}[name]; !strings.HasPrefix(out, "HTTP/1.1"+status) {
				t.Errorf("setting %q, %s from %s: got\n%.200s", c.setting, name, c.origin, out)
			}
			if strings.Contains(strings.ToLower(out), "allow-credentials") {
				t.Errorf("%s: cookies are taken from pages\n%s", name, out)
			}
		}
	}
}

// TestAConnectionIsUsedAgain sends one request after the other on one connection, refused ones and pushes.
func TestAConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	x := newTarget(t, s)
	push := command(x.tip, x.next, "refs/heads/main") + string(x.good)
	back := pkt(x.next+" "+x.parent+" refs/heads/main\x00 report-status") + "0000" // a force push needs no new objects, but a pack
	empty := string(packOf(t, x.source, x.tip, "^"+x.tip))
	length := func(s string) string { return fmt.Sprintf("Content-Length: %d", len(s)) }
	stranger := "POST /" + x.repo + "/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-git-upload-pack-request\r\nContent-Length: 4\r\n\r\n0000"
	otherType := strings.Replace(x.head("git-upload-pack", "Content-Length: 4"), "pack-request", "pack-question", 1) + "0000"
	conn := s.connect(t)
	in := bufio.NewReader(conn)
	for i, r := range []struct {
		sent   string
		status int
		words  string
	}{
		{stranger, 401, "Sign in"},
		{otherType, 415, "Content-Type"},
		{x.head("git-receive-pack", "Content-Length: 8") + "00000000", 400, "asks for nothing"},
		{x.head("git-upload-pack", "Content-Encoding: gzip", "Content-Length: 4") + "0000", 400, "gzip"},
		{"GET /" + x.repo + "/nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""},
		{x.head("git-receive-pack", length(push)) + push, 200, "ok refs/heads/main"},
		{x.head("git-receive-pack", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(back+empty), back+empty), 200, "ok refs/heads/main"},
		{x.head("git-receive-pack", "Content-Length: 4") + "0000", 200, ""},
		{stranger, 401, "Sign in"},
	} {
		if _, err := io.WriteString(conn, r.sent); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("request %d (%.60q): the connection is at its end: %v", i, r.sent, err)
		}
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != r.status || !strings.Contains(string(b), r.words) || res.Close {
			t.Errorf("request %d (%.60q): got %d %.200q, %v, closed: %v; want %d and %q", i, r.sent, res.StatusCode, b, err, res.Close, r.status, r.words)
		}
	}
	s.fsck(t, x.repo)
}

// TestAClientThatDoesNotReadLosesItsSeat asks for a clone of 24 MB and reads none of it, on a server that has one seat.
func TestAClientThatDoesNotReadLosesItsSeat(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_RECEIVE_PATIENCE=2s", "JETON_SERVER_MAX_CONCURRENT=1", "JETON_SERVER_H2C=true")
	dir := sampleHistory(t)
	commitNoise(t, dir, 24)
	git(t, dir, "push", "-q", s.mine("admin/much"), "main")
	x := &target{server: s, repo: "admin/much"}
	ask := pkt("want "+head(t, dir)+"\n") + "0000" + pkt("done\n")
	for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
		if version == "HTTP/1.1" {
			if _, err := io.WriteString(s.connect(t), x.head("git-upload-pack", fmt.Sprintf("Content-Length: %d", len(ask)))+ask); err != nil {
				t.Fatal(err)
			}
		} else {
			only := new(http.Protocols)
			only.SetUnencryptedHTTP2(true)
			req, err := http.NewRequest("POST", s.mine(x.repo)+"/git-upload-pack", strings.NewReader(ask))
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth("git", s.Tokens["vcs"])
			req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
			res, err := (&http.Transport{Protocols: only}).RoundTrip(req)
			if err != nil || res.StatusCode != 200 || res.ProtoMajor != 2 {
				t.Fatalf("%v %v", res, err)
			}
			t.Cleanup(func() { _ = res.Body.Close() })
		}
		busy := func() bool {
			out, err := tryGit("", nil, "ls-remote", s.mine(x.repo))
			if err != nil && !strings.Contains(out, "The server is busy") {
				t.Fatalf("%s: %s", version, out)
			}
			return err != nil
		}
		eventually(t, version+": the seat is taken", busy)
		eventually(t, version+": the seat is given back", func() bool { return !busy() })
	}
	git(t, "", "clone", "-q", s.mine(x.repo), filepath.Join(t.TempDir(), "clone"))
}

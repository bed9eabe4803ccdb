package integration

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitBehindAProxyThatSignsPeopleIn sends git through proxies of the test, which the server trusts, and past them.
func TestGitBehindAProxyThatSignsPeopleIn(t *testing.T) {
	t.Parallel()
	const trusted, header = "127.0.0.2", "X-Forwarded-User"
	s := start(t, "JETON_SERVER_TRUSTED_PROXIES="+trusted+"/32")
	s.jeton(t, "auth", "set", "headers", "git=true")
	s.jeton(t, "auth", "enable", "headers")
	s.jeton(t, "repo", "create", "admin/hidden")
	asGrace := func(r *http.Request) { r.Header.Set(header, "grace") }
	grace := s.behind(t, trusted, asGrace)
	nobody := s.behind(t, trusted, func(r *http.Request) { r.Header.Del(header) })
	careless := s.behind(t, trusted, func(r *http.Request) { r.Header.Add(header, "grace") })
	elsewhere := s.behind(t, "127.0.0.3", asGrace)
	says := func(name string, args ...string) []string {
		return append([]string{"-c", "http.extraHeader=" + header + ": " + name}, args...)
	}
	prompts := []string{"could not read Username"}
	noPrompt := []string{"GIT_ASKPASS="}

	// Her first push makes the person and the repository.
	source := sampleHistory(t)
	git(t, source, "push", "-q", grace+"/grace/app", "HEAD:refs/heads/main")
	git(t, "", "clone", "-q", grace+"/grace/app", filepath.Join(t.TempDir(), "clone"))
	eventually(t, "her push is on record", func() bool {
		for _, e := range s.entriesOf(t, "--user", "grace") {
			if e.Credential == "vouched" && e.Resource == "grace/app" {
				return true
			}
		}
		return false
	})

	// What a client writes is overwritten by the proxy, and passed over where it comes by itself.
	refuse(t, "", noPrompt, []string{"not found"}, says(s.User, "ls-remote", grace+"/admin/hidden")...)
	refuse(t, "", noPrompt, prompts, says("grace", "ls-remote", nobody+"/grace/app")...)
	refuse(t, "", noPrompt, prompts, says("grace", "ls-remote", s.URL+"/grace/app")...)
	refuse(t, "", noPrompt, prompts, "ls-remote", elsewhere+"/grace/app")
	answered(t, careless+"/grace/app", 401, "The user name that the proxy", header, "grace")

	// A credential of the request's own is judged alone; git sends one by itself only when it is asked for it.
	bearer := func(secret string) string { return "http.extraHeader=Authorization: Bearer " + secret }
	git(t, "", "-c", bearer(s.Tokens["vcs"]), "ls-remote", grace+"/admin/hidden")
	refuse(t, "", noPrompt, prompts, "-c", bearer("wrong"), "ls-remote", grace+"/grace/app")
	answered(t, grace+"/grace/app", 401, "Wrong user name", "Authorization", "Bearer wrong")
	answered(t, grace+"/grace/app", 401, "Basic or Bearer", "Authorization", "Negotiate YII=")

	s.jeton(t, "user", "require-tokens", "grace")
	_, hers := s.token(t, "--user", "grace", "--kind", "vcs")
	answered(t, grace+"/grace/app", 401, "Passwords do not open git here")
	git(t, "", "ls-remote", strings.Replace(grace, "://", "://git:"+hers+"@", 1)+"/grace/app")
	s.jeton(t, "user", "deactivate", "grace", "--yes")
	answered(t, grace+"/grace/app", 401, "not active")
	s.jeton(t, "auth", "disable", "headers")
	answered(t, grace+"/grace/app", 401, "Sign in")
}

// answered asks for a repository as git's first request does, with one more header, name and value.
func answered(t *testing.T, address string, status int, words string, header ...string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/info/refs?service=git-upload-pack", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status || !strings.Contains(string(text), words) {
		t.Errorf("%s with %q answered %d %s, %v; want %d and %q", address, header, answer.StatusCode, text, err, status, words)
	}
}

// behind puts a proxy in front of the server, which connects from an address and changes each request, and returns the
// proxy's own.
func (s *server) behind(t *testing.T, from string, change func(*http.Request)) string {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.SetXForwarded()
		change(r.Out)
	}})
	t.Cleanup(func() { proxy.Close(); transport.CloseIdleConnections() })
	return proxy.URL
}

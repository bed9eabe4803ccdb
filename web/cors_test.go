package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func withOrigins(t *testing.T, list ...string) http.Handler {
	t.Helper()
	o, err := ParseOrigins(list)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Git: engine{}, Gate: porter{}, Tokens: desk{}, API: calls{}, REST: rest{}, Origins: o, Log: discarded()})
}

const (
	page  = "https://app.example.com"
	refs  = "/ada/app/info/refs?service=git-upload-pack"
	fetch = "/ada/app.git/git-upload-pack"
)

func TestPagesOfOtherOriginsSpeakGitWhereTheyMay(t *testing.T) {
	for _, c := range []struct {
		name    string
		origins []string
		origin  string
		allowed string // Access-Control-Allow-Origin
		vary    bool
	}{
		{"none may", nil, page, "", false},
		{"this one may", []string{page, "http://localhost:3000"}, page, page, true},
		{"the other one too", []string{page, "http://localhost:3000"}, "http://localhost:3000", "http://localhost:3000", true},
		{"a stranger may not", []string{page}, "https://app.example.com.evil.example", "", true},
		{"another port is another origin", []string{page}, page + ":8443", "", true},
		{"no page asks", []string{page}, "", "", true},
		{"all may", []string{"*"}, page, "*", false},
		{"all may, without a name too", []string{"*"}, "null", "*", false},
	} {
		h := withOrigins(t, c.origins...)
		preflight := []string{"Origin", c.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,git-protocol"}
		for what, w := range map[string]*httptest.ResponseRecorder{
			"preflight": ask(h, "OPTIONS", fetch, preflight...), "request": ask(h, "GET", refs, "Origin", c.origin),
		} {
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != c.allowed || slices.Contains(w.Header().Values("Vary"), "Origin") != c.vary {
				t.Errorf("%s, %s: allowed %q, Vary %q", c.name, what, got, w.Header().Values("Vary"))
			}
			if w.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s, %s: cookies are let in", c.name, what)
			}
			if want := map[string]int{"preflight": 204, "request": 200}[what]; w.Code != want {
				t.Errorf("%s, %s: got %d", c.name, what, w.Code)
			}
		}
		w := ask(h, "OPTIONS", fetch, preflight...)
		names := strings.ToLower(w.Header().Get("Access-Control-Allow-Headers"))
		for _, name := range []string{"authorization", "content-type", "git-protocol"} {
			if strings.Contains(names, name) != (c.allowed != "") {
				t.Errorf("%s: the preflight allows %q", c.name, names)
			}
		}
		if expose := ask(h, "GET", refs, "Origin", c.origin).Header().Get("Access-Control-Expose-Headers"); strings.Contains(expose, "WWW-Authenticate") != (c.allowed != "") {
			t.Errorf("%s: exposed are %q", c.name, expose)
		}
	}
}

func TestOnlyGitsAddressesAreOpenToOtherOrigins(t *testing.T) {
	h := withOrigins(t, "*")
	for _, target := range []string{"/", "/ada/app", "/ada/app/archive/tip.zip", "/ada/app.git/info/lfs/objects/batch", "/_admin/api"} {
		if w := ask(h, "GET", target, "Origin", page); w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open", target)
		}
	}
	// A page must see why it is refused.
	if w := ask(h, "GET", "/ada/app/info/refs?service=git-nonsense", "Origin", page); w.Code != 403 || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a refusal: %d %v", w.Code, w.Header())
	}
}

func TestOptionsIsAnsweredWithoutOrigins(t *testing.T) {
	h := withOrigins(t)
	for target, want := range map[string]string{refs: "GET, HEAD, OPTIONS", fetch: "POST, OPTIONS", "/ada/secret/git-receive-pack": "POST, OPTIONS", "/ada/app/git-upload-archive": "POST, OPTIONS"} {
		if w := ask(h, "OPTIONS", target); w.Code != 204 || w.Header().Get("Allow") != want || w.Body.Len() > 0 {
			t.Errorf("%s: got %d %v", target, w.Code, w.Header())
		}
	}
	if w := ask(h, "OPTIONS", "/ada/app"); w.Code != 501 {
		t.Errorf("a repository's own address: got %d, want what WebDAV is told", w.Code)
	}
}

func TestOriginsThatNoBrowserSendsAreRefused(t *testing.T) {
	for _, s := range []string{"app.example.com", "https://app.example.com/", "https://app.example.com/x", "https://APP.example.com", "https://", "https://*.example.com/x", "https://u@app.example.com", "null", " "} {
		if _, err := ParseOrigins([]string{s}); err == nil {
			t.Errorf("%q is taken for an origin", s)
		}
	}
	if _, err := ParseOrigins([]string{page, "http://[::1]:3000", "*"}); err != nil {
		t.Error(err)
	}
}

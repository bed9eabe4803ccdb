package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"jeton/auth/gate"
	"jeton/vcs/host"
	"jeton/web/door"
)

// engine notes what reached git, and answers with it.
type engine struct{}

func (engine) InfoRefs(w http.ResponseWriter, _ *http.Request, path string) {
	_, _ = io.WriteString(w, "refs of "+path)
}

func (engine) UploadPack(w http.ResponseWriter, _ *http.Request, path string) {
	_, _ = io.WriteString(w, "upload-pack of "+path)
}

func (engine) ReceivePack(w http.ResponseWriter, _ *http.Request, path string) {
	switch path {
	case "ada/breaks":
		w.Header().Set("Content-Length", "3")
		panic("it broke")
	case "ada/breaks-late":
		_, _ = io.WriteString(w, "half")
		panic("it broke")
	}
	_, _ = io.WriteString(w, "receive-pack of "+path)
}

func (engine) UploadArchive(w http.ResponseWriter, _ *http.Request, path string) {
	_, _ = io.WriteString(w, "upload-archive of "+path)
}

// porter lets nobody see ada/secret.
type porter struct{}

func (porter) Pass(w http.ResponseWriter, _ *http.Request, path string) bool {
	if path == "ada/secret" {
		door.Say(w, http.StatusUnauthorized, "Sign in.")
		return false
	}
	return true
}

func (porter) View(_ *http.Request, path, view string) (door.Visit, error) {
	return visitor(path, view)
}

func (porter) Feed(_ *http.Request, path string) (door.Visit, error) { return visitor(path, "feed") }

func (porter) PublicFeed(*http.Request) (door.Visit, error) { return visitor("", "public feed") }

// visitor came with a token to all but ada/open. Its identity's name tells what the door was asked.
func visitor(path, asked string) (door.Visit, error) {
	if path == "ada/secret" {
		return door.Visit{}, &host.Refusal{Status: http.StatusNotFound, Sentence: "Not there."}
	}
	return door.Visit{Admission: host.Admission{Path: path}, Identity: gate.Identity{UserName: asked}, Private: path != "ada/open"}, nil
}

func (porter) Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	var no *host.Refusal
	if errors.As(err, &no) {
		door.Say(w, no.Status, no.Sentence)
	}
}

// PassBelow knows two repositories, one of them with a name that HTML and URLs write otherwise.
func (porter) PassBelow(w http.ResponseWriter, _ *http.Request, path string) (string, bool) {
	for _, repo := range []string{"ada/app", "ada/ж"} {
		if path == repo || strings.HasPrefix(path, repo+"/") {
			return repo, true
		}
	}
	door.Say(w, http.StatusUnauthorized, "Sign in.")
	return "", false
}

func (porter) Remote(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }

// desk answers one address about tokens, and one of the host.
type desk struct{}

func (desk) Serve(w http.ResponseWriter, _ *http.Request, path string) bool {
	if path != "_admin/token" && path != ".well-known/jeton-tokens" {
		return false
	}
	door.Say(w, http.StatusOK, "the desk at "+path)
	return true
}

// rest answers every route of the API.
type rest struct{}

func (rest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	door.Say(w, http.StatusOK, "REST at "+r.URL.EscapedPath())
}

// calls answers every call of the API.
type calls struct{}

func (calls) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	door.Say(w, http.StatusOK, "the API")
}

func newRouter(t *testing.T, base string, log io.Writer) http.Handler {
	t.Helper()
	u, err := url.Parse("http://code.example.com" + base)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Git: engine{}, Gate: porter{}, Tokens: desk{}, API: calls{}, REST: rest{}, URL: u, Version: "1", Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: MaskAttr}))})
}

func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	u, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	r.URL, r.RequestURI = u, target
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAddressesReachWhatServesThem(t *testing.T) {
	h := newRouter(t, "", io.Discard)
	for _, c := range []struct {
		method, target string
		status         int
		words          string
		headers        []string
	}{
		{"GET", "/", 200, "Jeton", nil},
		{"POST", "/", 405, "GET", nil},
		{"GET", "/ada/app/info/refs?service=git-upload-pack", 200, "refs of ada/app", nil},
		{"GET", "/ada/app.git/info/refs?service=git-receive-pack", 200, "refs of ada/app", nil},
		{"GET", "/a/b/c/d.git/info/refs?service=git-upload-pack", 200, "refs of a/b/c/d", nil},
		{"POST", "/ada/app/git-upload-pack", 200, "upload-pack of ada/app", nil},
		{"POST", "/ada/app.git/git-receive-pack", 200, "receive-pack of ada/app", nil},
		{"GET", "/ada/app/git-upload-pack", 405, "POST", nil},
		{"POST", "/ada/app/info/refs?service=git-upload-pack", 405, "GET", nil},
		{"GET", "/ada/app/info/refs", 403, "smart", nil},
		{"GET", "/ada/app/HEAD", 403, "smart", nil},
		{"GET", "/ada/app/objects/info/packs", 403, "smart", nil},
		{"GET", "/ada/app/objects/ab/cdef", 403, "smart", nil},
		{"GET", "/ada/app/info/refs?service=git-nonsense", 403, "service", nil},
		{"POST", "/ada/app/git-upload-archive", 200, "upload-archive of ada/app", nil},
		{"GET", "/ada/app/git-upload-archive", 405, "POST", nil},
		{"GET", "/ada/app/info/refs?service=git-upload-archive", 403, "service", nil},
		{"GET", "/ada/app/config", 404, "", nil},
		{"GET", "/ada/app", 404, "clone", nil},
		{"GET", "/ada/app/archive/tip.zip", 404, "", nil},
		{"DELETE", "/ada/app", 405, "GET, HEAD", nil},
		{"GET", "/_admin/api", 200, "the API", nil},
		{"POST", "/_admin/api", 200, "the API", nil},
		{"POST", "/_admin/apiv2", 200, "the API", nil},
		{"POST", "/_admin", 200, "the API", nil},
		{"GET", "/_admin", 404, "", nil},
		{"GET", "/_admin/api/openrpc.json", 200, "REST at", nil},
		{"POST", "/_admin/api/openrpc.json", 405, "GET, HEAD", nil},
		{"GET", "/_admin/rest/openapi.json", 200, "REST at", nil},
		{"PATCH", "/_admin/rest/repos/team/app", 200, "REST at /_admin/rest/repos/team/app", nil},
		{"GET", "/_admin/rest/repos/team%2Fapp/archive/x", 200, "REST at /_admin/rest/repos/team%2Fapp/archive/x", nil},
		{"GET", "/_admin/rest/repos/a/files/%0A", 200, "REST at", nil},
		{"GET", "/_admin/rest/repos/a%2F..%2Fb", 400, "canonical", nil},
		{"GET", "/_admin/rest/%2Frepos", 400, "canonical", nil},
		{"GET", "/_admin/rest%2Frepos", 400, "canonical", nil},
		{"GET", "/_admin%2Frest/repos", 400, "canonical", nil},
		{"GET", "/ada/_admin/rest/a%2Fb", 400, "canonical", nil},
		{"GET", "/_admin/rest", 404, "", nil},
		{"GET", "/_admin/token", 200, "the desk at _admin/token", nil},
		{"GET", "/ada/_admin/token", 404, "", nil},
		{"GET", "/.well-known/jeton-tokens", 200, "the desk", nil},
		{"GET", "/.well-known/other", 404, "", nil},
		{"GET", "/info/refs?service=git-upload-pack", 404, "", nil},
		{"GET", "/ada/app?cmd=capabilities", 501, "Mercurial", nil},
		{"GET", "/ada/app", 501, "Mercurial", []string{"X-HgProto-1", "0.1"}},
		{"GET", "/ada/app/!svn/me", 501, "Subversion", nil},
		{"GET", "/ada/app", 501, "Subversion", []string{"User-Agent", "SVN/1.14"}},
		{"PROPFIND", "/ada/app/", 501, "WebDAV", nil},
		{"PROPFIND", "/ada/secret", 401, "Sign in", nil},
		{"GET", "/ada/app//info/refs?service=git-upload-pack", 400, "canonical", nil},
		{"GET", "/ada/app/../x", 400, "canonical", nil},
		{"GET", "/ada/./app", 400, "canonical", nil},
		{"GET", "/ada%2Fapp/info/refs?service=git-upload-pack", 400, "canonical", nil},
		{"GET", "/ada/app%00", 400, "canonical", nil},
		{"GET", `/ada\app`, 400, "canonical", nil},
		{"GET", "/%2e%2e/etc/passwd", 400, "canonical", nil},
	} {
		w := ask(h, c.method, c.target, c.headers...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.words) {
			t.Errorf("%s %s answered %d %q, want %d and %q", c.method, c.target, w.Code, w.Body, c.status, c.words)
		}
		if w.Code >= 400 && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s %s answered as %q", c.method, c.target, w.Header().Get("Content-Type"))
		}
		if w.Header().Get("Location") != "" {
			t.Errorf("%s %s was redirected", c.method, c.target)
		}
	}
}

func TestLFSIsToldInItsOwnType(t *testing.T) {
	h := newRouter(t, "", io.Discard)
	w := ask(h, "POST", "/ada/app.git/info/lfs/objects/batch")
	var v struct{ Message string }
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != 501 || !strings.Contains(v.Message, "LFS") || w.Header().Get("Content-Type") != "application/vnd.git-lfs+json" {
		t.Errorf("answered %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := ask(h, "POST", "/ada/secret.git/info/lfs/objects/batch"); w.Code != 401 {
		t.Errorf("a stranger was answered %d", w.Code)
	}
}

func TestTheBasePathStandsBeforeEverything(t *testing.T) {
	h := newRouter(t, "/git", io.Discard)
	for target, want := range map[string]int{"/git": 200, "/git/": 200, "/git/ada/app/info/refs?service=git-upload-pack": 200,
		"/git/_admin/token": 200, "/_admin/token": 404, "/.well-known/jeton-tokens": 200, "/git/.well-known/jeton-tokens": 200, "/.well-known/other": 404,
		"/ada/app/info/refs?service=git-upload-pack": 404, "/gitada/app/info/refs?service=git-upload-pack": 404, "/": 404} {
		if w := ask(h, "GET", target); w.Code != want {
			t.Errorf("%s answered %d, want %d", target, w.Code, want)
		}
	}
}

func TestAFaultIsOneRequestsAlone(t *testing.T) {
	var log bytes.Buffer
	h := newRouter(t, "", &log)
	w := ask(h, "POST", "/ada/breaks/git-receive-pack")
	id := w.Header().Get("X-Request-Id")
	if w.Code != 500 || id == "" || !strings.Contains(w.Body.String(), id) || !strings.Contains(log.String(), id) || strings.Contains(w.Body.String(), "it broke") {
		t.Errorf("answered %d %q, logged %s", w.Code, w.Body, log.String())
	}
	if w.Header().Get("Connection") != "close" || w.Header().Get("Content-Length") != "" {
		t.Errorf("what is left of the request could be taken for another one, or the answer be cut: %v", w.Header())
	}
	func() {
		defer func() {
			if cause := recover(); cause != http.ErrAbortHandler {
				t.Errorf("an answer that was begun ended as if it were whole: %v", cause)
			}
		}()
		ask(h, "POST", "/ada/breaks-late/git-receive-pack")
	}()
}

func TestTheLogTellsWhatAndNoSecret(t *testing.T) {
	var log bytes.Buffer
	h := newRouter(t, "", &log)
	ask(h, "GET", "/ada/app/info/refs?service=git-upload-pack&auth_token=jet_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM&api_key=hunter2", "X-Request-Id", "forged")
	for _, want := range []string{"status=200", "remote=192.0.2.1", "auth_token=jet_web_0123…"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
	for _, secret := range []string{"456789AB", "hunter2", "forged"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log.String())
		}
	}
}

func TestMask(t *testing.T) {
	const secret = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	for in, want := range map[string]string{
		"":                          "",
		"plain /ada/app":            "plain /ada/app",
		secret:                      "jet_vcs_0123…",
		strings.ToUpper(secret):     "JET_VCS_0123…",
		"a " + secret + ", b":       "a jet_vcs_0123…, b",
		"?auth_token=" + secret:     "?auth_token=jet_vcs_0123…",
		"?auth_token=other&x=1":     "?auth_token=…&x=1",
		"?API_KEY=abc":              "?API_KEY=…",
		"http://ada:hunter2@host/x": "http://ada:…@host/x",
		"jet_vcs_":                  "jet_vcs_",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
		if twice := Mask(Mask(in)); twice != want {
			t.Errorf("masked twice, %q became %q", in, twice)
		}
	}
}

func TestTheLogHidesSecretsThatWereEncoded(t *testing.T) {
	for in, want := range map[string]string{
		"/ada/app/feed/rss?auth%5Ftoken=s3cret%26more":                                         "/ada/app/feed/rss?auth_token=…",
		"/a?auth_token=%6Aet_feed_0123456789ABCDEFGHIJabcdefghijKL45YjdM":                      "/a?auth_token=…",
		"/a?x=%zz&%61uth_token=%6Aet_feed_0123456789ABCDEFGHIJabcdefghijKL45YjdM":              "/a?x=%zz&auth_token=jet_feed_0123…",
		"/a?rev=%6a%65t_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM&b=%20":                      "/a?rev=jet_web_0123…&b=%20",
		"/a?auth_token=jet_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM&path=dir%20a&b=%C3%BC#x": "/a?auth_token=jet_web_0123…&path=dir%20a&b=%C3%BC#x",
	} {
		if got := maskAddress(in); got != want {
			t.Errorf("%s is logged as %s, want %s", in, got, want)
		}
	}
	var log bytes.Buffer
	ask(newRouter(t, "", &log), "GET", "/ada/app/feed/rss?auth%5Ftoken=s3cret")
	if strings.Contains(log.String(), "s3cret") || !strings.Contains(log.String(), "auth_token=…") {
		t.Errorf("logged: %s", log.String())
	}
}

func FuzzMaskHidesTokens(f *testing.F) {
	f.Add("x=", "&y")
	f.Add("auth_token=", "")
	f.Add("http://a:", "@h")
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := Mask(before + "jet_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM" + after); strings.Contains(got, "456789ABCDEFGHIJ") {
			t.Errorf("the token shows in %q", got)
		}
	})
}

func discarded() *slog.Logger { return slog.New(slog.DiscardHandler) }

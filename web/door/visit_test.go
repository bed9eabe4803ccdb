package door

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/vcs/host"
)

// visitors adds ada's web token, which opens the view raw.
func visitors(t *testing.T) (h *house, web string) {
	t.Helper()
	h = build(t)
	web = h.mint(token.Web, token.Read)
	return h, web
}

func refused(t *testing.T, err error) *host.Refusal {
	t.Helper()
	var no *host.Refusal
	if err != nil && !errors.As(err, &no) {
		t.Fatalf("the server failed: %v", err)
	}
	return no
}

func TestWhatOpensViews(t *testing.T) {
	h, web := visitors(t)
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
		path, view   string
		status       int // 0: let in
		words        string
	}{
		{"auth_token", "/?auth_token=" + web, nil, "ada/app", "raw", 0, ""},
		{"api_key", "/?x=1&api_key=" + web, nil, "ada/app", "raw", 0, ""},
		{"X-Auth-Token", "/", header("X-Auth-Token", web), "ada/app", "raw", 0, ""},
		{"Bearer", "/", header("Authorization", "Bearer "+web), "ada/app", "raw", 0, ""},
		{"Basic, as netrc has it", "/", basic("ada", web), "ada/app", "raw", 0, ""},
		{"Basic without a name", "/", basic("", web), "ada/app", "raw", 0, ""},
		{"another's name", "/", basic("bob", web), "ada/app", "raw", 401, "Wrong"},
		{"as the user name", "/", basic(web, ""), "ada/app", "raw", 401, "Wrong"},
		{"a view that is off", "/?auth_token=" + web, nil, "ada/app", "archive", 403, `"archive" is not open to web tokens`},
		{"a view that is off, of what is not there", "/?auth_token=" + web, nil, "ada/none", "archive", 403, "web.token_views"},
		{"a view that is off, for a guest", "/", nil, "ada/open", "archive", 0, ""},
		{"what is not there", "/?auth_token=" + web, nil, "ada/none", "raw", 404, gate.NotThere},
		{"a guest at what is private", "/", nil, "ada/app", "raw", 404, gate.NotThere},
		{"a guest at what is not there", "/", nil, "ada/none", "raw", 404, gate.NotThere},
		{"a guest at what is public", "/", nil, "ada/open", "raw", 0, ""},
		{"a vcs token", "/?auth_token=" + h.vcs, nil, "ada/app", "raw", 401, "needs a web token"},
		{"a feed token where guests may read", "/", basic("ada", h.feed), "ada/open", "raw", 401, "needs a web token"},
		{"a password", "/", basic("ada", "correct horse"), "ada/open", "raw", 401, "Wrong"},
		{"a password in the query", "/?auth_token=correct+horse", nil, "ada/open", "raw", 401, "Wrong"},
		{"an empty token", "/?auth_token=", nil, "ada/open", "raw", 401, "Wrong"},
		{"a token with a blank behind it", "/?auth_token=" + web + "%20", nil, "ada/app", "raw", 401, "Wrong"},
		{"two in the query", "/?auth_token=" + web + "&api_key=" + web, nil, "ada/app", "raw", 400, "Two"},
		{"one twice", "/?auth_token=" + web + "&auth_token=" + web, nil, "ada/app", "raw", 400, "Two"},
		{"query and header", "/?auth_token=" + web, basic("ada", web), "ada/app", "raw", 400, "Two"},
		{"two headers", "/", header("X-Auth-Token", web, web), "ada/app", "raw", 400, "Two"},
		{"a query that cannot be read", "/?a;auth_token=" + web, nil, "ada/open", "raw", 400, "RFC 3986"},
		{"an Authorization of another kind", "/", header("Authorization", "Digest x"), "ada/open", "raw", 401, "Basic or Bearer"},
		{"cookies are nobody's", "/", header("Cookie", "session="+web), "ada/open", "raw", 0, ""},
		{"cookies open nothing", "/", header("Cookie", "auth_token="+web), "ada/app", "raw", 404, gate.NotThere},
	} {
		v, err := h.door.View(request(c.target, c.change), c.path, c.view)
		no := refused(t, err)
		switch {
		case no == nil && c.status == 0:
			if sent := c.change != nil && c.name != "cookies are nobody's" || strings.Contains(c.target, "?"); v.Path != c.path || v.RepoID == "" || v.Private != sent || v.Public != (c.path == "ada/open") || v.Client == "" || v.Create != nil {
				t.Errorf("%s: let in as %+v", c.name, v)
			}
		case no == nil || no.Status != c.status || !strings.Contains(no.Sentence, c.words) || strings.Contains(no.Sentence, web[12:]):
			t.Errorf("%s: answered %+v, want %d and %q", c.name, err, c.status, c.words)
		}
	}
}

func TestWhatOpensFeeds(t *testing.T) {
	h, web := visitors(t)
	for _, c := range []struct {
		name, target string
		change       func(*http.Request)
		path         string
		status       int
		words        string
	}{
		{"query", "/?auth_token=" + h.feed, nil, "ada/app", 0, ""},
		{"Basic", "/", basic("ada", h.feed), "ada/app", 0, ""},
		{"Bearer", "/", header("Authorization", "Bearer "+h.feed), "ada/app", 0, ""},
		{"X-Auth-Token", "/", header("X-Auth-Token", h.feed), "ada/app", 400, "must not come in this place"},
		{"a journal", "/?auth_token=" + h.feed, nil, "", 0, ""},
		{"a guest's journal", "/", nil, "", 401, "Sign in"},
		{"a guest", "/", nil, "ada/open", 0, ""},
		{"a guest at what is private", "/", nil, "ada/app", 404, gate.NotThere},
		{"a web token", "/?auth_token=" + web, nil, "ada/open", 401, "needs a feed token"},
		{"a password", "/", basic("ada", "correct horse"), "ada/app", 401, "Wrong"},
	} {
		v, err := h.door.Feed(request(c.target, c.change), c.path)
		switch no := refused(t, err); {
		case no == nil && c.status == 0:
			if v.Path != c.path || v.Private != (c.name != "a guest") || v.Private && v.Identity.UserName != "ada" {
				t.Errorf("%s: let in as %+v", c.name, v)
			}
		case no == nil || no.Status != c.status || !strings.Contains(no.Sentence, c.words):
			t.Errorf("%s: answered %+v, want %d and %q", c.name, err, c.status, c.words)
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
	}{"a guest": {nil, 0}, "a feed token": {basic("ada", h.feed), 0}, "a web token": {basic("ada", web), 401}, "a password": {basic("ada", "x"), 401}, "two": {header("Authorization", "a", "b"), 400}} {
		v, err := h.door.PublicFeed(request("/", c.change))
		if no := refused(t, err); no == nil && (c.status != 0 || v.Private != (c.change != nil) || !v.Public || v.Client == "") || no != nil && no.Status != c.status {
			t.Errorf("the public journal, %s: %+v, %+v", name, v, err)
		}
	}
}

func TestAnOldPathIsServedInPlace(t *testing.T) {
	h, web := visitors(t)
	if err := h.db.Repositories().Rename(t.Context(), "r-app", "ada/new", "ada/new"); err != nil {
		t.Fatal(err)
	}
	v, err := h.door.View(request("/?auth_token="+web, nil), "ada/app", "raw")
	if err != nil || v.Path != "ada/new" || v.RepoID != "r-app" {
		t.Errorf("let in as %+v, %v", v, err)
	}
	if _, err := h.door.View(request("/", nil), "ada/app", "raw"); refused(t, err).Status != 404 {
		t.Errorf("a guest at an old path: %v", err)
	}
}

func TestRefusalsOfViewsHaveTheirHeaders(t *testing.T) {
	h, _ := visitors(t)
	for _, c := range []struct {
		err                    error
		status                 int
		challenge, after, said string
	}{
		{&host.Refusal{Status: 401, Code: string(gate.Expired), Sentence: "It expired."}, 401, bearerChallenge, "", "It expired.\n"},
		{&host.Refusal{Status: 401, Code: string(gate.NoCredential), Sentence: "Sign in."}, 401, basicChallenge, "", "Sign in.\n"},
		{&host.Refusal{Status: 429, Code: string(gate.TooMany), Sentence: "Wait.", RetryAfter: 1500 * time.Millisecond}, 429, "", "2", "Wait.\n"},
		{&host.Refusal{Status: 503, Sentence: "Later.", RetryAfter: time.Second}, 503, "", "1", "Later.\n"},
		{errors.New("disk full"), 500, "", "", "The server has failed; its administrator finds the reason in the log.\n"},
	} {
		w := httptest.NewRecorder()
		h.door.Refuse(w, request("/", nil), c.err)
		got := w.Header()
		if w.Code != c.status || got.Get("WWW-Authenticate") != c.challenge || got.Get("Retry-After") != c.after || w.Body.String() != c.said ||
			got.Get("Referrer-Policy") != "no-referrer" || got.Get("Cache-Control") != "no-store" {
			t.Errorf("%v is answered %d %q with %v", c.err, w.Code, w.Body, got)
		}
	}
}

func TestGuessesAtViewsAndFeedsAreBraked(t *testing.T) {
	h, _ := visitors(t)
	h.door = New(Options{Gate: h.gate, Creator: h, Guesses: Guesses{Burst: 2}})
	var last *host.Refusal
	for i := range 4 {
		_, err := h.door.View(request("/", basic("ada", strings.Repeat("x", i+1))), "ada/open", "raw")
		last = refused(t, err)
	}
	if last.Status != 429 || last.RetryAfter <= 0 {
		t.Errorf("the fourth guess is answered %+v", last)
	}
	if _, err := h.door.Feed(request("/", basic("ada", "guess")), "ada/open"); refused(t, err).Status != 429 {
		t.Errorf("a guess at a feed is answered %v", err)
	}
	if _, err := h.door.Feed(request("/?auth_token="+h.feed, nil), "ada/app"); err != nil {
		t.Errorf("a token is made to wait: %v", err)
	}
}

// TestAnAddressThatOthersMadeUpLocksNobodyOut plays a page elsewhere that has a browser fetch pictures with tokens made up:
// no password can stand in these places, and people behind the browser's address go on signing in with theirs.
func TestAnAddressThatOthersMadeUpLocksNobodyOut(t *testing.T) {
	h, _ := visitors(t)
	h.door = New(Options{Gate: h.gate, Creator: h, Guesses: Guesses{Burst: 2}})
	for i := range 9 {
		made := strings.Repeat("x", i+1)
		for name, r := range map[string]*http.Request{"query": request("/?auth_token="+made, nil), "header": request("/", header("X-Auth-Token", made)),
			"bearer": request("/", header("Authorization", "Bearer "+made))} {
			if _, err := h.door.View(r, "ada/open", "raw"); refused(t, err).Status != 401 {
				t.Fatalf("%s: answered %v", name, err)
			}
		}
	}
	if _, err := h.door.Admit(request("/", basic("ada", "wrong")), "ada/app", "git-upload-pack"); refused(t, err).Status != 401 {
		t.Errorf("a password is not judged any more: %v", err)
	}
}

package bearer

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/vcs/name"
	"jeton/web/door"
)

var by = audit.Command("test")

// house is a server's auth with ada, who owns ada/app.
type house struct {
	t       *testing.T
	tokens  *token.Store
	handler *Handler
	ada     access.User
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func build(t *testing.T) *house {
	t.Helper()
	ctx, h := t.Context(), &house{t: t}
	d := dbtest.New(t)
	hasher := signin.NewHasher()
	users := must[*access.Users](t)(access.NewUsers(ctx, d, access.UserOptions{Hasher: hasher}))
	repos := must[*access.Repositories](t)(access.NewRepositories(ctx, d))
	h.tokens = must[*token.Store](t)(token.NewStore(ctx, d, token.Options{}))
	t.Cleanup(func() { _ = h.tokens.Close() })
	keys := must[*sshkey.Store](t)(sshkey.NewStore(ctx, d, nil))
	plugins := must[*signin.Registry](t)(signin.NewRegistry(ctx, d, signin.Options{Plugins: []signin.Plugin{signin.NewPassword(d, users, hasher, nil)}}))
	g := gate.New(gate.Options{Users: users, Repositories: repos, Tokens: h.tokens, Keys: keys, SignIn: plugins, Create: access.CreateOwn})
	h.ada = must[access.User](t)(users.Create(ctx, by, access.NewUser{Name: "ada", Password: "correct horse"}))
	if err := d.Repositories().Insert(ctx, db.Repository{ID: "r-app", Path: "ada/app", FoldedPath: name.Fold("ada/app"), OwnerID: h.ada.ID, Private: true}); err != nil {
		t.Fatal(err)
	}
	h.handler = New(Options{Door: door.New(door.Options{Gate: g}), Tokens: h.tokens, URL: "https://git.example.com", FoundTime: time.Millisecond})
	t.Cleanup(h.handler.Close)
	return h
}

// mint makes a token of ada's.
func (h *house) mint(q token.Request) (token.Token, string) {
	h.t.Helper()
	q.Label = "ci"
	if q.Deploy == (token.Deploy{}) {
		q.UserID = h.ada.ID
	}
	t, secret, err := h.tokens.Mint(h.t.Context(), by, q)
	if err != nil {
		h.t.Fatal(err)
	}
	return t, secret.Reveal()
}

// ask asks the handler; headers are pairs.
func (h *house) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, "/"+target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	if !h.handler.Serve(w, r, strings.TrimPrefix(r.URL.Path, "/")) {
		w.Code = http.StatusTeapot
	}
	return w
}

func decoded(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return v
}

func TestTokenIsToldOfItselfAlone(t *testing.T) {
	h := build(t)
	end := time.Now().Add(90 * 24 * time.Hour).Truncate(time.Second)
	plain, text := h.mint(token.Request{Kind: token.VCS, Access: token.Write, Repositories: []string{"r-app"}, ExpiresAt: end,
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Refs: token.Refs{Patterns: []string{"refs/heads/ci/*"}, NoDelete: true}})
	user := "ada"
	for name, headers := range map[string][]string{
		"bearer": {"Authorization", "Bearer " + text}, "header": {"X-Auth-Token", text}, "basic": {"Authorization", basic(user, text)},
		"as the user name": {"Authorization", basic(text, "")},
	} {
		w := h.ask("GET", "_admin/token", "", headers...)
		got := decoded(t, w)
		for member, want := range map[string]any{"active": true, "scope": "vcs:read vcs:write", "token_type": "Bearer", "exp": float64(end.Unix()),
			"iat": float64(plain.CreatedAt.Unix()), "sub": h.ada.ID, "username": "ada", "iss": "https://git.example.com", "jti": plain.ID, "kind": "vcs",
			"label": "ci", "bound": true, "replaced": false} {
			if got[member] != want {
				t.Errorf("%s: %s is %v, want %v", name, member, got[member], want)
			}
		}
		if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), text) || !strings.Contains(w.Body.String(), `"repositories":["ada/app"]`) {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
	_, deploy := h.mint(token.Request{Kind: token.Feed, Deploy: token.Deploy{RepositoryID: "r-app"}})
	if got := decoded(t, h.ask("GET", "_admin/token", "", "X-Auth-Token", deploy)); got["sub"] != "repository:r-app" || got["username"] != nil || got["scope"] != "feed:read" || got["exp"] != nil {
		t.Errorf("a deploy token is told %v", got)
	}
	_, api := h.mint(token.Request{Kind: token.API, Rights: []token.Right{token.RightTokens}})
	if got := decoded(t, h.ask("GET", "_admin/token", "", "X-Auth-Token", api)); got["scope"] != "api:read right:tokens" {
		t.Errorf("an api token is told %v", got)
	}
}

func basic(user, secret string) string {
	r, _ := http.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, secret)
	return r.Header.Get("Authorization")
}

// TestWhatIsNotAliveIsNotActive: who holds a genuine one is told why, and a forged one and a decoy read alike.
func TestWhatIsNotAliveIsNotActive(t *testing.T) {
	h := build(t)
	dead, text := h.mint(token.Request{Kind: token.VCS})
	if err := h.tokens.Revoke(t.Context(), by, dead.ID); err != nil {
		t.Fatal(err)
	}
	_, away := h.mint(token.Request{Kind: token.VCS, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	_, decoy := h.mint(token.Request{Kind: token.VCS, Decoy: true})
	forged := h.ask("GET", "_admin/token", "", "X-Auth-Token", examples[0])
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		code    string
	}{
		{"nothing", nil, 401, "no_credential"},
		{"forged", []string{"X-Auth-Token", examples[0]}, 401, "bad_credential"},
		{"a decoy", []string{"X-Auth-Token", decoy}, 401, "bad_credential"},
		{"a password", []string{"Authorization", basic("ada", "correct horse")}, 401, "bad_credential"},
		{"revoked", []string{"Authorization", "Bearer " + text}, 401, "revoked"},
		{"from elsewhere", []string{"Authorization", "Bearer " + away}, 403, "wrong_network"},
		{"twice", []string{"Authorization", "Bearer " + text, "X-Auth-Token", text}, 400, "bad_request"},
	} {
		w := h.ask("GET", "_admin/token", "", c.headers...)
		got := decoded(t, w)
		if w.Code != c.status || got["error"] != c.code || got["error_description"] == "" || (got["active"] == false) != (c.status == 401) ||
			(w.Header().Get("WWW-Authenticate") != "") != (c.status == 401) {
			t.Errorf("%s: %d %v %s", c.name, w.Code, w.Header(), w.Body)
		}
		if c.code == "bad_credential" && w.Body.String() != forged.Body.String() {
			t.Errorf("%s reads %s, a forged one %s", c.name, w.Body, forged.Body)
		}
	}
	if w := h.ask("GET", "_admin/token?auth_token="+text, ""); w.Code != 400 || strings.Contains(w.Body.String(), text) {
		t.Errorf("in the address: %d %s", w.Code, w.Body)
	}
}

func TestHolderOfARotatedTokenFetchesItsSuccessor(t *testing.T) {
	h := build(t)
	old, text := h.mint(token.Request{Kind: token.VCS, ExpiresAt: time.Now().Add(time.Hour)})
	if w := h.ask("POST", "_admin/token/successor", "", "Authorization", "Bearer "+text); w.Code != 404 || decoded(t, w)["error"] != "no_successor" {
		t.Errorf("before: %d %s", w.Code, w.Body)
	}
	next, secret, err := h.tokens.Rotate(t.Context(), by, old.ID, token.Rotation{})
	if err != nil {
		t.Fatal(err)
	}
	w := h.ask("POST", "_admin/token/successor", "anything", "Authorization", "Bearer "+text)
	if got := decoded(t, w); w.Code != 200 || got["auth_token"] != secret.Reveal() || got["expires"] != float64(next.ExpiresAt.Unix()) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := decoded(t, h.ask("GET", "_admin/token", "", "X-Auth-Token", text)); got["replaced"] != true || got["exp"].(float64) > float64(time.Now().Add(61*time.Minute).Unix()) {
		t.Errorf("the old one is told %v", got)
	}
	if w := h.ask("GET", "_admin/token/successor", "", "Authorization", "Bearer "+text); w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("with GET: %d", w.Code)
	}
	if w := h.ask("POST", "_admin/token/successor", "", "Authorization", "Bearer "+examples[0]); w.Code != 401 {
		t.Errorf("with a forged one: %d", w.Code)
	}
}

// TestFinderIsThankedWhateverWasFound sends texts with and without tokens: the answers are the same to the byte.
func TestFinderIsThankedWhateverWasFound(t *testing.T) {
	h := build(t)
	live, text := h.mint(token.Request{Kind: token.VCS})
	other, second := h.mint(token.Request{Kind: token.API})
	dead, third := h.mint(token.Request{Kind: token.Web})
	if err := h.tokens.Revoke(t.Context(), by, dead.ID); err != nil {
		t.Fatal(err)
	}
	var first string
	for _, body := range []string{"", "nothing", examples[0], third, "x=" + text + "\n\"" + second + "\"", text} {
		w := h.ask("POST", "_admin/revoke", body)
		if first == "" {
			first = w.Body.String()
		}
		if w.Code != 200 || w.Body.String() != first || len(w.Header()) != 3 {
			t.Errorf("%.20q: %d %v %s", body, w.Code, w.Header(), w.Body)
		}
	}
	h.handler.Close()
	for _, id := range []string{live.ID, other.ID} {
		if now, _ := h.tokens.ByID(id); now.State(time.Now()) != token.Revoked {
			t.Errorf("token %s is %s", id, now.State(time.Now()))
		}
	}
}

func TestFindersAreBounded(t *testing.T) {
	h := build(t)
	if w := h.ask("POST", "_admin/revoke", strings.Repeat("x", token.MaxText+1)); w.Code != 413 {
		t.Errorf("a text that is too large: %d", w.Code)
	}
	for range foundAMinute - 1 {
		h.ask("POST", "_admin/revoke", "x")
	}
	if w := h.ask("POST", "_admin/revoke", "x"); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more: %d %v", w.Code, w.Header())
	}
	busy := build(t)
	for range foundAtATime {
		busy.handler.reading <- struct{}{}
	}
	if w := busy.ask("POST", "_admin/revoke", "x"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("while many are read: %d %v", w.Code, w.Header())
	}
	if w := busy.ask("GET", "_admin/revoke", ""); w.Code != 405 {
		t.Errorf("with GET: %d", w.Code)
	}
}

// TestSlowFindersKeepNobodyOut has somebody begin as many texts as are read at a time, and send none of them.
func TestSlowFindersKeepNobodyOut(t *testing.T) {
	h := build(t)
	h.handler.o.ReadTime = 50 * time.Millisecond
	var begun sync.WaitGroup
	begun.Add(foundAtATime)
	served := make(chan bool, foundAtATime)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun.Done()
		served <- h.handler.Serve(w, r, "_admin/revoke")
	}))
	defer server.Close()
	for range foundAtATime {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := io.WriteString(conn, "POST /_admin/revoke HTTP/1.1\r\nHost: jeton\r\nContent-Length: 100\r\n\r\nx"); err != nil {
			t.Fatal(err)
		}
	}
	begun.Wait()
	for range foundAtATime {
		<-served // it hangs where a slow text is waited for
	}
	if n := len(h.handler.reading); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// TestPatternFindsItsExamples holds what scanners are told to what the server itself takes for a token.
func TestPatternFindsItsExamples(t *testing.T) {
	h := build(t)
	w := h.ask("GET", ".well-known/jeton-tokens", "")
	var got wellKnown
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || !strings.HasPrefix(w.Header().Get("Cache-Control"), "public") {
		t.Fatalf("%d %v %v %s", w.Code, err, w.Header(), w.Body)
	}
	pattern := regexp.MustCompile(got.Pattern)
	for _, e := range got.Examples {
		if _, err := token.Parse(e); err != nil || pattern.FindString(`"`+e+`",`) != e {
			t.Errorf("%s: %v, found %q", e, err, pattern.FindString(e))
		}
	}
	if len(got.Examples) != 2 || got.Revoke != "https://git.example.com/_admin/revoke" {
		t.Errorf("got %+v", got)
	}
	if w := h.ask("GET", door.RenewPath[1:], ""); w.Code != 200 || !strings.Contains(w.Body.String(), "jeton token rotate") {
		t.Errorf("how to renew: %d %s", w.Code, w.Body)
	}
	if w := h.ask("GET", "_admin/other", ""); w.Code != http.StatusTeapot {
		t.Errorf("another address is answered %d", w.Code)
	}
}

package door

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/auth/signin/headers"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/vcs/host"
	"jeton/vcs/name"
)

// house is a server's auth with ada, who owns ada/app, and a repository that everybody may read.
type house struct {
	door                *Door
	plugins             *signin.Registry
	users               *access.Users
	gate                *gate.Gate
	db                  *db.DB
	mint                func(k token.Kind, a token.Access) string
	vcs, readOnly, feed string
	made                []host.Repo
}

// Conceive implements Creator.
func (h *house) Conceive(_ context.Context, r host.Repo) (*host.Unborn, error) {
	if strings.HasSuffix(r.Path, "/taken") {
		return nil, host.ErrTaken
	}
	return &host.Unborn{Publish: func(context.Context) error {
		if strings.HasSuffix(r.Path, "/late") {
			return host.ErrTaken
		}
		h.made = append(h.made, r)
		return nil
	}}, nil
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
	ctx, h := t.Context(), &house{}
	d := dbtest.New(t)
	hasher, proxies := signin.NewHasher(), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	users := must[*access.Users](t)(access.NewUsers(ctx, d, access.UserOptions{Hasher: hasher}))
	h.users = users
	repos := must[*access.Repositories](t)(access.NewRepositories(ctx, d))
	tokens := must[*token.Store](t)(token.NewStore(ctx, d, token.Options{}))
	t.Cleanup(func() { _ = tokens.Close() })
	keys := must[*sshkey.Store](t)(sshkey.NewStore(ctx, d, nil))
	h.plugins = must[*signin.Registry](t)(signin.NewRegistry(ctx, d, signin.Options{People: users, Plugins: []signin.Plugin{
		signin.NewPassword(d, users, hasher, nil), headers.New(proxies)}}))
	h.gate = gate.New(gate.Options{Users: users, Repositories: repos, Tokens: tokens, Keys: keys, SignIn: h.plugins,
		Create: access.CreateOwn, PushToCreate: true, ViewOn: func(view, _ string) bool { return view == "raw" }})
	by := audit.Command("test")
	ada := must[access.User](t)(users.Create(ctx, by, access.NewUser{Name: "ada", Password: "correct horse"}))
	for path, private := range map[string]bool{"ada/app": true, "ada/open": false} {
		if err := d.Repositories().Insert(ctx, db.Repository{ID: "r-" + path[4:], Path: path, FoldedPath: name.Fold(path), OwnerID: ada.ID, Private: private}); err != nil {
			t.Fatal(err)
		}
	}
	h.db, h.mint = d, func(k token.Kind, a token.Access) string {
		_, secret, err := tokens.Mint(ctx, by, token.Request{UserID: ada.ID, Kind: k, Label: "test", Access: a, ExpiresAt: time.Now().Add(90 * 24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return secret.Reveal()
	}
	h.vcs, h.readOnly, h.feed = h.mint(token.VCS, token.Write), h.mint(token.VCS, token.Read), h.mint(token.Feed, token.Read)
	if err := h.plugins.Enable(ctx, by, signin.Token); err != nil {
		t.Fatal(err)
	}
	h.door = New(Options{Gate: h.gate, Creator: h, Proxies: Proxies{Networks: proxies}})
	return h
}

func request(target string, change func(r *http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if change != nil {
		change(r)
	}
	return r
}

func basic(user, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, secret) }
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = values }
}

func TestWhatIsPresentedAndWhatIsAnswered(t *testing.T) {
	h := build(t)
	for _, c := range []struct {
		name    string
		target  string
		change  func(*http.Request)
		path    string
		service string
		status  int // 0: let in
		words   string
	}{
		{"token as password", "/", basic("ada", h.vcs), "ada/app", "git-receive-pack", 0, ""},
		{"token beside git", "/", basic("git", h.vcs), "ada/app", "git-upload-pack", 0, ""},
		{"token as user name", "/", basic(h.vcs, ""), "ada/app", "git-upload-pack", 0, ""},
		{"token as user name, x-oauth-basic", "/", basic(h.vcs, "x-oauth-basic"), "ada/app", "git-upload-pack", 0, ""},
		{"bearer", "/", header("Authorization", "Bearer "+h.vcs), "ada/app", "git-upload-pack", 0, ""},
		{"password", "/", basic("ada", "correct horse"), "ada/app", "git-upload-pack", 0, ""},
		{"guest, public", "/", nil, "ada/open", "git-upload-pack", 0, ""},
		{"guest, private", "/", nil, "ada/app", "git-upload-pack", 401, "Sign in"},
		{"guest, not there", "/", nil, "ada/none", "git-upload-pack", 401, "Sign in"},
		{"guest pushing to public", "/", nil, "ada/open", "git-receive-pack", 401, ""},
		{"wrong password", "/", basic("ada", "wrong"), "ada/open", "git-upload-pack", 401, "Wrong"},
		{"empty password", "/", basic("ada", ""), "ada/app", "git-upload-pack", 401, ""},
		{"wrong kind", "/", basic("ada", h.feed), "ada/app", "git-upload-pack", 401, "feed token"},
		{"read-only token pushing", "/", basic("ada", h.readOnly), "ada/app", "git-receive-pack", 403, "only read"},
		{"not there", "/", basic("ada", h.vcs), "bob/none", "git-upload-pack", 404, "no such repository"},
		{"bearer with a space", "/", header("Authorization", "Bearer  "+h.vcs), "ada/app", "git-upload-pack", 401, ""},
		{"unknown scheme", "/", header("Authorization", "Digest x"), "ada/open", "git-upload-pack", 401, "Basic or Bearer"},
		{"broken Basic", "/", header("Authorization", "Basic %%%"), "ada/open", "git-upload-pack", 401, ""},
		{"two headers", "/", header("Authorization", "Bearer a", "Bearer b"), "ada/open", "git-upload-pack", 400, "Two credentials"},
		{"token twice", "/", basic(h.vcs, h.vcs), "ada/open", "git-upload-pack", 400, "Two credentials"},
		{"in the address", "/?auth_token=" + h.vcs, nil, "ada/app", "git-upload-pack", 400, "address"},
		{"old name in the address", "/?api_key=x", basic("ada", h.vcs), "ada/app", "git-upload-pack", 400, "address"},
		{"X-Auth-Token", "/", header("X-Auth-Token", h.vcs), "ada/app", "git-upload-pack", 400, "X-Auth-Token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := h.door.Admit(request(c.target, c.change), c.path, c.service)
			var refusal *host.Refusal
			switch {
			case c.status == 0 && err != nil:
				t.Fatalf("refused: %v", err)
			case c.status == 0:
			case !errors.As(err, &refusal) || refusal.Status != c.status || !strings.Contains(refusal.Sentence, c.words):
				t.Errorf("answered %+v, want %d and %q", err, c.status, c.words)
			}
			if err != nil && strings.Contains(err.Error(), h.vcs) {
				t.Error("the refusal repeats the token")
			}
		})
	}
}

func TestSwitchedOffTokensAreForbiddenWithTheWayOut(t *testing.T) {
	h := build(t)
	if err := h.plugins.Disable(t.Context(), audit.Command("test"), signin.Token); err != nil {
		t.Fatal(err)
	}
	_, err := h.door.Admit(request("/", basic("ada", h.vcs)), "ada/app", "git-upload-pack")
	var refusal *host.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 403 || !strings.Contains(refusal.Sentence, "Admin → Authentication") {
		t.Errorf("answered %+v", err)
	}
}

func TestAnAdmissionTellsWhoAndCanBeAskedAgain(t *testing.T) {
	h := build(t)
	ctx, note := WithNote(t.Context())
	a, err := h.door.Admit(request("/", basic("git", h.vcs)).WithContext(ctx), "ADA/App", "git-receive-pack")
	if err != nil {
		t.Fatal(err)
	}
	if a.RepoID != "r-app" || a.Path != "ada/app" || a.Actor.Name != "ada" || !strings.HasPrefix(a.Actor.Credential, "token:") || a.Create != nil {
		t.Errorf("admitted %+v", a)
	}
	if a.Actor.Line != a.Actor.Credential || a.Actor.ID == a.Actor.Line { // nobody has rotated it, and it is a person's
		t.Errorf("the actor is %+v", a.Actor)
	}
	if note.User != "ada" || note.Expiry.IsZero() {
		t.Errorf("noted %+v", note)
	}
	if err := a.Recheck(t.Context()); err != nil {
		t.Errorf("asked again: %v", err)
	}
	_ = h.plugins.Disable(t.Context(), audit.Command("test"), signin.Token)
	if err := a.Recheck(t.Context()); err == nil || !strings.Contains(err.Error(), "switched off") {
		t.Errorf("asked again after tokens were switched off: %v", err)
	}
}

func TestAPushToAFreePathMakesAPrivateRepositoryOfThePusher(t *testing.T) {
	h := build(t)
	a, err := h.door.Admit(request("/", basic("ada", h.vcs)), "ada/new", "git-receive-pack")
	if err != nil || a.RepoID != "" || a.Create == nil {
		t.Fatalf("admitted %+v, %v", a, err)
	}
	if len(h.made) != 0 {
		t.Fatal("a question alone made a repository")
	}
	unborn, err := a.Create(t.Context())
	if err != nil || len(h.made) != 0 {
		t.Fatalf("made %+v before it was published, %v", h.made, err)
	}
	if err := unborn.Publish(t.Context()); err != nil || len(h.made) != 1 || h.made[0].Path != "ada/new" || !h.made[0].Private || h.made[0].OwnerID != a.Actor.ID {
		t.Errorf("made %+v, %v", h.made, err)
	}
	late, err := h.door.Admit(request("/", basic("ada", h.vcs)), "ada/late", "git-receive-pack")
	if err != nil {
		t.Fatal(err)
	}
	if unborn, err = late.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := unborn.Publish(t.Context()); err == nil || !strings.Contains(err.Error(), "Push again") {
		t.Errorf("a path that was taken while the push was checked: %v", err)
	}
	taken, err := h.door.Admit(request("/", basic("ada", h.vcs)), "ada/taken", "git-receive-pack")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := taken.Create(t.Context()); err == nil || !strings.Contains(err.Error(), "Push again") {
		t.Errorf("a path that was taken meanwhile: %v", err)
	}
}

func TestPassAnswersForWhoeverMayNot(t *testing.T) {
	h := build(t)
	w := httptest.NewRecorder()
	if h.door.Pass(w, request("/", nil), "ada/app") || w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `Basic realm="Jeton"`) {
		t.Errorf("a guest was answered %d %v", w.Code, w.Header())
	}
	if w = httptest.NewRecorder(); !h.door.Pass(w, request("/", basic("ada", h.vcs)), "ada/app") || w.Body.Len() != 0 {
		t.Errorf("ada was answered %d %s", w.Code, w.Body)
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	for code, want := range map[gate.Code]int{gate.NoCredential: 401, gate.BadCredential: 401, gate.Expired: 401, gate.Revoked: 401, gate.WrongKind: 401,
		gate.Inactive: 401, gate.Rotated: 401, gate.TokensOnly: 401, gate.NoRight: 403, gate.WrongNetwork: 403, gate.SwitchedOff: 403, gate.ReadOnly: 403, gate.Archived: 403, gate.NotFound: 404, gate.TooMany: 429, gate.BadRequest: 400} {
		var r *host.Refusal
		if err := Refusal(&gate.Refused{Code: code, Sentence: "s"}); !errors.As(err, &r) || r.Status != want || r.Code != string(code) {
			t.Errorf("%s became %+v, want %d", code, err, want)
		}
	}
	own := errors.New("disk full")
	if Refusal(own) != own || Refusal(nil) != nil {
		t.Error("what is no refusal was changed")
	}
}

func TestAPathThatGoesOnLeadsToItsRepository(t *testing.T) {
	h := build(t)
	deep := strings.Repeat("/x", 30000)
	for _, c := range []struct {
		name, path string
		change     func(*http.Request)
		asked      string // "": refused
		status     int
	}{
		{"its own", "ada/app", basic("git", h.vcs), "ada/app", 200},
		{"below", "ADA/App/sub/pkg", basic("git", h.vcs), "ADA/App", 200},
		{"far below", "ada/app" + deep, basic("git", h.vcs), "ada/app", 200},
		{"a guest below what is public", "ada/open/sub", nil, "ada/open", 200},
		{"a guest below what is private", "ada/app/sub", nil, "", 401},
		{"a guest below nothing", "ada/none/sub", nil, "", 401},
		{"below nothing", "ada/none/sub", basic("git", h.vcs), "", 404},
		{"above", "ada", basic("git", h.vcs), "", 404},
		{"deep below nothing", "none" + deep, basic("git", h.vcs), "", 404},
		{"wrong kind", "ada/open/sub", basic("git", h.feed), "", 401},
	} {
		w := httptest.NewRecorder()
		asked, let := h.door.PassBelow(w, request("/", c.change), c.path)
		if asked != c.asked || let != (c.status == 200) || w.Code != c.status {
			t.Errorf("%s: answered %q, %v, %d, want %q and %d", c.name, asked, let, w.Code, c.asked, c.status)
		}
	}
}

func TestASentenceMasksTokens(t *testing.T) {
	w := httptest.NewRecorder()
	Say(w, 404, "There is no branch «jet_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM».")
	if w.Code != 404 || w.Body.String() != "There is no branch «jet_web_0123…».\n" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("said %d %q with %v", w.Code, w.Body, w.Header())
	}
}

package gate

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"jeton/auth/signin"
	"jeton/auth/token"
)

// schemes are the places in which each door takes a token.
var schemes = map[Door][]string{
	Git:  {"basic", "bearer", "ssh-password"},
	API:  {"body", "bearer"},
	Feed: {"query", "basic", "bearer"},
	View: {"query", "header", "basic", "bearer"},
}

var opens = map[token.Kind]Door{token.VCS: Git, token.API: API, token.Feed: Feed, token.Web: View}

// TestMatrixOfKindDoorAndState holds every kind of token, in every state, at every door, in every place.
func TestMatrixOfKindDoorAndState(t *testing.T) {
	w := newWorld(t)
	states := map[string]struct {
		make func(kind token.Kind) string
		want Code // at the token's own door; at the others it is the wrong kind, whatever else
	}{
		"live":      {func(k token.Kind) string { _, s := w.mint(w.ada, k); return s }, ""},
		"bound":     {func(k token.Kind) string { _, s := w.mint(w.ada, k, boundTo("ada/private")); return s }, ""},
		"elsewhere": {func(k token.Kind) string { _, s := w.mint(w.ada, k, boundTo("team/app")); return s }, NotFound},
		"stranger":  {func(k token.Kind) string { _, s := w.mint(w.eve, k); return s }, NotFound},
		"reader":    {func(k token.Kind) string { _, s := w.mint(w.bob, k); return s }, ""},
		"chief":     {func(k token.Kind) string { _, s := w.mint(w.chief, k); return s }, ""},
		"expired":   {func(k token.Kind) string { _, s := w.mint(w.ada, k, until(noon.Add(time.Second))); return s }, Expired},
		"revoked": {func(k token.Kind) string {
			id, s := w.mint(w.ada, k)
			ok(t, w.tokens.Revoke(t.Context(), root, id))
			return s
		}, Revoked},
		"here":                   {func(k token.Kind) string { _, s := w.mint(w.ada, k, from("192.0.2.0/24", "2001:db8::/32")); return s }, ""},
		"away":                   {func(k token.Kind) string { _, s := w.mint(w.ada, k, from("198.51.100.0/24")); return s }, WrongNetwork},
		"overlap":                {func(k token.Kind) string { return w.rotated(k, time.Hour) }, ""},
		"rotated":                {func(k token.Kind) string { return w.rotated(k, token.NoOverlap) }, Rotated},
		"decoy":                  {func(k token.Kind) string { _, s := w.mint(w.ada, k, decoy); return s }, BadCredential},
		"deploy":                 {func(k token.Kind) string { return w.deploy(k, "ada/private") }, ""},
		"deploy elsewhere":       {func(k token.Kind) string { return w.deploy(k, "ada/public") }, NotFound},
		"decoy that is nobody's": {func(k token.Kind) string { return w.deploy(k, "ada/private", decoy) }, BadCredential},
	}
	secrets := map[string]string{}
	for state, s := range states {
		for kind := range opens {
			secrets[state+string(kind)] = s.make(kind)
		}
	}
	w.set(noon.Add(time.Minute))
	for state, s := range states {
		for kind, own := range opens {
			if secrets[state+string(kind)] == "" { // there is no such token
				continue
			}
			for door, places := range schemes {
				for _, place := range places {
					want := s.want
					if door != own && want != BadCredential { // what a decoy is, nobody learns anywhere
						want = WrongKind
					}
					got := w.ask(by(place, secrets[state+string(kind)]), door, "ada/private", Read)
					if got != want {
						t.Errorf("%s %s token at %s by %s: got %q, want %q", state, kind, door, place, got, want)
					}
				}
			}
		}
	}
}

func TestInactiveOwnerIsRefusedEverywhere(t *testing.T) {
	w := newWorld(t)
	for kind, door := range opens {
		_, secret := w.mint(w.ada, kind)
		ok(t, w.users.Deactivate(t.Context(), root, w.ada.ID))
		if got := w.ask(by("bearer", secret), door, "ada/public", Read); got != Inactive {
			t.Errorf("%s: got %q", kind, got)
		}
		ok(t, w.users.Activate(t.Context(), root, w.ada.ID))
	}
	ok(t, w.users.Deactivate(t.Context(), root, w.ada.ID))
	if got := w.ask(basic("ada", password), Git, "ada/public", Read); got != Inactive {
		t.Errorf("right password: got %q", got)
	}
	if got := w.ask(basic("ada", "wrong horse"), Git, "ada/public", Read); got != BadCredential {
		t.Errorf("wrong password: got %q", got)
	}
}

func TestCredentialsInTheWrongPlace(t *testing.T) {
	w := newWorld(t)
	all := []string{"basic", "bearer", "query", "header", "body", "ssh-password", "ssh-key", "cookie", ""}
	for kind, door := range opens {
		_, secret := w.mint(w.ada, kind)
		for _, scheme := range all {
			want := BadRequest
			if strings.Contains(strings.Join(schemes[door], " ")+" ", scheme+" ") && scheme != "" {
				want = ""
			}
			if door == Git && scheme == "ssh-key" {
				want = BadCredential // a key is proven by SSH or not at all
			}
			if got := w.ask(by(scheme, secret), door, "ada/private", Read); got != want {
				t.Errorf("%s by %q: got %q, want %q", door, scheme, got, want)
			}
		}
	}
}

func TestUserNamesBesideAToken(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(w.ada, token.VCS)
	for user, want := range map[string]Code{
		"": "", "git": "", "token": "", "oauth2": "", "x-access-token": "", "x-token-auth": "", "gitlab-ci-token": "", "GIT": "",
		"ada": "", "ADA": "", "ada@example.org": "", "Ada@Example.org": "",
		"bob": BadCredential, "bob@example.org": BadCredential, "nobody": BadCredential, "ada ": BadCredential,
		"ada\x00": BadCredential, "x-oauth-basic": BadCredential, strings.Repeat("a", 1<<16): BadCredential,
	} {
		for _, scheme := range []string{"basic", "ssh-password"} {
			c := Credential{User: user, Secret: secret, Scheme: scheme}
			if got := w.ask(c, Git, "ada/private", Read); got != want {
				t.Errorf("%.20q by %s: got %q, want %q", user, scheme, got, want)
			}
		}
	}
}

func TestTokenAsTheUserName(t *testing.T) {
	w := newWorld(t)
	_, vcs := w.mint(w.ada, token.VCS)
	_, web := w.mint(w.ada, token.Web)
	for name, c := range map[string]struct {
		cred Credential
		door Door
		want Code
	}{
		"empty password":       {basic(vcs, ""), Git, ""},
		"x-oauth-basic":        {basic(vcs, "x-oauth-basic"), Git, ""},
		"another password":     {basic(vcs, "x"), Git, BadCredential},
		"two tokens":           {basic(vcs, web), Git, BadRequest},
		"the same token twice": {basic(vcs, vcs), Git, BadRequest},
		"malformed":            {basic(vcs+"x", ""), Git, BadCredential},
		"of another kind":      {basic(web, ""), Git, WrongKind},
		"on a view":            {basic(web, ""), View, BadCredential},
		"over SSH":             {Credential{User: vcs, Scheme: "ssh-password"}, Git, BadCredential},
	} {
		if got := w.ask(c.cred, c.door, "ada/private", Read); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestFailingCredentialIsRefusedEvenWhereAGuestMightRead(t *testing.T) {
	w := newWorld(t)
	_, vcs := w.mint(w.ada, token.VCS)
	if got := w.ask(Credential{}, Git, "ada/public", Read); got != "" {
		t.Fatalf("a guest: got %q", got)
	}
	for name, c := range map[string]Credential{
		"checksum wrong":       basic("git", vcs[:len(vcs)-1]+"!"),
		"unknown token":        basic("git", "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"),
		"trailing line end":    basic("git", vcs+"\n"),
		"upper case":           basic("git", strings.ToUpper(vcs)),
		"NUL":                  basic("git", vcs+"\x00"),
		"empty":                basic("", ""),
		"name, empty password": basic("ada", ""),
		"empty name":           basic("", password),
		"wrong password":       basic("ada", "wrong horse"),
		"unknown user":         basic("nobody", password),
		"bob's password":       basic("ada", password+" bob"),
		"empty bearer":         by("bearer", ""),
		"password as bearer":   by("bearer", password),
		"wrong over SSH":       {User: "ada", Secret: "wrong horse", Scheme: "ssh-password"},
	} {
		if got := w.ask(c, Git, "ada/public", Read); got != BadCredential {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestPasswordsOpenGitAlone(t *testing.T) {
	w := newWorld(t)
	for _, scheme := range []string{"basic", "ssh-password"} {
		if got := w.ask(Credential{User: "Ada", Secret: password, Scheme: scheme}, Git, "ada/private", Write); got != "" {
			t.Errorf("git by %s: got %q", scheme, got)
		}
	}
	for door, places := range schemes {
		for _, scheme := range places {
			if door == Git {
				continue
			}
			if got := w.ask(Credential{User: "ada", Secret: password, Scheme: scheme}, door, "ada/public", Read); got != BadCredential {
				t.Errorf("%s by %s: got %q", door, scheme, got)
			}
		}
	}
	ok(t, w.signin.Disable(t.Context(), root, signin.Password))
	if got := w.ask(basic("ada", password), Git, "ada/private", Read); got != SwitchedOff {
		t.Errorf("with the plug-in off: got %q", got)
	}
}

// TestWhoMayDoWhat goes through permission, with each way of proving who one is.
func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	token1 := func(u string, more ...func(*token.Request)) Credential {
		who, _ := w.users.ByName(u)
		_, s := w.mint(who, token.VCS, more...)
		return basic("git", s)
	}
	guest := Credential{Remote: remote}
	for i, c := range []struct {
		who   Credential
		path  string
		read  Code
		write Code
	}{
		{guest, "ada/public", "", NoCredential},
		{guest, "ada/private", NoCredential, NoCredential},
		{guest, "not/there", NoCredential, NoCredential},
		{guest, "", NoCredential, NoCredential},
		{guest, "../../etc", NoCredential, NoCredential},
		{token1("ada"), "ADA/Private", "", ""},
		{token1("ada"), "ada/old", "", Archived},
		{token1("ada"), "ada/new", NotFound, "create"},
		{token1("ada"), "ada/new.git", NotFound, NotFound},
		{token1("ada"), "ada", NotFound, NotFound},
		{token1("ada"), "team/new", NotFound, NotFound},
		{token1("ada"), "", NotFound, NotFound},
		{token1("ada"), strings.Repeat("ada/", 1<<16), NotFound, NotFound},
		{token1("ada", readOnly), "ada/private", "", ReadOnly},
		{token1("ada", readOnly), "ada/old", "", ReadOnly},
		{token1("ada", readOnly), "ada/new", NotFound, NotFound},
		{token1("ada", boundTo("ada/private")), "ada/private", "", ""},
		{token1("ada", boundTo("ada/private")), "ada/public", NotFound, NotFound},
		{token1("ada", boundTo("ada/private")), "ada/new", NotFound, NotFound},
		{token1("bob"), "team/app", "", ""},
		{token1("bob"), "ada/private", "", ReadOnly},
		{token1("bob"), "ada/public", "", ReadOnly},
		{token1("bob"), "ada/old", NotFound, NotFound},
		{token1("bob"), "ada/new", NotFound, NotFound},
		{token1("bob"), "bob/new", NotFound, "create"},
		{token1("bob", boundTo("ada/old")), "ada/old", NotFound, NotFound},
		{token1("eve"), "ada/public", "", ReadOnly},
		{token1("eve"), "ada/private", NotFound, NotFound},
		{token1("chief"), "ada/private", "", ""},
		{token1("chief"), "any/where", NotFound, "create"},
		{basic("bob", password+" bob"), "team/app", "", ""},
		{basic("bob", password+" bob"), "ada/private", "", ReadOnly},
		{basic("bob", password+" bob"), "bob/new", NotFound, "create"},
	} {
		name := fmt.Sprintf("row %d, %.40s", i, c.path)
		if got := w.ask(c.who, Git, c.path, Read); got != c.read {
			t.Errorf("%s: read: got %q, want %q", name, got, c.read)
		}
		if got := w.ask(c.who, Git, c.path, Write); got != c.write {
			t.Errorf("%s: write: got %q, want %q", name, got, c.write)
		}
	}
}

func TestFreePathIsNoQuestionWherePushDoesNotCreate(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(w.chief, token.VCS)
	o := w.gate.o
	o.PushToCreate = false
	w.gate = New(o)
	if got := w.ask(basic("git", secret), Git, "any/where", Write); got != NotFound {
		t.Errorf("got %q", got)
	}
}

func TestMissingAndForbiddenAreOneAnswer(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(w.eve, token.VCS)
	for name, c := range map[string]Credential{"guest": {}, "stranger": basic("git", secret)} {
		for _, a := range []Access{Read, Write} {
			_, missing := w.gate.Admit(t.Context(), c, Git, Resource{Path: "ada/nothing"}, a)
			_, forbidden := w.gate.Admit(t.Context(), c, Git, Resource{Path: "ada/private"}, a)
			_, byID := w.gate.Admit(t.Context(), c, Git, Resource{RepoID: "id-ada/private"}, a)
			if *AsRefused(missing) != *AsRefused(forbidden) || *AsRefused(missing) != *AsRefused(byID) {
				t.Errorf("%s, %s: got %+v and %+v", name, a, AsRefused(missing), AsRefused(forbidden))
			}
		}
	}
}

func TestOtherDoorsDoNotWriteRepositoriesButTheAPI(t *testing.T) {
	w := newWorld(t)
	for kind, want := range map[token.Kind]Code{token.Feed: ReadOnly, token.Web: ReadOnly, token.API: ""} {
		_, secret := w.mint(w.ada, kind)
		if got := w.ask(by("bearer", secret), opens[kind], "ada/private", Write); got != want {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
	_, reader := w.mint(w.ada, token.API, readOnly)
	if got := w.ask(by("body", reader), API, "ada/private", Write); got != ReadOnly {
		t.Errorf("a reading api token: got %q", got)
	}
	_, creator := w.mint(w.ada, token.API)
	if got := w.ask(by("body", creator), API, "ada/new", Write); got != NotFound {
		t.Errorf("an api token at a free path: got %q", got)
	}
}

func TestQuestionsAboutNoRepository(t *testing.T) {
	w := newWorld(t)
	_, api := w.mint(w.ada, token.API)
	_, reader := w.mint(w.ada, token.API, readOnly)
	_, bound := w.mint(w.ada, token.API, boundTo("ada/private"))
	_, feed := w.mint(w.ada, token.Feed)
	for name, c := range map[string]struct {
		cred Credential
		door Door
		a    Access
		want Code
	}{
		"api reads":        {by("body", api), API, Read, ""},
		"api writes":       {by("body", api), API, Write, ""},
		"reader writes":    {by("body", reader), API, Write, ReadOnly},
		"bound":            {by("body", bound), API, Read, NotFound},
		"a person's feed":  {by("query", feed), Feed, Read, ""},
		"guest at the API": {Credential{}, API, Read, NoCredential},
		"guest at a feed":  {Credential{}, Feed, Read, NoCredential},
	} {
		if got := w.ask(c.cred, c.door, "", c.a); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	g, err := w.gate.Admit(context.Background(), by("body", api), API, Resource{}, Read)
	ok(t, err)
	ok(t, g.Again(t.Context()))
}

func TestAskingNonsenseIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		door Door
		a    Access
	}{{"", Read}, {"page", Read}, {Git, ""}, {Git, "admin"}} {
		if _, err := w.gate.Admit(t.Context(), Credential{}, c.door, Resource{Path: "ada/public"}, c.a); AsRefused(err) == nil ||
			AsRefused(err).Code != BadRequest {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	if _, err := w.gate.Identify(t.Context(), Credential{}, "page"); AsRefused(err).Code != BadRequest {
		t.Errorf("got %v", err)
	}
}

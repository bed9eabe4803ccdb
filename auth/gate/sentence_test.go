package gate

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"jeton/auth/signin"
	"jeton/auth/token"
)

func sentence(t *testing.T, w *world, c Credential, d Door, res Resource, a Access) string {
	t.Helper()
	_, err := w.gate.Admit(t.Context(), c, d, res, a)
	r := AsRefused(err)
	if r == nil {
		t.Fatalf("got %v, want a refusal", err)
	}
	return r.Sentence
}

func TestSentencesSayWhatAndWhatToDo(t *testing.T) {
	w := newWorld(t)
	o := w.gate.o
	o.HowToMint = func(k token.Kind) string { return "Make one under My account, of kind " + string(k) + "." }
	w.gate = New(o)
	private := Resource{Path: "ada/private"}
	mint := func(k token.Kind, more ...func(*token.Request)) Credential {
		_, s := w.mint(w.ada, k, more...)
		return by("bearer", s)
	}
	short := mint(token.VCS, until(noon.Add(time.Second)))
	id, text := w.mint(w.ada, token.VCS)
	ok(t, w.tokens.Revoke(t.Context(), root, id))
	_, bobs := w.mint(w.bob, token.VCS)
	w.set(noon.Add(time.Hour))
	for _, c := range []struct {
		cred Credential
		door Door
		res  Resource
		a    Access
		want string
	}{
		{mint(token.Feed), Git, private, Read, "This is a feed token; git needs a vcs token. Make one under My account, of kind vcs."},
		{mint(token.API), Feed, private, Read, "This is an api token; a feed needs a feed token. Make one under My account, of kind feed."},
		{mint(token.VCS), API, private, Read, "This is a vcs token; the API needs an api token. Make one under My account, of kind api."},
		{short, Git, private, Read, "This token expired on 2026-11-24 12:00 UTC. Make a new one."},
		{by("bearer", text), Git, private, Read, "This token was revoked on 2026-11-24 12:00 UTC. Make a new one."},
		{mint(token.VCS, readOnly), Git, private, Write, "This token may only read. Make one with write access to push."},
		{by("bearer", bobs), Git, private, Write, "bob may read this repository, but not push to it. Ask its owner for write permission."},
		{mint(token.VCS), Git, Resource{Path: "ada/old"}, Write, "This repository is archived: it can be read, but not pushed to."},
		{mint(token.Web), View, Resource{Path: "ada/private", View: "archive"}, Read, `The view "archive" is not open to web ` +
			`tokens on this server. An administrator can open it with jeton views add archive, or by the setting web.token_views.`},
		{basic("ada", "wrong"), Git, private, Read, "Wrong user name, password or token."},
		{mint(token.VCS), Git, Resource{Path: "no/where"}, Read, "There is no such repository, or you may not read it."},
	} {
		if got := sentence(t, w, c.cred, c.door, c.res, c.a); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestSwitchedOffPluginSaysTheContractsSentence holds docs/tokens.md to the letter.
func TestSwitchedOffPluginSaysTheContractsSentence(t *testing.T) {
	const want = "VCS tokens are switched off on this server. An administrator can turn them on under Admin → Authentication."
	w := newWorld(t)
	ok(t, w.signin.Disable(t.Context(), root, signin.Token))
	_, vcs := w.mint(w.ada, token.VCS)
	for _, scheme := range []string{"basic", "bearer", "ssh-password"} {
		if got := sentence(t, w, by(scheme, vcs), Git, Resource{Path: "ada/public"}, Read); got != want {
			t.Errorf("%s: got %s", scheme, got)
		}
	}
	// Only who holds a genuine one is told, and the other kinds are not touched.
	typo := "0"
	if vcs[20] == '0' {
		typo = "1"
	}
	if got := w.ask(basic("git", vcs[:20]+typo+vcs[21:]), Git, "ada/public", Read); got != BadCredential {
		t.Errorf("a typo: got %q", got)
	}
	for kind, door := range opens {
		_, s := w.mint(w.ada, kind)
		if got := w.ask(by("bearer", s), door, "ada/private", Read); got != map[bool]Code{true: SwitchedOff, false: ""}[door == Git] {
			t.Errorf("%s: got %q", kind, got)
		}
	}
}

// TestChecksGoInTheirOrder gives tokens that are wrong in several ways at once: the first check in the order answers.
func TestChecksGoInTheirOrder(t *testing.T) {
	w := newWorld(t)
	id, everything := w.mint(w.eve, token.Feed, until(noon.Add(time.Second)), boundTo("team/app"))
	ok(t, w.tokens.Revoke(t.Context(), root, id))
	_, vcs := w.mint(w.eve, token.VCS, until(noon.Add(time.Hour)), boundTo("team/app"), readOnly)
	ok(t, w.users.Deactivate(t.Context(), root, w.eve.ID))
	ok(t, w.signin.Disable(t.Context(), root, signin.Token))
	ask := func(text string) Code { return w.ask(by("bearer", text), Git, "ada/private", Write) }
	if got := w.ask(Credential{User: "bob", Secret: everything, Scheme: "basic"}, Git, "ada/private", Write); got != BadCredential {
		t.Errorf("another's name first: got %q", got)
	}
	if got := ask(everything); got != WrongKind {
		t.Errorf("then the kind: got %q", got)
	}
	w.set(noon.Add(time.Hour))
	if got := ask(vcs); got != Expired {
		t.Errorf("then alive: got %q", got)
	}
	w.set(noon)
	if got := ask(vcs); got != SwitchedOff {
		t.Errorf("then the plug-in: got %q", got)
	}
	ok(t, w.signin.Enable(t.Context(), root, signin.Token))
	if got := ask(vcs); got != Inactive {
		t.Errorf("then the person: got %q", got)
	}
	ok(t, w.users.Activate(t.Context(), root, w.eve.ID))
	if got := ask(vcs); got != NotFound {
		t.Errorf("then scope: got %q", got)
	}
}

func TestRefusalsAreRecordedWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	id, feed := w.mint(w.ada, token.Feed)
	w.ask(by("bearer", feed), Git, "ada/private", Read)
	w.ask(Credential{}, Git, "ada/private", Read) // how every clone begins: no entry
	w.ask(basic("ada", "secret-typed-wrong"), Git, "ada/private", Write)
	w.ask(basic("secret-typed-as-name", "secret-typed-wrong"), Git, "ada/private", Write)
	_, err := w.gate.Identify(t.Context(), Credential{User: "ada", Secret: "secret-typed-wrong", Scheme: "ssh-password"}, Git)
	code(t, nil, err)
	_, err = w.gate.IdentifyKey(t.Context(), []byte("a key that nobody has"), "192.0.2.1:22")
	code(t, nil, err)
	w.audit.Close()
	list, err := w.db.Audit().Since(t.Context(), "", 1000)
	ok(t, err)
	var got []string
	for _, e := range list {
		if e.Outcome != "done" {
			got = append(got, strings.Join([]string{e.UserName, e.Credential, e.Door, e.Action, e.Resource, e.Outcome, e.Remote}, "|"))
		}
		if regexp.MustCompile(`secret-typed|jet_`).MatchString(e.UserName + e.Resource + e.Detail + e.Credential) {
			t.Errorf("a secret is on record: %+v", e)
		}
	}
	want := []string{
		"ada|token:" + id + "|git|repository.read|ada/private|wrong_kind|192.0.2.1",
		"ada||git|repository.write|ada/private|bad_credential|192.0.2.1",
		"||git|repository.write|ada/private|bad_credential|192.0.2.1",
		"ada||git|sign-in||bad_credential|",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

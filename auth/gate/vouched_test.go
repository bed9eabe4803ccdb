package gate

import (
	"net/http"
	"net/netip"
	"testing"

	"jeton/auth/signin"
)

// word is a request of a proxy's that names somebody.
func word(peer string, users ...string) Credential {
	return Credential{Scheme: "vouched", Remote: remote,
		Claim: &signin.Claim{Peer: netip.MustParseAddr(peer), Header: http.Header{"X-Forwarded-User": users}}}
}

// listening is a world that takes a proxy's word for git, with ada given to the proxy.
func listening(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	ok(t, w.signin.Set(t.Context(), root, signin.Headers, signin.Settings{"git": "true"}))
	ok(t, w.signin.Enable(t.Context(), root, signin.Headers))
	ok(t, w.signin.Link(t.Context(), root, signin.Headers, w.ada.ID, w.ada.Name))
	return w
}

func TestAProxysWordOpensGitWhereItMay(t *testing.T) {
	ctx := t.Context()
	set := func(name, value string) func(*world) {
		return func(w *world) {
			ok(w.t, w.signin.Set(ctx, root, signin.Headers, signin.Settings{name: value}))
		}
	}
	proxy := word("10.0.0.1", "ada")
	both, beside := proxy, proxy
	both.Secret, beside.User = "secret", "bob"
	for name, c := range map[string]struct {
		change func(w *world)
		cred   Credential
		door   Door
		path   string
		want   Code
		made   string // who is there afterwards, besides those of the world
	}{
		"her repository":            {nil, proxy, Git, "ada/private", "", ""},
		"a free path of hers":       {nil, proxy, Git, "ada/new", "create", ""},
		"no word":                   {nil, word("10.0.0.1"), Git, "ada/private", NoCredential, ""},
		"from elsewhere":            {nil, word("192.0.2.1", "ada"), Git, "ada/private", NoCredential, ""},
		"said twice":                {nil, word("10.0.0.1", "ada", "chief"), Git, "ada/private", BadCredential, ""},
		"somebody of this server":   {nil, word("10.0.0.1", "bob"), Git, "team/app", BadCredential, ""},
		"no name":                   {nil, word("10.0.0.1", "a/b"), Git, "ada/public", BadCredential, ""},
		"a new person":              {nil, word("10.0.0.1", "Grace"), Git, "Grace/new", "create", "Grace"},
		"a new person, not made":    {set("create", "false"), word("10.0.0.1", "grace"), Git, "ada/public", BadCredential, ""},
		"known, where none is made": {set("create", "false"), proxy, Git, "ada/private", "", ""},
		"not for git":               {set("git", "false"), word("10.0.0.1", "grace"), Git, "ada/private", NoCredential, ""},
		"the plug-in is off": {func(w *world) { ok(w.t, w.signin.Disable(ctx, root, signin.Headers)) },
			word("10.0.0.1", "grace"), Git, "ada/private", NoCredential, ""},
		"passwords are off": {func(w *world) { ok(w.t, w.signin.Disable(ctx, root, signin.Password)) }, proxy, Git, "ada/private", "", ""},
		"inactive":          {func(w *world) { ok(w.t, w.users.Deactivate(ctx, root, w.ada.ID)) }, proxy, Git, "ada/public", Inactive, ""},
		"tokens only for her": {func(w *world) { ok(w.t, w.users.RequireTokens(ctx, root, w.ada.ID)) },
			proxy, Git, "ada/private", TokensOnly, ""},
		"tokens only for all":   {func(w *world) { w.gate.o.NoGitPasswords = true }, word("10.0.0.1", "grace"), Git, "ada/private", NoCredential, ""},
		"a secret beside it":    {nil, both, Git, "ada/private", BadRequest, ""},
		"a user name beside it": {nil, beside, Git, "ada/private", BadRequest, ""},
		"the API":               {nil, proxy, API, "ada/private", BadRequest, ""},
		"a feed":                {nil, proxy, Feed, "ada/private", BadRequest, ""},
		"a view":                {nil, proxy, View, "ada/private", BadRequest, ""},
		"nothing of a proxy":    {nil, Credential{Scheme: "vouched"}, Git, "ada/public", BadCredential, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := listening(t)
			if c.change != nil {
				c.change(w)
			}
			access := Write
			if c.want == "" && c.door != Git || c.want == NoCredential {
				access = Read
			}
			if got := w.ask(c.cred, c.door, c.path, access); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, name := range []string{"grace", "a/b"} {
				if u, there := w.users.ByName(name); there != (c.made != "" && name == "grace") || there && (u.Admin || !u.Active) {
					t.Errorf("afterwards %s is there: %v, %+v", name, there, u)
				}
			}
		})
	}
}

func TestAProxysWordIsAskedAgain(t *testing.T) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		change func(w *world) error
		want   Code
	}{
		"nothing":               {func(*world) error { return nil }, ""},
		"the plug-in off":       {func(w *world) error { return w.signin.Disable(ctx, root, signin.Headers) }, SwitchedOff},
		"not for git any more":  {func(w *world) error { return w.signin.Set(ctx, root, signin.Headers, signin.Settings{"git": ""}) }, SwitchedOff},
		"given back":            {func(w *world) error { return w.signin.Link(ctx, root, signin.Password, w.ada.ID, "ada") }, SwitchedOff},
		"git takes tokens only": {func(w *world) error { w.gate.o.NoGitPasswords = true; return nil }, SwitchedOff},
		"she takes tokens only": {func(w *world) error { return w.users.RequireTokens(ctx, root, w.ada.ID) }, TokensOnly},
		"deactivated":           {func(w *world) error { return w.users.Deactivate(ctx, root, w.ada.ID) }, Inactive},
		"deleted": {func(w *world) error {
			for _, path := range []string{"ada/private", "ada/public", "ada/old", "team/app"} {
				ok(w.t, w.repos.SetOwner(ctx, root, "id-"+path, w.bob.ID))
			}
			return w.users.Delete(ctx, root, w.ada.ID)
		}, BadCredential},
		"archived":             {func(w *world) error { return w.repos.Archive(ctx, root, "id-ada/private") }, Archived},
		"a password of no use": {func(w *world) error { return w.users.SetPassword(ctx, root, w.ada.ID, "battery staple") }, ""},
		"the password plug-in": {func(w *world) error { return w.signin.Disable(ctx, root, signin.Password) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := listening(t)
			g, err := w.gate.Admit(ctx, word("10.0.0.1", "ada"), Git, Resource{Path: "ada/private"}, Write)
			ok(t, err)
			if g.Identity.UserID != w.ada.ID || g.Identity.Credential != "vouched" || !g.Identity.TokenExpiry.IsZero() {
				t.Fatalf("admitted %+v", g.Identity)
			}
			carried, err := FromProof(g.Identity.Proven.Proof())
			if err != nil || carried != g.Identity.Proven {
				t.Errorf("carried as text it is %+v, %v", carried, err)
			}
			ok(t, c.change(w))
			if got := again(t, g); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestARefusedWordIsRecorded looks into the audit record.
func TestARefusedWordIsRecorded(t *testing.T) {
	w := listening(t)
	ok(t, w.users.Deactivate(t.Context(), root, w.ada.ID))
	w.ask(word("10.0.0.1", "ada"), Git, "ada/private", Read)
	w.ask(word("10.0.0.1", "bob"), Git, "ada/private", Read)
	w.audit.Close()
	seen := map[string]bool{}
	rows, err := w.db.Audit().After(t.Context(), 0, 1000)
	ok(t, err)
	for _, row := range rows {
		seen[row.Outcome+" "+row.UserName+" "+row.Credential] = true
	}
	if !seen["inactive ada vouched"] || !seen["bad_credential  "] {
		t.Errorf("recorded %v", seen)
	}
}

// TestAPasswordOfADirectorysPersonIsAskedAgain gives an account with a password of its own to a directory that then judges it.
func TestAPasswordOfADirectorysPersonIsAskedAgain(t *testing.T) {
	w := listening(t)
	q := Credential{Proven: Proven{UserID: w.ada.ID, Stamp: signin.Stamp("")}, Remote: remote} // as ldap's yes becomes
	if got := w.ask(q, Git, "ada/private", Write); got != "" {
		t.Errorf("of a directory, with an old password stored: got %q", got)
	}
	ok(t, w.signin.Link(t.Context(), root, signin.Password, w.ada.ID, "ada"))
	if got := w.ask(q, Git, "ada/private", Write); got != BadCredential {
		t.Errorf("given back: got %q", got)
	}
}

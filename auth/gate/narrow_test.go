package gate

import (
	"context"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
)

// TestTokenIsTakenFromItsNetworksAlone asks from many addresses, at the door and once more on the way.
func TestTokenIsTakenFromItsNetworksAlone(t *testing.T) {
	w := newWorld(t)
	_, bound := w.mint(w.ada, token.VCS, from("192.0.2.0/24", "2001:db8::/32"))
	_, free := w.mint(w.ada, token.VCS)
	for _, c := range []struct {
		from string // "" is not known
		want Code
	}{
		{"192.0.2.1", ""}, {"192.0.2.255", ""}, {"2001:db8::7", ""}, {"::ffff:192.0.2.9", ""},
		{"192.0.3.1", WrongNetwork}, {"2001:db9::7", WrongNetwork}, {"127.0.0.1", WrongNetwork}, {"", WrongNetwork},
	} {
		at := netip.Addr{}
		if c.from != "" {
			at = netip.MustParseAddr(c.from)
		}
		for _, scheme := range []string{"basic", "bearer", "ssh-password"} {
			if got := w.ask(Credential{Secret: bound, Scheme: scheme, Remote: at}, Git, "ada/private", Write); got != c.want {
				t.Errorf("by %s from %q: got %q, want %q", scheme, c.from, got, c.want)
			}
		}
		if got := w.ask(Credential{Secret: free, Scheme: "basic", Remote: at}, Git, "ada/private", Write); got != "" {
			t.Errorf("a token without networks from %q: got %q", c.from, got)
		}
	}
	id, err := w.gate.Identify(t.Context(), by("ssh-password", bound), Git)
	ok(t, err)
	elsewhere := Credential{Proven: id.Proven, Remote: netip.MustParseAddr("203.0.113.9")}
	if got := w.ask(elsewhere, Git, "ada/private", Read); got != WrongNetwork {
		t.Errorf("proven and then from elsewhere: got %q", got)
	}
	if _, err := w.gate.Readable(t.Context(), elsewhere, 9); code(t, nil, err) != WrongNetwork {
		t.Errorf("the list for somebody elsewhere: got %v", err)
	}
	_, err = w.gate.Admit(t.Context(), Credential{Secret: bound, Scheme: "basic", Remote: elsewhere.Remote}, Git, Resource{Path: "ada/private"}, Read)
	if r := AsRefused(err); r == nil || !strings.Contains(r.Sentence, "203.0.113.9") || strings.Contains(r.Sentence, "192.0.2") {
		t.Errorf("got %v, want a sentence that names the client's address and not the networks", err)
	}
}

// TestWhatIsSaidFirst holds tokens with two faults: kind, alive, network, switched on, active, scope, permission.
func TestWhatIsSaidFirst(t *testing.T) {
	w := newWorld(t)
	mint := func(u access.User, k token.Kind, more ...func(*token.Request)) string {
		_, text := w.mint(u, k, more...)
		return text
	}
	soon := until(noon.Add(time.Second))
	cases := []struct {
		name   string
		secret string
		path   string
		a      Access
		want   Code
		// off and inactive switch what there is to switch before the question.
		off, inactive bool
	}{
		{"a decoy of the wrong kind", mint(w.ada, token.Web, decoy), "ada/private", Read, BadCredential, true, true},
		{"kind before alive", mint(w.ada, token.Feed, soon), "ada/private", Read, WrongKind, true, true},
		{"alive before network", mint(w.ada, token.VCS, soon, from("10.0.0.0/8")), "ada/private", Read, Expired, true, true},
		{"network before the switch", mint(w.ada, token.VCS, from("10.0.0.0/8")), "ada/private", Read, WrongNetwork, true, true},
		{"the switch before the person", mint(w.ada, token.VCS), "ada/private", Read, SwitchedOff, true, true},
		{"the person before the scope", mint(w.ada, token.VCS, boundTo("team/app")), "ada/private", Read, Inactive, false, true},
		{"the scope before the permission", mint(w.ada, token.VCS, boundTo("team/app"), readOnly), "ada/private", Write, NotFound, false, false},
		{"read only before archived", mint(w.ada, token.VCS, readOnly), "ada/old", Write, ReadOnly, false, false},
	}
	w.set(noon.Add(time.Minute))
	for _, c := range cases {
		if c.off {
			ok(t, w.signin.Disable(t.Context(), root, "token"))
		}
		if c.inactive {
			ok(t, w.users.Deactivate(t.Context(), root, w.ada.ID))
		}
		if got := w.ask(basic("", c.secret), Git, c.path, c.a); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		ok(t, w.signin.Enable(t.Context(), root, "token"))
		ok(t, w.users.Activate(t.Context(), root, w.ada.ID))
	}
}

// TestDeployTokenActsAsNoPerson: it opens what it belongs to, whatever becomes of people, and nothing else.
func TestDeployTokenActsAsNoPerson(t *testing.T) {
	w := newWorld(t)
	text := w.deploy(token.VCS, "ada/private")
	reads := w.deploy(token.VCS, "ada/private", readOnly)
	grant, err := w.gate.Admit(t.Context(), basic("token", text), Git, Resource{Path: "ada/private"}, Write)
	ok(t, err)
	if id := grant.Identity; id.UserID != "" || id.UserName != "deploy token test" || id.Email != "" || id.Admin || id.TokenLine == "" || !strings.HasPrefix(id.Credential, "token:") {
		t.Errorf("it is %+v", id)
	}
	ok(t, w.users.Deactivate(t.Context(), root, w.ada.ID))
	ok(t, grant.Again(t.Context()))
	for _, c := range []struct {
		name, secret, user, path string
		d                        Door
		a                        Access
		want                     Code
	}{
		{"reads its own", text, "", "ada/private", Git, Read, ""},
		{"writes its own", text, "git", "ada/private", Git, Write, ""},
		{"nobody's name stands beside it", text, "ada", "ada/private", Git, Read, BadCredential},
		{"read only", reads, "", "ada/private", Git, Write, ReadOnly},
		{"another's", text, "", "team/app", Git, Read, NotFound},
		{"a public one", text, "", "ada/public", Git, Read, NotFound},
		{"nothing", text, "", "ada/none", Git, Read, NotFound},
		{"makes nothing", text, "", "ada/private/new", Git, Write, NotFound},
		{"not the feed's", text, "", "ada/private", Feed, Read, WrongKind},
	} {
		if got := w.ask(basic(c.user, c.secret), c.d, c.path, c.a); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	list, err := w.gate.Readable(t.Context(), by("ssh-password", text), 9)
	if ok(t, err); len(list) != 1 || list[0].Path != "ada/private" {
		t.Errorf("it may read %v", list)
	}
	ok(t, w.repos.Archive(t.Context(), root, "id-ada/private"))
	if got := w.ask(basic("", text), Git, "ada/private", Write); got != Archived {
		t.Errorf("writes to the archived: got %q", got)
	}
}

// TestRefsOfATokenGoWithItsGrant: what it may write is for those who move refs, and does not matter to who reads.
func TestRefsOfATokenGoWithItsGrant(t *testing.T) {
	w := newWorld(t)
	refs := token.Refs{Patterns: []string{"refs/heads/renovate/*"}, FastForwardOnly: true}
	_, text := w.mint(w.ada, token.VCS, func(q *token.Request) { q.Refs = refs })
	for a, want := range map[Access]token.Refs{Write: refs, Read: {}} {
		grant, err := w.gate.Admit(t.Context(), basic("", text), Git, Resource{Path: "ada/private"}, a)
		if ok(t, err); !reflect.DeepEqual(grant.Refs, want) {
			t.Errorf("to %s: got %+v, want %+v", a, grant.Refs, want)
		}
	}
	grant, err := w.gate.Admit(t.Context(), basic("", text), Git, Resource{Path: "ada/new"}, Write)
	if ok(t, err); !grant.Create || !reflect.DeepEqual(grant.Refs, refs) {
		t.Errorf("to make one: got %+v", grant)
	}
}

// TestRightsOfAnAPIToken: what is reserved needs the right, and of administrators the person too.
func TestRightsOfAnAPIToken(t *testing.T) {
	w := newWorld(t)
	with := func(rights ...token.Right) func(*token.Request) {
		return func(q *token.Request) { q.Rights = rights }
	}
	_, plain := w.mint(w.chief, token.API)
	_, admin := w.mint(w.chief, token.API, with(token.RightAdmin, token.RightTokens))
	_, adas := w.mint(w.ada, token.API, with(token.RightTokens))
	for _, c := range []struct {
		name, secret string
		right        token.Right
		want         Code
	}{
		{"needs none", plain, "", ""},
		{"an administrator's without it", plain, token.RightAdmin, NoRight},
		{"with it", admin, token.RightAdmin, ""},
		{"another one that it has", admin, token.RightTokens, ""},
		{"another one that it has not", admin, token.RightAccount, NoRight},
		{"somebody's", adas, token.RightTokens, ""},
		{"somebody's, for administrators", adas, token.RightAdmin, NoRight},
	} {
		for _, path := range []string{"", "ada/public"} { // about the server, and about a repository
			access := Write
			if path != "" {
				access = Read
			}
			g, err := w.gate.Admit(t.Context(), by("body", c.secret), API, Resource{Path: path, Right: c.right}, access)
			if got := code(t, g, err); got != c.want {
				t.Errorf("%s, path %q: got %q, want %q", c.name, path, got, c.want)
			}
		}
	}
}

// TestAlarms: a decoy is refused to the letter as what is no token, and somebody hears of it; so does the owner of a
// token that is used after it was replaced.
func TestAlarms(t *testing.T) {
	w := newWorld(t)
	var heard []Alarm
	o := w.options(func() time.Time { return *w.now.Load() })
	o.Notify = func(_ context.Context, a Alarm) { heard = append(heard, a) }
	g := New(o)
	id, text := w.mint(w.ada, token.VCS, decoy)
	old := w.rotated(token.VCS, token.NoOverlap)
	_, good := w.mint(w.ada, token.VCS)
	ask := func(secret, user string) *Refused {
		heard = nil
		_, err := g.Admit(t.Context(), basic(user, secret), Git, Resource{Path: "ada/private"}, Read)
		return AsRefused(err)
	}
	told := func(r *Refused) Refused {
		return Refused{Code: r.Code, Sentence: r.Sentence, Told: r.Told, RetryAfter: r.RetryAfter}
	}
	unknown := ask(forged(t), "")
	if unknown == nil || len(heard) != 0 {
		t.Fatalf("an unknown token: %v, alarms %v", unknown, heard)
	}
	for _, user := range []string{"", "ada", "bob"} {
		r := ask(text, user)
		if r == nil || !reflect.DeepEqual(told(r), told(unknown)) {
			t.Errorf("a decoy beside %q is refused as %+v, an unknown token as %+v", user, r, unknown)
		}
		if len(heard) != 1 || heard[0].Kind != DecoyTried || heard[0].TokenID != id || heard[0].Remote != remote || heard[0].Resource != "ada/private" || heard[0].Door != Git {
			t.Errorf("beside %q: heard %+v", user, heard)
		}
	}
	if r := ask(old, ""); r == nil || r.Code != Rotated || len(heard) != 1 || heard[0].Kind != RotatedTried || heard[0].UserID != w.ada.ID {
		t.Errorf("a rotated token: %v, heard %+v", r, heard)
	}
	if r := ask(good, ""); r != nil || len(heard) != 0 {
		t.Errorf("a good token: %v, heard %+v", r, heard)
	}
	if _, err := g.Identify(t.Context(), by("ssh-password", text), Git); AsRefused(err) == nil || len(heard) != 1 {
		t.Errorf("over SSH: %v, heard %+v", err, heard)
	}
}

// forged is a text in the form of a token that nobody has made.
func forged(t testing.TB) string {
	t.Helper()
	const text = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	if _, err := token.Parse(text); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPasswordsOpenGitUnlessTokensAreAsked: before anything is judged, so that nobody may guess by git.
func TestPasswordsOpenGitUnlessTokensAreAsked(t *testing.T) {
	w := newWorld(t)
	o := w.options(func() time.Time { return *w.now.Load() })
	o.NoGitPasswords = true
	g := New(o)
	id, err := w.gate.Identify(t.Context(), Credential{User: "ada", Secret: password, Scheme: "ssh-password"}, Git)
	ok(t, err)
	for name, c := range map[string]Credential{"right": basic("ada", password), "wrong": basic("ada", "x"), "proven before": {Proven: id.Proven}} {
		_, err := g.Admit(t.Context(), c, Git, Resource{Path: "ada/private"}, Read)
		if r := AsRefused(err); r == nil || r.Code != TokensOnly || !r.Told || !strings.Contains(r.Sentence, "jeton token create --kind vcs") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, text := w.mint(w.ada, token.VCS)
	_, err = g.Admit(t.Context(), basic("ada", text), Git, Resource{Path: "ada/private"}, Write)
	ok(t, err)
}

// TestPasswordOfSomeonesOpensNoGit where that was laid down for the person: said to who knows the password alone.
func TestPasswordOfSomeonesOpensNoGit(t *testing.T) {
	w := newWorld(t)
	id, err := w.gate.Identify(t.Context(), Credential{User: "ada", Secret: password, Scheme: "ssh-password"}, Git)
	ok(t, err)
	ok(t, w.users.RequireTokens(t.Context(), root, w.ada.ID))
	for name, c := range map[string]struct {
		c    Credential
		want Code
	}{
		"right": {basic("ada", password), TokensOnly}, "wrong": {basic("ada", "x"), BadCredential},
		"proven before": {Credential{Proven: id.Proven}, TokensOnly}, "another's": {basic("bob", password+" bob"), ""},
	} {
		if got := w.ask(c.c, Git, "ada/private", Read); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	_, text := w.mint(w.ada, token.VCS)
	if got := w.ask(basic("ada", text), Git, "ada/private", Write); got != "" {
		t.Errorf("a token: got %q", got)
	}
}

// TestTokenOfAGroupOpensWhatLiesInIt, at any depth, also what comes later, and moves with it.
func TestTokenOfAGroupOpensWhatLiesInIt(t *testing.T) {
	w := newWorld(t)
	team, there := w.repos.Group("team")
	if !there {
		t.Fatal("team/app lies in no group")
	}
	_, bound := w.mint(w.ada, token.VCS, func(q *token.Request) { q.Groups = []string{team.ID} })
	_, deploy := w.mint(access.User{}, token.VCS, func(q *token.Request) { q.Deploy.GroupID = team.ID })
	w.addRepo("team/web/site", w.ada, true)
	for path, want := range map[string]Code{"team/app": "", "team/web/site": "", "ada/private": NotFound, "team/none": NotFound} {
		for name, text := range map[string]string{"bound": bound, "deploy": deploy} {
			if got := w.ask(basic("", text), Git, path, Write); got != want {
				t.Errorf("%s token at %s: got %q, want %q", name, path, got, want)
			}
		}
	}
	list, err := w.gate.Readable(t.Context(), by("ssh-password", deploy), 9)
	if ok(t, err); len(list) != 2 {
		t.Errorf("the deploy token may read %v", list)
	}
	ok(t, w.repos.SetGroupOwner(t.Context(), root, team.ID, w.ada.ID))
	a, err := w.gate.About(t.Context(), by("bearer", bound))
	if ok(t, err); strings.Join(a.Groups, " ") != "team" || a.Repositories != nil {
		t.Errorf("it is told of %v and %v", a.Groups, a.Repositories)
	}
}

// TestTokenAsksAboutItself: of any kind, in three places, so long as it is alive.
func TestTokenAsksAboutItself(t *testing.T) {
	w := newWorld(t)
	for kind := range opens {
		id, text := w.mint(w.ada, kind, boundTo("ada/private", "team/app"))
		for _, scheme := range []string{"basic", "bearer", "header"} {
			a, err := w.gate.About(t.Context(), by(scheme, text))
			if ok(t, err); a.Token.ID != id || a.UserID != w.ada.ID || strings.Join(a.Repositories, " ") != "ada/private team/app" || a.Token.Repositories != nil {
				t.Errorf("%s by %s: got %+v", kind, scheme, a)
			}
		}
		if _, err := w.gate.Admit(t.Context(), by("bearer", text), Self, Resource{Path: "ada/private"}, Read); code(t, nil, err) != BadRequest {
			t.Errorf("%s: the door opens a repository: %v", kind, err)
		}
		if _, err := w.gate.About(t.Context(), by("query", text)); code(t, nil, err) != BadRequest {
			t.Errorf("%s in a query: got %v", kind, err)
		}
		ok(t, w.tokens.Revoke(t.Context(), root, id))
		if _, err := w.gate.About(t.Context(), by("bearer", text)); code(t, nil, err) != Revoked {
			t.Errorf("revoked %s: got %v", kind, err)
		}
	}
	_, bobs := w.mint(w.bob, token.VCS, boundTo("ada/private", "ada/old"))
	a, err := w.gate.About(t.Context(), by("bearer", bobs))
	if ok(t, err); strings.Join(a.Repositories, " ") != "ada/private" {
		t.Errorf("it is told of %v, of which its owner may read ada/private alone", a.Repositories)
	}
	for name, c := range map[string]struct {
		c    Credential
		want Code
	}{"a password": {basic("ada", password), BadCredential}, "nothing": {Credential{}, NoCredential}, "a forged one": {by("bearer", forged(t)), BadCredential}} {
		if _, err := w.gate.About(t.Context(), c.c); code(t, nil, err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

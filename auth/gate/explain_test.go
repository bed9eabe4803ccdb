package gate

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/auth/token"
)

// TestExplainAgreesWithTheDoor asks about many tokens, and then tries each: what is explained is what happens.
func TestExplainAgreesWithTheDoor(t *testing.T) {
	w := newWorld(t)
	revokedID, _ := w.mint(w.ada, token.VCS)
	ok(t, w.tokens.Revoke(t.Context(), root, revokedID))
	make := func(kind token.Kind, more ...func(*token.Request)) string {
		_, text := w.mint(w.ada, kind, more...)
		return text
	}
	_, bobs := w.mint(w.bob, token.VCS)
	old := w.rotated(token.VCS, token.NoOverlap)
	deploy := w.deploy(token.VCS, "ada/private")
	short := make(token.VCS, until(noon.Add(time.Second)))
	w.set(noon.Add(time.Minute))
	for _, c := range []struct {
		name, secret, repo string
		a                  Access
		no, why            string // the first check that says no, and words of why; "" for none
	}{
		{"all well", make(token.VCS), "ada/private", Write, "", ""},
		{"a decoy", make(token.VCS, decoy), "ada/private", Read, "genuine", "a decoy"},
		{"expired", short, "ada/private", Read, "alive", "expired on"},
		{"rotated", old, "ada/private", Read, "alive", "replaced"},
		{"from elsewhere", make(token.VCS, from("10.0.0.0/8")), "ada/private", Read, "network", "192.0.2.1"},
		{"another repository", make(token.VCS, boundTo("team/app")), "ada/private", Read, "scope", "bound to other"},
		{"nothing there", make(token.VCS), "ada/none", Read, "repository", "no repository"},
		{"not readable", bobs, "ada/old", Read, "permission", "bob may not read"},
		{"not writable", bobs, "ada/private", Write, "write", "may read this repository, but not push"},
		{"a token that reads", make(token.VCS, readOnly), "ada/private", Write, "write", "only read"},
		{"archived", make(token.VCS), "ada/old", Write, "write", "archived"},
		{"a feed is not written", make(token.Feed), "ada/private", Write, "write", "Nothing can be changed"},
		{"a deploy token", deploy, "ada/private", Write, "", ""},
		{"a deploy token elsewhere", deploy, "ada/public", Read, "scope", "bound to other"},
		{"narrow refs", make(token.VCS, func(q *token.Request) { q.Refs.Patterns = []string{"refs/heads/x"} }), "ada/private", Write, "", ""},
	} {
		secret, err := token.Parse(c.secret)
		ok(t, err)
		e, err := w.gate.Explain(t.Context(), Query{Secret: secret, Repo: c.repo, Access: c.a, From: remote})
		ok(t, err)
		var no Step
		for _, s := range e.Steps {
			if s.Why == "" {
				t.Errorf("%s: %s says nothing", c.name, s.Name)
			}
			if !s.OK && no.Name == "" {
				no = s
			}
		}
		if no.Name != c.no || !strings.Contains(no.Why, c.why) || e.Allowed != (c.no == "") || e.Owner == "" {
			t.Errorf("%s: got %+v, want the first no at %q with %q", c.name, e, c.no, c.why)
		}
		door := doorOf(secret.Kind())
		if got := w.ask(basic("", c.secret), door, c.repo, c.a); (got == "") != e.Allowed {
			t.Errorf("%s: explained as %t, answered %q", c.name, e.Allowed, got)
		}
	}
	e, err := w.gate.Explain(t.Context(), Query{TokenID: revokedID})
	if ok(t, err); e.Allowed || len(e.Steps) != 6 || e.Steps[2].OK || !strings.Contains(e.Steps[2].Why, "revoked on") {
		t.Errorf("a revoked one by its id: %+v", e)
	}
	for name, q := range map[string]Query{"no id": {TokenID: "x"}, "nothing": {}} {
		if _, err := w.gate.Explain(t.Context(), q); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestExplainLeavesNoTrace: looking at a decoy is no alarm and no use.
func TestExplainLeavesNoTrace(t *testing.T) {
	w := newWorld(t)
	id, _ := w.mint(w.ada, token.VCS)
	_, err := w.gate.Explain(t.Context(), Query{TokenID: id, Repo: "ada/private", From: netip.MustParseAddr("192.0.2.9")})
	ok(t, err)
	if now, _ := w.tokens.Show(id); now.Uses != 0 {
		t.Errorf("it counts as %d uses", now.Uses)
	}
}

package gate

import (
	"context"
	"fmt"
	"testing"

	"jeton/auth/access"
	"jeton/auth/token"
)

// circumstance is one row of the product of all that decides at git's door once the credential itself is good.
type circumstance struct {
	level    access.Level // what ada was given on bob's repository
	private  bool
	archived bool
	holder   string // guest, password, write, read: what ada comes with
	scope    string // all, this, other: what her token is bound to
	asked    Access
}

// ruling says in the words of the contract what must be answered. It shares no code with the gate.
func (c circumstance) ruling() Code {
	mayRead := !c.private
	if c.holder != "guest" && c.level >= access.Read {
		mayRead = true
	}
	isToken := c.holder == "write" || c.holder == "read"
	if isToken && c.scope == "other" {
		mayRead = false
	}
	switch {
	case c.holder == "guest" && (!mayRead || c.asked == Write):
		return NoCredential // git asks for one
	case !mayRead:
		return NotFound // as if it were not there
	case c.asked == Read:
		return ""
	case c.holder == "read":
		return ReadOnly
	case c.level < access.Write:
		return ReadOnly
	case c.archived:
		return Archived
	}
	return ""
}

func circumstances() []circumstance {
	var all []circumstance
	for _, level := range []access.Level{access.None, access.Read, access.Write, access.Admin} {
		for _, private := range []bool{true, false} {
			for _, archived := range []bool{true, false} {
				for _, holder := range []string{"guest", "password", "write", "read"} {
					for _, scope := range []string{"all", "this", "other"} {
						for _, asked := range []Access{Read, Write} {
							all = append(all, circumstance{level, private, archived, holder, scope, asked})
						}
					}
				}
			}
		}
	}
	return all
}

// TestEveryCircumstanceHasTheContractsRuling sets up all 384 circumstances and asks, by path and by id, and again.
func TestEveryCircumstanceHasTheContractsRuling(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, path := range []string{"bob/this", "bob/other"} {
		w.addRepo(path, w.bob, true)
	}
	tokens := map[string]Credential{"guest": {}}
	for _, a := range []token.Access{token.Write, token.Read} {
		for scope, bound := range map[string][]string{"all": nil, "this": {"bob/this", "bob/other"}, "other": {"bob/other"}} {
			_, text := w.mint(w.ada, token.VCS, boundTo(bound...), func(q *token.Request) { q.Access = a })
			tokens[string(a)+scope] = basic("git", text)
		}
	}
	for _, c := range circumstances() {
		ok(t, w.repos.Give(ctx, root, "id-bob/this", w.ada.ID, c.level))
		ok(t, w.db.Repositories().SetPrivate(ctx, "id-bob/this", c.private))
		ok(t, w.db.Repositories().SetArchived(ctx, "id-bob/this", c.archived))
		cred := tokens[c.holder+c.scope]
		if c.holder == "password" {
			cred = basic("ada", password)
		}
		for _, res := range []Resource{{Path: "bob/this"}, {Path: "BOB/This"}, {RepoID: "id-bob/this"}} {
			grant, err := w.gate.Admit(ctx, cred, Git, res, c.asked)
			if got, want := code(t, grant, err), c.ruling(); got != want {
				t.Errorf("%+v at %+v: got %q, want %q", c, res, got, want)
			}
			if err == nil {
				c.whole(t, grant)
				ok(t, grant.Again(ctx))
			}
		}
	}
}

// whole looks at what a yes tells the engine.
func (c circumstance) whole(t *testing.T, g *Grant) {
	t.Helper()
	want := Repo{ID: "id-bob/this", Path: "bob/this", Public: !c.private, Archived: c.archived}
	if g.Repo != want || g.Access != c.asked || g.Create {
		t.Errorf("%+v: got %+v", c, g)
	}
	if name := g.Identity.UserName; (name == "ada") == (c.holder == "guest") {
		t.Errorf("%+v: got identity %+v", c, g.Identity)
	}
	how := map[string]string{"guest": "", "password": "password", "write": "token:" + g.Identity.Proven.TokenID,
		"read": "token:" + g.Identity.Proven.TokenID}[c.holder]
	if g.Identity.Credential != how {
		t.Errorf("%+v: got credential %q, want %q", c, g.Identity.Credential, how)
	}
}

// TestEveryRefusalIsWholeAndLeaksNothing makes one refusal of each code and looks at what may reach a client.
func TestEveryRefusalIsWholeAndLeaksNothing(t *testing.T) {
	all := map[Code]error{
		NoCredential: noCredential(), BadCredential: badCredential("unknown token"), BadRequest: twoCredentials(),
		Expired: expired(noon), Revoked: revoked(noon), Inactive: inactive("ada"), SwitchedOff: tokensOff(),
		ReadOnly: readOnlyToken(), NotFound: notFound("out of scope"), Archived: archived(), TooMany: tooMany(1),
	}
	for want, err := range all {
		r := AsRefused(fmt.Errorf("admit: %w", err))
		if r == nil || r.Code != want || r.Sentence == "" || r.Reason == "" || r.Error() != r.Sentence {
			t.Errorf("%s: got %+v", want, r)
			continue
		}
		if (r.RetryAfter > 0) != (want == TooMany) {
			t.Errorf("%s: got RetryAfter %v", want, r.RetryAfter)
		}
	}
	for _, code := range []Code{BadCredential, NotFound} {
		if r := AsRefused(all[code]); r.Reason == r.Sentence {
			t.Errorf("%s tells the client its reason", code)
		}
	}
	if AsRefused(nil) != nil || AsRefused(context.Canceled) != nil {
		t.Error("a failure is taken for a refusal")
	}
}

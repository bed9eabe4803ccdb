package gate

import (
	"context"
	"errors"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
)

// let is who a token's holder is at the door of feeds, where they may read a repository.
func (w *world) let(text, path string) Identity {
	w.t.Helper()
	g, err := w.gate.Admit(context.Background(), by("bearer", text), Feed, Resource{Path: path}, Read)
	ok(w.t, err)
	return g.Identity
}

func TestReadsFollowsWhatIsTrueNow(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	id, text := w.mint(w.bob, token.Feed, until(noon.Add(time.Hour)))
	bob := w.let(text, "team/app")
	_, text = w.mint(w.ada, token.Feed, boundTo("ada/private"))
	bound := w.let(text, "ada/private")
	deployed := w.let(w.deploy(token.Feed, "team/app"), "team/app")
	reads := func(when string, who Identity, path string, want bool) {
		t.Helper()
		r, got := w.gate.Reads(who, "id-"+path)
		if got != want || got && (r.ID != "id-"+path || r.Path != path) {
			t.Errorf("%s: %s reads %s: %v %+v, want %v", when, who.UserName, path, got, r, want)
		}
	}
	guest := Identity{}
	for path, want := range map[string][4]bool{ // bob, bound, deployed, guest
		"ada/private": {true, true, false, false}, "ada/public": {true, false, false, true}, "ada/old": {false, false, false, false},
		"team/app": {true, false, true, false}, "none": {false, false, false, false},
	} {
		for i, who := range []Identity{bob, bound, deployed, guest} {
			reads("at first", who, path, want[i])
		}
	}
	ok(t, w.repos.Take(ctx, root, "id-team/app", w.bob.ID))
	reads("what was given was taken back", bob, "team/app", false)
	ok(t, w.users.Deactivate(ctx, root, w.bob.ID))
	reads("deactivated", bob, "ada/private", false)
	ok(t, w.users.Activate(ctx, root, w.bob.ID))
	reads("active again", bob, "ada/private", true)
	w.set(noon.Add(2 * time.Hour))
	reads("the token expired", bob, "ada/private", false)
	w.set(noon)
	ok(t, w.tokens.Revoke(ctx, root, id))
	reads("the token was revoked", bob, "ada/private", false)
	reads("a person without a token", Identity{UserID: w.ada.ID}, "ada/private", false)
}

func TestWhoCouldReadADeletedRepositoryIsToldThatItIsGone(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	failing := false
	w.gate.o.Deleted = func(_ context.Context, path string) ([]access.Repository, error) {
		if failing {
			return nil, errors.New("the database is away")
		}
		if path != "team/app" {
			return nil, nil
		}
		return []access.Repository{{ID: "id-team/app", Path: "team/app", OwnerID: w.ada.ID, Private: true}}, nil
	}
	tokens := map[string]string{"guest": ""}
	for name, u := range map[string]access.User{"ada": w.ada, "bob": w.bob, "eve": w.eve, "chief": w.chief} {
		_, tokens[name] = w.mint(u, token.Feed)
	}
	_, tokens["bound"] = w.mint(w.ada, token.Feed, boundTo("ada/private"))
	_, tokens["within"] = w.mint(w.bob, token.Feed, boundTo("team/app"))
	ok(t, w.db.Repositories().Trash(ctx, "id-team/app", noon))
	ask := func(name string, d Door, path string) (*Grant, error) {
		c := Credential{Remote: remote}
		if tokens[name] != "" {
			c = by("bearer", tokens[name])
		}
		return w.gate.Admit(ctx, c, d, Resource{Path: path}, Read)
	}
	for name, want := range map[string]Code{"guest": NoCredential, "ada": Gone, "bob": Gone, "eve": NotFound, "chief": Gone, "bound": NotFound, "within": Gone} {
		g, err := ask(name, Feed, "team/app")
		if got := code(t, g, err); got != want {
			t.Errorf("%s is answered %s, want %s", name, got, want)
		}
		g, err = ask(name, Feed, "team/none")
		if got := code(t, g, err); got != NotFound && got != NoCredential {
			t.Errorf("%s, of what never was, is answered %s", name, got)
		}
	}
	_, vcs := w.mint(w.ada, token.VCS)
	if got := w.ask(by("bearer", vcs), Git, "team/app", Read); got != NotFound {
		t.Errorf("git is answered %s", got)
	}
	failing = true
	if _, err := ask("ada", Feed, "team/app"); err == nil || AsRefused(err) != nil && AsRefused(err).Code == Gone {
		t.Errorf("while the database is away: %v", err)
	}
}

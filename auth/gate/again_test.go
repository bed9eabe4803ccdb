package gate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/signin"
	"jeton/auth/token"
)

// again is what asking a Grant once more comes to.
func again(t *testing.T, g *Grant) Code {
	t.Helper()
	if err := g.Again(t.Context()); err != nil {
		return code(t, nil, err)
	}
	return ""
}

// TestAgainAsksEverythingOnceMore admits somebody, changes one thing, and asks the Grant again.
func TestAgainAsksEverythingOnceMore(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		change               func(w *world, tokenID, keyID string) error
		token, password, key Code
	}{
		"nothing":          {func(*world, string, string) error { return nil }, "", "", ""},
		"token revoked":    {func(w *world, id, _ string) error { return w.tokens.Revoke(ctx, root, id) }, Revoked, "", ""},
		"token expired":    {func(w *world, _, _ string) error { w.set(noon.Add(2 * time.Hour)); return nil }, Expired, "", ""},
		"token deleted":    {func(w *world, id, _ string) error { return w.db.Tokens().Delete(ctx, id) }, BadCredential, "", ""},
		"token plug-in":    {func(w *world, _, _ string) error { return w.signin.Disable(ctx, root, signin.Token) }, SwitchedOff, "", ""},
		"password plug-in": {func(w *world, _, _ string) error { return w.signin.Disable(ctx, root, signin.Password) }, "", SwitchedOff, ""},
		"another password": {func(w *world, _, _ string) error {
			return w.users.SetPassword(ctx, root, w.bob.ID, "battery staple")
		}, "", BadCredential, ""},
		"the same password again": {func(w *world, _, _ string) error {
			return w.users.SetPassword(ctx, root, w.bob.ID, password+" bob")
		}, "", BadCredential, ""},
		"key removed":  {func(w *world, _, id string) error { return w.keys.Remove(ctx, root, id) }, "", "", BadCredential},
		"deactivated":  {func(w *world, _, _ string) error { return w.users.Deactivate(ctx, root, w.bob.ID) }, Inactive, Inactive, Inactive},
		"user deleted": {func(w *world, _, _ string) error { return w.users.Delete(ctx, root, w.bob.ID) }, BadCredential, BadCredential, BadCredential},
		"lowered to read": {func(w *world, _, _ string) error {
			return w.repos.Give(ctx, root, "id-team/app", w.bob.ID, access.Read)
		}, ReadOnly, ReadOnly, ReadOnly},
		"permission taken": {func(w *world, _, _ string) error {
			return w.repos.Take(ctx, root, "id-team/app", w.bob.ID)
		}, NotFound, NotFound, NotFound},
		"archived": {func(w *world, _, _ string) error { return w.repos.Archive(ctx, root, "id-team/app") }, Archived, Archived, Archived},
		"deleted":  {func(w *world, _, _ string) error { return w.db.Repositories().Delete(ctx, "id-team/app") }, NotFound, NotFound, NotFound},
		"renamed": {func(w *world, _, _ string) error {
			return w.db.Repositories().Rename(ctx, "id-team/app", "team/other", "team/other")
		}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tokenID, text := w.mint(w.bob, token.VCS, until(noon.Add(time.Hour)))
			keyID, wire := w.addKey(w.bob)
			id, err := w.gate.IdentifyKey(ctx, wire, "192.0.2.1:1234")
			ok(t, err)
			grants := map[Code][]*Grant{}
			for _, g := range []struct {
				cred Credential
				want Code
			}{{basic("bob", text), c.token}, {basic("bob", password+" bob"), c.password}, {Credential{Proven: id.Proven}, c.key}} {
				grant, err := w.gate.Admit(ctx, g.cred, Git, Resource{Path: "team/app"}, Write)
				ok(t, err)
				grants[g.want] = append(grants[g.want], grant)
			}
			ok(t, c.change(w, tokenID, keyID))
			for want, list := range grants {
				for _, g := range list {
					if got := again(t, g); got != want {
						t.Errorf("%s: got %q, want %q", g.Identity.Credential, got, want)
					}
				}
			}
		})
	}
}

func TestAgainAfterAPushCreatedTheRepository(t *testing.T) {
	w := newWorld(t)
	_, text := w.mint(w.ada, token.VCS)
	g, err := w.gate.Admit(t.Context(), basic("", text), Git, Resource{Path: "ada/new"}, Write)
	ok(t, err)
	if !g.Create || g.Repo.ID != "" || g.Repo.Path != "ada/new" || g.Identity.UserID != w.ada.ID {
		t.Fatalf("got %+v", g)
	}
	ok(t, g.Again(t.Context()))
	w.addRepo("ada/new", w.ada, true) // by this push
	ok(t, g.Again(t.Context()))
	ok(t, w.repos.SetOwner(t.Context(), root, "id-ada/new", w.eve.ID)) // by somebody else in the meantime
	home, _ := w.repos.Group("ada")
	ok(t, w.repos.SetGroupOwner(t.Context(), root, home.ID, ""))
	if got := AsRefused(g.Again(t.Context())); got == nil || got.Code != NotFound {
		t.Fatalf("got %v", got)
	}
}

func TestAgainForAGuest(t *testing.T) {
	w := newWorld(t)
	g, err := w.gate.Admit(t.Context(), Credential{}, Git, Resource{Path: "ada/public"}, Read)
	ok(t, err)
	if !g.Repo.Public || g.Identity != (Identity{}) {
		t.Fatalf("got %+v", g)
	}
	ok(t, w.repos.Hide(t.Context(), root, "id-ada/public"))
	if got := AsRefused(g.Again(t.Context())); got == nil || got.Code != NoCredential {
		t.Fatalf("got %v", got)
	}
}

// TestRefusalIsInForceWhenTheChangeReturns lets many ask while one switches: whoever began to ask after a change had
// returned must see it.
func TestRefusalIsInForceWhenTheChangeReturns(t *testing.T) {
	w := newWorld(t)
	_, text := w.mint(w.ada, token.VCS)
	id, doomed := w.mint(w.ada, token.VCS)
	// state counts changes: odd while one is under way; state/2 even means switched on.
	var state atomic.Int64
	var gone, stop atomic.Bool
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			for !stop.Load() {
				before, dead := state.Load(), gone.Load()
				_, err := w.gate.Admit(context.Background(), basic("", text), Git, Resource{Path: "ada/private"}, Write)
				if before%2 == 0 && state.Load() == before && (err == nil) != (before/2%2 == 0) {
					t.Errorf("in state %d: got %v", before, err)
				}
				_, err = w.gate.Admit(context.Background(), basic("", doomed), Git, Resource{Path: "ada/private"}, Write)
				if dead && err == nil {
					t.Error("a revoked token was let in")
				}
			}
		})
	}
	for i := range 20 {
		state.Add(1)
		if i%2 == 0 {
			ok(t, w.signin.Disable(t.Context(), root, signin.Token))
		} else {
			ok(t, w.signin.Enable(t.Context(), root, signin.Token))
		}
		state.Add(1)
		if i == 9 {
			ok(t, w.tokens.Revoke(t.Context(), root, id))
			gone.Store(true)
		}
	}
	stop.Store(true)
	askers.Wait()
}

func TestServerFailureIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // a turn to hash may be free, and then nobody looks at the context
		_, err := w.gate.Admit(ctx, basic("ada", "wrong horse"), Git, Resource{Path: "ada/private"}, Read)
		if err == nil || AsRefused(err) == nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
}

// TestEveryQuestionBeginsWithWhatOthersHaveChanged: where several processes share a database, nothing is answered from a
// memory that may be out of date, and a database that cannot be asked lets nobody in.
func TestEveryQuestionBeginsWithWhatOthersHaveChanged(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(w.ada, token.VCS)
	_, key := w.addKey(w.ada)
	asked, down := 0, errors.New("the database is down")
	var answer error
	o := w.options(nil)
	o.Fresh = func(context.Context) error { asked++; return answer }
	g := New(o)
	grant, err := g.Admit(t.Context(), basic("", secret), Git, Resource{Path: "ada/private"}, Write)
	ok(t, err)
	questions := map[string]func() error{
		"Admit": func() error {
			_, err := g.Admit(t.Context(), basic("", secret), Git, Resource{Path: "ada/private"}, Read)
			return err
		},
		"Again":       func() error { return grant.Again(t.Context()) },
		"About":       func() error { _, err := g.About(t.Context(), basic("", secret)); return err },
		"Identify":    func() error { _, err := g.Identify(t.Context(), basic("", secret), Git); return err },
		"IdentifyKey": func() error { _, err := g.IdentifyKey(t.Context(), key, "192.0.2.1:22"); return err },
		"IdentifyCertificate": func() error {
			_, err := g.IdentifyCertificate(t.Context(), key, "git", "192.0.2.1:22")
			if AsRefused(err) != nil { // a key is no certificate
				err = nil
			}
			return err
		},
		"Readable": func() error {
			_, err := g.Readable(t.Context(), Credential{Proven: grant.Identity.Proven}, 9)
			return err
		},
	}
	for name, ask := range questions {
		asked, answer = 0, nil
		if err := ask(); err != nil || asked != 1 {
			t.Errorf("%s: got error %v after asking %d times, want none after 1", name, err, asked)
		}
		answer = down
		if err := ask(); !errors.Is(err, down) || AsRefused(err) != nil {
			t.Errorf("%s with the database down: got %v, want its failure", name, err)
		}
	}
}

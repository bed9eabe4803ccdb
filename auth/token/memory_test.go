package token

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"jeton/db"
	"jeton/db/dbtest"
)

// snapshot is a store's tokens in comparable form, without the uses that are not written yet.
func snapshot(s *Store) []string {
	var all []string
	for _, t := range s.List("") {
		t, _ = s.ByID(t.ID)
		t.LastUsedAt, t.LastUsedFrom, t.LastUsedDoor, t.Uses = time.Time{}, "", "", 0
		t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.OverlapEnds = t.CreatedAt.UTC(), t.ExpiresAt.UTC(), t.RevokedAt.UTC(), t.OverlapEnds.UTC()
		all = append(all, fmt.Sprintf("%+v %q %v", t, s.sealedOf(t.ID), s.wasFetched(t.ID)))
	}
	return all
}

// TestMemoryIsWhatARestartWouldRead makes random changes and compares memory with a fresh reading after each.
func TestMemoryIsWhatARestartWouldRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) { memoryIsWhatARestartWouldRead(t, worldOn(t, open())) })
}

func memoryIsWhatARestartWouldRead(t *testing.T, w *world) {
	rng := rand.New(rand.NewPCG(3, 4))
	ctx := t.Context()
	repos, people := []string{"app", "lib"}, []string{"ada", "bob"}
	secrets := map[string]Secret{}
	anyToken := func() string {
		if list := w.store.List(""); len(list) > 0 {
			return list[rng.IntN(len(list))].ID
		}
		return "nothing"
	}
	changes := []func() error{
		func() error {
			q := Request{UserID: people[rng.IntN(2)], Kind: VCS, Label: "x", Repositories: repos[:rng.IntN(len(repos)+1)],
				Groups: []string{"g1", "g2"}[:rng.IntN(3)], Decoy: rng.IntN(9) == 0}
			if rng.IntN(2) == 0 {
				q.ExpiresAt = w.now.Load().Add(time.Hour)
			}
			tok, secret, err := w.store.Mint(ctx, admin, q)
			secrets[tok.ID] = secret
			return err
		},
		func() error { return w.store.Revoke(ctx, admin, anyToken()) },
		func() error {
			id := anyToken()
			next, secret, err := w.store.Rotate(ctx, admin, id, Rotation{})
			if err == nil {
				secrets[next.ID] = secret
				_, _, _ = w.store.Successor(ctx, admin, secrets[id])
			}
			return err
		},
		func() error { return w.store.Unseal(ctx) },
		func() error {
			_, err := w.store.RevokeAll(ctx, admin, Which{RepositoryID: "app", Before: noon.Add(10 * day)})
			return err
		},
		func() error { w.store.Used(anyToken(), "git", ""); return nil },
		func() error { w.set(w.now.Load().Add(time.Duration(rng.IntN(100)) * day)); return nil },
		func() error { _, err := w.store.Sweep(ctx); return err },
		func() error {
			id := fmt.Sprint("r", rng.IntN(1000))
			repos = append(repos, id)
			return w.db.Repositories().Insert(ctx, db.Repository{ID: id, Path: id, FoldedPath: id, OwnerID: "ada"})
		},
		func() error { return w.db.Repositories().Delete(ctx, repos[rng.IntN(len(repos))]) },
		func() error {
			if err := w.db.Users().Delete(ctx, "bob"); err != nil {
				return err
			}
			return w.db.Users().Insert(ctx, db.User{ID: "bob", Name: "bob", FoldedName: "bob"})
		},
	}
	for step := range 60 {
		which := rng.IntN(len(changes))
		err := changes[which]() // a refused change is a case too: nothing may have moved
		got := snapshot(w.store)
		fresh := w.open(t)
		want := snapshot(fresh)
		ok(t, fresh.Close())
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d, change %d (%v):\ngot  %q\nwant %q", step, which, err, got, want)
		}
		for id, secret := range secrets {
			byID, there := w.store.ByID(id)
			if found, ok := w.store.Find(secret); ok != there || !reflect.DeepEqual(found, byID) {
				t.Fatalf("step %d: by its text %+v, by its id %+v", step, found, byID)
			}
		}
	}
}

func TestUnknownTokensAreNotThere(t *testing.T) {
	w := newWorld(t)
	secret, err := Parse(vectorVCS)
	ok(t, err)
	_, byText := w.store.Find(secret)
	_, byID := w.store.ByID("nothing")
	_, shown := w.store.Show("nothing")
	if byText || byID || shown || len(w.store.List("nobody")) != 0 {
		t.Error("found what is not there")
	}
	if _, found := w.store.Find(Secret{}); found {
		t.Error("found a token without a text")
	}
}

func TestUsesAreKnownAgainAfterARestart(t *testing.T) {
	w := newWorld(t)
	tok, _ := w.mint(t, Request{})
	first := w.open(t)
	first.Used(tok.ID, "git", "192.0.2.1")
	ok(t, first.Close())
	ok(t, first.Close())
	second := w.open(t)
	second.Used(tok.ID, "git", "2001:db8::1")
	got, _ := second.Show(tok.ID)
	if got.Uses != 2 || got.LastUsedFrom != "2001:db8::1" {
		t.Errorf("got %+v", got)
	}
	ok(t, second.Revoke(t.Context(), admin, tok.ID)) // a change of the row loses no uses
	if got, _ := second.Show(tok.ID); got.Uses != 2 || got.State(noon) != Revoked {
		t.Errorf("after being revoked: got %+v", got)
	}
}

func TestKindsAreReadByName(t *testing.T) {
	for _, k := range []Kind{API, Feed, VCS, Web} {
		if got, err := ParseKind(string(k)); err != nil || got != k {
			t.Errorf("%s: got %s, %v", k, got, err)
		}
	}
	for _, text := range []string{"", "all", "VCS", "vcs "} {
		if _, err := ParseKind(text); err == nil {
			t.Errorf("took %q for a kind", text)
		}
	}
}

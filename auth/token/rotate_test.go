package token

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/auth/seal"
)

func TestASuccessorHasTheSameFieldsAndALifeAsLong(t *testing.T) {
	w := newWorld(t)
	old, oldSecret := w.mint(t, Request{Access: Write, Repositories: []string{"app"}, ExpiresAt: noon.Add(10 * day),
		Refs:     Refs{Patterns: []string{"refs/heads/bot/*"}, NoDelete: true},
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	w.set(noon.Add(9 * day))
	next, secret, err := w.store.Rotate(t.Context(), admin, old.ID, Rotation{})
	ok(t, err)
	again, secondSecret, err := w.store.Rotate(t.Context(), admin, next.ID, Rotation{})
	ok(t, err)
	if next.Line != old.ID || again.Line != old.ID || next.ID == old.ID || secret.Reveal() == oldSecret.Reveal() {
		t.Errorf("lines %s, %s of %s", next.Line, again.Line, old.ID)
	}
	if !next.ExpiresAt.Equal(noon.Add(19*day)) || !next.Touches("app", nil) || next.Touches("lib", nil) || !next.Refs.NoDelete ||
		next.Refs.Patterns[0] != "refs/heads/bot/*" || next.Access != Write || next.Label != old.Label || next.Uses != 0 {
		t.Errorf("got %+v", next)
	}
	if found, there := w.store.Find(secondSecret); !there || found.State(w.store.now()) != Live {
		t.Errorf("the second successor is %+v", found)
	}
}

func TestTheOldTokenWorksForTheOverlap(t *testing.T) {
	w := newWorld(t)
	for overlap, want := range map[time.Duration]time.Duration{0: time.Hour, 2 * day: 2 * day, NoOverlap: 0} {
		old, secret := w.mint(t, Request{})
		_, _, err := w.store.Rotate(t.Context(), admin, old.ID, Rotation{Overlap: overlap})
		ok(t, err)
		got, _ := w.store.Find(secret)
		if want > 0 && got.State(noon.Add(want-1)) != Live || got.State(noon.Add(want)) != Rotated {
			t.Errorf("overlap %v: got %s, then %s", overlap, got.State(noon.Add(want-1)), got.State(noon.Add(want)))
		}
	}
	old, _ := w.mint(t, Request{})
	if _, _, err := w.store.Rotate(t.Context(), admin, old.ID, Rotation{Overlap: MaxOverlap + 1}); !errors.Is(err, ErrBadRequest) {
		t.Errorf("too long an overlap: got error %v", err)
	}
}

func TestTheSameKeyAnswersTheSameSuccessor(t *testing.T) {
	w := newWorld(t)
	old, _ := w.mint(t, Request{})
	key := Rotation{IdempotencyKey: "job 1"}
	first, secret, err := w.store.Rotate(t.Context(), admin, old.ID, key)
	ok(t, err)
	second, same, err := w.store.Rotate(t.Context(), admin, old.ID, key)
	if err != nil || second.ID != first.ID || same.Reveal() != secret.Reveal() {
		t.Fatalf("got %s, %v, want %s", second.ID, err, first.ID)
	}
	for name, r := range map[string]Rotation{"another key": {IdempotencyKey: "job 2"}, "no key": {}} {
		if _, _, err := w.store.Rotate(t.Context(), admin, old.ID, r); !errors.Is(err, ErrRotated) || !strings.Contains(err.Error(), first.ID) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	w.set(noon.Add(time.Hour))
	if _, _, err := w.store.Rotate(t.Context(), admin, old.ID, key); !errors.Is(err, ErrRotated) {
		t.Errorf("after the overlap: got error %v", err)
	}
	if list := w.store.List(""); len(list) != 2 {
		t.Errorf("got %d tokens, want 2", len(list))
	}
}

func TestWhoHoldsARotatedTokenFetchesTheNewest(t *testing.T) {
	w := newWorld(t)
	old, oldSecret := w.mint(t, Request{})
	next, nextSecret, err := w.store.Rotate(t.Context(), admin, old.ID, Rotation{})
	ok(t, err)
	got, secret, err := w.store.Successor(t.Context(), admin, oldSecret)
	if err != nil || got.ID != next.ID || secret.Reveal() != nextSecret.Reveal() {
		t.Fatalf("got %s, %v, want %s", got.ID, err, next.ID)
	}
	newest, _, err := w.store.Rotate(t.Context(), admin, next.ID, Rotation{})
	ok(t, err)
	if got, _, err = w.store.Successor(t.Context(), admin, oldSecret); err != nil || got.ID != newest.ID {
		t.Errorf("after another rotation: got %s, %v, want %s", got.ID, err, newest.ID)
	}
	w.set(noon.Add(time.Hour))
	if _, _, err := w.store.Successor(t.Context(), admin, oldSecret); !errors.Is(err, ErrNoSuccessor) {
		t.Errorf("after the overlap: got error %v", err)
	}
}

func TestASuccessorIsHandedToNobodyElse(t *testing.T) {
	w := newWorld(t)
	old, oldSecret := w.mint(t, Request{})
	_, plain := w.mint(t, Request{})
	stranger, err := Parse(vectorVCS)
	ok(t, err)
	_, _, err = w.store.Rotate(t.Context(), admin, old.ID, Rotation{})
	ok(t, err)
	if _, _, err := w.store.Successor(t.Context(), admin, plain); !errors.Is(err, ErrNoSuccessor) {
		t.Errorf("never rotated: got error %v", err)
	}
	if _, _, err := w.store.Successor(t.Context(), admin, stranger); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: got error %v", err)
	}
	ok(t, w.store.Revoke(t.Context(), admin, old.ID))
	if _, _, err := w.store.Successor(t.Context(), admin, oldSecret); !errors.Is(err, ErrNoSuccessor) {
		t.Errorf("revoked: got error %v", err)
	}
}

func TestTheTextOfASuccessorIsSealedAndForgotten(t *testing.T) {
	w := newWorld(t)
	old, oldSecret := w.mint(t, Request{})
	next, secret, err := w.store.Rotate(t.Context(), admin, old.ID, Rotation{})
	ok(t, err)
	row, err := w.db.Tokens().ByID(t.Context(), old.ID)
	ok(t, err)
	if row.Sealed == "" || strings.Contains(row.Sealed, secret.Reveal()[8:]) {
		t.Fatalf("stored is %q", row.Sealed)
	}
	if _, err := w.store.seal.open(row.Sealed, next.ID, old.ID); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("opened for other tokens: %v", err)
	}
	if _, _, err := w.open(t).Successor(t.Context(), admin, oldSecret); err == nil {
		t.Error("a store with another key opened it")
	}
	ok(t, w.store.Unseal(t.Context()))
	w.set(noon.Add(time.Hour))
	ok(t, w.store.Unseal(t.Context()))
	if row, err = w.db.Tokens().ByID(t.Context(), old.ID); err != nil || row.Sealed != "" || row.Successor != next.ID {
		t.Errorf("after the overlap stored is %+v, %v", row, err)
	}
}

func TestOnlyLiveTokensAreRotated(t *testing.T) {
	w := newWorld(t)
	revoked, _ := w.mint(t, Request{})
	ok(t, w.store.Revoke(t.Context(), admin, revoked.ID))
	decoy, _ := w.mint(t, Request{Decoy: true})
	for name, id := range map[string]string{"revoked": revoked.ID, "decoy": decoy.ID} {
		if _, _, err := w.store.Rotate(t.Context(), admin, id, Rotation{}); !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if _, _, err := w.store.Rotate(t.Context(), admin, "nothing", Rotation{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
}

func TestATokenRotatesOnlyWhatItCouldMake(t *testing.T) {
	w := placed(t)
	by, _ := w.mint(t, minter(Request{Repositories: []string{"app"}, ExpiresAt: noon.Add(2 * time.Hour)}))
	inside, _ := w.mint(t, Request{UserID: "root", Repositories: []string{"app"}, ExpiresAt: noon.Add(day)})
	outside, _ := w.mint(t, Request{UserID: "root"})
	next, _, err := w.store.Rotate(t.Context(), admin, inside.ID, Rotation{By: &by})
	if err != nil || !next.ExpiresAt.Equal(by.ExpiresAt) || next.CreatedByToken != by.ID {
		t.Errorf("got %+v, %v, want it to end with the token that asks", next, err)
	}
	if _, _, err := w.store.Rotate(t.Context(), admin, outside.ID, Rotation{By: &by}); !errors.Is(err, ErrBeyond) {
		t.Errorf("outside: got error %v", err)
	}
	weak, _ := w.mint(t, minter(Request{Rights: []Right{RightAccount}}))
	if _, _, err := w.store.Rotate(t.Context(), admin, outside.ID, Rotation{By: &weak}); !errors.Is(err, ErrBeyond) {
		t.Errorf("without the right: got error %v", err)
	}
}

// TestTheSameKeyHandsNoLongerLifeToAToken: whoever guesses the key of a rotation gets no more than by making the successor.
func TestTheSameKeyHandsNoLongerLifeToAToken(t *testing.T) {
	w := placed(t)
	old, _ := w.mint(t, Request{})
	key := Rotation{IdempotencyKey: "job 1"}
	first, _, err := w.store.Rotate(t.Context(), admin, old.ID, key)
	ok(t, err)
	if !first.ExpiresAt.IsZero() {
		t.Fatalf("the successor ends on %v, and was to live for ever", first.ExpiresAt)
	}
	short, _ := w.mint(t, minter(Request{ExpiresAt: noon.Add(time.Hour)}))
	key.By = &short
	if _, secret, err := w.store.Rotate(t.Context(), admin, old.ID, key); !errors.Is(err, ErrBeyond) || secret != (Secret{}) {
		t.Errorf("got %v, and the text %v", err, secret)
	}
	long, _ := w.mint(t, minter(Request{}))
	key.By = &long
	if again, _, err := w.store.Rotate(t.Context(), admin, old.ID, key); err != nil || again.ID != first.ID {
		t.Errorf("one that lives as long: got %s, %v", again.ID, err)
	}
}

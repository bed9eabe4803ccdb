package token

import (
	"reflect"
	"strings"
	"testing"

	"jeton/db"
)

// packedToken is the entry of a token of ada's as a start makes it.
func packedToken(t *testing.T, s *Store, fields string) Secret {
	t.Helper()
	secret, err := Parse(vectorVCS)
	ok(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(packed(db.PackedToken{ID: "packed", UserID: "ada", Hash: secret.Hash(), Fields: fields, Repositories: []string{"app", "lib"}}, newUsage(Token{})))
	return secret
}

func TestATokenIsReadWhenItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	secret := packedToken(t, w.store, "kind=vcs&hint=Ab12&access=read&line=packed&created=2026-11-24T12%3A00%3A00Z&bound=1&sealed=x&successor=next")
	if e := w.store.entry("packed"); e.read.Load() != nil || !w.store.sealed["packed"] {
		t.Error("it was read before, or not seen to be sealed")
	}
	if list := w.store.List("ada"); len(list) != 1 || list[0].ID != "packed" || w.store.entry("packed").read.Load() != nil {
		t.Errorf("a list has %+v, or keeps what it read", list)
	}
	found, there := w.store.Find(secret)
	byID, _ := w.store.ByID("packed")
	if !there || !reflect.DeepEqual(found, byID) || found.Access != Read || !found.Bound || found.Successor != "next" ||
		!reflect.DeepEqual(found.Repositories, []string{"app", "lib"}) || w.store.sealedOf("packed") != "x" || w.store.wasFetched("packed") {
		t.Errorf("found %+v", found)
	}
	if w.store.entry("packed").read.Load() == nil {
		t.Error("what was found is read anew each time")
	}
}

// TestATokenWhoseRowCannotBeReadOpensNothing: what this program does not know in a row may be a limit.
func TestATokenWhoseRowCannotBeReadOpensNothing(t *testing.T) {
	w := newWorld(t)
	for _, fields := range []string{"kind=vcs&access=write&limit=1", "kind=vcs&created=yesterday", "kind=%zz"} {
		secret := packedToken(t, w.store, fields)
		found, there := w.store.Find(secret)
		if !there || found.State(noon) != Revoked || found.UserID != "ada" || found.Touches("app", nil) || !strings.Contains(found.RevokedBy, "cannot be read") {
			t.Errorf("%s: found %+v", fields, found)
		}
		if list := w.store.List("ada"); len(list) != 1 || list[0].State(noon) != Revoked {
			t.Errorf("%s: listed %+v", fields, list)
		}
	}
}

func TestARepositoryThatIsGoneIsTakenFromTokensThatAreNotRead(t *testing.T) {
	w := newWorld(t)
	for _, look := range []string{"not read", "read"} {
		secret := packedToken(t, w.store, "kind=vcs&bound=1")
		if look == "read" {
			w.store.Find(secret)
		}
		w.store.mu.Lock()
		w.store.unbind("app")
		w.store.unbind("none")
		w.store.mu.Unlock()
		found, there := w.store.Find(secret)
		if !there || !reflect.DeepEqual(found.Repositories, []string{"lib"}) || len(w.store.List("ada")) != 1 {
			t.Errorf("%s: found %+v", look, found)
		}
	}
}

// TestTokensOfOneOwnerAreTakenOneByOne drops the first, the last and one between of an owner's.
func TestTokensOfOneOwnerAreTakenOneByOne(t *testing.T) {
	x := newIndex(0)
	for _, id := range []string{"a", "b", "c", "d"} {
		x.put(told(db.Token{ID: id, Hash: id, UserID: "ada"}, nil))
	}
	x.put(told(db.Token{ID: "b", Hash: "b", UserID: "ada"}, nil)) // once more
	for _, c := range []struct {
		drop string
		left int
	}{{"none", 4}, {"c", 3}, {"a", 2}, {"b", 1}, {"d", 0}} {
		x.drop(c.drop)
		of := x.of(owner{userID: "ada"})
		if len(of) != c.left || len(x.byID) != c.left || len(x.byHash) != c.left {
			t.Errorf("without %s there are %d, want %d", c.drop, len(of), c.left)
		}
	}
	if len(x.byOwner) != 0 {
		t.Errorf("%d owners are left", len(x.byOwner))
	}
	x.put(told(db.Token{ID: "a", Hash: "a", UserID: "ada"}, nil))
	if x.dropOf(owner{userID: "ada"}); len(x.byID) != 0 {
		t.Error("the owner is gone and the token is not")
	}
}

package access

import (
	"testing"

	"jeton/db"
)

func TestALockIsOnePersonsAndIsGivenBack(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	r, other := w.repo(t, "b/app", ada, true), w.repo(t, "a", ada, true)
	if _, locked := w.repos.LockOf(r.ID); locked {
		t.Fatal("locked from the start")
	}
	ok(t, w.repos.Lock(t.Context(), root, r.ID, ada.ID, "lock_api"))
	ok(t, w.repos.Lock(t.Context(), root, r.ID, bob.ID, "lock_api")) // in place of the other
	ok(t, w.repos.Lock(t.Context(), root, other.ID, bob.ID, "lock_api"))
	l, locked := w.repos.LockOf(r.ID)
	if !locked || l.UserID != bob.ID || l.Reason != "lock_api" || l.At.IsZero() {
		t.Fatalf("got %+v, %v", l, locked)
	}
	if list := w.repos.Locks(bob.ID); len(list) != 2 || list[0].Path != "a" || list[1].Path != "b/app" || len(w.repos.Locks(ada.ID)) != 0 {
		t.Fatalf("bob has locked %+v", list)
	}
	wants(t, w.repos.Lock(t.Context(), root, r.ID, "nobody", ""), ErrNoUser)
	wants(t, w.repos.Lock(t.Context(), root, "nothing", bob.ID, ""), ErrNoRepository)
	ok(t, w.repos.Unlock(t.Context(), root, r.ID))
	ok(t, w.repos.Unlock(t.Context(), root, r.ID)) // there is nothing any more
	ok(t, w.users.Delete(t.Context(), root, bob.ID))
	for _, repos := range []*Repositories{w.repos, second(w.open(t))} {
		for _, id := range []string{r.ID, other.ID} {
			if l, locked := repos.LockOf(id); locked {
				t.Errorf("still locked: %+v", l)
			}
		}
	}
}

func second(_ *Users, r *Repositories) *Repositories { return r }

func TestAForkIsToldAsLongAsWhatItWasForkedFromLives(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	r, fork := w.repo(t, "app", ada, true), w.repo(t, "fork", ada, true)
	ok(t, w.repos.SetForkOf(t.Context(), root, fork.ID, r.ID))
	if a, found := w.repos.About(fork.ID); !found || a.ForkOf != r.ID || a.CreatedAt.IsZero() {
		t.Fatalf("got %+v, %v", a, found)
	}
	if list := w.repos.Forks(r.ID); len(list) != 1 || list[0].ID != fork.ID {
		t.Fatalf("forks are %+v", list)
	}
	ok(t, w.db.Repositories().Trash(t.Context(), r.ID, ada.CreatedAt))
	if a, _ := w.repos.About(fork.ID); a.ForkOf != "" {
		t.Errorf("it is told to be a fork of what was deleted: %+v", a)
	}
	if _, found := w.repos.About(r.ID); found {
		t.Error("what was deleted is told of")
	}
	ok(t, w.db.Repositories().Restore(t.Context(), r.ID, "app", "app"))
	if a, _ := w.repos.About(fork.ID); a.ForkOf != r.ID {
		t.Errorf("what came back has lost its fork: %+v", a)
	}
	wants(t, w.repos.SetForkOf(t.Context(), root, r.ID, r.ID), ErrForkOfItself)
	wants(t, w.repos.SetForkOf(t.Context(), root, r.ID, fork.ID), ErrForkOfItself)
	last := w.repo(t, "last", ada, true)
	ok(t, w.repos.SetForkOf(t.Context(), root, last.ID, fork.ID))
	wants(t, w.repos.SetForkOf(t.Context(), root, r.ID, last.ID), ErrForkOfItself)
	ok(t, w.repos.SetForkOf(t.Context(), root, fork.ID, ""))
	if a, _ := w.repos.About(fork.ID); a.ForkOf != "" || len(w.repos.Forks(r.ID)) != 0 {
		t.Errorf("detached, and still a fork: %+v", a)
	}
	wants(t, w.repos.SetForkOf(t.Context(), root, fork.ID, "nothing"), ErrNoRepository)
	wants(t, w.repos.Describe(t.Context(), root, "nothing", "x"), ErrNoRepository)
	ok(t, w.repos.Describe(t.Context(), root, r.ID, "what it is"))
	if a, _ := w.repos.About(r.ID); a.Description != "what it is" {
		t.Errorf("got %+v", a)
	}
}

func TestOwnersWatchUntilTheySayOtherwise(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	r := w.repo(t, "app", ada, true)
	expect := func(want ...string) {
		t.Helper()
		got := w.repos.Watchers(r)
		if len(got) != len(want) {
			t.Fatalf("watchers are %v, want %v", got, want)
		}
		for _, id := range want {
			if got[0] != id && got[len(got)-1] != id {
				t.Fatalf("watchers are %v, want %v", got, want)
			}
		}
	}
	watch := func(u User, watching bool) {
		t.Helper()
		ok(t, w.db.Watches().Set(t.Context(), db.Watch{UserID: u.ID, RepositoryID: r.ID, Watching: watching}))
	}
	expect(ada.ID)
	watch(bob, true)
	expect(ada.ID, bob.ID)
	watch(ada, false)
	expect(bob.ID)
	ok(t, w.users.Delete(t.Context(), root, bob.ID))
	expect()
}

package access

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sort"
	"sync"
	"testing"

	"jeton/db"
)

// snapshot is all that a restart would read, in comparable form.
func snapshot(users *Users, repos *Repositories) []string {
	var all []string
	for _, u := range users.List() {
		u.CreatedAt, u.PasswordChangedAt = u.CreatedAt.UTC(), u.PasswordChangedAt.UTC()
		all = append(all, fmt.Sprintf("%+v %s", u, users.PasswordHash(u.ID)))
		if byName, found := users.ByName(u.Name); !found || byName.ID != u.ID {
			all = append(all, "not found by name: "+u.Name)
		}
	}
	for _, u := range users.Administrators() {
		all = append(all, "administrator "+u.ID)
	}
	for _, r := range repos.Readable(User{ID: "chief", Admin: true}) {
		given := repos.Given(r.ID)
		sort.Slice(given, func(i, j int) bool { return given[i].To.UserID < given[j].To.UserID })
		about, _ := repos.About(r.ID)
		about.CreatedAt = about.CreatedAt.UTC()
		lock, locked := repos.LockOf(r.ID)
		lock.At = lock.At.UTC()
		all = append(all, fmt.Sprintf("%+v %v %+v %+v %v %v", r, given, about, lock, locked, repos.Watchers(r)))
		for _, fork := range repos.Forks(r.ID) {
			all = append(all, "fork "+fork.ID)
		}
		if byPath, found := repos.ByPath(r.Path); !found || byPath.ID != r.ID {
			all = append(all, "not found by path: "+r.Path)
		}
	}
	return all
}

// TestMemoryIsWhatARestartWouldRead makes random changes and compares memory with a fresh reading after each.
func TestMemoryIsWhatARestartWouldRead(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	ctx := t.Context()
	anyUser := func() string {
		if list := w.users.List(); len(list) > 0 {
			return list[rng.IntN(len(list))].ID
		}
		return "nobody"
	}
	anyRepo := func() string {
		if list := w.repos.Readable(User{ID: "x", Admin: true}); len(list) > 0 {
			return list[rng.IntN(len(list))].ID
		}
		return "nothing"
	}
	changes := []func() error{
		func() error {
			_, err := w.users.Create(ctx, root, NewUser{Name: fmt.Sprint("u", rng.IntN(6)), Email: fmt.Sprintf("e%d@x", rng.IntN(6))})
			return err
		},
		func() error { return w.users.SetEmail(ctx, root, anyUser(), fmt.Sprintf("e%d@x", rng.IntN(6))) },
		func() error { return w.users.SetPassword(ctx, root, anyUser(), fmt.Sprint("password", rng.IntN(6))) },
		func() error { return w.users.Deactivate(ctx, root, anyUser()) },
		func() error { return w.users.Promote(ctx, root, anyUser()) },
		func() error { return w.users.Delete(ctx, root, anyUser()) },
		func() error {
			path := fmt.Sprint("r", rng.IntN(6))
			return w.db.Repositories().Insert(ctx, db.Repository{ID: db.NewID(), Path: path, FoldedPath: path, OwnerID: anyUser()})
		},
		func() error {
			path := fmt.Sprint("r", rng.IntN(6))
			return w.db.Repositories().Rename(ctx, anyRepo(), path, path)
		},
		func() error { return w.repos.Give(ctx, root, anyRepo(), anyUser(), Level(rng.IntN(4))) },
		func() error { return w.repos.Take(ctx, root, anyRepo(), anyUser()) },
		func() error { return w.repos.Hide(ctx, root, anyRepo()) },
		func() error { return w.repos.Archive(ctx, root, anyRepo()) },
		func() error { return w.repos.SetOwner(ctx, root, anyRepo(), anyUser()) },
		func() error { return w.db.Repositories().Delete(ctx, anyRepo()) },
		func() error { return w.repos.Describe(ctx, root, anyRepo(), fmt.Sprint("about ", rng.IntN(6))) },
		func() error { return w.repos.SetForkOf(ctx, root, anyRepo(), anyRepo()) },
		func() error { return w.repos.Lock(ctx, root, anyRepo(), anyUser(), "lock_api") },
		func() error { return w.repos.Unlock(ctx, root, anyRepo()) },
		func() error {
			return w.db.Watches().Set(ctx, db.Watch{UserID: anyUser(), RepositoryID: anyRepo(), Watching: rng.IntN(2) == 0})
		},
	}
	done := map[int]int{}
	for step := range 200 {
		which := rng.IntN(len(changes))
		if changes[which]() == nil { // a refused change is a case too: nothing may have moved
			done[which]++
		}
		got := snapshot(w.users, w.repos)
		if want := snapshot(w.open(t)); !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d, change %d:\ngot  %q\nwant %q", step, which, got, want)
		}
	}
	if len(done) < len(changes)-2 {
		t.Fatalf("only %d kinds of change ever worked: %v", len(done), done)
	}
}

func TestPeopleAndRepositoriesAreSharedSafely(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	r := w.repo(t, "app", ada, true)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				u, _ := w.users.ByName("bob")
				if r, found := w.repos.ByPath("app"); found {
					w.repos.Level(u, r)
				}
				w.repos.Readable(u)
				w.repos.Given(r.ID)
				w.users.List()
			}
		})
	}
	all.Go(func() {
		for range 10 {
			for _, err := range []error{w.repos.Give(context.Background(), root, r.ID, bob.ID, Write),
				w.repos.Take(context.Background(), root, r.ID, bob.ID), w.users.Deactivate(context.Background(), root, bob.ID),
				w.users.Activate(context.Background(), root, bob.ID)} {
				if err != nil {
					t.Error(err)
				}
			}
		}
	})
	all.Wait()
}

func TestClosedMemoryNoLongerFollows(t *testing.T) {
	w := newWorld(t)
	users, repos := w.open(t)
	users.Close()
	repos.Close()
	w.repo(t, "app", w.user(t, "ada"), false)
	if len(users.List()) != 0 || len(repos.Readable(User{})) != 0 {
		t.Error("still following")
	}
}

func TestChangesThatFailLeaveNoAuditEntry(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	r := w.repo(t, "app", ada, true)
	before, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	wants(t, w.users.Delete(t.Context(), root, ada.ID), ErrOwns)
	wants(t, w.repos.Give(t.Context(), root, r.ID, "nobody", Read), ErrNoUser)
	_, err = w.users.Create(t.Context(), root, NewUser{Name: "ADA"})
	wants(t, err, ErrTaken)
	after, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	if len(before) != len(after) {
		t.Errorf("got entries %+v", after[len(before):])
	}
}

func TestChangesEndWithTheirContext(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	r := w.repo(t, "app", ada, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, w.users.Deactivate(ctx, root, ada.ID), context.Canceled)
	wants(t, w.repos.Publish(ctx, root, r.ID), context.Canceled)
	if u, _ := w.users.ByID(ada.ID); !u.Active {
		t.Error("deactivated all the same")
	}
}

func BenchmarkLevel(b *testing.B) {
	s := &Repositories{tree: newTree(), words: wordsOf(reading{members: map[string][]string{}}, nil)}
	r, u := "r", "u"
	s.words.give(db.Permission{RepositoryID: &r, UserID: &u, Level: "write"})
	for b.Loop() {
		if s.Level(User{ID: "u"}, Repository{ID: "r", Private: true}) != Write {
			b.Fatal("wrong level")
		}
	}
}

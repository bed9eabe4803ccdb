package signin

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
)

var (
	root  = audit.Command("root")
	noon  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	cheap = Cost{MemoryKiB: 8 * 1024, Passes: 1, Threads: 1}
)

const good = "correct horse"

// world is ada, whose password is good, and bob, who has none.
type world struct {
	db       *db.DB
	users    *access.Users
	hasher   *Hasher
	password *PasswordPlugin
	registry *Registry
	ada, bob access.User
	now      atomic.Pointer[time.Time]
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d := dbtest.New(t)
	var err error
	w := &world{db: d, hasher: NewHasher()}
	w.set(noon)
	w.hasher.SetCost(cheap)
	w.users, err = access.NewUsers(context.Background(), d, access.UserOptions{Hasher: w.hasher})
	ok(t, err)
	t.Cleanup(w.users.Close)
	w.password = NewPassword(d, w.users, w.hasher, func() time.Time { return *w.now.Load() })
	t.Cleanup(w.password.Close)
	w.registry = w.open(t, w.password)
	w.ada, err = w.users.Create(context.Background(), root, access.NewUser{Name: "ada", Password: good})
	ok(t, err)
	w.bob, err = w.users.Create(context.Background(), root, access.NewUser{Name: "bob"})
	ok(t, err)
	return w
}

func (w *world) open(t testing.TB, p Plugin) *Registry {
	t.Helper()
	r, err := NewRegistry(context.Background(), w.db, Options{People: w.users, Plugins: []Plugin{p}})
	ok(t, err)
	t.Cleanup(r.Close)
	return r
}

func (w *world) signIn(user, secret string) (Result, error) {
	return w.registry.SignIn(context.Background(), Attempt{User: user, Secret: secret})
}

func (w *world) set(now time.Time) { w.now.Store(&now) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func TestFreshServerHasPasswordOnAndTokenOff(t *testing.T) {
	w := newWorld(t)
	var got []string
	for _, i := range w.registry.List() {
		if i.Enabled {
			got = append(got, i.ID+" on")
		} else {
			got = append(got, i.ID+" off")
		}
	}
	if want := []string{"password on", "token off"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestSwitchesWorkAtOnceByIDAndAlias(t *testing.T) {
	w := newWorld(t)
	other := w.open(t, NewPassword(w.db, w.users, NewHasher(), nil))
	for _, id := range []string{"token", "TOKEN", "rhodecode.lib.auth_modules.auth_token", "egg:rhodecode-enterprise-ce#token"} {
		ok(t, w.registry.Enable(t.Context(), root, id))
		if !w.registry.Enabled(Token) || !other.Enabled(Token) {
			t.Errorf("%s: not on", id)
		}
		ok(t, w.registry.Disable(t.Context(), root, id))
		if w.registry.Enabled(Token) || other.Enabled(Token) {
			t.Errorf("%s: not off", id)
		}
	}
	ok(t, w.registry.Disable(t.Context(), root, "egg:rhodecode-enterprise-ce#rhodecode"))
	ok(t, w.registry.Enable(t.Context(), root, "token"))
	again := w.open(t, NewPassword(w.db, w.users, NewHasher(), nil))
	if again.Enabled(Password) || !again.Enabled(Token) {
		t.Errorf("after a restart: got %+v", again.List())
	}
	wants(t, w.registry.Enable(t.Context(), root, "ldap"), ErrNoPlugin)
	if w.registry.Enabled("ldap") {
		t.Error("a plug-in that is not there is on")
	}
}

func TestOrderAndSettingsAreKept(t *testing.T) {
	w := newWorld(t)
	ok(t, w.registry.Move(t.Context(), root, "token", -1))
	ok(t, w.registry.Set(t.Context(), root, "password", Settings{"passes": "3", "remember_seconds": "0"}))
	hasher := NewHasher()
	again := w.open(t, NewPassword(w.db, w.users, hasher, nil))
	list := again.List()
	if list[0].ID != Token || list[1].Settings["passes"] != "3" || list[1].Settings["remember_seconds"] != "0" || hasher.Cost().Passes != 3 {
		t.Errorf("got %+v, cost %+v", list, hasher.Cost())
	}
	for _, settings := range []Settings{{"unknown": "1"}, {"passes": "0"}, {"passes": "-1"}, {"passes": "three"}, {"memory_kib": "1"},
		{"threads": "256"}, {"threads": "257"}, {"memory_kib": "1099511627776"}, {"remember_seconds": "1048576"},
		{"memory_kib": "1048576", "passes": "20"}} {
		wants(t, w.registry.Set(t.Context(), root, "password", settings), ErrBadSetting)
	}
	wants(t, w.registry.Set(t.Context(), root, "token", Settings{"passes": "1"}), ErrBadSetting)
	ok(t, w.registry.Set(t.Context(), root, "token", nil))
	if got := w.hasher.Cost().Passes; got != 3 {
		t.Errorf("refused settings changed passes to %d", got)
	}
}

func TestSignInKnowsTheRightPasswordAlone(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		user, secret string
		want         error
	}{
		"right":                    {"ada", good, nil},
		"the name in another case": {"ADA", good, nil},
		"wrong":                    {"ada", "wrong horse", ErrRefused},
		"empty":                    {"ada", "", ErrRefused},
		"with a space":             {"ada", good + " ", ErrRefused},
		"with a NUL":               {"ada", good + "\x00", ErrRefused},
		"unknown user":             {"eve", good, ErrRefused},
		"user without a password":  {"bob", "", ErrRefused},
		"and any password":         {"bob", good, ErrRefused},
		"a book":                   {"ada", strings.Repeat("x", 1<<20), ErrRefused},
		"a token":                  {"ada", "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM", ErrRefused},
		"a broken token":           {"ada", "jet_", ErrRefused},
	} {
		got, err := w.signIn(c.user, c.secret)
		if !errors.Is(err, c.want) || (err == nil) != (got.UserID == w.ada.ID) {
			t.Errorf("%s: got %+v, %v, want %v", name, got, err, c.want)
		}
	}
	ok(t, w.registry.Disable(t.Context(), root, Password))
	_, err := w.signIn("ada", good)
	wants(t, err, ErrOff)
}

func TestTokenIsAskedOfNoPasswordPlugin(t *testing.T) {
	w := newWorld(t)
	r := w.open(t, refuseAll{t})
	_, err := r.SignIn(t.Context(), Attempt{User: "ada", Secret: "jet_anything"})
	wants(t, err, ErrRefused)
}

// refuseAll fails the test when it is asked.
type refuseAll struct{ t *testing.T }

func (p refuseAll) SignIn(context.Context, string, string) (Answer, error) {
	p.t.Error("a token was handed to a password plug-in")
	return Answer{}, nil
}

func (refuseAll) Describe() Description                 { return Description{ID: Password, Enabled: true} }
func (refuseAll) Check(Settings) error                  { return nil }
func (refuseAll) Probe(context.Context, Settings) error { return nil }
func (refuseAll) Configure(Settings) error              { return nil }

// remembers tells whether a password of ada's is known without hashing it.
func (w *world) remembers(secret string) bool {
	_, known := w.password.Remembered("ada", secret)
	return known
}

func TestGoodPasswordIsRememberedForFiveMinutes(t *testing.T) {
	w := newWorld(t)
	signIn := func() { _, err := w.signIn("ada", good); ok(t, err) }
	signIn()
	if !w.remembers(good) || w.remembers("another") {
		t.Fatal("not remembered")
	}
	w.set(noon.Add(5*time.Minute - 1))
	if !w.remembers(good) {
		t.Error("forgotten too early")
	}
	w.set(noon.Add(5 * time.Minute))
	if w.remembers(good) {
		t.Error("remembered too long")
	}
}

func TestRememberedPasswordIsForgottenWithEveryChange(t *testing.T) {
	for name, change := range map[string]func(w *world) error{
		"another password": func(w *world) error { return w.users.SetPassword(t.Context(), root, w.ada.ID, "battery staple") },
		"no password":      func(w *world) error { return w.users.SetPassword(t.Context(), root, w.ada.ID, "") },
		"deactivated":      func(w *world) error { return w.users.Deactivate(t.Context(), root, w.ada.ID) },
		"deleted":          func(w *world) error { return w.users.Delete(t.Context(), root, w.ada.ID) },
		"settings": func(w *world) error {
			return w.registry.Set(t.Context(), root, Password, Settings{"passes": "1"})
		},
	} {
		w := newWorld(t)
		_, err := w.signIn("ada", good)
		ok(t, err)
		ok(t, change(w))
		if w.remembers(good) {
			t.Errorf("%s: still remembered", name)
		}
	}
}

func TestOldPasswordIsWrongAtOnce(t *testing.T) {
	w := newWorld(t)
	_, err := w.signIn("ada", good)
	ok(t, err)
	ok(t, w.users.SetPassword(t.Context(), root, w.ada.ID, "battery staple"))
	_, err = w.signIn("ada", good)
	wants(t, err, ErrRefused)
	_, err = w.signIn("ada", "battery staple")
	ok(t, err)
}

func TestHashIsAPHCStringWithASaltOfItsOwn(t *testing.T) {
	h := NewHasher()
	first, err := h.Hash(t.Context(), good)
	ok(t, err)
	second, err := h.Hash(t.Context(), good)
	ok(t, err)
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") || first == second || strings.Contains(first, "horse") {
		t.Fatalf("got %s and %s", first, second)
	}
	h.SetCost(cheap) // stored hashes keep their own cost
	for secret, want := range map[string]bool{good: true, "": false, "wrong": false} {
		if got, err := h.Verify(t.Context(), secret, first); err != nil || got != want {
			t.Errorf("%q: got %v, %v", secret, got, err)
		}
	}
}

func TestDamagedHashesAreRefused(t *testing.T) {
	h := NewHasher()
	const salt, key = "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, stored := range []string{"", "x", "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key, "$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + key, "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + key, "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$!!!!", "$argon2id$v=19$nonsense$" + salt + "$" + key} {
		if _, err := h.Verify(t.Context(), good, stored); !errors.Is(err, errHash) {
			t.Errorf("%q: got error %v", stored, err)
		}
	}
}

func TestWaitingForATurnEndsWithTheContextAndIsBounded(t *testing.T) {
	h := NewHasher()
	n := int64(runtime.GOMAXPROCS(0))
	ok(t, h.turns.Acquire(t.Context(), n)) // every turn is taken
	ctx, cancel := context.WithCancel(t.Context())
	var waiters sync.WaitGroup
	for range maxWaiting {
		waiters.Go(func() {
			if _, err := h.Hash(ctx, good); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want Canceled", err)
			}
		})
	}
	for h.waiting.Load() < maxWaiting {
		runtime.Gosched()
	}
	wants(t, h.Pretend(t.Context(), good), ErrBusy)
	cancel()
	waiters.Wait()
	h.turns.Release(n)
	ok(t, h.Pretend(t.Context(), good))
}

func TestUnknownUsersCostAHashToo(t *testing.T) {
	w := newWorld(t)
	n := int64(runtime.GOMAXPROCS(0))
	ok(t, w.hasher.turns.Acquire(t.Context(), n))
	defer w.hasher.turns.Release(n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, user := range []string{"ada", "bob", "nobody"} { // each must wait for a turn, and so sees the context's end
		_, err := w.registry.SignIn(ctx, Attempt{User: user, Secret: "wrong horse"})
		wants(t, err, context.Canceled)
	}
}

func TestRegistryIsSharedSafely(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 50 {
				w.registry.Enabled(Token)
				w.registry.List()
				if _, err := w.signIn("ada", good); err != nil && !errors.Is(err, ErrOff) {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for range 10 {
			if err := errors.Join(w.registry.Disable(context.Background(), root, Password),
				w.registry.Enable(context.Background(), root, Password)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
}

func BenchmarkRememberedPassword(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		if _, err := w.signIn("ada", good); err != nil {
			b.Fatal(err)
		}
	}
}

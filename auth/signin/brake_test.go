package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// slowed is a brake with a clock of the test's and a wait that is only noted.
type slowed struct {
	*brake
	now    time.Time
	waited []time.Duration
	guess  int // each try is another password
}

func newSlowed() *slowed {
	s := &slowed{now: noon}
	s.brake = newBrake(Brake{Free: 3, Most: 2 * time.Second, Forget: time.Hour, Now: func() time.Time { return s.now },
		Wait: func(ctx context.Context, d time.Duration) error {
			s.waited = append(s.waited, d)
			return ctx.Err()
		}})
	return s
}

// try tries once, with this outcome, and returns how long it had to wait.
func (s *slowed) try(t *testing.T, user, from string, outcome error) time.Duration {
	t.Helper()
	s.waited = nil
	s.guess++
	leave, err := s.enter(t.Context(), Attempt{User: user, Secret: fmt.Sprint(s.guess), Remote: netip.MustParseAddr(from)})
	ok(t, err)
	leave(outcome)
	if len(s.waited) == 0 {
		return 0
	}
	return s.waited[0]
}

func TestWrongPasswordsOfAnAccountAreSlowedFromEverywhere(t *testing.T) {
	s := newSlowed()
	for i, want := range []time.Duration{0, 0, 0, first, 2 * first, 4 * first, 8 * first, 2 * time.Second, 2 * time.Second} {
		if got := s.try(t, []string{"ada", "ADA"}[i%2], fmt.Sprintf("192.0.2.%d", i+1), ErrRefused); got != want {
			t.Errorf("try %d: waited %s, want %s", i, got, want)
		}
	}
	// The right password is let in after the wait, and from there at once from then on.
	if got := s.try(t, "ada", "198.51.100.1", nil); got != 2*time.Second {
		t.Errorf("the right one: waited %s", got)
	}
	if got := s.try(t, "ada", "198.51.100.1", nil); got != 0 {
		t.Errorf("from a known network: waited %s", got)
	}
	if got := s.try(t, "bob", "198.51.100.2", ErrRefused); got != 0 {
		t.Errorf("another account: waited %s", got)
	}
	s.now = noon.Add(time.Hour)
	if got := s.try(t, "ada", "192.0.2.99", ErrRefused); got != 0 {
		t.Errorf("after an hour: waited %s", got)
	}
}

func TestWrongPasswordsFromANetworkAreSlowedForEveryAccount(t *testing.T) {
	s := newSlowed()
	for i, want := range []time.Duration{0, 0, 0, first, 2 * first} {
		if got := s.try(t, fmt.Sprint("user", i), fmt.Sprintf("2001:db8::%d", i+1), ErrRefused); got != want {
			t.Errorf("try %d: waited %s, want %s", i, got, want)
		}
	}
	if got := s.try(t, "user9", "2001:db8:0:1::1", ErrRefused); got != 0 {
		t.Errorf("another network: waited %s", got)
	}
}

func TestTheSameWrongPasswordAgainIsNoGuess(t *testing.T) {
	s := newSlowed()
	for i := range 31 {
		s.guess = 0
		if got := s.try(t, "ada", "192.0.2.1", ErrRefused); got != 0 {
			t.Fatalf("try %d: waited %s", i, got)
		}
	}
}

func TestOnlyRefusalsCount(t *testing.T) {
	s := newSlowed()
	for range 9 {
		for _, outcome := range []error{nil, ErrBusy, ErrUnavailable, context.Canceled} {
			if got := s.try(t, "ada", "192.0.2.1", outcome); got != 0 {
				t.Fatalf("%v: waited %s", outcome, got)
			}
		}
	}
}

func TestANetworkHoldsOnePlaceInTheQueue(t *testing.T) {
	s := newSlowed()
	for range 4 {
		s.try(t, "ada", "192.0.2.1", ErrRefused)
	}
	from := func(n int) netip.Prefix { return Network(netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", n))) }
	for n := range maxSlowed {
		_, err := s.queue("a:ada", from(n))
		ok(t, err)
	}
	_, err := s.queue("a:ada", from(0))
	wants(t, err, ErrBusy)
	_, err = s.queue("a:ada", from(maxSlowed))
	wants(t, err, ErrBusy)
	s.unqueue("a:ada", from(0))
	_, err = s.queue("a:ada", from(maxSlowed))
	ok(t, err)
}

func TestWhatIsTrackedIsBounded(t *testing.T) {
	s := newSlowed()
	for i := range maxTracked + 100 {
		s.note(fmt.Sprint("a:", i), netip.Prefix{}, uint64(i), ErrRefused)
	}
	if len(s.tracked) != maxTracked || s.order.Len() != maxTracked {
		t.Errorf("tracks %d, in order %d", len(s.tracked), s.order.Len())
	}
	for n := range 20 {
		s.note("a:ada", Network(netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", n))), 0, nil)
	}
	if got := len(s.find("a:ada").known); got != maxKnown {
		t.Errorf("knows %d networks", got)
	}
}

func TestAWaitEndsWithTheContextAndGivesItsPlaceBack(t *testing.T) {
	b := newBrake(Brake{Free: 1, Most: time.Hour, Forget: time.Hour})
	a := Attempt{User: "ada", Remote: netip.MustParseAddr("192.0.2.1")}
	leave, err := b.enter(t.Context(), a)
	ok(t, err)
	leave(ErrRefused)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if _, err := b.enter(ctx, a); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want Canceled", err)
		}
	}
}

func TestARememberedPasswordDoesNotWait(t *testing.T) {
	w := newWorld(t)
	r, err := NewRegistry(t.Context(), w.db, Options{People: w.users, Plugins: []Plugin{w.password},
		Brake: Brake{Free: 1, Most: time.Hour, Forget: time.Hour, Wait: func(context.Context, time.Duration) error { return ErrBusy }}})
	ok(t, err)
	t.Cleanup(r.Close)
	at := netip.MustParseAddr("192.0.2.1")
	try := func(secret string) error {
		_, err := r.SignIn(t.Context(), Attempt{User: "ada", Secret: secret, Remote: at})
		return err
	}
	ok(t, try(good))
	wants(t, try("wrong"), ErrRefused)
	wants(t, try("wrong"), ErrBusy)
	ok(t, try(good))
}

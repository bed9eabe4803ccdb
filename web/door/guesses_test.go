package door

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/auth/gate"
	"jeton/vcs/host"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

// guesser tries credentials from an address, of which none is right.
type guesser struct {
	*guesses
	*clock
}

func newGuesser(burst int) *guesser {
	c := &clock{time.Unix(1_700_000_000, 0)}
	return &guesser{newGuesses(Guesses{Burst: burst, Every: time.Minute, Now: func() time.Time { return c.now }}), c}
}

func (g *guesser) try(from, user, secret string) error {
	c := gate.Credential{User: user, Secret: secret, Scheme: "basic", Remote: netip.MustParseAddr(from)}
	if err := g.allow(c); err != nil {
		return err
	}
	g.note(c, &gate.Refused{Code: gate.BadCredential})
	return nil
}

func TestWhoGuessesIsMadeToWait(t *testing.T) {
	g := newGuesser(5)
	for i := range 5 {
		if err := g.try("192.0.2.1", "ada", fmt.Sprint(i)); err != nil {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	err := g.try("192.0.2.1", "ada", "correct horse")
	var no *host.Refusal
	if !errors.As(err, &no) || no.Status != 429 || no.RetryAfter <= 0 || no.RetryAfter > time.Minute || !strings.Contains(no.Sentence, "use a token") {
		t.Fatalf("the sixth guess was answered %+v", err)
	}
	for from, c := range map[string]gate.Credential{
		"a token":                     {User: "git", Secret: "jet_vcs_x", Scheme: "basic", Remote: netip.MustParseAddr("192.0.2.1")},
		"a token as user name":        {User: "jet_vcs_x", Secret: "x-oauth-basic", Scheme: "basic", Remote: netip.MustParseAddr("192.0.2.1")},
		"a guest":                     {Remote: netip.MustParseAddr("192.0.2.1")},
		"another address":             {User: "ada", Secret: "x", Scheme: "basic", Remote: netip.MustParseAddr("192.0.2.2")},
		"who cannot be told by where": {User: "ada", Secret: "x", Scheme: "basic"},
	} {
		if err := g.allow(c); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
	g.pass(no.RetryAfter)
	if err := g.try("192.0.2.1", "ada", "again"); err != nil {
		t.Errorf("after %s: %v", no.RetryAfter, err)
	}
	if err := g.try("192.0.2.1", "ada", "and again"); err == nil {
		t.Error("two more were let through after the time of one")
	}
	g.pass(time.Hour)
	for i := range 5 {
		if err := g.try("192.0.2.1", "ada", fmt.Sprint("later", i)); err != nil {
			t.Errorf("an hour later, guess %d: %v", i, err)
		}
	}
}

// TestAProgramThatRepeatsItselfLocksNobodyOut plays libgit2, which was seen to send one wrong password 31 times.
func TestAProgramThatRepeatsItselfLocksNobodyOut(t *testing.T) {
	g := newGuesser(5)
	for i := range 31 {
		if err := g.try("192.0.2.1", "ada", "wrong"); err != nil {
			t.Fatalf("repetition %d: %v", i, err)
		}
	}
	if err := g.try("192.0.2.1", "ada", "another"); err != nil {
		t.Errorf("another password after the wrong one: %v", err)
	}
	for i := range 1000 {
		if g.try("192.0.2.1", "ada", "wrong") != nil {
			return
		}
		if i == 999 {
			t.Error("a thousand repetitions cost nothing")
		}
	}
}

func TestOneIPv6NetworkIsOneGuesser(t *testing.T) {
	g := newGuesser(2)
	for i, from := range []string{"2001:db8::1", "2001:db8::2"} {
		if err := g.try(from, "ada", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if g.try("2001:db8::3%eth0", "ada", "x") == nil {
		t.Error("a third address of the same network was let through")
	}
	if err := g.try("2001:db8:0:1::3", "ada", "x"); err != nil {
		t.Errorf("another network: %v", err)
	}
}

func TestWhatIsNoGuessCostsNothing(t *testing.T) {
	g := newGuesser(1)
	c := gate.Credential{User: "ada", Secret: "x", Scheme: "basic", Remote: netip.MustParseAddr("192.0.2.1")}
	for _, err := range []error{nil, errors.New("disk full"), &gate.Refused{Code: gate.NotFound}, &gate.Refused{Code: gate.Expired}} {
		g.note(c, err)
	}
	if g.who.order.Len() != 0 {
		t.Errorf("%d addresses are suspected", g.who.order.Len())
	}
	free := newGuesser(0)
	for i := range 1000 {
		if err := free.try("192.0.2.1", "ada", fmt.Sprint(i)); err != nil {
			t.Fatalf("without a bound, guess %d: %v", i, err)
		}
	}
}

func TestGuessersAreForgotten(t *testing.T) {
	g := newGuesser(1)
	for i := range maxRemembered + 100 {
		if err := g.try(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String(), "ada", "x"); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.who.known) != maxRemembered || g.who.order.Len() != maxRemembered {
		t.Errorf("%d and %d addresses are remembered", len(g.who.known), g.who.order.Len())
	}
}

func TestBudgetsAreOfANetwork(t *testing.T) {
	h, now := build(t), time.Now() // the clock stands still
	b := NewBudget(2, func() time.Time { return now })
	take := func(from string) time.Duration {
		r := request("/", func(r *http.Request) { r.RemoteAddr = from })
		return b.Take(h.door.Network(r)).Wait
	}
	for i, from := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1", "", ""} {
		if wait := take(from); wait != 0 {
			t.Errorf("turn %d, from %q: wait %s", i, from, wait)
		}
	}
	for _, from := range []string{"[2001:db8::3]:1", ""} {
		if wait := take(from); wait <= 0 {
			t.Errorf("a third from %q is allowed", from)
		}
	}
}

func TestTheDoorMakesGuessersWait(t *testing.T) {
	h, now := build(t), time.Now() // the clock stands still, however slow the machine
	h.door.guesses = newGuesses(Guesses{Burst: 2, Now: func() time.Time { return now }})
	for i := range 3 {
		_, err := h.door.Admit(request("/", basic("ada", fmt.Sprint("wrong", i))), "ada/app", "git-upload-pack")
		var no *host.Refusal
		if want := []int{401, 401, 429}[i]; !errors.As(err, &no) || no.Status != want {
			t.Errorf("guess %d: %+v, want %d", i, err, want)
		}
	}
	a, err := h.door.Admit(request("/", basic("ada", h.vcs)), "ada/app", "git-upload-pack")
	if err != nil || !strings.Contains(a.Client, "token:") {
		t.Errorf("a token is admitted as %+v, %v", a, err)
	}
}

func TestGuestsAreCountedByTheirNetwork(t *testing.T) {
	h := build(t)
	for remote, want := range map[string]string{"192.0.2.1:99": "192.0.2.1/32", "[2001:db8::1]:99": "2001:db8::/64", "[2001:db8::ffff:2]:99": "2001:db8::/64",
		"[::ffff:192.0.2.1]:99": "192.0.2.1/32"} {
		guest, err := h.door.Admit(request("/", func(r *http.Request) { r.RemoteAddr = remote }), "ada/open", "git-upload-pack")
		if err != nil || guest.Client != want || guest.Actor.ID != "" {
			t.Errorf("a guest from %s is admitted as %+v, %v; want %s", remote, guest, err, want)
		}
	}
}

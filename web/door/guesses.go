package door

import (
	"fmt"
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/vcs/host"
)

// Guesses bounds wrong passwords from one address: an IPv4 address, or an IPv6 network of 64 bits.
type Guesses struct {
	// Burst is how many different ones may be tried one after the other; 0 means that there is no bound.
	Burst int
	// Every is how long it takes until one more may be; 0 means 30 seconds.
	Every time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// guesses remembers who guesses. It may be used by several goroutines.
//
// Only passwords are made to wait: a token has 190 random bits, so whoever shares an address with somebody who guesses
// still gets in with one. The same wrong password again is hardly a guess: a program that repeats it (libgit2 was seen to,
// 31 times) must not lock its user out.
type guesses struct {
	o    Guesses
	seed maphash.Seed

	mu  sync.Mutex // guards what follows
	who recent[netip.Prefix, suspect]
}

const (
	// guess is what a new wrong password costs, again what one that was just tried does.
	guess, again = 20, 1
	// knownAgain is how many wrong passwords of an address are known again.
	knownAgain = 8
)

// suspect is an address that has guessed.
type suspect struct {
	bucket *rate.Limiter
	last   [knownAgain]uint64 // hashes of what was tried, under a seed that nobody knows
	next   int
}

func newGuesses(o Guesses) *guesses {
	if o.Every <= 0 {
		o.Every = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &guesses{o: o, seed: maphash.MakeSeed(), who: newRecent[netip.Prefix, suspect]()}
}

// applies reports whether a credential may be a password. Elsewhere than in Basic none is taken for one; and what stands in an
// address may be somebody else's, who has a browser fetch it. Clients whose address is not known count as one.
func (g *guesses) applies(c gate.Credential) bool {
	return g.o.Burst > 0 && c.Scheme == "basic" && c.Secret != "" && !strings.HasPrefix(c.Secret, "jet_") && !strings.HasPrefix(c.User, "jet_")
}

// allow refuses a credential from an address that has guessed too much; the gate is then not asked.
func (g *guesses) allow(c gate.Credential) error {
	if !g.applies(c) {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.who.find(signin.Network(c.Remote))
	if s == nil {
		return nil
	}
	bucket := s.bucket
	missing := again - bucket.TokensAt(g.o.Now())
	if missing <= 0 {
		return nil
	}
	wait := time.Duration(missing / float64(bucket.Limit()) * float64(time.Second))
	return &host.Refusal{Status: http.StatusTooManyRequests, Code: string(gate.TooMany), RetryAfter: max(wait, time.Second),
		Sentence: fmt.Sprintf("Too many wrong passwords came from your address. Wait %s, or use a token.", max(wait, time.Second).Round(time.Second))}
}

// note remembers what the gate has refused as wrong.
func (g *guesses) note(c gate.Credential, err error) {
	if no := gate.AsRefused(err); no == nil || no.Code != gate.BadCredential || !g.applies(c) {
		return
	}
	var h maphash.Hash
	h.SetSeed(g.seed)
	_, _ = h.WriteString(c.User)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(c.Secret)
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.who.of(signin.Network(c.Remote), func() *suspect {
		return &suspect{bucket: rate.NewLimiter(guess*rate.Every(g.o.Every), guess*g.o.Burst)}
	})
	now, cost := g.o.Now(), guess
	if s.tried(h.Sum64()) {
		cost = again
	}
	// What is left is taken, also where it is not enough: requests that came at the same time were all let through.
	s.bucket.AllowN(now, min(cost, max(int(s.bucket.TokensAt(now)), 0)))
}

// tried reports whether this was tried lately, and remembers it.
func (s *suspect) tried(hash uint64) bool {
	for _, h := range s.last {
		if h == hash {
			return true
		}
	}
	s.last[s.next] = hash
	s.next = (s.next + 1) % knownAgain
	return false
}

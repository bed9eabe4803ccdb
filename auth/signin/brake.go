package signin

import (
	"container/list"
	"context"
	"errors"
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
	"time"

	"jeton/vcs/name"
)

// Brake slows those who try wrong passwords. Nobody is locked out: the right password is let in after the wait, at once
// from a network from which the account has signed in before, and tokens and keys are never slowed.
type Brake struct {
	// Free is how many wrong passwords, for one account or from one network, cost no wait; 0 slows nothing.
	Free int
	// Most is the longest wait; it begins with a quarter of a second and doubles with each wrong password.
	Most time.Duration
	// Forget is how long after the last wrong password they are forgotten.
	Forget time.Duration
	// Now is the clock, Wait waits for time to pass or the context to end; nil means the real ones.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

const (
	// first is the shortest wait.
	first = 250 * time.Millisecond
	// maxTracked is how many accounts and networks are remembered, some 500 bytes each; the one that was longest without
	// a try is forgotten.
	maxTracked = 20_000
	// maxSlowed is how many may wait at a time for one account, each network once: a guesser of one network does not take
	// the place of others.
	maxSlowed = 16
	// maxKnown is how many networks are remembered from which an account has signed in.
	maxKnown = 8
	// maxAccount bounds a user name that is remembered, in bytes; nobody has a longer one.
	maxAccount = 320
)

// brake is a Brake at work. It is safe for concurrent use.
type brake struct {
	o    Brake
	seed maphash.Seed

	// mu guards what follows, and what is in the list. order has the last tried first.
	mu      sync.Mutex
	tracked map[string]*list.Element
	order   *list.List
}

// tries is what is remembered of one account or one network.
type tries struct {
	key   string
	wrong int
	last  time.Time
	// recent are hashes of what was tried last; next is where the next one goes.
	recent [4]uint64
	next   int
	// slowed are the networks that wait for this account; known those from which it has signed in, the last one first.
	slowed, known []netip.Prefix
}

func newBrake(o Brake) *brake {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = pause
	}
	return &brake{o: o, seed: maphash.MakeSeed(), tracked: map[string]*list.Element{}, order: list.New()}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter waits where there were wrong passwords before. leave is called with what came of the try. ErrBusy where too many
// wait for the same account, or the context's error.
func (b *brake) enter(ctx context.Context, a Attempt) (leave func(error), err error) {
	if b.o.Free <= 0 || len(a.User) > maxAccount {
		return func(error) {}, nil
	}
	account, net := "a:"+name.Fold(a.User), Network(a.Remote)
	wait, err := b.queue(account, net)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		err = b.o.Wait(ctx, wait)
		b.unqueue(account, net)
	}
	if err != nil {
		return nil, err
	}
	what := b.hash(account, a.Secret)
	return func(outcome error) { b.note(account, net, what, outcome) }, nil
}

// queue says how long to wait, and takes a place for it.
func (b *brake) queue(account string, net netip.Prefix) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.find(account)
	wait := time.Duration(0)
	if net.IsValid() {
		wait = b.wait(b.find("n:" + net.String()))
	}
	if t == nil || !slices.Contains(t.known, net) {
		wait = max(wait, b.wait(t))
	}
	if wait == 0 {
		return 0, nil
	}
	t = b.track(account)
	if len(t.slowed) >= maxSlowed || slices.Contains(t.slowed, net) {
		return 0, ErrBusy
	}
	t.slowed = append(t.slowed, net)
	return wait, nil
}

func (b *brake) unqueue(account string, net netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.find(account); t != nil {
		if i := slices.Index(t.slowed, net); i >= 0 {
			t.slowed = slices.Delete(t.slowed, i, i+1)
		}
	}
}

// hash stands for a password that was tried, under a seed that nobody knows.
func (b *brake) hash(account, secret string) uint64 {
	var h maphash.Hash
	h.SetSeed(b.seed)
	_, _ = h.WriteString(account)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(secret)
	return h.Sum64()
}

// note remembers a wrong password, or the network of a right one. what is hash's of it.
func (b *brake) note(account string, net netip.Prefix, what uint64, outcome error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case errors.Is(outcome, ErrRefused):
		b.wrong(account, what)
		if net.IsValid() {
			b.wrong("n:"+net.String(), what)
		}
	case outcome == nil && net.IsValid():
		t := b.track(account)
		t.known = slices.DeleteFunc(t.known, func(p netip.Prefix) bool { return p == net })
		t.known = slices.Insert(t.known, 0, net)
		t.known = t.known[:min(len(t.known), maxKnown)]
	}
}

// wrong counts one. The same wrong password again is no guess: a program that repeats it (libgit2 was seen to, 31 times)
// must not slow its user.
func (b *brake) wrong(key string, what uint64) {
	t, now := b.track(key), b.o.Now()
	if slices.Contains(t.recent[:], what) {
		return
	}
	t.recent[t.next] = what
	t.next = (t.next + 1) % len(t.recent)
	if now.Sub(t.last) >= b.o.Forget {
		t.wrong = 0
	}
	t.wrong, t.last = t.wrong+1, now
}

// wait is how long the next try is held; nil has tried nothing.
func (b *brake) wait(t *tries) time.Duration {
	if t == nil || t.wrong < b.o.Free || b.o.Now().Sub(t.last) >= b.o.Forget {
		return 0
	}
	return min(first<<min(t.wrong-b.o.Free, 20), b.o.Most)
}

func (b *brake) find(key string) *tries {
	if e, ok := b.tracked[key]; ok {
		return e.Value.(*tries)
	}
	return nil
}

// track finds what is remembered, or begins to remember.
func (b *brake) track(key string) *tries {
	if e, ok := b.tracked[key]; ok {
		b.order.MoveToFront(e)
		return e.Value.(*tries)
	}
	if b.order.Len() >= maxTracked {
		oldest := b.order.Back()
		delete(b.tracked, oldest.Value.(*tries).key)
		b.order.Remove(oldest)
	}
	t := &tries{key: key}
	b.tracked[key] = b.order.PushFront(t)
	return t
}

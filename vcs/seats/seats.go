// Package seats bounds how many requests are worked on at a time: in all, for each client, and for all guests together, so
// that strangers from many addresses leave half to those who have a credential. What somebody is told who finds no seat is
// the caller's. It imports nothing of ours.
package seats

import (
	"errors"
	"sync"
)

var (
	// ErrFull: all seats are taken, or those that guests may have.
	ErrFull = errors.New("all seats are taken")
	// ErrShare: the client has as many as one may have.
	ErrShare = errors.New("all seats of one client are taken")
)

// Limits are how many seats there are in all, and how many one client may have: one with a credential, and a guest.
type Limits struct{ All, Each, EachGuest int }

// Shares are limits by which nobody takes all: a client leaves half to his like.
func Shares(all int) Limits { return Limits{All: all, Each: half(all), EachGuest: half(half(all))} }

// half is half of some seats, one at least.
func half(n int) int { return max(n/2, 1) }

// Visitor is for whom a seat is taken: Client names who counts together ("" where nobody knows who he is, and he is held to
// no share), and a Guest has come without a credential.
type Visitor struct {
	Client string
	Guest  bool
}

// Seats may be used by several goroutines.
type Seats struct {
	limits Limits

	mu            sync.Mutex // guards what follows
	taken, guests int
	// by is how many each client has taken; nobody stands here who has none, so it never holds more than all.
	by map[string]int
}

// New makes seats, all of them free.
func New(l Limits) *Seats { return &Seats{limits: l, by: map[string]int{}} }

// Take takes a seat and returns the function that gives it back; ErrFull, ErrShare.
func (s *Seats) Take(v Visitor) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	each := s.limits.Each
	if v.Guest {
		each = s.limits.EachGuest
	}
	switch {
	case s.taken >= s.limits.All, v.Guest && s.guests >= half(s.limits.All):
		return nil, ErrFull
	case v.Client != "" && s.by[v.Client] >= each:
		return nil, ErrShare
	}
	s.count(v, 1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count(v, -1)
	}, nil
}

// count adds one, or takes it away; under mu.
func (s *Seats) count(v Visitor, one int) {
	s.taken += one
	if v.Guest {
		s.guests += one
	}
	if s.by[v.Client] += one; s.by[v.Client] == 0 {
		delete(s.by, v.Client)
	}
}

// Busy is how many are taken.
func (s *Seats) Busy() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

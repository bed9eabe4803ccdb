package smarthttp

import (
	"net/http"
	"sync"
	"time"

	"jeton/vcs/host"
)

// seats bounds how many requests are served at a time: in all, for each client, and for all guests together, so that
// strangers from many addresses leave half to those who have a credential. It may be used by several goroutines.
type seats struct {
	all, each int

	mu            sync.Mutex // guards what follows
	taken, guests int
	// by is how many each client has taken; nobody stands here who has none, so it never holds more than all.
	by map[string]int
}

// visitor is for whom a seat is taken: client names who counts together ("" where nobody knows who he is), and a guest
// has come without a credential.
type visitor struct {
	client string
	guest  bool
}

func visitorOf(a host.Admission) visitor {
	return visitor{client: a.Client, guest: a.Actor.ID == ""}
}

func newSeats(all, each int) *seats { return &seats{all: all, each: each, by: map[string]int{}} }

// take takes a seat and returns the function that gives it back; or the refusal that tells to come again.
func (s *seats) take(v visitor) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken >= s.all, v.guest && s.guests >= max(s.all/2, 1):
		return nil, &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
			Sentence: "The server is busy with as many clones and pushes as it may serve at a time; try again in a moment."}
	case v.client != "" && s.by[v.client] >= s.each:
		return nil, &host.Refusal{Status: http.StatusTooManyRequests, Code: "too_many", RetryAfter: 5 * time.Second,
			Sentence: "You have as many clones and pushes under way as one client may have at a time; wait for them, or try again in a moment."}
	}
	s.count(v, 1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count(v, -1)
	}, nil
}

// count adds one, or takes it away; under mu.
func (s *seats) count(v visitor, one int) {
	s.taken += one
	if v.guest {
		s.guests += one
	}
	if s.by[v.client] += one; s.by[v.client] == 0 {
		delete(s.by, v.client)
	}
}

// busy is how many are taken.
func (s *seats) busy() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

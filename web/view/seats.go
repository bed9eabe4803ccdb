package view

import (
	"net/http"
	"sync"
	"time"

	"jeton/vcs/host"
	"jeton/web/door"
)

// seats bound how many answers are worked on at a time: in all; for guests together, so that strangers leave half to those
// who have a credential; and for one client, so that he leaves half to his like. It may be used by several goroutines.
type seats struct {
	most int

	mu            sync.Mutex // guards what follows
	taken, guests int
	clients       map[string]int // by Visit.Client; "" counts with nobody
}

func newSeats(n int) *seats { return &seats{most: n, clients: map[string]int{}} }

// errBusy is the answer where no seat is free.
var errBusy = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
	Sentence: "The server works on as many files and diffs as it may at a time, or on as many as it may for you; try again in a moment."}

// take takes a seat for a visitor and returns what gives it back, or errBusy.
func (s *seats) take(v door.Visit) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, guest := s.most, 0
	if !v.Private {
		room, guest = half(s.most), 1
	}
	if s.taken == s.most || guest == 1 && s.guests == room || v.Client != "" && s.clients[v.Client] >= half(room) {
		return nil, errBusy
	}
	s.count(v.Client, 1, guest)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count(v.Client, -1, -guest)
	}, nil
}

// count notes that somebody came (1) or left (-1). s.mu is held.
func (s *seats) count(client string, n, guests int) {
	s.taken += n
	s.guests += guests
	if client == "" {
		return
	}
	if s.clients[client] += n; s.clients[client] == 0 {
		delete(s.clients, client)
	}
}

// half is half of some seats, one at least.
func half(n int) int { return max(n/2, 1) }

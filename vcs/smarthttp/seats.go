package smarthttp

import (
	"net/http"
	"sync"
	"time"

	"jeton/vcs/host"
)

// seats bounds how many requests are served at a time: in all, and for each client. It may be used by several goroutines.
type seats struct {
	all, each int

	mu    sync.Mutex // guards what follows
	taken int
	// by is how many each client has taken; nobody stands here who has none, so it never holds more than all.
	by map[string]int
}

func newSeats(all, each int) *seats { return &seats{all: all, each: each, by: map[string]int{}} }

// take takes a seat for a client, "" for one of whom nobody knows who he is, and returns the function that gives it back;
// or the refusal that tells to come again.
func (s *seats) take(client string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken >= s.all:
		return nil, &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
			Sentence: "The server is busy with as many clones and pushes as it may serve at a time; try again in a moment."}
	case client != "" && s.by[client] >= s.each:
		return nil, &host.Refusal{Status: http.StatusTooManyRequests, Code: "too_many", RetryAfter: 5 * time.Second,
			Sentence: "You have as many clones and pushes under way as one client may have at a time; wait for them, or try again in a moment."}
	}
	s.taken++
	s.by[client]++
	return func() { s.leave(client) }, nil
}

func (s *seats) leave(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.by[client]--; s.by[client] == 0 {
		delete(s.by, client)
	}
}

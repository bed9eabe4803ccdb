package view

import (
	"net/http"
	"time"

	"jeton/vcs/host"
	"jeton/web/door"
)

// seats bound how many answers are worked on at a time: in all, and for guests together, so that strangers leave half to
// those who have a credential. It may be used by several goroutines.
type seats struct {
	all, guests chan struct{} // one thing in each for everybody who has a seat
}

func newSeats(n int) seats {
	return seats{make(chan struct{}, n), make(chan struct{}, max(n/2, 1))}
}

// errBusy is the answer where no seat is free.
var errBusy = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
	Sentence: "The server works on as many files and diffs as it may at a time; try again in a moment."}

// take takes a seat for a visitor and returns what gives it back, or errBusy.
func (s seats) take(v door.Visit) (leave func(), err error) {
	if !v.Private {
		select {
		case s.guests <- struct{}{}:
		default:
			return nil, errBusy
		}
	}
	back := func() {
		if !v.Private {
			<-s.guests
		}
	}
	select {
	case s.all <- struct{}{}:
		return func() { <-s.all; back() }, nil
	default:
		back()
		return nil, errBusy
	}
}

package feed

import (
	"context"
	"net/http"
	"sync"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/seats"
	"jeton/web/door"
)

// workshop bounds how many answers are worked at at a time: in all, one for each client, and half for guests together; and
// lets some wait. A path or a branch that nobody has asked for costs one client a line and the server a walk, so without it
// somebody who makes paths up would keep all others waiting. It may be used by several goroutines.
type workshop struct {
	seats *seats.Seats
	// mu guards what follows.
	mu      sync.Mutex
	waiting int
	left    chan struct{} // closed, and another one, whenever a place becomes free
}

// maxWaiting is how many may wait for a place. Each has its repository open.
const maxWaiting = 128

// errBusy is the answer where too many wait already.
var errBusy = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 30 * time.Second,
	Sentence: "The server works on as many feeds as it may at a time, and many wait; try again in a moment."}

func newWorkshop(most int) *workshop {
	return &workshop{seats: seats.New(seats.Limits{All: most, Each: 1, EachGuest: 1}), left: make(chan struct{})}
}

// enter waits for a place and returns what gives it back; errBusy, or the error of the context.
func (w *workshop) enter(ctx context.Context, v door.Visit) (leave func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	who := seats.Visitor{Client: v.Client, Guest: !v.Private}
	free, err := w.seats.Take(who)
	if err != nil {
		if w.waiting >= maxWaiting {
			return nil, errBusy
		}
		w.waiting++
		defer func() { w.waiting-- }()
		for ; err != nil; free, err = w.seats.Take(who) {
			if err := w.wait(ctx); err != nil {
				return nil, err
			}
		}
	}
	return func() { w.leave(free) }, nil
}

// wait waits until somebody leaves; under mu, which others have meanwhile.
func (w *workshop) wait(ctx context.Context) error {
	left := w.left
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives a place back and wakes those who wait.
func (w *workshop) leave(free func()) {
	free()
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.left)
	w.left = make(chan struct{})
}

package feed

import (
	"context"
	"net/http"
	"sync"
	"time"

	"jeton/vcs/host"
	"jeton/web/door"
)

// workshop bounds how many answers are worked at at a time: in all, one for each client, and half for guests together. A
// path or a branch that nobody has asked for costs one client a line and the server a walk, so without it somebody who makes
// paths up would keep all others waiting. It may be used by several goroutines.
type workshop struct {
	most int
	// mu guards what follows.
	mu                    sync.Mutex
	busy, guests, waiting int
	by                    map[string]bool // clients that have a place
	left                  chan struct{}   // closed, and another one, whenever a place becomes free
}

// maxWaiting is how many may wait for a place. Each has its repository open.
const maxWaiting = 128

// errBusy is the answer where too many wait already.
var errBusy = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 30 * time.Second,
	Sentence: "The server works on as many feeds as it may at a time, and many wait; try again in a moment."}

func newWorkshop(most int) *workshop {
	return &workshop{most: most, by: map[string]bool{}, left: make(chan struct{})}
}

// enter waits for a place and returns what gives it back; errBusy, or the error of the context.
func (w *workshop) enter(ctx context.Context, v door.Visit) (leave func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.take(v) {
		if w.waiting >= maxWaiting {
			return nil, errBusy
		}
		w.waiting++
		defer func() { w.waiting-- }()
		for !w.take(v) {
			if err := w.wait(ctx); err != nil {
				return nil, err
			}
		}
	}
	return func() { w.leave(v) }, nil
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

// take takes a place where there is one; under mu. Clients whose name is not known are not told apart, nor held to one.
func (w *workshop) take(v door.Visit) bool {
	if w.busy >= w.most || v.Client != "" && w.by[v.Client] || !v.Private && w.guests >= max(w.most/2, 1) {
		return false
	}
	w.count(v, 1)
	return true
}

func (w *workshop) leave(v door.Visit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count(v, -1)
	close(w.left)
	w.left = make(chan struct{})
}

// count adds one, or takes it away; under mu.
func (w *workshop) count(v door.Visit, one int) {
	w.busy += one
	if !v.Private {
		w.guests += one
	}
	if one > 0 {
		w.by[v.Client] = true
	} else {
		delete(w.by, v.Client)
	}
}

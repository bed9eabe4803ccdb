package receive

import (
	"context"
	"sync"
	"time"
)

// debt is what the journal is to be told and could not be when it was due; refs is how many refs it is about.
type debt struct {
	refs int
	pay  func(ctx context.Context) error
}

// maxOwed bounds the refs of all debts together. What is beyond stays open until the next start, which settles it.
const maxOwed = 1 << 20

// Between two tries to write into a journal that fails.
const (
	firstWait = time.Second
	lastWait  = time.Minute
)

// arrears are the debts of a server.
type arrears struct {
	mu    sync.Mutex // guards list and refs
	list  []debt
	refs  int
	woken chan struct{} // holds one where a debt was added that Run has not seen
}

func (a *arrears) add(d debt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refs+d.refs > maxOwed {
		return
	}
	a.list, a.refs = append(a.list, d), a.refs+d.refs
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

// pay tries each debt once, oldest first, and answers what went wrong with the last that is left.
func (a *arrears) pay(ctx context.Context) (left error) {
	a.mu.Lock()
	list := a.list
	a.list, a.refs = nil, 0
	a.mu.Unlock()
	for i, d := range list {
		if ctx.Err() != nil {
			for _, d := range list[i:] {
				a.add(d)
			}
			return ctx.Err()
		}
		if err := d.pay(ctx); err != nil {
			left = err
			a.add(d)
		}
	}
	return left
}

// Run writes into the journal what could not be written when it was due, until ctx ends; its error is nil. What is left
// then is settled at the next start.
func (s *Server) Run(ctx context.Context) error {
	wait, again := firstWait, (<-chan time.Time)(nil)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again:
		case <-s.owed.woken:
			if again != nil {
				continue // its time comes
			}
		}
		again = nil
		err := s.owed.pay(ctx)
		if err == nil {
			wait = firstWait
			continue
		}
		s.o.Log.ErrorContext(ctx, "journal entries still cannot be ended; it is tried again", "in", wait, "error", err)
		again, wait = time.After(wait), min(2*wait, lastWait)
	}
}

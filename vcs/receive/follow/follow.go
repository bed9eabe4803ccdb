// Package follow lets others act upon pushes that were taken: maintenance, and later feeds, hooks and caches. Each is a
// Follower of the journal of pushes, with a cursor of its own.
//
//	journal, as pushes ended   a1  b1  a2  c1  b2  c2  …        a, b, c: repositories
//	                          ────────┼─────────────┼────►
//	                               cursor         read
//	                               on disk        in memory; a2 failed and is tried again later, and what comes
//	                                              behind it in a waits, while b and c go on
//
// The cursor stands before the first push that is not done with. So a follower misses none, whenever its process is
// killed; it may see a push twice, and sees the pushes of one repository in their order. A push is seen once its refs
// have moved and its entry is ended, or when a start has settled what a crash had cut short (receive.Settle).
//
// The package knows no database and no follower; it imports receive and storage.
package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"jeton/vcs/receive"
	"jeton/vcs/storage"
)

// Push is a push as followers see it: its entry in the journal, and how it ended.
type Push struct {
	receive.Entry
	// Position is its place among those that ended; positions compare as strings.
	Position string
	// EndedAt is zero while the push is open; followers see none that is.
	EndedAt time.Time
	// Results tell how each of Updates ended, in their order.
	Results []storage.RefResult
}

// Moved reports whether the push moved any ref.
func (p Push) Moved() bool {
	for _, r := range p.Results {
		if r.Err == nil {
			return true
		}
	}
	return false
}

// Moves are the updates that came to pass, in their order.
func (p Push) Moves() (moves []storage.RefUpdate) {
	for i, u := range p.Updates {
		if i < len(p.Results) && p.Results[i].Name == u.Name && p.Results[i].Err == nil {
			moves = append(moves, u)
		}
	}
	return moves
}

// Journal is what a follower reads, and where its cursor is kept.
type Journal interface {
	// Ended lists the pushes that ended behind a position ("" is before the first), in the order of their ends, at most
	// limit; those of one repository where repoID is not empty. Whoever has seen one push sees no other appear before it.
	Ended(ctx context.Context, repoID, after string, limit int) ([]Push, error)
	// Cursor is how far a follower has come; "" where it has not begun.
	Cursor(ctx context.Context, follower string) (string, error)
	// Move writes that a follower is done with everything up to a position; it is on disk when Move returns.
	Move(ctx context.Context, follower, position string) error
}

// Options are what a Follower needs; zero durations and numbers mean the defaults that stand behind them.
type Options struct {
	// Name is the cursor's; it must not change, and no two followers have the same.
	Name    string
	Journal Journal
	// Handle acts upon one push, one at a time; it may be given the same push again. After an error it is given it
	// again, later and later. It must end soon when ctx does.
	Handle func(ctx context.Context, p Push) error
	// Wait is how long to wait after a first error (1 second); it doubles with each further one, up to MaxWait (10 minutes).
	Wait, MaxWait time.Duration
	// Batch is how many pushes are read at once (100).
	Batch int
	// Parked is how many repositories may wait for another try before no others are looked at either (1,000).
	Parked int
	Log    *slog.Logger
}

// Follower follows the journal while Run runs.
type Follower struct {
	o Options
	// woken holds one token where the journal has grown since it was read last.
	woken chan struct{}
}

// New makes a follower.
func New(o Options) *Follower {
	if o.Wait <= 0 {
		o.Wait = time.Second
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 10 * time.Minute
	}
	if o.Batch <= 0 {
		o.Batch = 100
	}
	if o.Parked <= 0 {
		o.Parked = 1000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Follower{o: o, woken: make(chan struct{}, 1)}
}

// Name is what its cursor is called.
func (f *Follower) Name() string { return f.o.Name }

// Wake tells that the journal has grown. It never waits.
func (f *Follower) Wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// Run follows until ctx ends; its error is nil. Whatever fails is logged and tried again.
func (f *Follower) Run(ctx context.Context) error {
	t := &trail{Follower: f, parked: map[string]*parked{}}
	wait := f.o.Wait
	for ctx.Err() == nil {
		more, err := t.step(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			f.o.Log.ErrorContext(ctx, "the journal of pushes cannot be followed; it is tried again", "follower", f.o.Name, "in", wait, "error", err)
			pause(ctx, wait)
			wait = min(2*wait, f.o.MaxWait)
			continue
		}
		wait = f.o.Wait
		if !more {
			t.rest(ctx)
		}
	}
	t.leave(ctx)
	return nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// handle acts upon one push. A panic is an error as others are: the journal goes on.
func (f *Follower) handle(ctx context.Context, p Push) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f.o.Log.ErrorContext(ctx, "panic while following a push", "follower", f.o.Name, "entry", p.ID, "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	err = f.o.Handle(ctx, p)
	return errors.Join(err, ctx.Err())
}

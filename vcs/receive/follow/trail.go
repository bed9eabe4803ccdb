package follow

import (
	"context"
	"time"
)

// trail is how far one Run has come. One goroutine owns it.
type trail struct {
	*Follower
	begun bool
	// read is the position up to which the journal was read; saved is the cursor as it stands on disk.
	read, saved string
	// parked are the repositories of which a push failed, by id.
	parked map[string]*parked
}

// parked is a repository that waits for another try.
type parked struct {
	// done is the position up to which its pushes are done with.
	done string
	// due is when it is tried again, wait how long the next wait is.
	due  time.Time
	wait time.Duration
}

// step tries again what is due, reads a batch on, and moves the cursor; more tells that there may be more to read at
// once. The error is the journal's.
func (t *trail) step(ctx context.Context) (more bool, err error) {
	if !t.begun {
		if t.saved, err = t.o.Journal.Cursor(ctx, t.o.Name); err != nil {
			return false, err
		}
		t.read, t.begun = t.saved, true
	}
	now := time.Now()
	for id, p := range t.parked {
		if !p.due.After(now) {
			if err := t.again(ctx, id, p); err != nil {
				return false, err
			}
		}
	}
	if len(t.parked) < t.o.Parked {
		if more, err = t.on(ctx); err != nil {
			return false, err
		}
	}
	return more, t.save(ctx)
}

// on reads one batch on.
func (t *trail) on(ctx context.Context) (more bool, err error) {
	batch, err := t.o.Journal.Ended(ctx, "", t.read, t.o.Batch)
	if err != nil {
		return false, err
	}
	for _, p := range batch {
		if t.parked[p.RepoID] == nil {
			if err := t.handle(ctx, p); err != nil {
				if ctx.Err() != nil {
					return false, ctx.Err()
				}
				t.park(ctx, p, &parked{done: t.read, wait: t.o.Wait}, err)
			}
		}
		t.read = p.Position
		if len(t.parked) >= t.o.Parked {
			return false, nil
		}
	}
	return len(batch) == t.o.Batch, nil
}

// again goes through the pushes of a repository that waits, from the one that failed up to what was read of the others.
func (t *trail) again(ctx context.Context, id string, waiting *parked) error {
	for {
		batch, err := t.o.Journal.Ended(ctx, id, waiting.done, t.o.Batch)
		if err != nil {
			return err
		}
		for _, p := range batch {
			if p.Position > t.read {
				delete(t.parked, id)
				return nil
			}
			if err := t.handle(ctx, p); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				t.park(ctx, p, waiting, err)
				return nil
			}
			waiting.done, waiting.wait = p.Position, t.o.Wait
		}
		if len(batch) < t.o.Batch {
			delete(t.parked, id)
			return nil
		}
	}
}

// park lets a repository wait for another try.
func (t *trail) park(ctx context.Context, p Push, waiting *parked, err error) {
	t.o.Log.WarnContext(ctx, "a push could not be followed; it is tried again", "follower", t.o.Name, "entry", p.ID, "repository", p.RepoID,
		"in", waiting.wait, "error", err)
	waiting.due = time.Now().Add(waiting.wait)
	waiting.wait = min(2*waiting.wait, t.o.MaxWait)
	t.parked[p.RepoID] = waiting
}

// save moves the cursor on disk to where everything before is done with.
func (t *trail) save(ctx context.Context) error {
	done := t.read
	for _, p := range t.parked {
		done = min(done, p.done)
	}
	if done <= t.saved {
		return nil
	}
	if err := t.o.Journal.Move(ctx, t.o.Name, done); err != nil {
		return err
	}
	t.saved = done
	return nil
}

// rest waits until the journal has grown, a repository is due, or ctx ends.
func (t *trail) rest(ctx context.Context) {
	var due <-chan time.Time
	if len(t.parked) > 0 {
		var next time.Time
		for _, p := range t.parked {
			if next.IsZero() || p.due.Before(next) {
				next = p.due
			}
		}
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-t.woken:
	case <-due:
	case <-ctx.Done():
	}
}

// farewell is how long the last moving of the cursor may take.
const farewell = 5 * time.Second

// leave moves the cursor once more when ctx has ended; where that fails, some pushes are seen again.
func (t *trail) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := t.save(ctx); err != nil {
		t.o.Log.WarnContext(ctx, "how far the journal was followed could not be written; some pushes will be seen again", "follower", t.o.Name, "error", err)
	}
}

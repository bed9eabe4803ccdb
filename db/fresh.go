package db

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Fresh returns when everybody who keeps rows in memory has heard of all that was committed before the call, by this
// process or any other. Whoever decides by what it keeps asks first. With SQLite, which one process owns, there is nothing
// to ask. With PostgreSQL it is one query, which calls that come while another's runs share; with Options.Cache an answer
// is used again for so long, and what others change is heard of so much later. ErrUnreachable where the server does not
// answer: nobody may be let in by what is in memory then.
func (d *DB) Fresh(ctx context.Context) error {
	s := d.shared
	if s == nil {
		return nil
	}
	if s.cache > 0 && s.checks.age() < s.cache {
		return nil
	}
	return s.checks.join(ctx, func() error {
		// Others wait for the same answer, so it does not end with one request's context.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		defer cancel()
		return d.ask(ctx)
	})
}

// ask brings this process to where the others are.
func (d *DB) ask(ctx context.Context) error {
	begun := time.Now()
	var behind bool
	err := alive(func() (done bool, err error) {
		_, behind, err = d.catchUp(ctx, d.reader(ctx))
		return false, err
	})
	if behind && err == nil {
		err = d.Write(ctx, func(*Tx) error { return nil }) // entering a turn reads everything anew
	}
	if err != nil {
		return err
	}
	d.shared.checks.passed(begun)
	return nil
}

// checks has many requests share one question. A request must not be answered by a question that was put before it came,
// so those that come while one is under way wait for the next.
type checks struct {
	// asking is held by whoever asks.
	asking sync.Mutex
	// mu guards what follows.
	mu sync.Mutex
	// next is the question that is not put yet; nil where nobody waits.
	next *check
	// last is when the question was put whose answer was good; zero for never.
	last time.Time
}

// check is one question and its answer, which is there when done is closed.
type check struct {
	done chan struct{}
	err  error
}

// join answers what ask says, when it is called after join was.
func (c *checks) join(ctx context.Context, ask func() error) error {
	c.mu.Lock()
	q, asks := c.next, c.next == nil
	if asks {
		q = &check{done: make(chan struct{})}
		c.next = q
	}
	c.mu.Unlock()
	if asks {
		c.put(q, ask)
		return q.err
	}
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// put asks, when the question before is answered. Those who wait are answered even where ask panics.
func (c *checks) put(q *check, ask func() error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	c.mu.Lock()
	c.next = nil
	c.mu.Unlock()
	q.err = fmt.Errorf("%w: the question was broken off", ErrUnreachable)
	defer close(q.done)
	q.err = ask()
}

// passed notes a good answer to a question that was put at a moment.
func (c *checks) passed(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.last) {
		c.last = at
	}
}

// age is how long ago the last question with a good answer was put.
func (c *checks) age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.IsZero() {
		return 1<<63 - 1
	}
	return time.Since(c.last)
}

package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"jeton/vcs/deadline"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// send enumerates what the client lacks and sends the pack, with signs of life while it is silent otherwise. Nobody but
// the band writes to the client from here on.
func (c *conversation) send(o order, noProgress bool) (err error) {
	c.sending = true
	if err := c.flush(); err != nil {
		return fmt.Errorf("send answer: %w", err)
	}
	began := time.Now()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	stop := c.keepAlive(ctx, cancel)
	defer func() { err = errors.Join(err, stop()) }()
	people := &progress{}
	if c.band != nil && !noProgress {
		people.tell = func(text string) { _ = c.band.Progress(text) } // a client that is gone is noticed by the next write
	}
	plan, err := c.plan(ctx, o, people)
	if err != nil {
		return err
	}
	options := pack.WriteOptions{OfsDelta: o.ofs, Whole: plan.Whole}
	if o.thin {
		options.ClientHas = plan.ClientHas
	}
	to := io.Writer(c.out)
	if c.band != nil {
		to = c.band
	}
	done, err := c.view.Objects.Write(ctx, to, plan.Objects, options)
	if err != nil {
		return fmt.Errorf("send pack: %w", err)
	}
	// Like git's own last line, which some tools read.
	people.say("Total %d (delta %d), reused %d\n", done.Objects, done.Deltas, done.Reused)
	if c.ses.Notice != "" {
		people.say("%s\n", wire.Escape(c.ses.Notice))
	}
	c.log(o, done, time.Since(began))
	if c.band != nil {
		err = c.band.Close()
	} else {
		err = c.out.Send()
	}
	if err == nil && c.ses.Sent != nil {
		c.ses.Sent(fmt.Sprintf("%d objects, %d bytes", done.Objects, done.Bytes))
	}
	return err
}

// flush sends what was written so far. Where there are bands somebody else may write to the client too, and the band alone
// knows when.
func (c *conversation) flush() error {
	if c.band != nil {
		return c.band.Send()
	}
	return c.out.Send()
}

// plan enumerates the objects of an order, and tells people how many there are.
func (c *conversation) plan(ctx context.Context, o order, people *progress) (reach.Plan, error) {
	plan, err := reach.Enumerate(ctx, c.view.Objects, reach.Request{
		Wants: o.wants, Haves: o.haves, Shallow: o.shallow, Boundary: o.boundary, Unshallow: o.unshallow, Filter: o.filter,
		Budget: c.s.o.Limits.Visit,
	}, people.counting)
	if err != nil {
		return plan, fmt.Errorf("enumerate objects: %w", tooLong(err))
	}
	if o.includeTag {
		if err := c.includeTags(&plan); err != nil {
			return plan, fmt.Errorf("include tags: %w", err)
		}
	}
	total := len(plan.Objects)
	for _, p := range plan.Whole {
		total += int(p.Count())
	}
	people.say("Enumerating objects: %d, done.\n", total)
	if !o.ofs {
		return unroll(plan)
	}
	return plan, nil
}

// unroll names the objects of whole packs one by one: their deltas must be rewritten for a client that does not
// understand OFS_DELTA.
func unroll(plan reach.Plan) (reach.Plan, error) {
	for _, p := range plan.Whole {
		err := p.Each(func(id oid.ID, _ pack.Location) error {
			plan.Objects = append(plan.Objects, id)
			return nil
		})
		if err != nil {
			return plan, fmt.Errorf("list %s: %w", p.Name, err)
		}
	}
	plan.Whole = nil
	return plan, nil
}

// log tells the operator what was sent, where he wants to know.
func (c *conversation) log(o order, done pack.Written, took time.Duration) {
	if !c.s.o.Log.Enabled(c.ctx, slog.LevelDebug) {
		return
	}
	c.s.o.Log.DebugContext(c.ctx, "pack sent", "repository", c.repo, "order", fmt.Sprintf("%x", o.key()), "wants", len(o.wants), "haves", len(o.haves),
		"objects", done.Objects, "reused", done.Reused, "bytes", done.Bytes, "took", took)
}

// progress is what people are told on band 2 while they wait.
type progress struct {
	tell func(text string) // nil where nobody listens
	last time.Time
}

func (p *progress) say(format string, args ...any) {
	if p.tell != nil {
		p.tell(fmt.Sprintf(format, args...))
	}
}

// counting tells how far the enumeration has come, at most twice a second.
func (p *progress) counting(n int) {
	now := time.Now()
	if p.last.IsZero() {
		p.last = now
	}
	if now.Sub(p.last) > time.Second/2 {
		p.last = now
		p.say("Enumerating objects: %d\r", n)
	}
}

// keepAlive sends empty packets while nothing else is sent, and ends the work when the client is gone. The function that
// it returns stops it and waits for it; its error is a bug.
func (c *conversation) keepAlive(ctx context.Context, gone context.CancelFunc) (end func() error) {
	band := c.band
	if band == nil || c.alive { // without bands there is no packet that a client would take for a sign of life
		return func() error { return nil }
	}
	return deadline.Alive(ctx, c.s.o.Log, "a fetch", c.s.o.KeepAlive, band.KeepAlive, gone)
}

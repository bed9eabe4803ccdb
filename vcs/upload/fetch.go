package upload

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// fetch serves protocol 2's fetch.
func (c *conversation) fetch(more bool) error {
	q, err := c.readV2(more)
	if err != nil {
		return err
	}
	if len(q.wants) == 0 && !q.waitForDone {
		return c.out.Send()
	}
	if err := c.checkWants(q); err != nil {
		return err
	}
	n := c.negotiation(q)
	for _, have := range q.haves {
		if _, err := n.offer(have); err != nil {
			return err
		}
	}
	if len(q.haves) > 0 && !q.done {
		if ready := c.acknowledgments(q, n); !ready {
			_ = c.out.Flush()
			return c.out.Send()
		}
		_ = c.out.Delim()
	}
	k, err := c.cut(q)
	if err != nil {
		return err
	}
	if q.depth > 0 || len(q.shallow) > 0 {
		_ = c.out.Line("shallow-info")
		c.tellCut(k)
		_ = c.out.Delim()
	}
	_ = c.out.Line("packfile")
	c.band = wire.NewSideBand(c.out, wire.SideBand64k)
	return c.send(q, n, k)
}

// acknowledgments writes the section of that name.
func (c *conversation) acknowledgments(q *request, n *negotiation) (ready bool) {
	_ = c.out.Line("acknowledgments")
	if len(n.common) == 0 {
		_ = c.out.Line("NAK")
	}
	for _, id := range n.common {
		_ = c.out.Linef("ACK %s", id)
	}
	if ready = !q.waitForDone && n.ready(); ready {
		_ = c.out.Line("ready")
	}
	return ready
}

// classic serves protocols 0 and 1 after the advertisement.
func (c *conversation) classic() error {
	q, caps, err := c.readWants()
	if err != nil || q == nil {
		return err
	}
	if err := c.checkWants(q); err != nil {
		return err
	}
	k, err := c.cut(q)
	if err != nil {
		return err
	}
	if q.depth > 0 {
		c.tellCut(k)
		_ = c.out.Flush()
		if !c.ses.Stateless {
			if err := c.out.Send(); err != nil {
				return err
			}
		}
	}
	n := c.negotiation(q)
	send, err := c.classicHaves(q, caps, n)
	if err != nil || !send {
		return err
	}
	switch {
	case caps.Has("side-band-64k"):
		c.band = wire.NewSideBand(c.out, wire.SideBand64k)
	case caps.Has("side-band"):
		c.band = wire.NewSideBand(c.out, wire.SideBandOld)
	}
	return c.send(q, n, k)
}

// checkWants refuses what no ref that the client sees leads to, in git's words.
func (c *conversation) checkWants(q *request) error {
	known := make(map[oid.ID]bool, 2*len(c.view.Refs.Refs)+1)
	known[c.view.Refs.Head.ID] = true
	for _, ref := range c.view.Refs.Refs {
		if shown(ref.Name) {
			known[ref.ID], known[ref.Peeled] = true, true
		}
	}
	delete(known, oid.Zero)
	var rest []oid.ID
	for _, want := range q.wants {
		if !known[want] {
			rest = append(rest, want)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	hidden, err := c.visible.Objects(c.ctx, rest)
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		return refuse("not our ref %s", hidden[0])
	}
	return nil
}

// send enumerates what the client lacks and sends the pack, with signs of life while it is silent otherwise.
func (c *conversation) send(q *request, n *negotiation, k cut) (err error) {
	if err := c.out.Send(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	defer c.keepAlive(ctx, cancel)()
	plan, err := reach.Enumerate(ctx, c.view.Objects, reach.Request{
		Wants: q.wants, Haves: n.common, Shallow: k.client, Boundary: k.boundary, Unshallow: k.unshallow, Filter: q.filter,
	}, c.counting(q))
	if err != nil {
		return fmt.Errorf("enumerate objects: %w", err)
	}
	if q.includeTag {
		if err := c.includeTags(&plan); err != nil {
			return fmt.Errorf("include tags: %w", err)
		}
	}
	total := len(plan.Objects)
	for _, p := range plan.Whole {
		total += int(p.Count())
	}
	c.progress(q, fmt.Sprintf("Enumerating objects: %d, done.\n", total))
	o := pack.WriteOptions{OfsDelta: q.ofs, Whole: plan.Whole}
	if q.thin {
		o.ClientHas = plan.ClientHas
	}
	if !q.ofs && len(o.Whole) > 0 {
		if plan, err = c.unroll(plan); err != nil {
			return err
		}
		o.Whole = nil
	}
	done, err := c.view.Objects.Write(ctx, c.packTo(), plan.Objects, o)
	if err != nil {
		return fmt.Errorf("send pack: %w", err)
	}
	c.progress(q, fmt.Sprintf("Total %d (delta %d), reused %d\n", done.Objects, done.Deltas, done.Reused))
	if c.band != nil {
		return c.band.Close()
	}
	return c.out.Send()
}

// unroll names the objects of whole packs one by one: their deltas must be rewritten for a client that does not
// understand OFS_DELTA.
func (c *conversation) unroll(plan reach.Plan) (reach.Plan, error) {
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

// packTo is where the pack goes: band 1, or the bare connection.
func (c *conversation) packTo() io.Writer {
	if c.band != nil {
		return c.band
	}
	return c.out
}

func (c *conversation) progress(q *request, text string) {
	if c.band != nil && !q.noProgress {
		_ = c.band.Progress(text)
	}
}

// counting tells people how far the enumeration has come, at most twice a second.
func (c *conversation) counting(q *request) func(int) {
	last := time.Now()
	return func(n int) {
		if time.Since(last) > time.Second/2 {
			last = time.Now()
			c.progress(q, fmt.Sprintf("Enumerating objects: %d\r", n))
		}
	}
}

// keepAlive sends empty packets while nothing else is sent, and ends the work when the client is gone. The function that
// it returns stops it and waits for it.
func (c *conversation) keepAlive(ctx context.Context, gone context.CancelFunc) func() {
	if c.band == nil {
		return func() {}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(c.s.o.KeepAlive)
		defer t.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ctx.Done():
				return
			case <-t.C:
				if c.band.KeepAlive() != nil {
					gone()
					return
				}
			}
		}
	})
	return func() {
		close(stop)
		wg.Wait()
	}
}

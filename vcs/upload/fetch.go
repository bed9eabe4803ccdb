package upload

import (
	"errors"
	"fmt"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// fetch serves protocol 2's fetch (gitprotocol-v2, "fetch"). Its answer is one of
//
//	acknowledgments 0000                                             the client is to go on offering
//	[acknowledgments 0001] [shallow-info 0001] packfile bands 0000   the first section only where the client is not done
//	ERR                                                              in place of any section
//
// Nothing is written before the whole request was read and its wants were found to be visible.
func (c *conversation) fetch(more bool) error {
	q := newRequest(c.s.o.Limits)
	if err := c.arguments(more, q.argument); err != nil {
		return err
	}
	if len(q.wants) == 0 && !q.waitForDone {
		return c.out.Send()
	}
	if err := c.checkWants(q.wants); err != nil {
		return err
	}
	n := c.negotiation(q.wants)
	for _, have := range q.haves {
		if _, err := n.offer(have); err != nil {
			return err
		}
	}
	if len(q.haves) > 0 && !q.done {
		if ready := c.acknowledge(q, n); !ready {
			_ = c.out.Flush()
			return c.out.Send()
		}
		_ = c.out.Delim()
	}
	k, err := c.cut(q)
	if err != nil {
		return err
	}
	if q.depth > 0 || len(k.client) > 0 {
		_ = c.out.Line("shallow-info")
		c.tellCut(k)
		_ = c.out.Delim()
	}
	_ = c.out.Line("packfile")
	c.band = wire.NewSideBand(c.out, wire.SideBand64k)
	err = c.send(c.order(q, n, k), q.noProgress)
	if err == nil {
		c.band, c.sending = nil, false // the next command has no bands yet
	}
	return err
}

// acknowledge writes the section "acknowledgments". ready says that the pack follows.
func (c *conversation) acknowledge(q *request, n *negotiation) (ready bool) {
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

// checkWants refuses what no ref that the client sees leads to, in git's words. That an object is there and hidden is
// not told: too long a walk gives the same answer, and the log the reason.
func (c *conversation) checkWants(wants []oid.ID) error {
	rest := c.noTips(wants)
	if len(rest) == 0 {
		return nil
	}
	if c.ses.Rules.AdvertisedOnly {
		return refuse("not our ref %s", rest[0])
	}
	hidden, err := c.visible().Objects(c.ctx, rest)
	if errors.Is(err, reach.ErrBudget) {
		return fmt.Errorf("%w (%w)", refuse("not our ref %s", rest[0]), err)
	}
	if err != nil {
		return fmt.Errorf("check wants: %w", err)
	}
	if len(hidden) > 0 {
		return refuse("not our ref %s", hidden[0])
	}
	return nil
}

// noTips returns the wants that are neither a ref nor what a tag's ref peels to. A look at every ref is cheaper than a
// table of all of them, which would be made for each fetch.
func (c *conversation) noTips(wants []oid.ID) []oid.ID {
	open := set(wants)
	snap := c.view.Refs
	if c.sight.shows(&snap.Head) {
		delete(open, snap.Head.ID)
	}
	for i := 0; i < len(snap.Refs) && len(open) > 0; i++ {
		if ref := &snap.Refs[i]; c.sight.shows(ref) {
			delete(open, ref.ID)
			if !ref.Peeled.IsZero() { // zero is what a client may want too, to be refused
				delete(open, ref.Peeled)
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	var rest []oid.ID
	for _, want := range wants {
		if open[want] {
			rest = append(rest, want)
		}
	}
	return rest
}

func set(list []oid.ID) map[oid.ID]bool {
	m := make(map[oid.ID]bool, len(list))
	for _, id := range list {
		m[id] = true
	}
	return m
}

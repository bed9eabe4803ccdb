package upload

import (
	"errors"
	"fmt"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// fetch serves protocol 2's fetch (gitprotocol-v2, "fetch"). Its answer is one of
//
//	acknowledgments 0000                                                            the client is to go on offering
//	[acknowledgments 0001] [shallow-info 0001] [wanted-refs 0001] packfile bands 0000   the first where it is not done
//	ERR                                                                             in place of any section
//
// Nothing is written before the whole request was read and its wants were found to be visible. C git 2.39 writes
// wanted-refs before shallow-info, against the document and its own client.
func (c *conversation) fetch(more bool) (err error) {
	q := newRequest(c.s.o.Limits)
	err = c.arguments("fetch", more, func(line string) error {
		if name, ok := strings.CutPrefix(line, "want-ref "); ok {
			return c.wantRef(q, name)
		}
		return q.argument(line)
	})
	if q.sidebandAll {
		end := c.everythingInBands()
		defer func() { err = errors.Join(err, end()) }()
	}
	if err != nil {
		return err
	}
	if len(q.wants) == 0 && !q.waitForDone {
		return refuse("a fetch needs a want: nothing was asked for")
	}
	if err := c.checkWants(q.byID); err != nil {
		return err
	}
	n := c.negotiation(q)
	if len(q.haves) > 0 {
		ready, err := c.acknowledge(q, n)
		if err != nil || !ready {
			return err
		}
	}
	return c.sections(q, n)
}

// wantRef takes in a want by name, in git's words where the client sees no such ref.
func (c *conversation) wantRef(q *request, name string) error {
	ref, ok := c.sight.Find(name)
	if !ok {
		return quote("unknown ref %s", wire.Escape(name))
	}
	return q.wantRef(ref.Name, ref.ID)
}

// sections writes all that follows the negotiation.
func (c *conversation) sections(q *request, n *negotiation) error {
	k, err := c.shape(q)
	if err != nil {
		return err
	}
	if q.deepens() || len(k.client) > 0 || c.isShallow() {
		c.say("shallow-info")
		c.tellCut(k)
		c.delim()
	}
	if len(q.named) > 0 {
		c.say("wanted-refs")
		for _, w := range q.named {
			c.say("%s %s", w.id, w.name)
		}
		c.delim()
	}
	c.say("packfile")
	if c.band == nil {
		c.band = wire.NewSideBand(c.out, wire.SideBand64k)
	}
	return c.send(c.order(q, n, k), q.noProgress)
}

// acknowledge looks at the haves and, where the client is not done, writes the section "acknowledgments". ready says
// that the pack follows.
func (c *conversation) acknowledge(q *request, n *negotiation) (ready bool, err error) {
	var common []oid.ID // with repeated ones, which C git acknowledges as often
	for _, have := range q.haves {
		ok, err := n.offer(have)
		if err != nil {
			return false, err
		}
		if ok {
			common = append(common, have)
		}
	}
	if q.done {
		return true, nil
	}
	c.say("acknowledgments")
	if len(common) == 0 {
		c.say("NAK")
	}
	for _, id := range common {
		c.say("ACK %s", id)
	}
	if q.waitForDone || !n.ready() {
		return false, c.end()
	}
	c.say("ready")
	c.delim()
	return true, nil
}

// checkWants refuses what no ref that the client sees leads to, in git's words. Wants are looked at one after the other,
// up to the first that is not proven: which one is named, and what was walked before, then depends on those that are
// visible alone.
func (c *conversation) checkWants(wants []oid.ID) error {
	for _, want := range c.noTips(wants) {
		if c.ses.Rules.AdvertisedOnly {
			return refuse("not our ref %s", want)
		}
		ok, err := c.visible().Object(c.ctx, want)
		if errors.Is(err, reach.ErrBudget) {
			return fmt.Errorf("%w (%w)", c.notOurs(want), err)
		}
		if err != nil {
			return fmt.Errorf("check wants: %w", err)
		}
		if !ok {
			return c.notOurs(want)
		}
	}
	return nil
}

// notOurs refuses a want that is not proven visible: one that is not there, one that is there and hidden, and one for
// which the walk would be too long. The client must not learn which, so the words may depend on nothing that differs
// between them. A walk meets each object at most once: where the whole store holds no more objects than may be walked, no
// walk was ever too long, and git's own words say all. Where it holds more, each of the three hears of the bound, whether
// it was met or not; the log knows (checkWants). What is left is time: one that is not there is refused without a walk.
func (c *conversation) notOurs(want oid.ID) error {
	if most := c.s.o.Limits.Walk; c.view.Objects.Count() > most {
		return refuse("not our ref %s: no ref that you see leads to it within the %d commits and trees that this server walks to find out; fetch a ref", want, most)
	}
	return refuse("not our ref %s", want)
}

// noTips returns the wants that are neither a ref nor what a tag's ref peels to. A look at every ref is cheaper than a
// table of all of them, which would be made for each fetch.
func (c *conversation) noTips(wants []oid.ID) []oid.ID {
	open := set(wants)
	snap := c.view.Refs
	if c.sight.Shows(&snap.Head) {
		delete(open, snap.Head.ID)
	}
	for i := 0; i < len(snap.Refs) && len(open) > 0; i++ {
		if ref := &snap.Refs[i]; c.sight.Shows(ref) {
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

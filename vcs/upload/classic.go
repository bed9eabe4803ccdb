package upload

import (
	"errors"
	"io"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

// classic serves protocols 0 and 1 after the advertisement (gitprotocol-pack, "Packfile Negotiation").
func (c *conversation) classic() error {
	q, caps, err := c.readWants()
	if err != nil || q == nil {
		return err
	}
	if err := c.checkWants(q.byID); err != nil {
		return err
	}
	k, err := c.shape(q)
	if err != nil {
		return err
	}
	// The lines come before any have is read: the client needs them to know which commits it may offer.
	if q.deepens() {
		c.tellCut(k)
		_ = c.out.Flush()
		if !c.ses.Stateless { // the client waits for it before it offers anything
			if err := c.out.Send(); err != nil {
				return err
			}
		}
	}
	r := &rounds{c: c, n: c.negotiation(q), mode: acksOf(caps), noDone: caps.Has("no-done"), shallow: q.deepens()}
	send, err := r.run()
	if err != nil || !send {
		return err
	}
	switch {
	case caps.Has("side-band-64k"):
		c.band = wire.NewSideBand(c.out, wire.SideBand64k)
	case caps.Has("side-band"):
		c.band = wire.NewSideBand(c.out, wire.SideBandOld)
	}
	return c.send(c.order(q, r.n, k), q.noProgress)
}

// readWants reads the first part of a request in protocols 0 and 1: wants, shallow lines, depth and filter, up to a
// flush. A client that wants nothing sends the flush alone, or hangs up; the request is nil then.
func (c *conversation) readWants() (*request, wire.Caps, error) {
	q, caps := newRequest(c.s.o.Limits), wire.Caps{}
	n := 0
	for ; ; n++ {
		p, err := c.in.Next()
		if errors.Is(err, io.EOF) && n == 0 && !c.ses.Stateless {
			return nil, nil, nil
		}
		if errors.Is(err, io.EOF) && n == 0 {
			return nil, nil, errEmpty
		}
		if errors.Is(err, io.EOF) {
			return nil, nil, errCutOff
		}
		if err != nil {
			return nil, nil, err
		}
		if p.Kind == wire.Flush {
			break
		}
		if p.Kind != wire.Data {
			return nil, nil, errSpecial
		}
		if err := q.classicLine(p.Line(), caps); err != nil {
			return nil, nil, err
		}
	}
	if f, ok := caps.Value("object-format"); ok {
		if err := objectFormat(f); err != nil {
			return nil, nil, err
		}
	}
	if len(q.wants) == 0 && n > 0 {
		return nil, nil, refuse("protocol error: the request asks for nothing, it has no want")
	}
	if len(q.wants) == 0 {
		return nil, nil, nil
	}
	c.asked.agent, c.asked.session = said(caps["agent"]), said(caps["session-id"])
	c.heard("fetch")
	return q, caps, nil
}

// errSpecial is a packet that protocols 0 and 1 do not know.
var errSpecial = refuse("a delimiter or response-end packet has no place in this protocol")

// classicLine takes in one line of the first part.
func (q *request) classicLine(line string, caps wire.Caps) error {
	if strings.HasPrefix(line, "want ") {
		return q.classicWant(line, caps)
	}
	known, err := q.line(line)
	if err == nil && !known {
		err = refuse("protocol error, expected to get object ID, not '%s'", wire.Escape(line))
	}
	return err
}

// acks are the ways to acknowledge in protocols 0 and 1 (gitprotocol-capabilities, "multi_ack").
type acks int

const (
	single   acks = iota // the first common have, and then silence
	multi                // ACK id continue
	detailed             // ACK id common, ACK id ready
)

// acksOf is the way that a client asks for; some name both of the newer ones.
func acksOf(caps wire.Caps) acks {
	switch {
	case caps.Has("multi_ack_detailed"):
		return detailed
	case caps.Has("multi_ack"):
		return multi
	}
	return single
}

// rounds is the second part of a request in protocols 0 and 1: haves in rounds that end in a flush, until the client is
// done or, where it asked for no-done, the server has enough.
//
//	C: have A  have B  have C  0000          A and C are common here, B is not known
//	S: ACK A common  ACK B ready  ACK C common  NAK          (detailed; B is acknowledged because A was enough)
//	C: done
//	S: ACK C  PACK…
//
// Over HTTP each round is a request of its own, in which the client says all that was common before once more.
type rounds struct {
	c      *conversation
	n      *negotiation
	mode   acks
	noDone bool
	// shallow says that the client was told of shallow commits, for which alone it may have come.
	shallow bool

	haves int    // read so far
	last  oid.ID // the last that was common
	ready bool   // the client was told that there is enough
	// of the round under way: whether haves were read, common ones among them, and others.
	some, common, other bool
}

// run reads haves and acknowledges them. send says that the pack is to follow; without it the request is over, and the
// client comes again or has gone.
func (r *rounds) run() (send bool, err error) {
	for {
		p, err := r.c.in.Next()
		if errors.Is(err, io.EOF) && !r.some && r.c.ses.Stateless && !r.shallow {
			return false, refuse("the request ends before a have or done")
		}
		if errors.Is(err, io.EOF) && !r.some {
			// Over HTTP a client first asks for the shallow lines alone, and takes a NAK behind them amiss.
			return false, r.c.out.Send()
		}
		if errors.Is(err, io.EOF) {
			return false, errCutOff
		}
		if err != nil {
			return false, err
		}
		switch p.Kind {
		case wire.Flush:
			if send := r.flush(); send {
				return true, nil
			}
			if err := r.c.out.Send(); err != nil || r.c.ses.Stateless {
				return false, err
			}
			continue
		case wire.Delim, wire.ResponseEnd:
			return false, errSpecial
		}
		line := p.Line()
		if line == "done" {
			r.done()
			return true, nil
		}
		if err := r.line(line); err != nil {
			return false, err
		}
	}
}

// line takes in a have.
func (r *rounds) line(line string) error {
	hex, ok := strings.CutPrefix(line, "have ")
	if !ok {
		return refuse("expected SHA1 list, got '%s'", wire.Escape(line))
	}
	id, ok := oid.Parse(hex)
	if !ok {
		return refuse("expected SHA1 object, got '%s'", wire.Escape(hex))
	}
	if r.haves++; r.haves > r.c.s.o.Limits.Haves {
		return refuse("more than %d haves in one request; clone anew", r.c.s.o.Limits.Haves)
	}
	r.some = true
	common, err := r.n.offer(id)
	if err != nil {
		return err
	}
	if common {
		r.acknowledge(id)
		return nil
	}
	r.other = true
	if r.mode != single && r.n.ready() {
		// What the server does not know is acknowledged too, so that the client stops to look for more of it.
		if r.mode == multi {
			_ = r.c.out.Linef("ACK %s continue", id)
			return nil
		}
		r.ready = true
		_ = r.c.out.Linef("ACK %s ready", id)
	}
	return nil
}

// acknowledge answers a have that is common; a client without multi_ack is told of the first alone.
func (r *rounds) acknowledge(id oid.ID) {
	first := r.last.IsZero()
	r.common, r.last = true, id
	switch {
	case r.mode == detailed:
		_ = r.c.out.Linef("ACK %s common", id)
	case r.mode == multi:
		_ = r.c.out.Linef("ACK %s continue", id)
	case first:
		_ = r.c.out.Linef("ACK %s", id)
	}
}

// flush ends a round. send says that the client waits for the pack already.
func (r *rounds) flush() (send bool) {
	if r.mode == detailed && r.common && !r.other && r.n.ready() {
		r.ready = true
		_ = r.c.out.Linef("ACK %s ready", r.last)
	}
	// A client of the oldest kind that has heard its one ACK expects silence.
	if r.last.IsZero() || r.mode != single {
		_ = r.c.out.Line("NAK")
	}
	if r.noDone && r.ready {
		_ = r.c.out.Linef("ACK %s", r.last)
		return true
	}
	r.some, r.common, r.other = false, false, false
	return false
}

// done answers the client's last word.
func (r *rounds) done() {
	switch {
	case r.last.IsZero():
		_ = r.c.out.Line("NAK")
	case r.mode != single:
		_ = r.c.out.Linef("ACK %s", r.last)
	}
}

package upload

import (
	"errors"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

// negotiation is what is known of a client: which of its haves are common, and whether that is enough.
type negotiation struct {
	c      *conversation
	wants  []oid.ID
	common []oid.ID
	has    map[oid.ID]bool
	oldest int64 // committer's time of the oldest common commit
	enough bool
}

func (c *conversation) negotiation(q *request) *negotiation {
	return &negotiation{c: c, wants: q.wants, has: map[oid.ID]bool{}}
}

// offer takes in a have; it is common when the client may know of it here.
func (n *negotiation) offer(id oid.ID) (bool, error) {
	if n.has[id] {
		return true, nil
	}
	ok, err := n.c.visible.Commit(n.c.ctx, id)
	if err != nil || !ok {
		return false, err
	}
	n.has[id] = true
	n.common = append(n.common, id)
	if commit, ok := n.c.parse(id); ok && (n.oldest == 0 || commit.When < n.oldest) {
		n.oldest = commit.When
	}
	return true, nil
}

// parse reads a commit; false for all else.
func (c *conversation) parse(id oid.ID) (object.Commit, bool) {
	kind, data, err := c.view.Objects.Read(id, 64<<20)
	if err != nil || kind != plumbing.CommitObject {
		return object.Commit{}, false
	}
	commit, err := object.ParseCommit(data)
	return commit, err == nil
}

// readySteps is how many commits may be walked to find out whether a client has offered enough; beyond that it goes on
// offering, which costs it a round more.
const readySteps = 50_000

// ready reports whether every want has an ancestor that is common: more haves would save little then.
func (n *negotiation) ready() bool {
	if n.enough || len(n.common) == 0 {
		return n.enough
	}
	steps := readySteps
	for _, want := range n.wants {
		if !n.meetsCommon(want, &steps) {
			return false
		}
	}
	n.enough = true
	return true
}

// meetsCommon walks from a want to a common commit, not further back in time than the oldest of them.
func (n *negotiation) meetsCommon(want oid.ID, steps *int) bool {
	seen := map[oid.ID]bool{want: true}
	for stack := []oid.ID{want}; len(stack) > 0; *steps-- {
		if *steps == 0 || n.c.ctx.Err() != nil {
			return false
		}
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n.has[id] {
			return true
		}
		commit, ok := n.c.parse(id)
		if !ok || commit.When < n.oldest {
			continue
		}
		for _, parent := range commit.Parents {
			if !seen[parent] {
				seen[parent] = true
				stack = append(stack, parent)
			}
		}
	}
	return false
}

// acks are the ways to acknowledge in protocols 0 and 1 (gitprotocol-capabilities, "multi_ack").
type acks int

const (
	single acks = iota
	multi
	detailed
)

func acksOf(caps wire.Caps) acks {
	switch {
	case caps.Has("multi_ack_detailed"):
		return detailed
	case caps.Has("multi_ack"):
		return multi
	}
	return single
}

// classicHaves reads haves and acknowledges them as protocols 0 and 1 do. send says that the pack is to follow; without
// it the request is over, and the client comes again or has gone.
func (c *conversation) classicHaves(q *request, caps wire.Caps, n *negotiation) (send bool, err error) {
	mode := acksOf(caps)
	var last oid.ID
	var sentReady, gotCommon, gotOther bool
	for haves := 0; ; {
		p, err := c.in.Next()
		if errors.Is(err, io.EOF) {
			// Over HTTP a client first asks for the shallow lines alone, and takes a NAK behind them amiss.
			return false, c.out.Send()
		}
		if err != nil {
			return false, err
		}
		if p.Kind == wire.Flush {
			if mode == detailed && gotCommon && !gotOther && n.ready() {
				sentReady = true
				_ = c.out.Linef("ACK %s ready", last)
			}
			if len(n.common) == 0 || mode != single {
				_ = c.out.Line("NAK")
			}
			if caps.Has("no-done") && sentReady {
				_ = c.out.Linef("ACK %s", last)
				return true, nil
			}
			gotCommon, gotOther = false, false
			if err := c.out.Send(); err != nil || c.ses.Stateless {
				return false, err
			}
			continue
		}
		if p.Kind != wire.Data {
			return false, refuse("a special packet of protocol 2 in a request of protocol 0")
		}
		line := p.Line()
		if line == "done" {
			if len(n.common) == 0 {
				_ = c.out.Line("NAK")
			} else if mode != single {
				_ = c.out.Linef("ACK %s", last)
			}
			return true, nil
		}
		hex, ok := strings.CutPrefix(line, "have ")
		id, isID := oid.Parse(hex)
		if !ok || !isID {
			return false, refuse("expected SHA1 list, got '%s'", wire.Escape(line))
		}
		if haves++; haves > c.s.o.Limits.Haves {
			return false, refuse("more than %d haves in one request", c.s.o.Limits.Haves)
		}
		known := n.has[id]
		common, err := n.offer(id)
		if err != nil {
			return false, err
		}
		if common {
			gotCommon, last = true, id
			c.acknowledge(mode, id, len(n.common) == 1 && !known)
			continue
		}
		gotOther = true
		if mode != single && n.ready() {
			sentReady = sentReady || mode == detailed
			_ = c.out.Linef("ACK %s %s", id, map[acks]string{multi: "continue", detailed: "ready"}[mode])
		}
	}
}

// acknowledge answers a have that is common; a client without multi_ack is told of the first alone.
func (c *conversation) acknowledge(mode acks, id oid.ID, first bool) {
	switch {
	case mode == detailed:
		_ = c.out.Linef("ACK %s common", id)
	case mode == multi:
		_ = c.out.Linef("ACK %s continue", id)
	case first:
		_ = c.out.Linef("ACK %s", id)
	}
}

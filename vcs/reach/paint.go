package reach

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// paint is a walk over commits from wants and haves at once, newest first. What haves reach is painted as being at the
// client; the walk ends when nothing that is wanted and not painted is left to be walked.
type paint struct {
	reader
	nodes map[oid.ID]*node
	queue queue
	open  int // commits in the queue that are not painted
	// stopHave are the client's shallow commits, which the paint does not cross; stopWant the boundary of a depth.
	stopHave, stopWant ids
	order              []oid.ID // commits that were not painted when they were walked
	// ahead are commits that will be painted when they are met (limit).
	ahead ids
	room  int // how many commits and links to parents may still be held
}

// node is a commit that the walk has met: it waits in the queue, then it is walked; painted it may become at any time.
type node struct {
	c                       object.Commit
	queued, walked, painted bool
}

// maxHeld is how many commits and links to parents one paint holds at once, some hundred bytes each: all that it meets, since
// any may be painted later. That is about four million commits, more than the largest histories of people's making have.
const maxHeld = 8 << 20

func newPaint(r reader, q Request) *paint {
	return &paint{reader: r, room: maxHeld, nodes: map[oid.ID]*node{}, stopHave: newIDs(q.Shallow), stopWant: newIDs(q.Boundary)}
}

// has reports whether a commit is at the client.
func (p *paint) has(id oid.ID) bool {
	n := p.nodes[id]
	return n != nil && n.painted
}

// meet puts a commit into the queue when it is new, and paints it. ErrBudget where too many are held.
func (p *paint) meet(id oid.ID, painted bool) error {
	n := p.nodes[id]
	if n == nil {
		c, err := p.commit(id)
		if err != nil {
			return err
		}
		if p.room -= 1 + len(c.Parents); p.room < 0 {
			return fmt.Errorf("more commits than can be compared at once: %w", ErrBudget)
		}
		n = &node{c: c}
		p.nodes[id] = n
	}
	if painted || p.ahead.has(id) {
		p.brush(id)
	}
	if !n.queued && !n.walked {
		n.queued = true
		p.queue.put(id, n.c.When)
		if !n.painted {
			p.open++
		}
	}
	return nil
}

// brush paints a commit and all below it that was met already: where clocks go wrong a child is met late.
func (p *paint) brush(id oid.ID) {
	for stack := []oid.ID{id}; len(stack) > 0; {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := p.nodes[id]
		if n == nil || n.painted {
			continue
		}
		n.painted = true
		if n.queued {
			p.open--
		}
		if !p.stopHave.has(id) {
			stack = append(stack, n.c.Parents...)
		}
	}
}

// run walks until only painted commits are left in the queue.
func (p *paint) run(ctx context.Context) error {
	for p.open > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.walk(p.queue.take().id); err != nil {
			return err
		}
	}
	return nil
}

// walk goes on from a commit that waited to its parents.
func (p *paint) walk(id oid.ID) error {
	n := p.nodes[id]
	n.queued, n.walked = false, true
	if !n.painted {
		p.open--
		p.order = append(p.order, id)
	}
	// A client that keeps a shallow commit as it is needs none of its parents, whichever way leads there.
	if p.stopHave.has(id) || !n.painted && p.stopWant.has(id) {
		return nil
	}
	for _, parent := range n.c.Parents {
		if err := p.meet(parent, n.painted); err != nil {
			return err
		}
	}
	return nil
}

// incremental takes what the wants reach and the haves do not.
func (e *enumeration) incremental() error {
	p := newPaint(e.reader, e.q)
	e.painted = p
	wants, err := e.start()
	if err != nil {
		return err
	}
	if err := e.meetAll(p, wants); err != nil {
		return err
	}
	if err := p.run(e.ctx); err != nil {
		return err
	}
	lacking := slices.DeleteFunc(p.order, p.has)
	for _, id := range parentsFirst(lacking, func(id oid.ID) []oid.ID { return p.nodes[id].c.Parents }) {
		n := p.nodes[id]
		if _, err := e.meet(id, plumbing.CommitObject); err != nil {
			return err
		}
		if err := e.content(n.c.Tree, p.companions(id, n)); err != nil {
			return err
		}
	}
	return nil
}

// meetAll begins the walk: what the client has, what it wants, and the parents that it lacked so far.
func (e *enumeration) meetAll(p *paint, wants []oid.ID) error {
	for _, have := range e.q.Haves {
		id, kind, tags, err := e.peel(have)
		if err != nil {
			return err
		}
		for _, tag := range tags {
			e.known(tag)
		}
		if kind != plumbing.CommitObject {
			e.known(id)
			continue
		}
		if err := p.meet(id, true); err != nil {
			return err
		}
	}
	for _, id := range wants {
		if err := p.meet(id, false); err != nil {
			return err
		}
	}
	for _, id := range e.q.Unshallow {
		c, err := e.commit(id)
		if err != nil {
			return err
		}
		for _, parent := range c.Parents {
			e.asked(parent)
			if err := p.meet(parent, false); err != nil {
				return err
			}
		}
		if err := p.meet(id, true); err != nil { // the commit itself is there
			return err
		}
	}
	return nil
}

// companions are the trees of a commit's parents: they are at the client, or go there too.
func (p *paint) companions(id oid.ID, n *node) []oid.ID {
	if p.stopWant.has(id) {
		return nil
	}
	var trees []oid.ID
	for _, parent := range n.c.Parents[:min(maxCompanions, len(n.c.Parents))] {
		if above := p.nodes[parent]; above != nil {
			trees = append(trees, above.c.Tree)
		}
	}
	return trees
}

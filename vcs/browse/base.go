package browse

import (
	"context"
	"fmt"
	"math"
	"slices"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// paint says from where a commit is reached.
type paint uint8

const (
	fromA paint = 1 << iota
	fromB
	// stale: what is below a common ancestor, which is none of the best ones any more.
	stale
	found
	both = fromA | fromB
)

// painted is a commit that the walk has met.
type painted struct {
	links  object.Commit
	paint  paint
	queued bool
}

// painting walks two histories at once, newest first, and carries paint from commits to their parents.
type painting struct {
	*history
	nodes map[oid.ID]*painted
	queue queue
	// done is the paint that makes a commit uninteresting, live how many without it wait in the queue.
	done paint
	live int
}

func newPainting(ctx context.Context, set *pack.Set, walk int, done paint) *painting {
	return &painting{history: newHistory(ctx, set, walk), nodes: map[oid.ID]*painted{}, done: done}
}

// add paints a commit, and has it walked (again) where that is new.
func (p *painting) add(id oid.ID, with paint) error {
	n := p.nodes[id]
	if n == nil {
		links, err := p.links(id)
		if err != nil {
			return err
		}
		n = &painted{links: links}
		p.nodes[id] = n
	}
	if n.paint&with == with {
		return nil
	}
	was := n.queued && n.paint&p.done == 0
	n.paint |= with
	if !n.queued {
		n.queued = true
		p.queue.put(id, n.links)
	}
	if is := n.paint&p.done == 0; is && !was {
		p.live++
	} else if was && !is {
		p.live--
	}
	return nil
}

// take is the newest commit that waits.
func (p *painting) take() (oid.ID, *painted) {
	id := p.queue.take().id
	n := p.nodes[id]
	n.queued = false
	if n.paint&p.done == 0 {
		p.live--
	}
	return id, n
}

// MergeBase finds the commit at which two histories part, the best common ancestor (git-merge-base); of several best ones
// the newest. false where they share none. walk bounds how many commits are read (0: 200,000); ErrLimit beyond.
func MergeBase(ctx context.Context, set *pack.Set, a, b oid.ID, walk int) (oid.ID, bool, error) {
	if a == b {
		_, err := newHistory(ctx, set, 1).links(a)
		return a, err == nil, err
	}
	p := newPainting(ctx, set, walk, stale)
	if err := p.add(a, fromA); err != nil {
		return oid.Zero, false, err
	}
	if err := p.add(b, fromB); err != nil {
		return oid.Zero, false, err
	}
	bases, err := p.common()
	if err != nil {
		return oid.Zero, false, err
	}
	for _, id := range bases {
		if p.nodes[id].paint&stale == 0 {
			return id, true, nil
		}
	}
	return oid.Zero, false, nil
}

// common walks until nothing is left that could be a better ancestor, and lists those found, newest first.
func (p *painting) common() ([]oid.ID, error) {
	var bases []oid.ID
	for p.live > 0 {
		id, n := p.take()
		down := n.paint & (both | stale)
		if n.paint&both == both {
			if n.paint&(found|stale) == 0 {
				n.paint |= found
				bases = append(bases, id)
			}
			down |= stale
		}
		for _, parent := range n.links.Parents {
			if err := p.add(parent, down); err != nil {
				return nil, err
			}
		}
	}
	return bases, nil
}

// Between lists the commits that tip reaches and base does not, without merges, in an order in which they can be applied
// one after the other: parents first, else oldest first (git format-patch BASE..TIP). A zero base is before all commits.
// ErrLimit where there are more than max (0: 1,000), or the walk would be too long.
func Between(ctx context.Context, set *pack.Set, base, tip oid.ID, max int) ([]oid.ID, error) {
	if max <= 0 {
		max = 1000
	}
	p := newPainting(ctx, set, 0, fromB)
	if base != oid.Zero {
		if err := p.add(base, fromB); err != nil {
			return nil, err
		}
	}
	if err := p.add(tip, fromA); err != nil {
		return nil, err
	}
	order, err := p.only()
	if err != nil {
		return nil, err
	}
	commits := slices.DeleteFunc(p.parentsFirst(order), func(id oid.ID) bool { return len(p.nodes[id].links.Parents) > 1 })
	if len(commits) > max {
		return nil, fmt.Errorf("more than %d commits: %w", max, ErrLimit)
	}
	return commits, nil
}

// only walks until everything that waits is reached from b and older than what is not, and lists what is reached from a
// alone, newest first.
func (p *painting) only() ([]oid.ID, error) {
	var order []oid.ID
	oldest := int64(math.MaxInt64)
	for p.live > 0 || p.queue.Len() > 0 && p.queue.items[0].links.When >= oldest {
		id, n := p.take()
		if n.paint&fromB == 0 {
			order = append(order, id)
			oldest = min(oldest, n.links.When)
		}
		for _, parent := range n.links.Parents {
			if err := p.add(parent, n.paint&both); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(order, func(id oid.ID) bool { return p.nodes[id].paint&fromB != 0 }), nil
}

// parentsFirst turns an order newest first round, with every commit behind all its parents even where clocks were wrong.
func (p *painting) parentsFirst(newest []oid.ID) []oid.ID {
	ours := make(map[oid.ID]bool, len(newest))
	for _, id := range newest {
		ours[id] = true
	}
	order := make([]oid.ID, 0, len(newest))
	for _, id := range slices.Backward(newest) {
		for stack := []oid.ID{id}; len(stack) > 0; {
			top := stack[len(stack)-1]
			if !ours[top] {
				stack = stack[:len(stack)-1]
				continue
			}
			waits := false
			for _, parent := range slices.Backward(p.nodes[top].links.Parents) {
				if ours[parent] {
					stack = append(stack, parent)
					waits = true
				}
			}
			if !waits {
				ours[top] = false
				order = append(order, top)
				stack = stack[:len(stack)-1]
			}
		}
	}
	return order
}

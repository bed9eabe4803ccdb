package reach

import (
	"context"
	"math"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Since cuts a history off where it is older than a time, in seconds since 1970, or reached from one of not
// (gitprotocol-pack, "deepen-since" and "deepen-not"). Where clocks are wrong it does as git rev-list --max-age does: an
// ancestor of what is older lies within where it can be reached otherwise, unless there is something in not. The cut has no
// boundary and nothing within where all wants are left out; boundary commits may lie beyond each other. budget is how many
// commits may be walked, as in Request; ErrBudget.
func Since(ctx context.Context, set *pack.Set, wants []oid.ID, since int64, not []oid.ID, budget int) (Cut, error) {
	r := reader{set, newPurse(budget)}
	cut := Cut{within: newSeen(set)}
	p := newPaint(r, Request{})
	p.ahead = ids{}
	excluded, err := p.begin(not, true)
	if err != nil {
		return cut, err
	}
	if _, err := p.begin(wants, false); err != nil {
		return cut, err
	}
	walk := p.younger
	if excluded > 0 {
		walk = p.limit
	}
	if err := walk(ctx, since); err != nil {
		return cut, err
	}
	for _, id := range p.order {
		if p.has(id) {
			continue
		}
		if _, err := cut.within.add(id); err != nil {
			return cut, err
		}
	}
	for _, id := range p.order {
		beyond, err := p.beyond(id, cut)
		if err != nil {
			return cut, err
		}
		if beyond {
			cut.Boundary = append(cut.Boundary, id)
		}
	}
	return cut, nil
}

// begin meets the commits that tips point to, and counts them.
func (p *paint) begin(tips []oid.ID, painted bool) (int, error) {
	commits, err := p.commits(tips)
	if err != nil {
		return 0, err
	}
	for _, id := range commits {
		if err := p.meet(id, painted); err != nil {
			return 0, err
		}
		if painted {
			p.paintParents(id)
		}
	}
	return len(commits), nil
}

// younger walks all commits that are reached without a step on one that is older.
func (p *paint) younger(ctx context.Context, since int64) error {
	for len(p.queue) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if next := p.queue.take(); next.when >= since {
			if err := p.walk(next.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// slop is how many commits more are walked when all that wait are left out already, in case that a clock was wrong; git has
// the same.
const slop = 5

// limit walks until only commits wait that are left out, and some more.
func (p *paint) limit(ctx context.Context, since int64) error {
	oldest := int64(math.MaxInt64) // of what is within, as the walk goes
	for left := slop; len(p.queue) > 0 && left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := p.queue.take()
		if next.when < since {
			p.brush(next.id)
		}
		if err := p.walk(next.id); err != nil {
			return err
		}
		p.lookAhead(next.id)
		switch {
		case !p.has(next.id):
			oldest, left = next.when, slop
		case p.open > 0 || len(p.queue) > 0 && p.queue[0].when >= oldest:
			left = slop
		default:
			left--
		}
	}
	return nil
}

// lookAhead paints the parents of the parents of what is left out, met or not: where clocks are wrong it decides what lies
// within, and git does so.
func (p *paint) lookAhead(id oid.ID) {
	if !p.has(id) {
		return
	}
	for _, parent := range p.nodes[id].c.Parents {
		p.paintParents(parent)
	}
}

// paintParents paints the parents of a commit that was met, now or when they are met.
func (p *paint) paintParents(id oid.ID) {
	for _, parent := range p.nodes[id].c.Parents {
		if p.nodes[parent] == nil {
			p.ahead.add(parent)
		}
		p.brush(parent)
	}
}

// beyond reports whether a commit lies within a cut and one of its parents does not.
func (p *paint) beyond(id oid.ID, cut Cut) (bool, error) {
	if p.has(id) || p.set.IsEnd(id) {
		return !p.has(id), nil
	}
	for _, parent := range p.nodes[id].c.Parents {
		within, err := cut.Has(parent)
		if !within || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

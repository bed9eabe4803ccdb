package reach

import (
	"context"
	"errors"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// DefaultBudget is how many trees and commits one Visible may walk where Options set no other bound.
const DefaultBudget = 20_000_000

// Options bound a Visible.
type Options struct {
	// Budget is how many commits and trees may be walked in all; 0 means DefaultBudget.
	Budget int
}

// Visible answers whether objects are reachable from the refs that one reader sees, and from nothing else: what is not
// there and what is there and hidden are the same to it. It remembers what it has walked. One goroutine at a time; it
// lives as long as its view.
type Visible struct {
	reader
	tips    []oid.ID
	started bool
	budget  int // how much may be spent
	spent   int
	walked  *seen // commits, and tags on the way to them
	queue   queue
	trusted map[*pack.Pack]bool // packs whose roots were asked for
	trees   *seen               // trees and blobs, once all trees were walked
	rest    []oid.ID            // tips, or what tags point to, that are trees or blobs
}

// NewVisible makes a Visible over the ids of all refs that the reader sees.
func NewVisible(set *pack.Set, tips []oid.ID, o Options) *Visible {
	if o.Budget <= 0 {
		o.Budget = DefaultBudget
	}
	return &Visible{reader: reader{set: set}, tips: tips, budget: o.Budget, walked: newSeen(set), trusted: map[*pack.Pack]bool{}}
}

// start puts the tips into the queue. A tip that is not there (a broken ref) makes nothing visible.
func (v *Visible) start() error {
	if v.started {
		return nil
	}
	v.started = true
	for _, tip := range v.tips {
		if seen, err := v.walked.has(tip); seen || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		id, kind, tags, err := v.peel(tip)
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			return err
		}
		for _, tag := range tags {
			if _, err := v.walked.add(tag); err != nil {
				return err
			}
		}
		if kind != plumbing.CommitObject {
			v.rest = append(v.rest, id)
			continue
		}
		if err := v.meet(id); err != nil {
			return err
		}
	}
	return nil
}

func (v *Visible) meet(id oid.ID) error {
	first, err := v.walked.add(id)
	if err != nil || !first {
		return err
	}
	c, err := v.commit(id)
	if err != nil {
		return err
	}
	v.queue.put(id, c.When)
	return nil
}

// Commit reports whether a commit or a tag is a tip, or reachable from one. It costs a walk down to the commit's own
// date, and down to the roots for one that is there and not visible; the next question begins where this one ended.
func (v *Visible) Commit(ctx context.Context, id oid.ID) (bool, error) {
	if err := v.start(); err != nil {
		return false, err
	}
	at, ok, err := v.set.Find(id)
	if err != nil || !ok {
		return false, err
	}
	for !v.walked.marks.has(at) {
		if len(v.queue) == 0 {
			return false, nil
		}
		if err := v.step(ctx); err != nil {
			return false, err
		}
	}
	return true, nil
}

// step walks one commit.
func (v *Visible) step(ctx context.Context) error {
	if err := v.spend(ctx); err != nil {
		return err
	}
	c, err := v.commit(v.queue.take().id)
	if err != nil {
		return err
	}
	for _, parent := range c.Parents {
		if err := v.meet(parent); err != nil {
			return err
		}
	}
	return nil
}

// Spent is how many commits and trees were walked so far.
func (v *Visible) Spent() int { return v.spent }

func (v *Visible) spend(ctx context.Context) error {
	v.spent++
	if v.spent > v.budget {
		return ErrBudget
	}
	return ctx.Err()
}

// Object is Commit for an object of any type.
func (v *Visible) Object(ctx context.Context, id oid.ID) (bool, error) {
	hidden, err := v.Objects(ctx, []oid.ID{id})
	return len(hidden) == 0 && err == nil, err
}

// Objects asks about many objects at once and returns those that are not visible. Roots of packs answer for most; what
// they do not answer costs one walk over all trees.
func (v *Visible) Objects(ctx context.Context, list []oid.ID) ([]oid.ID, error) {
	if err := v.start(); err != nil {
		return nil, err
	}
	var hidden, doubtful []oid.ID
	for _, id := range list {
		kind, _, err := v.set.Header(id)
		if errors.Is(err, pack.ErrNotFound) {
			hidden = append(hidden, id)
			continue
		}
		if err != nil {
			return nil, err
		}
		ok, err := v.quick(ctx, id, kind)
		switch {
		case err != nil:
			return nil, err
		case ok:
		case kind == plumbing.CommitObject || kind == plumbing.TagObject:
			hidden = append(hidden, id)
		default:
			doubtful = append(doubtful, id)
		}
	}
	if len(doubtful) == 0 {
		return hidden, nil
	}
	if err := v.walkTrees(ctx); err != nil {
		return nil, err
	}
	for _, id := range doubtful {
		ok, err := v.trees.has(id)
		if err != nil {
			return nil, err
		}
		if !ok {
			hidden = append(hidden, id)
		}
	}
	return hidden, nil
}

// quick answers yes without a walk over trees, or not at all.
func (v *Visible) quick(ctx context.Context, id oid.ID, kind plumbing.ObjectType) (bool, error) {
	if kind == plumbing.CommitObject || kind == plumbing.TagObject {
		return v.Commit(ctx, id)
	}
	if v.trees != nil {
		return v.trees.has(id)
	}
	for _, p := range v.set.Packs() {
		if p.Roots == nil || slices.Contains(p.Roots.Except, id) {
			continue
		}
		_, ok, err := p.Find(id)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		if ok, err = v.trust(ctx, p); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// trust reports whether all roots of a pack are visible, and so is everything in it.
func (v *Visible) trust(ctx context.Context, p *pack.Pack) (bool, error) {
	if ok, asked := v.trusted[p]; asked {
		return ok, nil
	}
	for _, root := range p.Roots.IDs {
		ok, err := v.Commit(ctx, root)
		if err != nil {
			return false, err
		}
		if !ok {
			v.trusted[p] = false
			return false, nil
		}
	}
	v.trusted[p] = true
	return true, nil
}

// walkTrees walks everything that is visible, once.
func (v *Visible) walkTrees(ctx context.Context) error {
	if v.trees != nil {
		return nil
	}
	for len(v.queue) > 0 {
		if err := v.step(ctx); err != nil {
			return err
		}
	}
	all := &visitTrees{v: v, ctx: ctx, seen: newSeen(v.set)}
	if err := v.walked.each(all.root); err != nil {
		return err
	}
	for _, id := range v.rest {
		if err := all.object(id); err != nil {
			return err
		}
	}
	v.trees = all.seen
	return nil
}

// visitTrees remembers every tree and blob.
type visitTrees struct {
	v    *Visible
	ctx  context.Context
	seen *seen
}

// root walks the tree of a commit; tags have none.
func (a *visitTrees) root(id oid.ID) error {
	kind, err := a.v.kind(id)
	if err != nil || kind != plumbing.CommitObject {
		return err
	}
	c, err := a.v.commit(id)
	if err != nil {
		return err
	}
	return a.v.reader.trees(a.ctx, c.Tree, nil, a)
}

func (a *visitTrees) object(id oid.ID) error {
	kind, err := a.v.kind(id)
	if err != nil {
		return err
	}
	if kind == plumbing.TreeObject {
		return a.v.reader.trees(a.ctx, id, nil, a)
	}
	return a.blob(id)
}

// enter implements visitor.
func (a *visitTrees) enter(tree oid.ID) (bool, error) {
	first, err := a.seen.add(tree)
	if err != nil || !first {
		return false, err
	}
	return true, a.v.spend(a.ctx)
}

// blob implements visitor.
func (a *visitTrees) blob(id oid.ID) error {
	_, err := a.seen.add(id)
	return err
}

// known implements visitor.
func (a *visitTrees) known(oid.ID) {}

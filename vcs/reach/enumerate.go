package reach

import (
	"context"
	"errors"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/filter"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Request is what a client wants and has.
type Request struct {
	// Wants may be objects of any type. Haves are only those that were found to be common.
	Wants, Haves []oid.ID
	// Shallow are the client's shallow commits: it has them and lacks their parents.
	Shallow []oid.ID
	// Boundary are commits whose parents are not to be sent (Depth). Unshallow are commits that are shallow at the
	// client and no longer will be: their parents are wanted.
	Boundary, Unshallow []oid.ID
	// Filter is loaded (filter.Load). What is wanted by its own id is sent whatever it says.
	Filter filter.Filter
	// Budget is how many commits and trees may be read; 0 sets no bound, for those who are trusted.
	Budget int
}

// Plan is what to send.
type Plan struct {
	Objects []oid.ID
	// Whole packs are to be sent entire; none of Objects lies in them.
	Whole []*pack.Pack
	// ClientHas reports whether an object is known to be at the client, for thin packs; nil where nothing is.
	ClientHas func(oid.ID) bool
}

// Enumerate computes which objects the client lacks. progress, where it is not nil, is told the count from time to
// time. ErrMissing where the repository itself is broken; ErrBudget.
func Enumerate(ctx context.Context, set *pack.Set, q Request, progress func(n int)) (Plan, error) {
	e := newEnumeration(ctx, set, q, progress)
	if len(q.Haves) > 0 || len(q.Shallow) > 0 || len(q.Unshallow) > 0 || len(q.Boundary) > 0 || q.Filter.Placed() {
		err := e.incremental()
		return e.plan(), err
	}
	if p := largestClosed(set); p != nil && q.Filter.Empty() {
		e.whole, e.roots = p, newIDs(p.Roots.IDs)
		err := e.full()
		if err == nil {
			err = e.search()
		}
		if err != nil || len(e.roots) == 0 {
			return e.plan(), err
		}
		// The pack holds something that these wants do not reach: enumerate without it.
		e = newEnumeration(ctx, set, q, progress)
	}
	err := e.full()
	return e.plan(), err
}

// largestClosed is the closed pack with the most objects; nil where there is none.
func largestClosed(set *pack.Set) *pack.Pack {
	var best *pack.Pack
	for _, p := range set.Packs() {
		if p.Roots != nil && p.Roots.Closed && (best == nil || p.Count() > best.Count()) {
			best = p
		}
	}
	return best
}

// enumeration is one run of Enumerate. It is a visitor of trees.
type enumeration struct {
	reader
	ctx      context.Context
	q        Request
	progress func(int)
	seen     *seen
	objects  []oid.ID
	client   ids // trees and blobs that were met on the client's side
	explicit ids // what is sent whatever the filter says; empty where there is none
	depths   depths
	meter    *filter.Meter // what patterns cost
	before   oid.ID        // the tree of a commit that was walked last
	painted  *paint
	// whole is a closed pack that is to be sent as it is; roots are those of its roots that were not met yet.
	whole *pack.Pack
	roots ids
	// inside are commits of whole at which the walk stopped.
	inside []oid.ID
}

func newEnumeration(ctx context.Context, set *pack.Set, q Request, progress func(int)) *enumeration {
	e := &enumeration{
		reader: reader{set, newPurse(q.Budget)}, ctx: ctx, q: q, progress: progress, seen: newSeen(set),
		client: ids{}, explicit: ids{}, depths: depths{},
	}
	e.meter = filter.NewMeter(func() error { return e.pay(1) })
	return e
}

func (e *enumeration) plan() Plan {
	p := Plan{Objects: e.objects}
	if e.whole != nil {
		p.Whole = []*pack.Pack{e.whole}
	}
	// Behind a filter the client may lack what its commits reach, so nothing is known to be there.
	if e.painted != nil && e.q.Filter.Empty() {
		p.ClientHas = e.clientHas
	}
	return p
}

// clientHas is asked about bases of deltas. What is sent now is not said to be there: two deltas from different packs
// could else stand on each other.
func (e *enumeration) clientHas(id oid.ID) bool {
	if !e.client.has(id) && !e.painted.has(id) {
		return false
	}
	sent, err := e.seen.has(id)
	return err == nil && !sent
}

// add takes an object into the plan; false when it was met before, or goes along with the whole pack.
func (e *enumeration) add(id oid.ID) (bool, error) { return e.put(id, true) }

// meet is add where the filter sends objects of this type, or the client has asked for this one; else the object is only
// remembered.
func (e *enumeration) meet(id oid.ID, kind plumbing.ObjectType) (bool, error) {
	return e.put(id, e.q.Filter.Type(kind) || e.explicit.has(id))
}

func (e *enumeration) put(id oid.ID, send bool) (bool, error) {
	if e.whole != nil {
		delete(e.roots, id)
		if _, ok, err := e.whole.Find(id); ok || err != nil {
			return false, err
		}
	}
	first, err := e.seen.add(id)
	if err != nil || !first {
		return false, err
	}
	if !send {
		return true, nil
	}
	e.objects = append(e.objects, id)
	if e.progress != nil && len(e.objects)%1000 == 0 {
		e.progress(len(e.objects))
	}
	return true, nil
}

// full takes everything that the wants reach.
func (e *enumeration) full() error {
	commits, err := e.start()
	if err != nil {
		return err
	}
	for len(commits) > 0 {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		id := commits[len(commits)-1]
		commits = commits[:len(commits)-1]
		fresh, err := e.meet(id, plumbing.CommitObject)
		if err != nil {
			return err
		}
		if !fresh {
			if e.whole != nil && len(e.roots) > 0 {
				e.inside = append(e.inside, id)
			}
			continue
		}
		c, err := e.commit(id)
		if err != nil {
			return err
		}
		commits = append(commits, c.Parents...)
		if err := e.content(c.Tree, nil); err != nil {
			return err
		}
	}
	return nil
}

// content takes what is in the tree of a commit.
func (e *enumeration) content(tree oid.ID, companions []oid.ID) error {
	switch {
	case !e.q.Filter.Trees(): // what is wanted by its id is taken by start
		return nil
	case e.q.Filter.Placed():
		return e.placed(tree, companions)
	}
	return e.trees(e.ctx, tree, companions, e)
}

// search looks for the roots that were not met yet among the commits of the whole pack: a branch that was merged is
// no want of a client that asks for one branch alone, and still reachable from it.
func (e *enumeration) search() error {
	seen := newIDs(e.inside)
	for stack := e.inside; len(stack) > 0 && len(e.roots) > 0; {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		delete(e.roots, id)
		c, err := e.commit(id)
		if err != nil {
			return err
		}
		for _, parent := range c.Parents {
			if !seen.has(parent) {
				seen.add(parent)
				stack = append(stack, parent)
			}
		}
	}
	return nil
}

// start takes the wants that are no commits and returns the commits.
func (e *enumeration) start() ([]oid.ID, error) {
	var commits, trees []oid.ID
	for _, want := range e.q.Wants {
		id, kind, tags, err := e.peel(want)
		if err != nil {
			return nil, err
		}
		for _, tag := range tags {
			if _, err := e.add(tag); err != nil {
				return nil, err
			}
		}
		e.asked(id)
		switch kind {
		case plumbing.CommitObject:
			commits = append(commits, id)
		case plumbing.TreeObject:
			trees = append(trees, id)
		default:
			_, err = e.add(id)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, id := range trees {
		if err := e.wanted(id); err != nil {
			return nil, err
		}
	}
	return commits, nil
}

// asked remembers that an object is to be sent whatever the filter says.
func (e *enumeration) asked(id oid.ID) {
	if !e.q.Filter.Empty() {
		e.explicit.add(id)
	}
}

// wanted takes a tree that is asked for by its id, and what is in it.
func (e *enumeration) wanted(tree oid.ID) error {
	if !e.q.Filter.Placed() {
		return e.trees(e.ctx, tree, nil, e)
	}
	if _, err := e.add(tree); err != nil {
		return err
	}
	return e.below(tree)
}

// enter implements visitor.
func (e *enumeration) enter(tree oid.ID) (bool, error) { return e.meet(tree, plumbing.TreeObject) }

// blob implements visitor.
func (e *enumeration) blob(id oid.ID) error {
	if !e.explicit.has(id) {
		small, err := e.small(id)
		if !small || err != nil {
			return err
		}
	}
	_, err := e.meet(id, plumbing.BlobObject)
	return err
}

// small reports whether a blob is small enough for the filter.
func (e *enumeration) small(id oid.ID) (bool, error) {
	limit := e.q.Filter.Blob
	if !limit.Set() || !limit.Allows(0) {
		return !limit.Set(), nil
	}
	if seen, err := e.seen.has(id); seen || err != nil {
		return seen, err
	}
	_, size, err := e.set.Header(id)
	if errors.Is(err, pack.ErrNotFound) {
		return false, missing(id)
	}
	return err == nil && limit.Allows(uint64(size)), err
}

// maxKnown is how many objects of the client are remembered for thin packs; of more it is only not noticed.
const maxKnown = 1 << 20

// known implements visitor.
func (e *enumeration) known(id oid.ID) {
	if e.q.Filter.Empty() && len(e.client) < maxKnown {
		e.client.add(id)
	}
}

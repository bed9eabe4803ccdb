package reach

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Filter says what a partial clone leaves out; the zero value leaves nothing out.
type Filter struct {
	// NoBlobs leaves out every blob that is not wanted by its own id (blob:none).
	NoBlobs bool
}

// Request is what a client wants and has.
type Request struct {
	// Wants may be objects of any type. Haves are only those that were found to be common.
	Wants, Haves []oid.ID
	// Shallow are the client's shallow commits: it has them and lacks their parents.
	Shallow []oid.ID
	// Boundary are commits whose parents are not to be sent (Depth). Unshallow are commits that are shallow at the
	// client and no longer will be: their parents are wanted.
	Boundary, Unshallow []oid.ID
	Filter              Filter
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
// time. ErrMissing where the repository itself is broken.
func Enumerate(ctx context.Context, set *pack.Set, q Request, progress func(n int)) (Plan, error) {
	e := newEnumeration(ctx, set, q, progress)
	if len(q.Haves) > 0 || len(q.Unshallow) > 0 || len(q.Boundary) > 0 {
		err := e.incremental()
		return e.plan(), err
	}
	if p := largestClosed(set); p != nil && q.Filter == (Filter{}) {
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
	painted  *paint
	// whole is a closed pack that is to be sent as it is; roots are those of its roots that were not met yet.
	whole *pack.Pack
	roots ids
	// inside are commits of whole at which the walk stopped.
	inside []oid.ID
}

func newEnumeration(ctx context.Context, set *pack.Set, q Request, progress func(int)) *enumeration {
	return &enumeration{reader: reader{set}, ctx: ctx, q: q, progress: progress, seen: newSeen(set), client: ids{}}
}

func (e *enumeration) plan() Plan {
	p := Plan{Objects: e.objects}
	if e.whole != nil {
		p.Whole = []*pack.Pack{e.whole}
	}
	// Behind a filter the client may lack what its commits reach, so nothing is known to be there.
	if e.painted != nil && e.q.Filter == (Filter{}) {
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

// add takes an object into the plan; false when it was there, or goes along with the whole pack.
func (e *enumeration) add(id oid.ID) (bool, error) {
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
		fresh, err := e.add(id)
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
		if err := e.trees(e.ctx, c.Tree, nil, e); err != nil {
			return err
		}
	}
	return nil
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
	var commits []oid.ID
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
		switch kind {
		case plumbing.CommitObject:
			commits = append(commits, id)
		case plumbing.TreeObject:
			err = e.trees(e.ctx, id, nil, e)
		default:
			_, err = e.add(id)
		}
		if err != nil {
			return nil, err
		}
	}
	return commits, nil
}

// enter implements visitor.
func (e *enumeration) enter(tree oid.ID) (bool, error) { return e.add(tree) }

// blob implements visitor.
func (e *enumeration) blob(id oid.ID) error {
	if e.q.Filter.NoBlobs {
		return nil
	}
	_, err := e.add(id)
	return err
}

// known implements visitor.
func (e *enumeration) known(id oid.ID) { e.client.add(id) }

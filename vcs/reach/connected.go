package reach

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Connected proves that everything reachable from tips is in the pushed pack or visible in this repository; fresh is
// nil for a push without a pack. It returns the roots of fresh; nil where fresh holds many objects that the tips do not
// reach. The error wraps ErrMissing and names an object where something is neither here nor there.
//
// Only objects of fresh are read, and the trees of parents that they are compared with: the cost is that of the push.
func Connected(ctx context.Context, set *pack.Set, fresh *pack.Pack, tips []oid.ID, old *Visible) (*pack.Roots, error) {
	c := newConnection(ctx, set, fresh, old)
	for _, tip := range tips {
		if err := c.tip(tip); err != nil {
			return nil, err
		}
	}
	if err := c.walk(); err != nil {
		return nil, err
	}
	if err := c.ask(); err != nil {
		return nil, err
	}
	if fresh == nil || fresh.Count()-c.met > maxExcept {
		return nil, nil
	}
	return c.vouch()
}

// maxExcept is how many objects of a pack may be left out of what its roots vouch for: the bases of a thin pack.
const maxExcept = 4096

// vouch says what the walk has shown of fresh.
func (c *connection) vouch() (*pack.Roots, error) {
	roots := &pack.Roots{IDs: c.roots, Closed: !c.leaves && c.met == c.fresh.Count() && len(c.set.Ends()) == 0}
	if c.met == c.fresh.Count() {
		return roots, nil
	}
	err := c.fresh.Each(func(id oid.ID, at pack.Location) error {
		if !c.seen.has(at) {
			roots.Except = append(roots.Except, id)
		}
		return nil
	})
	return roots, err
}

// connection is one proof. It is a visitor of trees.
type connection struct {
	reader
	ctx     context.Context
	fresh   *pack.Pack
	old     *Visible
	seen    marks
	as      map[plumbing.ObjectType]marks // as what the objects of seen were met
	met     uint32                        // objects of fresh that were met
	commits []oid.ID
	roots   []oid.ID
	chains  map[oid.ID]int // tags of fresh, and how many tags one passes from there on
	// doubtful are trees and blobs outside of fresh whose visibility is still to be asked, and what they should be.
	doubtful map[oid.ID]plumbing.ObjectType
	leaves   bool   // a link leads out of fresh
	parents  int    // of all commits of fresh together
	trail    *trail // what was marked, for whoever may take it back; else nil
}

func newConnection(ctx context.Context, set *pack.Set, fresh *pack.Pack, old *Visible) *connection {
	return &connection{
		reader: reader{set: set}, ctx: ctx, fresh: fresh, old: old, seen: marks{}, as: map[plumbing.ObjectType]marks{},
		chains: map[oid.ID]int{}, doubtful: map[oid.ID]plumbing.ObjectType{},
	}
}

// meet counts an object of fresh that a link calls a commit, tree, blob or tag; in is false for objects outside of it,
// first for those met before. That the first link tells the truth is seen when the object is read.
func (c *connection) meet(id oid.ID, kind plumbing.ObjectType) (in, first bool, err error) {
	if c.fresh == nil {
		return false, false, nil
	}
	at, ok, err := c.fresh.Find(id)
	if err != nil || !ok {
		return false, false, err
	}
	if c.as[kind] == nil {
		c.as[kind] = marks{}
	}
	if !c.seen.add(at) {
		if !c.as[kind].has(at) {
			err = &typeError{id: id, want: kind}
		}
		return true, false, err
	}
	c.as[kind].add(at)
	if c.trail != nil {
		*c.trail = append(*c.trail, mark{at, kind})
	}
	c.met++
	return true, true, nil
}

// tip begins at the new value of a ref, which may be of any type.
func (c *connection) tip(id oid.ID) error {
	kind, err := c.kind(id)
	if err != nil {
		return err
	}
	if c.fresh != nil {
		if _, in, err := c.fresh.Find(id); in || err != nil {
			c.roots = append(c.roots, id)
		}
	}
	return c.follow(id, kind)
}

// follow settles what a ref or a tag points to.
func (c *connection) follow(id oid.ID, kind plumbing.ObjectType) error {
	if kind == plumbing.TagObject {
		return c.chain(id)
	}
	in, first, err := c.meet(id, kind)
	switch {
	case err != nil:
		return err
	case !in:
		return c.outside(id, kind)
	case !first:
		return nil
	case kind == plumbing.CommitObject:
		c.commits = append(c.commits, id)
		return nil
	case kind == plumbing.TreeObject:
		return c.descend(id)
	}
	return c.demand(id, kind)
}

// chain settles a tag and the tags behind it. A chain that peel would not follow to its end is refused, whatever parts of
// it were pushed before: nobody could clone what it hangs from.
func (c *connection) chain(id oid.ID) error {
	var passed []oid.ID
	kind, behind := plumbing.TagObject, 0
	for kind == plumbing.TagObject {
		in, first, err := c.meet(id, kind)
		if err != nil {
			return err
		}
		if !in {
			behind, err = c.chainOutside(id)
			if err != nil {
				return err
			}
			break
		}
		if !first {
			behind = c.chains[id]
			break
		}
		if len(passed) >= maxTags {
			return tooManyTags(id)
		}
		passed = append(passed, id)
		if id, kind, err = c.tag(id); err != nil {
			return err
		}
	}
	if behind+len(passed) > maxTags {
		return tooManyTags(id)
	}
	for i, tag := range passed {
		c.chains[tag] = behind + len(passed) - i
	}
	if kind == plumbing.TagObject {
		return nil
	}
	return c.follow(id, kind)
}

// chainOutside demands a tag outside of fresh, and counts the tags from there on.
func (c *connection) chainOutside(id oid.ID) (int, error) {
	if err := c.outside(id, plumbing.TagObject); err != nil {
		return 0, err
	}
	_, _, passed, err := c.peel(id)
	return len(passed), err
}

// outside demands that an object of this type is visible in this repository.
func (c *connection) outside(id oid.ID, kind plumbing.ObjectType) error {
	c.leaves = true
	ok, err := c.old.Object(c.ctx, id)
	if err != nil {
		return err
	}
	if !ok {
		return missing(id)
	}
	return c.demand(id, kind)
}

// demand makes sure that an object is what a link calls it.
func (c *connection) demand(id oid.ID, want plumbing.ObjectType) error {
	kind, err := c.kind(id)
	if err == nil && kind != want {
		err = &typeError{id: id, is: kind, want: want}
	}
	return err
}

// walk goes through the commits of fresh, and then through their trees, parents first: an entry that stands in a parent's
// tree, too, is taken for settled, and must be so by then.
func (c *connection) walk() error {
	found := map[oid.ID]object.Commit{}
	var order []oid.ID
	for len(c.commits) > 0 {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		id := c.commits[len(c.commits)-1]
		c.commits = c.commits[:len(c.commits)-1]
		commit, err := c.commit(id)
		if err != nil {
			return err
		}
		if err := c.count(id, commit); err != nil {
			return err
		}
		found[id] = commit
		order = append(order, id)
		for _, parent := range commit.Parents {
			if err := c.parent(parent); err != nil {
				return fmt.Errorf("parent of commit %s: %w", id, err)
			}
		}
	}
	for _, id := range parentsFirst(order, func(id oid.ID) []oid.ID { return found[id].Parents }) {
		if err := c.content(id, found); err != nil {
			return fmt.Errorf("tree of commit %s: %w", id, err)
		}
	}
	return nil
}

// count bounds the parents of all commits together.
func (c *connection) count(id oid.ID, commit object.Commit) error {
	if c.parents += len(commit.Parents); c.parents > maxParents(c.fresh) {
		return fmt.Errorf("commit %s has too many parents: %w", id, ErrBudget)
	}
	return nil
}

// maxParents bounds the parents of all commits of a pack, which are kept in memory: a few bytes of a delta can repeat a
// thousand parent lines.
func maxParents(p *pack.Pack) int { return 1<<16 + 16*int(p.Count()) }

// content walks what a commit's tree has that its parents' trees have not.
func (c *connection) content(id oid.ID, found map[oid.ID]object.Commit) error {
	var companions []oid.ID
	for _, parent := range found[id].Parents[:min(maxCompanions, len(found[id].Parents))] {
		p, ok := found[parent]
		if !ok {
			var err error
			if p, err = c.commit(parent); err != nil {
				return err
			}
		}
		companions = append(companions, p.Tree)
	}
	return c.trees(c.ctx, found[id].Tree, companions, c)
}

func (c *connection) parent(id oid.ID) error {
	in, first, err := c.meet(id, plumbing.CommitObject)
	if first {
		c.commits = append(c.commits, id)
	}
	if in || err != nil {
		return err
	}
	return c.outside(id, plumbing.CommitObject)
}

// descend walks a tree that no commit of fresh led to.
func (c *connection) descend(tree oid.ID) error {
	// It is marked already, so that enter would stop at it.
	stack, err := c.tree(walk{tree: tree}, c, nil)
	if err != nil {
		return err
	}
	for _, w := range stack {
		if err := c.trees(c.ctx, w.tree, nil, c); err != nil {
			return err
		}
	}
	return nil
}

// enter implements visitor.
func (c *connection) enter(tree oid.ID) (bool, error) {
	in, first, err := c.meet(tree, plumbing.TreeObject)
	if !in && err == nil {
		err = c.doubt(tree, plumbing.TreeObject)
	}
	return first, err
}

// blob implements visitor.
func (c *connection) blob(id oid.ID) error {
	in, first, err := c.meet(id, plumbing.BlobObject)
	switch {
	case err != nil:
		return err
	case !in:
		return c.doubt(id, plumbing.BlobObject)
	case !first:
		return nil
	}
	return c.demand(id, plumbing.BlobObject)
}

// doubt keeps the question about an object outside of fresh for ask, which is only worth it where it is there at all.
func (c *connection) doubt(id oid.ID, kind plumbing.ObjectType) error {
	c.leaves = true
	if _, ok, err := c.set.Find(id); err != nil {
		return err
	} else if !ok {
		return missing(id)
	}
	if before, ok := c.doubtful[id]; ok && before != kind {
		return &typeError{id: id, want: kind}
	}
	c.doubtful[id] = kind
	return nil
}

// known implements visitor: the same entry stands in a parent's tree, which is walked, or visible, itself.
func (c *connection) known(oid.ID) {}

// ask decides all doubtful objects with one question.
func (c *connection) ask() error {
	if len(c.doubtful) == 0 {
		return nil
	}
	list := make([]oid.ID, 0, len(c.doubtful))
	for id := range c.doubtful {
		list = append(list, id)
	}
	hidden, err := c.old.Objects(c.ctx, list)
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		return missing(hidden[0])
	}
	for id, kind := range c.doubtful {
		if err := c.demand(id, kind); err != nil {
			return err
		}
	}
	return nil
}

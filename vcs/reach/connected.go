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
	c := &connection{reader: reader{set}, ctx: ctx, fresh: fresh, old: old, seen: marks{}, doubtful: ids{}}
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
	if fresh == nil || fresh.Count()-c.count > maxExcept {
		return nil, nil
	}
	return c.vouch()
}

// maxExcept is how many objects of a pack may be left out of what its roots vouch for: the bases of a thin pack.
const maxExcept = 4096

// vouch says what the walk has shown of fresh.
func (c *connection) vouch() (*pack.Roots, error) {
	roots := &pack.Roots{IDs: c.roots, Closed: !c.leaves && c.count == c.fresh.Count()}
	if c.count == c.fresh.Count() {
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
	ctx      context.Context
	fresh    *pack.Pack
	old      *Visible
	seen     marks
	count    uint32 // objects of fresh that were met
	commits  []oid.ID
	roots    []oid.ID
	doubtful ids  // trees and blobs outside of fresh whose visibility is still to be asked
	leaves   bool // a link leads out of fresh
}

// meet counts an object of fresh; in is false for objects outside of it, first for those met before.
func (c *connection) meet(id oid.ID) (in, first bool, err error) {
	if c.fresh == nil {
		return false, false, nil
	}
	at, ok, err := c.fresh.Find(id)
	if err != nil || !ok {
		return false, false, err
	}
	if !c.seen.add(at) {
		return true, false, nil
	}
	c.count++
	return true, true, nil
}

// tip begins at the new value of a ref.
func (c *connection) tip(id oid.ID) error {
	in, first, err := c.meet(id)
	if err != nil {
		return err
	}
	if !in {
		return c.outside(id)
	}
	c.roots = append(c.roots, id)
	if !first {
		return nil
	}
	kind, err := c.kind(id)
	if err != nil {
		return err
	}
	return c.follow(id, kind)
}

// follow queues or walks an object of fresh that was just met.
func (c *connection) follow(id oid.ID, kind plumbing.ObjectType) error {
	switch kind {
	case plumbing.CommitObject:
		c.commits = append(c.commits, id)
	case plumbing.TreeObject:
		return c.descend(id)
	case plumbing.TagObject:
		to, said, err := c.tag(id)
		if err != nil {
			return err
		}
		return c.link(to, said)
	}
	return nil
}

// link follows what a tag points to.
func (c *connection) link(id oid.ID, want plumbing.ObjectType) error {
	in, first, err := c.meet(id)
	if err != nil {
		return err
	}
	if !in {
		return c.outside(id)
	}
	if !first {
		return nil
	}
	kind, err := c.kind(id)
	if err != nil {
		return err
	}
	if kind != want {
		return fmt.Errorf("tag points to %s as a %s, it is a %s: %w", id, want, kind, ErrMissing)
	}
	return c.follow(id, kind)
}

// outside demands that an object is visible in this repository.
func (c *connection) outside(id oid.ID) error {
	c.leaves = true
	ok, err := c.old.Object(c.ctx, id)
	if err != nil {
		return err
	}
	if !ok {
		return missing(id)
	}
	return nil
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

// content walks what a commit's tree has that its parents' trees have not.
func (c *connection) content(id oid.ID, found map[oid.ID]object.Commit) error {
	var companions []oid.ID
	for _, parent := range found[id].Parents {
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
	in, first, err := c.meet(id)
	if err != nil {
		return err
	}
	if first {
		c.commits = append(c.commits, id)
	}
	if in {
		return nil
	}
	c.leaves = true
	ok, err := c.old.Commit(c.ctx, id)
	if err == nil && !ok {
		err = missing(id)
	}
	return err
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
	in, first, err := c.meet(tree)
	if !in && err == nil {
		c.leaves = true
		c.doubtful.add(tree)
	}
	return first, err
}

// blob implements visitor.
func (c *connection) blob(id oid.ID) error {
	in, first, err := c.meet(id)
	if err != nil {
		return err
	}
	if !in {
		c.leaves = true
		c.doubtful.add(id)
		return nil
	}
	if !first {
		return nil
	}
	kind, err := c.kind(id)
	if err == nil && kind != plumbing.BlobObject {
		err = fmt.Errorf("%s stands in a tree as a file, it is a %s: %w", id, kind, ErrMissing)
	}
	return err
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
	return nil
}

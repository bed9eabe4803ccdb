package reach

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// visitor is told the entries that a walk of trees finds to be new.
type visitor interface {
	// enter decides whether a tree is to be read; it is asked once for each time that the tree is met.
	enter(tree oid.ID) (bool, error)
	// blob is told of a blob.
	blob(id oid.ID) error
	// known is told of an entry that stands under the same name in a companion.
	known(id oid.ID)
}

// maxCompanions is with how many parents a commit is compared. Nobody merges more; of the rest it is only not noticed what
// they share, and a commit of a million parents costs no more than another.
const maxCompanions = 16

// maxWaiting is how many trees, with those that they are compared with, may wait to be visited at a time: a history of
// people's making has some hundreds, one that is made to fill the memory meets ErrBudget.
const maxWaiting = 4 << 20

// walk is one tree to be compared with those of the parents at the same path.
type walk struct {
	tree       oid.ID
	companions []oid.ID
}

func (w walk) weight() int { return 1 + len(w.companions) }

// trees visits what is in a tree and not, under the same name, in one of its companions: the trees at the same path in
// the parents of the commit. No recursion: a hostile tree may be as deep as it likes.
func (r reader) trees(ctx context.Context, root oid.ID, companions []oid.ID, v visitor) error {
	for _, c := range companions {
		if c == root {
			v.known(root)
			return nil
		}
	}
	companions = companions[:min(maxCompanions, len(companions))]
	stack := []walk{{root, companions}}
	waiting := stack[0].weight()
	for len(stack) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		waiting -= w.weight()
		ok, err := v.enter(w.tree)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		before := len(stack)
		if stack, err = r.tree(w, v, stack); err != nil {
			return err
		}
		for _, w := range stack[before:] {
			waiting += w.weight()
		}
		if waiting > maxWaiting {
			return fmt.Errorf("tree %s holds too many trees: %w", w.tree, ErrBudget)
		}
	}
	return nil
}

// tree visits one tree and pushes those of its subtrees that differ.
func (r reader) tree(w walk, v visitor, stack []walk) ([]walk, error) {
	data, err := r.read(w.tree, plumbing.TreeObject)
	if err != nil {
		return stack, err
	}
	others, err := r.cursors(w.companions)
	if err != nil {
		return stack, err
	}
	t := object.NewTree(data)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		if e.IsLink() {
			continue
		}
		same, companions := match(e, others)
		switch {
		case same:
			v.known(e.ID)
		case e.IsTree():
			stack = append(stack, walk{e.ID, companions})
		default:
			if err := v.blob(e.ID); err != nil {
				return stack, err
			}
		}
	}
	if err := t.Err(); err != nil {
		return stack, fmt.Errorf("tree %s: %w", w.tree, err)
	}
	return stack, nil
}

// cursors opens companions; those behind the first maxObject bytes are not looked at.
func (r reader) cursors(companions []oid.ID) ([]*cursor, error) {
	others, held := make([]*cursor, 0, len(companions)), 0
	for _, id := range companions {
		data, err := r.read(id, plumbing.TreeObject)
		if err != nil {
			return nil, err
		}
		others = append(others, newCursor(data))
		if held += len(data); held > maxObject {
			break
		}
	}
	return others, nil
}

// match looks an entry up in the companions: is it the same in one of them, and which trees stand under its name?
func match(e object.Entry, others []*cursor) (same bool, companions []oid.ID) {
	for _, c := range others {
		o, ok := c.seek(e)
		if !ok || o.IsLink() { // what a submodule points to is nothing that anybody has shown to be here
			continue
		}
		if o.ID == e.ID && o.IsTree() == e.IsTree() {
			return true, nil
		}
		if o.IsTree() && e.IsTree() && !slices.Contains(companions, o.ID) {
			companions = append(companions, o.ID)
		}
	}
	return false, companions
}

// cursor goes through a companion in step with the tree that it is compared with.
type cursor struct {
	t   *object.Tree
	cur object.Entry
	ok  bool
}

func newCursor(b []byte) *cursor {
	c := &cursor{t: object.NewTree(b)}
	c.cur, c.ok = c.t.Next()
	return c
}

// seek goes forward to the entry of the same name and kind, if there is one.
func (c *cursor) seek(e object.Entry) (object.Entry, bool) {
	for c.ok {
		switch order := object.Compare(c.cur, e); {
		case order == 0:
			return c.cur, true
		case order > 0:
			return object.Entry{}, false
		}
		c.cur, c.ok = c.t.Next()
	}
	return object.Entry{}, false
}

package reach

import (
	"fmt"
	"math"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/filter"
	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// place is where a tree stands in that of a commit.
type place struct {
	up    *place
	name  string
	depth uint64
	says  filter.Folder
}

// append adds the path of the place to b, with a slash behind it; the tree of a commit has the empty path.
func (p *place) append(b []byte) []byte {
	var names []string
	for ; p != nil && p.up != nil; p = p.up {
		names = append(names, p.name)
	}
	for i := len(names) - 1; i >= 0; i-- {
		b = append(append(b, names[i]...), '/')
	}
	return b
}

// placed is a tree to be walked at its place.
type placed struct {
	walk
	at *place
}

// placed takes what the filter leaves in the tree of a commit where that depends on places: a tree that was walked is walked
// again where it stands less deep, or under other names. What stands under the same name in a companion, in the same
// place that is, is settled with that.
func (e *enumeration) placed(tree oid.ID, companions []oid.ID) error {
	if len(companions) == 0 && !e.before.IsZero() {
		companions = []oid.ID{e.before} // any tree that was walked before will do
	}
	e.before = tree
	for _, c := range companions {
		if c == tree {
			return nil
		}
	}
	root, err := e.q.Filter.Root(e.meter)
	if err != nil {
		return err
	}
	return e.descend([]placed{{walk{tree, companions}, &place{says: root}}})
}

// below takes what the filter leaves of a tree that is wanted by its id: what is in it stands where it would stand in
// a commit, and as high as the tree of one.
func (e *enumeration) below(tree oid.ID) error {
	root, err := e.q.Filter.Root(e.meter)
	if err != nil {
		return err
	}
	// One above the highest; the entries come to 0.
	return e.descend([]placed{{walk{tree: tree}, &place{depth: math.MaxUint64, says: root}}})
}

func (e *enumeration) descend(stack []placed) error {
	waiting := stack[0].weight()
	for len(stack) > 0 {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		waiting -= w.weight()
		again, err := e.arrive(w)
		if err != nil {
			return err
		}
		if !again {
			continue
		}
		before := len(stack)
		if stack, err = e.entries(w, stack); err != nil {
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

// arrive takes a tree at a place; again says that what is in it is to be looked at.
func (e *enumeration) arrive(w placed) (again bool, err error) {
	f := e.q.Filter
	top := w.at.depth == math.MaxUint64
	if !top && (f.Depth.Allows(w.at.depth) && f.Type(plumbing.TreeObject) || e.explicit.has(w.tree)) {
		if _, err := e.add(w.tree); err != nil {
			return false, err
		}
	}
	if !f.Depth.Allows(w.at.depth + 1) {
		return false, nil
	}
	if f.Sparse() || top {
		return true, nil
	}
	return e.depths.less(e.set, w.tree, w.at.depth)
}

// entries looks at what is in a tree, and pushes its subtrees.
func (e *enumeration) entries(w placed, stack []placed) ([]placed, error) {
	data, err := e.read(w.tree, plumbing.TreeObject)
	if err != nil {
		return stack, err
	}
	others, err := e.cursors(w.companions)
	if err != nil {
		return stack, err
	}
	var path []byte
	if e.q.Filter.Sparse() {
		path = w.at.append(nil)
	}
	prefix, looked := len(path), 0
	t := object.NewTree(data)
	for entry, ok := t.Next(); ok; entry, ok = t.Next() {
		if looked += 1 + prefix/64; looked >= perEntries {
			if err := e.pay(looked / perEntries); err != nil {
				return stack, err
			}
			looked = 0
		}
		if entry.IsLink() {
			continue
		}
		same, companions := match(entry, others)
		if same {
			continue
		}
		path = append(path[:prefix], entry.Name...)
		name := string(entry.Name)
		if !entry.IsTree() {
			if err := e.placedBlob(entry.ID, w.at, string(path), name); err != nil {
				return stack, err
			}
			continue
		}
		says, err := e.q.Filter.Enter(w.at.says, string(path), name, e.meter)
		if err != nil {
			return stack, err
		}
		at := &place{up: w.at, name: name, depth: w.at.depth + 1, says: says}
		stack = append(stack, placed{walk{entry.ID, companions}, at})
	}
	if err := t.Err(); err != nil {
		return stack, fmt.Errorf("tree %s: %w", w.tree, err)
	}
	return stack, e.pay(prefix / perEntries)
}

// perEntries is how many entries with short paths are looked at, or bytes of a path put together, for what one tree costs.
const perEntries = 1000

// pay takes n more out of the purse, in the midst of a tree: one alone may hold millions of entries.
func (e *enumeration) pay(n int) error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	return e.purse.spend(n)
}

func (e *enumeration) placedBlob(id oid.ID, in *place, path, name string) error {
	if e.explicit.has(id) {
		return e.blob(id)
	}
	if !e.q.Filter.Type(plumbing.BlobObject) {
		return nil
	}
	named, err := e.q.Filter.Names(in.says, path, name, e.meter)
	if err != nil || !named {
		return err
	}
	return e.blob(id)
}

// depths remembers how deep trees of packs stood when they were walked, plus one; 0 is not at all.
type depths map[*pack.Pack][]uint8

// less reports whether a tree was not walked before so high, and remembers that it is now. What stands deeper than is
// remembered is walked each time.
func (d depths) less(set *pack.Set, tree oid.ID, depth uint64) (bool, error) {
	if depth >= math.MaxUint8-1 {
		return true, nil
	}
	at, ok, err := set.Find(tree)
	if err != nil {
		return false, err
	}
	if !ok {
		return false, missing(tree)
	}
	if d[at.Pack] == nil {
		d[at.Pack] = make([]uint8, at.Pack.Count())
	}
	was := &d[at.Pack][at.Pos]
	if *was != 0 && uint64(*was-1) <= depth {
		return false, nil
	}
	*was = uint8(depth) + 1
	return true, nil
}

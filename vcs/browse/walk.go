package browse

import (
	"errors"
	"fmt"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

const (
	// maxVisited is how many entries of trees are looked at for one diff.
	maxVisited = 20_000_000
	// maxHeld is how many bytes of trees are held on the way down, maxDepth how far down that goes.
	maxHeld  = 256 << 20
	maxDepth = 2048
)

// ErrTooDeep says that a tree is deeper or larger than any that people make.
var ErrTooDeep = errors.New("the trees are too deep or too large to be compared")

// errEnough ends a walk: there are more changes than may be told, or no time is left.
var errEnough = errors.New("enough")

// walk notes every file that differs between two trees; zero is the empty one.
func (c *comparison) walk(from, to oid.ID) error {
	err := c.trees(from, to, "", 0, 0)
	if errors.Is(err, errEnough) {
		c.more = true
		return nil
	}
	return err
}

// trees walks two trees side by side, which stand at path ("" or one that ends in a slash).
func (c *comparison) trees(from, to oid.ID, path string, depth int, held int64) error {
	if from == to {
		return nil
	}
	a, err := readTree(c.set, from)
	if err != nil {
		return err
	}
	b, err := readTree(c.set, to)
	if err != nil {
		return err
	}
	if held += int64(len(a) + len(b)); held > maxHeld || depth > maxDepth {
		return ErrTooDeep
	}
	x, y := newCursor(a), newCursor(b)
	for x.ok || y.ok {
		if err := c.visit(); err != nil {
			return err
		}
		var before, after object.Entry
		switch order := compareEntries(x, y); {
		case order < 0:
			before = x.take()
		case order > 0:
			after = y.take()
		default:
			before, after = x.take(), y.take()
		}
		if err := c.entries(before, after, path, depth, held); err != nil {
			return err
		}
	}
	if err := errors.Join(x.tree.Err(), y.tree.Err()); err != nil {
		return fmt.Errorf("tree %s or %s: %w", from, to, err)
	}
	return nil
}

// visit takes one entry into account, and looks at the time now and then.
func (c *comparison) visit() error {
	c.visited++
	if c.visited > maxVisited {
		return ErrTooDeep
	}
	if c.visited%1024 != 0 {
		return nil
	}
	if c.late() {
		return errEnough
	}
	return c.ctx.Err()
}

// entries notes what differs between two entries of one name, of which one may not be there.
func (c *comparison) entries(before, after object.Entry, path string, depth int, held int64) error {
	if before.ID == after.ID && before.Mode == after.Mode {
		return nil
	}
	name := string(before.Name)
	if before.Name == nil {
		name = string(after.Name)
	}
	if depth < len(c.path) && name != c.path[depth] {
		return nil
	}
	path += name
	if before.IsTree() || after.IsTree() {
		return c.trees(before.ID, after.ID, path+"/", depth+1, held)
	}
	if depth+1 < len(c.path) {
		return nil // a file where the path has a folder
	}
	if len(c.pairs) == c.o.Files {
		return errEnough
	}
	c.pairs = append(c.pairs, pair{from: fileOf(before, path), to: fileOf(after, path)})
	return nil
}

func fileOf(e object.Entry, path string) file { return file{path, e.Mode, e.ID} }

// cursor is the next entry of a tree.
type cursor struct {
	tree *object.Tree
	at   object.Entry
	ok   bool
}

func newCursor(data []byte) *cursor {
	k := &cursor{tree: object.NewTree(data)}
	k.advance()
	return k
}

func (k *cursor) advance() {
	if k.at, k.ok = k.tree.Next(); k.ok {
		k.at.Mode = canonical(k.at.Mode)
	}
}

func (k *cursor) take() object.Entry {
	e := k.at
	k.advance()
	return e
}

// compareEntries orders what two cursors are at as git sorts trees; one at its end comes last.
func compareEntries(x, y *cursor) int {
	switch {
	case !y.ok:
		return -1
	case !x.ok:
		return 1
	}
	return object.Compare(x.at, y.at)
}

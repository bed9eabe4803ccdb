package browse

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Node is something that lies in a folder, or below it.
type Node struct {
	// Path is from the folder's tree on that List was asked for, with the prefix that it was given. Its bytes are as the
	// tree has them, in whatever encoding.
	Path string
	Mode filemode.FileMode
	ID   oid.ID
}

// Dir reports whether it is a folder; File whether it is a file or a symbolic link. A submodule is neither.
func (n Node) Dir() bool { return n.Mode == filemode.Dir }

// File is told of beside Dir.
func (n Node) File() bool { return n.Mode != filemode.Dir && n.Mode != filemode.Submodule }

// ListOptions bound a List; zeros mean the defaults that stand behind them.
type ListOptions struct {
	// Prefix stands before each path, as it is: "src/".
	Prefix string
	// Visit is how many entries are looked at (20,000,000).
	Visit int
}

// List tells fn of everything below a tree: of each folder first what lies in it, in git's order, then what lies below the
// folders in it. It ends when fn answers false. Memory is that of the trees on the way down. ErrTooDeep where trees are
// deeper or larger than people make, or more entries were to be looked at; pack.ErrNotFound, and what ctx says.
func List(ctx context.Context, set *pack.Set, tree oid.ID, o ListOptions, fn func(Node) (more bool, err error)) error {
	if o.Visit <= 0 {
		o.Visit = maxVisited
	}
	l := &listing{ctx: ctx, set: set, left: o.Visit, fn: fn}
	_, err := l.below(tree, o.Prefix, 0, 0)
	return err
}

// listing is one List.
type listing struct {
	ctx  context.Context
	set  *pack.Set
	left int // entries that may still be looked at
	fn   func(Node) (bool, error)
}

func (l *listing) below(tree oid.ID, path string, depth int, held int64) (more bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	data, err := readTree(l.set, tree)
	if err != nil {
		return false, err
	}
	if held += int64(len(data)); held > maxHeld || depth > maxDepth {
		return false, ErrTooDeep
	}
	entries := object.NewTree(data)
	for e, ok := entries.Next(); ok; e, ok = entries.Next() {
		if l.left--; l.left < 0 {
			return false, ErrTooDeep
		}
		if l.left%1024 == 0 && l.ctx.Err() != nil {
			return false, l.ctx.Err()
		}
		if more, err := l.fn(Node{Path: path + string(e.Name), Mode: canonical(e.Mode), ID: e.ID}); err != nil || !more {
			return false, err
		}
	}
	if err := entries.Err(); err != nil {
		return false, fmt.Errorf("tree %s: %w", tree, err)
	}
	entries = object.NewTree(data)
	for e, ok := entries.Next(); ok; e, ok = entries.Next() {
		if canonical(e.Mode) != folder {
			continue
		}
		if more, err := l.below(e.ID, path+string(e.Name)+"/", depth+1, held); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

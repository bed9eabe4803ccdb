package browse

import (
	"context"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Op is what became of a file as a whole.
type Op byte

// Added, Modified and Deleted are as git diff --name-status writes them; a renamed or copied file is Modified.
const (
	Added    Op = 'A'
	Modified Op = 'M'
	Deleted  Op = 'D'
)

// Change is one file that a commit changed.
type Change struct {
	Op Op
	// Path is where the file is, or was; From where it was before, which is the same but for a renamed or copied one.
	Path, From string
	// Before and After are the blobs, zero where there is none; the modes are 0 there.
	Before, After         oid.ID
	ModeBefore, ModeAfter filemode.FileMode
	// Plus and Minus are lines; both are 0 where Binary, or where it is only told that the file differs.
	Plus, Minus int
	Binary      bool
	// Text is what Diff prints of it, from "diff --git" on.
	Text []byte
}

// CommitChanges lists what a commit changed against its first parent, file by file in the order of Diff. The notice is
// Diff's: what was left out for a limit, and how to get the whole. Errors are as Diff's.
func CommitChanges(ctx context.Context, set *pack.Set, commit oid.ID, o DiffOptions) (list []Change, notice string, err error) {
	p := &printer{comparison: newComparison(ctx, set, o)}
	p.told = func(f printed) { list = append(list, changeOf(f, p.out.Bytes()[f.start:f.end])) }
	notice, err = p.commit(io.Discard, commit)
	return list, notice, err
}

func changeOf(f printed, text []byte) Change {
	c := Change{Op: opOf(f.pair), Path: f.to.path, From: f.from.path, Before: f.from.id, After: f.to.id, ModeBefore: f.from.mode, ModeAfter: f.to.mode,
		Plus: f.added, Minus: f.deleted, Binary: f.binary, Text: append([]byte(nil), text...)}
	if c.Op == Deleted {
		c.Path = c.From
	}
	if c.Op == Added {
		c.From = c.Path
	}
	return c
}

func opOf(q pair) Op {
	switch {
	case !q.from.there():
		return Added
	case !q.to.there():
		return Deleted
	}
	return Modified
}

// Named is a file that differs between two trees, by its path alone.
type Named struct {
	Op   Op
	Path string
}

// Names lists the files that differ between two trees (zero is the empty one), without looking into them or for renames
// (git diff --name-status --no-renames), by path. whole is false where there are more than o.Files, or finding them took
// longer than o.Time. ErrTooDeep, pack.ErrNotFound.
func Names(ctx context.Context, set *pack.Set, from, to oid.ID, o DiffOptions) (list []Named, whole bool, err error) {
	c := newComparison(ctx, set, o)
	if err := c.walk(from, to); err != nil {
		return nil, false, fmt.Errorf("compare trees: %w", err)
	}
	for _, q := range c.pairs {
		n := Named{Op: opOf(q), Path: q.to.path}
		if n.Op == Deleted {
			n.Path = q.from.path
		}
		list = append(list, n)
	}
	return list, !c.more, nil
}

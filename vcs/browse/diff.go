package browse

import (
	"context"
	"fmt"
	"io"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Diff writes what differs between two trees (zero is the empty one), as `git diff --binary --full-index -C FROM TO` prints
// it. What is left out for a limit is left out in whole files; the text then ends in a line that git apply refuses, so
// that a part is never applied for the whole. The notice says the same, and how to get the whole; "" where nothing is left
// out. pack.ErrNotFound, pack.ErrCorrupt, ErrTooDeep, and what w answers.
func Diff(ctx context.Context, set *pack.Set, w io.Writer, from, to oid.ID, o DiffOptions) (notice string, err error) {
	p := &printer{comparison: newComparison(ctx, set, o)}
	whole := fmt.Sprintf("git diff %s %s", from, to)
	if from == oid.Zero {
		whole = fmt.Sprintf("git ls-tree -r %s", to)
	}
	return p.diff(w, from, to, whole)
}

// CommitDiff writes what a commit changed against its first parent; a root, and the commit at which a shallow history
// ends, against nothing. Else it is Diff.
func CommitDiff(ctx context.Context, set *pack.Set, w io.Writer, commit oid.ID, o DiffOptions) (notice string, err error) {
	p := &printer{comparison: newComparison(ctx, set, o)}
	return p.commit(w, commit)
}

// commit prints what a commit changed against its first parent.
func (p *printer) commit(w io.Writer, id oid.ID) (notice string, err error) {
	c, err := readCommit(p.set, id)
	if err != nil {
		return "", err
	}
	from, err := parentTree(p.set, c)
	if err != nil {
		return "", err
	}
	return p.diff(w, from, c.Tree, fmt.Sprintf("git show --diff-merges=first-parent --format= %s", id))
}

// parentTree is the tree of the first parent, zero where there is none.
func parentTree(set *pack.Set, c Commit) (oid.ID, error) {
	if len(c.Parents) == 0 {
		return oid.Zero, nil
	}
	parent, err := readCommit(set, c.Parents[0])
	return parent.Tree, err
}

// diff walks, pairs and prints; file by file goes out as soon as it is whole.
func (p *printer) diff(w io.Writer, from, to oid.ID, whole string) (notice string, err error) {
	if err := p.walk(from, to); err != nil {
		return "", err
	}
	if err := p.detect(); err != nil {
		return "", err
	}
	room := p.o.Bytes
	var left leftOut
	for i, q := range p.pairs {
		if err := p.ctx.Err(); err != nil {
			return "", err
		}
		if p.late() {
			left.files, left.why = len(p.pairs)-i, fmt.Sprintf("making it takes longer than %s", p.o.Time)
			break
		}
		p.out.Reset()
		done := len(p.all)
		if err := p.pair(q); err != nil {
			return "", err
		}
		if room -= int64(p.out.Len()); room < 0 {
			p.all = p.all[:done]
			left.files, left.why = len(p.pairs)-i, fmt.Sprintf("it is larger than %d bytes", p.o.Bytes)
			break
		}
		if _, err := w.Write(p.out.Bytes()); err != nil {
			return "", fmt.Errorf("write diff: %w", err)
		}
		for i := done; i < len(p.all) && p.told != nil; i++ {
			p.told(p.all[i])
		}
	}
	return p.end(w, left, whole)
}

// leftOut is what a limit kept out of a diff.
type leftOut struct {
	files int
	why   string
}

// end says what was left out, where anything was.
func (p *printer) end(w io.Writer, left leftOut, whole string) (notice string, err error) {
	if p.more && left.files == 0 {
		left.why = fmt.Sprintf("more than %d files changed, or finding them takes longer than %s", p.o.Files, p.o.Time)
	}
	large := 0
	for _, f := range p.all {
		if f.large {
			large++
		}
	}
	switch {
	case left.why != "" && p.more:
		notice = fmt.Sprintf("This diff is not whole: files are left out, since %s. For the whole, fetch and run: %s", left.why, whole)
	case left.why != "":
		notice = fmt.Sprintf("This diff is not whole: %d of %d files are left out, since %s. For the whole, fetch and run: %s", left.files, len(p.pairs), left.why, whole)
	case large > 0:
		return fmt.Sprintf("%d files are larger than %d bytes or have more than %d lines: it is only told that they differ. For the whole, fetch and run: %s",
			large, p.o.Blob, maxLines, whole), nil
	default:
		return "", nil
	}
	// The second line is a hunk without a file: git apply and git am refuse the whole text for it.
	_, err = fmt.Fprintf(w, "# %s\n@@ -0,0 +0,0 @@ not whole\n", notice)
	if err != nil {
		return "", fmt.Errorf("write diff: %w", err)
	}
	return notice, nil
}

package browse

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Patch writes a commit as a mail, as `git format-patch --stdout --full-index -C` does: git am makes the commit of it again.
// ErrMerge for a merge; a commit that changed nothing is a mail without a diff. Limits, notice and errors are as in Diff.
func Patch(ctx context.Context, set *pack.Set, w io.Writer, commit oid.ID, o DiffOptions) (notice string, err error) {
	return patch(newComparison(ctx, set, o), w, commit, "PATCH")
}

// Series writes commits, oldest first, as a mailbox of numbered patches. What Limits say holds for all together; a patch
// that is not whole ends the series. ErrMerge and the others as in Patch.
func Series(ctx context.Context, set *pack.Set, w io.Writer, commits []oid.ID, o DiffOptions) (notice string, err error) {
	c := newComparison(ctx, set, o)
	width := len(fmt.Sprint(len(commits)))
	for i, id := range commits {
		tag := "PATCH"
		if len(commits) > 1 {
			tag = fmt.Sprintf("PATCH %0*d/%d", width, i+1, len(commits))
		}
		next := &comparison{ctx: c.ctx, set: set, o: c.o, ends: c.ends, path: c.path}
		counted := &counter{w: w}
		if i > 0 {
			if _, err := io.WriteString(counted, "\n"); err != nil {
				return "", fmt.Errorf("write patch: %w", err)
			}
		}
		notice, err = patch(next, counted, id, tag)
		if err != nil || notice != "" {
			if err == nil && i+1 < len(commits) {
				notice += fmt.Sprintf(" %d patches that follow are left out.", len(commits)-i-1)
			}
			return notice, err
		}
		c.o.Bytes = max(c.o.Bytes-counted.n, 1)
	}
	return "", nil
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func patch(c *comparison, w io.Writer, id oid.ID, tag string) (notice string, err error) {
	commit, err := readCommit(c.set, id)
	if err != nil {
		return "", err
	}
	if len(commit.Parents) > 1 {
		return "", fmt.Errorf("%s: %w", id, ErrMerge)
	}
	from, err := parentTree(c.set, commit)
	if err != nil {
		return "", err
	}
	p := &printer{comparison: c, forStat: true}
	var diff bytes.Buffer
	notice, err = p.diff(&diff, from, commit.Tree, fmt.Sprintf("git format-patch -1 --stdout %s", id))
	if err != nil {
		return "", err
	}
	var mail bytes.Buffer
	writeMail(&mail, commit, tag)
	if len(p.all) > 0 || diff.Len() > 0 {
		mail.WriteString("---\n")
		writeStat(&mail, p.all)
		mail.WriteByte('\n')
	}
	for _, part := range [][]byte{mail.Bytes(), diff.Bytes(), fmt.Appendf(nil, "-- \n%s\n\n", c.o.Version)} {
		if _, err := w.Write(part); err != nil {
			return "", fmt.Errorf("write patch: %w", err)
		}
	}
	return notice, nil
}

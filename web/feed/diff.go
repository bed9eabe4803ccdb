package feed

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"time"

	"jeton/vcs/browse"
)

// Bounds of the diff of one entry, besides how long it may be.
const (
	diffFiles = 300
	diffBlob  = 1 << 20 // bytes of a file that is compared
	diffTime  = 2 * time.Second
)

// addDiff puts what a commit changed, against its first parent, behind its message.
func (b *builder) addDiff(ctx context.Context, e *Entry, c browse.Commit) error {
	var text bytes.Buffer
	notice, err := browse.CommitDiff(ctx, b.view.Objects, &text, c.ID, browse.DiffOptions{Path: b.sel.path, Binary: browse.BinaryTold,
		Limits: browse.Limits{Files: diffFiles, Bytes: b.s.o.Diff, Blob: diffBlob, Time: diffTime}})
	if err != nil {
		return fmt.Errorf("diff of %s: %w", c.ID, err)
	}
	diff := Clean(text.String())
	e.HTML += pre(diff)
	e.Text += "\n\n" + diff
	if notice != "" && !bytes.Contains(text.Bytes(), []byte(notice)) {
		e.HTML += "<p>" + html.EscapeString(Clean(notice)) + "</p>"
		e.Text += "\n" + Clean(notice)
	}
	return nil
}

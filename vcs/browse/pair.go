package browse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// file is one side of a change; a zero mode says that there is none.
type file struct {
	path string
	mode mode
	id   oid.ID
}

func (f file) there() bool     { return f.mode != 0 }
func (f file) submodule() bool { return f.mode == filemode.Submodule }
func (f file) regular() bool   { return f.mode == filemode.Regular || f.mode == filemode.Executable }

// kind is the kind of file, by which two files may be compared with each other.
func (f file) kind() mode { return f.mode & 0o170000 }

// origin says how the second file of a pair came from the first.
type origin int

const (
	samePath origin = iota
	renamed
	copied
)

// pair is one file that changed. Where it came or went one side is not there.
type pair struct {
	from, to file
	origin   origin
	score    int // how alike a renamed or copied file is, of maxScore
}

// comparison is one diff being made.
type comparison struct {
	ctx     context.Context
	set     *pack.Set
	o       DiffOptions
	ends    time.Time
	path    []string
	pairs   []pair
	visited int
	more    bool // more files changed than may be told
}

func newComparison(ctx context.Context, set *pack.Set, o DiffOptions) *comparison {
	o = o.withDefaults()
	return &comparison{ctx: ctx, set: set, o: o, ends: time.Now().Add(o.Time), path: pathOf(o.Path)}
}

// late reports whether the time is over.
func (c *comparison) late() bool { return time.Now().After(c.ends) }

// content is what is compared of a file; large where that is more than may be held.
func (c *comparison) content(f file) (data []byte, large bool, err error) {
	switch {
	case !f.there():
		return nil, false, nil
	case f.submodule():
		return fmt.Appendf(nil, "Subproject commit %s\n", f.id), false, nil
	}
	kind, data, err := c.set.Read(f.id, c.o.Blob)
	if errors.Is(err, pack.ErrTooLarge) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", quote(f.path), err)
	}
	if kind != plumbing.BlobObject {
		return nil, false, fmt.Errorf("%s is a %s and should be a blob: %w", f.id, kind, object.ErrMalformed)
	}
	return data, false, nil
}

// firstBytes are those in which git looks for a NUL, to tell whether a file is text.
const firstBytes = 8000

func isBinary(data []byte) bool {
	return bytes.IndexByte(data[:min(len(data), firstBytes)], 0) >= 0
}

// Package object reads the links out of raw commits, trees and tags: what an object points to, and when a commit was made.
//
// It is for the paths that visit hundreds of thousands of objects a second, where building go-git's full objects
// would cost more than the work itself; whoever shows an object to people uses go-git's types instead (vcs/browse).
// It keeps slices of what it is given, does no I/O and never panics on hostile input.
package object

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/oid"
)

// ErrMalformed is wrapped by every error of this package: the bytes are not an object of the type they claim.
var ErrMalformed = errors.New("malformed object")

// Commit is what the walk of a history needs of a commit.
type Commit struct {
	Tree    oid.ID
	Parents []oid.ID
	// When is the committer's time in seconds since 1970; 0 where the line cannot be read, as in some old histories.
	When int64
}

// ParseCommit reads the header of a commit (gitformat of commit objects: tree, parents, author, committer).
func ParseCommit(b []byte) (Commit, error) {
	var c Commit
	line, b, _ := bytes.Cut(b, []byte{'\n'})
	id, ok := idLine(line, "tree ")
	if !ok {
		return c, malformed("commit has no tree line")
	}
	c.Tree = id
	for {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		if !bytes.HasPrefix(line, []byte("parent ")) {
			break
		}
		id, ok := idLine(line, "parent ")
		if !ok {
			return c, malformed("commit has a broken parent line")
		}
		c.Parents = append(c.Parents, id)
		b = rest
	}
	for len(b) > 0 && b[0] != '\n' {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		if bytes.HasPrefix(line, []byte("committer ")) {
			c.When = when(line)
			break
		}
		b = rest
	}
	return c, nil
}

// when reads the seconds behind the mail address of a person line; 0 where there are none.
func when(line []byte) int64 {
	i := bytes.LastIndexByte(line, '>')
	if i < 0 {
		return 0
	}
	f := bytes.Fields(line[i+1:])
	if len(f) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(f[0]), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// ParseTag reads what a tag object points to and of which type that is.
func ParseTag(b []byte) (oid.ID, plumbing.ObjectType, error) {
	line, rest, _ := bytes.Cut(b, []byte{'\n'})
	id, ok := idLine(line, "object ")
	if !ok {
		return oid.Zero, plumbing.InvalidObject, malformed("tag has no object line")
	}
	line, _, _ = bytes.Cut(rest, []byte{'\n'})
	name, ok := bytes.CutPrefix(line, []byte("type "))
	if !ok {
		return oid.Zero, plumbing.InvalidObject, malformed("tag has no type line")
	}
	t, err := plumbing.ParseObjectType(string(name))
	if err != nil || t.IsDelta() {
		return oid.Zero, plumbing.InvalidObject, malformed("tag of an unknown type")
	}
	return id, t, nil
}

func idLine(line []byte, prefix string) (oid.ID, bool) {
	hex, ok := bytes.CutPrefix(line, []byte(prefix))
	if !ok {
		return oid.Zero, false
	}
	return oid.Parse(string(hex))
}

// Entry is one entry of a tree. Name is a slice of the tree's own bytes.
type Entry struct {
	Mode filemode.FileMode
	Name []byte
	ID   oid.ID
	// Padded says that the mode is written with a zero in front, as some old programs did.
	Padded bool
}

// IsTree reports whether the entry is a tree (a folder), IsLink whether it is a submodule's commit,
// which this repository need not have.
func (e Entry) IsTree() bool { return e.Mode&0o170000 == 0o040000 }

// IsLink reports whether the entry names a commit of another repository (a submodule).
func (e Entry) IsLink() bool { return e.Mode&0o170000 == 0o160000 }

// Compare orders entries as git sorts those of a tree: by name, where a tree's name counts as if it ended in a slash. A tree
// and something else of one name are two entries. The answer is below, equal to or above 0.
func Compare(a, b Entry) int {
	n := min(len(a.Name), len(b.Name))
	if c := bytes.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c
	}
	return int(a.byteAt(n)) - int(b.byteAt(n))
}

// byteAt is the byte at n of a name, with what git thinks of behind it.
func (e Entry) byteAt(n int) byte {
	switch {
	case n < len(e.Name):
		return e.Name[n]
	case e.IsTree():
		return '/'
	}
	return 0
}

// Tree walks the entries of a raw tree in their order.
type Tree struct {
	rest []byte
	err  error
}

// NewTree begins a walk over the raw content of a tree.
func NewTree(b []byte) *Tree { return &Tree{rest: b} }

// Next returns the next entry; false at the end or when the tree is broken, which Err tells apart.
func (t *Tree) Next() (Entry, bool) {
	if len(t.rest) == 0 || t.err != nil {
		return Entry{}, false
	}
	var mode uint32
	i := 0
	for ; i < len(t.rest) && t.rest[i] != ' '; i++ {
		d := t.rest[i] - '0'
		if d > 7 || i > 7 {
			t.err = malformed("tree entry has a broken mode")
			return Entry{}, false
		}
		mode = mode<<3 | uint32(d)
	}
	if i == 0 || i == len(t.rest) {
		t.err = malformed("tree entry has no mode")
		return Entry{}, false
	}
	rest := t.rest[i+1:]
	n := bytes.IndexByte(rest, 0)
	if n <= 0 || len(rest) < n+1+oid.Size {
		t.err = malformed("tree entry is cut off or has no name")
		return Entry{}, false
	}
	e := Entry{Mode: filemode.FileMode(mode), Name: rest[:n], ID: oid.FromBytes(rest[n+1:]), Padded: t.rest[0] == '0'}
	t.rest = rest[n+1+oid.Size:]
	return e, true
}

// Err is nil when the walk came to the tree's end.
func (t *Tree) Err() error { return t.err }

type malformedError string

func malformed(s string) error         { return malformedError(s) }
func (e malformedError) Error() string { return string(e) }
func (e malformedError) Unwrap() error { return ErrMalformed }

// Package filter knows what a partial clone leaves out (git-rev-list, "--filter"): it reads the client's words, and answers
// for each object whether it is left out.
//
//	blob:none                     no blobs
//	blob:limit=<n>[kmg]           no blob of n bytes or more
//	tree:<depth>                  no tree or blob that lies depth folders deep or deeper; the tree of a commit lies 0 deep
//	object:type=<type>            objects of this type alone
//	sparse:oid=<blob>             no blob that the patterns in this blob do not name
//	combine:<filter>+<filter>…    what none of them leaves out; each is URL-encoded
//
// Whatever was combined comes to one normal form: a bound for the size of blobs, one for the depth, a set of types, and lists
// of patterns. What a client asks for by its id is never left out; that is for whoever walks to see to (reach). Nor does
// the package know where a blob of patterns is found: it is handed to Load. It imports oid alone.
package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// Limit is a bound that must not be reached; the zero value bounds nothing.
type Limit struct {
	set bool
	n   uint64
}

// Allows reports whether n lies below the bound.
func (l Limit) Allows(n uint64) bool { return !l.set || n < l.n }

// Set reports whether there is a bound.
func (l Limit) Set() bool { return l.set }

func (l *Limit) narrow(n uint64) {
	if l.Allows(n) {
		*l = Limit{true, n}
	}
}

// types is a set of types of objects, one bit each.
type types uint8

func only(t plumbing.ObjectType) types { return 1 << t }

// Filter is what is left out; the zero value leaves nothing out.
type Filter struct {
	// Blob bounds the size of blobs, in bytes.
	Blob Limit
	// Depth bounds how deep trees and blobs may lie.
	Depth Limit
	// without are the types that are left out.
	without types
	// sparse are the lists of patterns, of which all must name a blob.
	sparse []sparse
}

// sparse is one list of patterns: what the client called it, and from Load on what it is.
type sparse struct {
	name     string
	id       oid.ID
	patterns Patterns
}

// Empty reports whether nothing is left out.
func (f Filter) Empty() bool {
	return !f.Blob.set && !f.Depth.set && f.without == 0 && len(f.sparse) == 0
}

// Type reports whether objects of a type are sent at all.
func (f Filter) Type(t plumbing.ObjectType) bool {
	return f.without&only(t) == 0 && (t != plumbing.BlobObject || f.Blob.Allows(0))
}

// Trees reports whether anything below a commit can be sent, so that its tree is worth a walk.
func (f Filter) Trees() bool {
	return f.Depth.Allows(0) && (f.Type(plumbing.TreeObject) || f.Type(plumbing.BlobObject))
}

// Placed reports whether it depends on an object's place in a tree whether it is left out: the same one may be sent
// for another place.
func (f Filter) Placed() bool { return f.Depth.set || len(f.sparse) > 0 }

// Sparse reports whether it depends on the names of files.
func (f Filter) Sparse() bool { return len(f.sparse) > 0 }

// Load hands over the blobs of patterns: find is called with each name that the client gave, and returns the id and the
// content. Errors of find are passed on as they are. ErrTooLarge, with git's words before it, where the lists are too large
// together; those that are named again count once.
func (f *Filter) Load(find func(name string) (oid.ID, []byte, error)) error {
	var loaded []sparse
	size, count := 0, 0
	for _, s := range f.sparse {
		id, content, err := find(s.name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(loaded, func(other sparse) bool { return other.id == id }) {
			continue
		}
		if size += len(content); size > MaxPatternBytes {
			return unparsed(id, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxPatternBytes))
		}
		if s.patterns, err = ParsePatterns(content); err != nil {
			return unparsed(id, err)
		}
		if count += len(s.patterns.list); count > maxPatterns {
			return unparsed(id, fmt.Errorf("%w: more than %d", ErrTooLarge, maxPatterns))
		}
		s.id = id
		loaded = append(loaded, s)
	}
	slices.SortFunc(loaded, func(a, b sparse) int { return oid.Compare(a.id, b.id) })
	f.sparse = loaded
	return nil
}

func unparsed(id oid.ID, err error) error {
	return fmt.Errorf("unable to parse sparse filter data in %s: %w", id, err)
}

// String is the normal form: two filters that are loaded and leave out the same have the same, but for blobs of patterns
// that say the same in other words. Empty for a filter that leaves nothing out.
func (f Filter) String() string {
	var parts []string
	if f.Blob.set {
		parts = append(parts, fmt.Sprintf("blob:limit=%d", f.Blob.n))
	}
	if f.Depth.set {
		parts = append(parts, fmt.Sprintf("tree:%d", f.Depth.n))
	}
	if f.without != 0 {
		parts = append(parts, fmt.Sprintf("without:%b", f.without))
	}
	for _, s := range f.sparse {
		parts = append(parts, "sparse:oid="+cmp.Or(hexOf(s.id), s.name))
	}
	return strings.Join(parts, "+")
}

// hexOf is an id in digits; empty for none.
func hexOf(id oid.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// Folder is what the lists of patterns have said of a folder, which holds for what is in it and named by none of them: a
// bit for each list.
type Folder uint32

// Root is what holds for the tree of a commit.
func (f Filter) Root(m *Meter) (Folder, error) { return f.Enter(0, "", "", m) }

// Enter is what holds in a folder: in is what holds where it lies, path its whole path and name the last part of that.
// Errors are those of the meter.
func (f Filter) Enter(in Folder, path, name string, m *Meter) (Folder, error) {
	return f.match(in, path, name, true, m)
}

// Names reports whether all lists of patterns name the blob at a path. Errors are those of the meter.
func (f Filter) Names(in Folder, path, name string, m *Meter) (bool, error) {
	if len(f.sparse) == 0 {
		return true, nil
	}
	says, err := f.match(in, path, name, false, m)
	return says == Folder(1)<<len(f.sparse)-1, err
}

func (f Filter) match(in Folder, path, name string, folder bool, m *Meter) (Folder, error) {
	for i, s := range f.sparse {
		switch s.patterns.match(path, name, folder, m) {
		case named:
			in |= 1 << i
		case unnamed:
			in &^= 1 << i
		}
	}
	return in, m.err
}

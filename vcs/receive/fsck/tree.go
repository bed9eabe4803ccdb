package fsck

import (
	"bytes"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// Trees checks trees; it may be shared once it is made.
type Trees struct {
	// MaxName is from how many bytes on a name is too long.
	MaxName int
	// Named is told of each entry that some file system takes for .gitmodules or .gitattributes and that is no symbolic
	// link: its content is to be checked, too. It is called in the order of the tree.
	Named func(f File, id oid.ID)
}

// Check finds what is wrong with a tree and counts its entries. Where it cannot be parsed, the entries up to there count.
func (c *Trees) Check(content []byte) (found Set, entries int) {
	t := object.NewTree(content)
	var room [16][]byte
	candidates := room[:0]
	var before object.Entry
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		entries++
		found |= c.entry(&e)
		if entries > 1 {
			var bad Set
			candidates, bad = order(candidates, &before, &e)
			found |= bad
		}
		before = e
	}
	if t.Err() != nil {
		found.add(BadTree)
	}
	return found, entries
}

// entry finds what is wrong with an entry by itself.
func (c *Trees) entry(e *object.Entry) Set {
	var found Set
	if oid.FirstByte(e.ID) == 0 && e.ID.IsZero() {
		found.add(NullSha1)
	}
	if e.Padded {
		found.add(ZeroPaddedFilemode)
	}
	if len(e.Name) > c.MaxName {
		found.add(LargePathname)
	}
	switch e.Mode {
	case filemode.Regular, filemode.Executable, filemode.Symlink, filemode.Dir, filemode.Submodule:
	default:
		found.add(BadFilemode)
	}
	if harmless(e.Name) {
		return found
	}
	return found | c.name(e)
}

// name finds what is wrong with a name that is worth looking at.
func (c *Trees) name(e *object.Entry) Set {
	var found Set
	switch string(e.Name) {
	case ".":
		found.add(HasDot)
	case "..":
		found.add(HasDotdot)
	}
	if bytes.IndexByte(e.Name, '/') >= 0 {
		found.add(FullPathname)
	}
	if dotGit(e.Name) {
		found.add(HasDotgit)
	}
	for f := range File(len(files)) {
		if isFile(e.Name, f) {
			found |= c.file(e, f)
		}
	}
	for _, rest, ok := bytes.Cut(e.Name, []byte{'\\'}); ok; _, rest, ok = bytes.Cut(rest, []byte{'\\'}) {
		if ntfsGit(rest) {
			found.add(HasDotgit)
		}
		if ntfs(rest, Gitmodules) {
			found |= c.file(e, Gitmodules)
		}
	}
	return found
}

// file deals with an entry that is read as one of git's own files.
func (c *Trees) file(e *object.Entry, f File) Set {
	if e.Mode&0o170000 == filemode.Symlink {
		return of([...]Message{GitmodulesSymlink, GitattributesSymlink, GitignoreSymlink, MailmapSymlink}[f])
	}
	if f != Gitmodules && f != Gitattributes {
		return 0
	}
	if e.IsLink() { // nobody will find a commit of another repository here
		return of([...]Message{GitmodulesMissing, GitattributesMissing}[f])
	}
	c.Named(f, e.ID)
	return 0
}

// order compares the neighbours of a tree. A file and a folder of the same name need not be neighbours, since the folder
// sorts as if its name ended in a slash:
//
//	foo   foo.bar   foo.bar.baz   foo.bar/   foo/
//
// so files behind which such names come are kept as candidates, of which each is the beginning of the next. They are
// handed in and out, and not kept, so that they can lie on the stack.
func order(candidates [][]byte, before, e *object.Entry) ([][]byte, Set) {
	a, b := before.Name, e.Name
	n := min(len(a), len(b))
	switch bytes.Compare(a[:n], b[:n]) {
	case -1:
		return candidates, 0
	case 1:
		return candidates, of(TreeNotSorted)
	}
	if len(a) == len(b) {
		return candidates, of(DuplicateEntries)
	}
	var found Set
	x, y := behind(before, n), behind(e, n)
	if x == 0 && 0 < y && y < '/' {
		candidates = append(candidates, a)
	} else if y == '/' && 0 < x && x < '/' {
		var twice bool
		if candidates, twice = settle(candidates, b); twice {
			found.add(DuplicateEntries)
		}
	}
	if x >= y {
		found.add(TreeNotSorted)
	}
	return candidates, found
}

// settle reports whether a folder has the name of a candidate, and lets go of those that can have no folder any more.
func settle(candidates [][]byte, folder []byte) (_ [][]byte, twice bool) {
	for len(candidates) > 0 {
		rest, ok := bytes.CutPrefix(folder, candidates[len(candidates)-1])
		if ok && len(rest) > 0 && rest[0] < '/' {
			break // it may still come
		}
		candidates = candidates[:len(candidates)-1]
		if ok && len(rest) == 0 {
			return candidates, true
		}
	}
	return candidates, false
}

// behind is what stands in the order behind the first n bytes of an entry's name.
func behind(e *object.Entry, n int) byte {
	switch {
	case n < len(e.Name):
		return e.Name[n]
	case e.IsTree():
		return '/'
	}
	return 0
}

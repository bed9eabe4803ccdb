package revision

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// Entry is what stands at a path of a tree.
type Entry struct {
	// Mode is as the tree has it.
	Mode filemode.FileMode
	ID   oid.ID
	// Kind is what the object is: a tree, a blob; a commit for a submodule, which is another repository's.
	Kind plumbing.ObjectType
}

// Entry finds a file or folder of a tree by its path; "" is the tree itself, and a slash at the end asks for a folder.
// Symbolic links are not followed. The tree must be one that the reader may see. ErrNotFound, ErrBad.
func (f *Finder) Entry(ctx context.Context, tree oid.ID, path string) (Entry, error) {
	if len(path) > maxName {
		return Entry{}, tooLong("path", path, maxName)
	}
	at := Entry{Mode: filemode.Dir, ID: tree, Kind: plumbing.TreeObject}
	for rest := path; rest != ""; {
		if err := ctx.Err(); err != nil {
			return at, err
		}
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		next, ok, err := f.child(at.ID, name)
		if err != nil {
			return at, err
		}
		if !ok {
			return at, noFile(path)
		}
		switch at = next; {
		case at.Kind == plumbing.TreeObject, at.Kind == plumbing.CommitObject && rest == "":
		case at.Kind == plumbing.CommitObject:
			return at, insideSubmodule(path[:len(path)-len(rest)-1])
		case rest != "" || strings.HasSuffix(path, "/"):
			return at, noFile(path)
		}
	}
	return at, nil
}

// child finds one entry of a tree by its name.
func (f *Finder) child(tree oid.ID, name string) (Entry, bool, error) {
	kind, data, err := f.view.Objects.Read(tree, maxObject)
	if err != nil {
		return Entry{}, false, err
	}
	if kind != plumbing.TreeObject {
		return Entry{}, false, fmt.Errorf("%s is a %s and should be a tree: %w", tree, kind, object.ErrMalformed)
	}
	entries := object.NewTree(data)
	for e, ok := entries.Next(); ok; e, ok = entries.Next() {
		if string(e.Name) != name {
			continue
		}
		found := Entry{Mode: e.Mode, ID: e.ID, Kind: plumbing.CommitObject}
		if !e.IsLink() {
			if found.Kind, _, err = f.view.Objects.Header(e.ID); err != nil {
				return Entry{}, false, err
			}
		}
		return found, true, nil
	}
	if err := entries.Err(); err != nil {
		return Entry{}, false, fmt.Errorf("tree %s: %w", tree, err)
	}
	return Entry{}, false, nil
}

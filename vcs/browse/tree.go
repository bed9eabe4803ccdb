package browse

import (
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// maxTree is the largest tree that is read, in bytes, as in vcs/archive.
const maxTree = 64 << 20

// folder is the mode of a tree in a tree.
const folder = filemode.Dir

// mode is the mode of an entry.
type mode = filemode.FileMode

// pathOf cuts a path into names; none for the whole tree.
func pathOf(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// readTree reads the raw content of a tree; zero is the empty one.
func readTree(set *pack.Set, id oid.ID) ([]byte, error) {
	if id == oid.Zero {
		return nil, nil
	}
	kind, data, err := set.Read(id, maxTree)
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	if kind != plumbing.TreeObject {
		return nil, fmt.Errorf("%s is a %s and should be a tree: %w", id, kind, object.ErrMalformed)
	}
	return data, nil
}

// inFolder finds an entry of a folder by its name; a zero Entry where there is none, or where it is no folder.
func inFolder(set *pack.Set, in object.Entry, name string) (object.Entry, error) {
	if !in.IsTree() || in.ID == oid.Zero {
		return object.Entry{}, nil
	}
	data, err := readTree(set, in.ID)
	if err != nil {
		return object.Entry{}, err
	}
	t := object.NewTree(data)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		if string(e.Name) == name {
			e.Mode = canonical(e.Mode)
			return e, nil
		}
	}
	if err := t.Err(); err != nil {
		return object.Entry{}, fmt.Errorf("tree %s: %w", in.ID, err)
	}
	return object.Entry{}, nil
}

// canonical is the mode that git takes an entry's for: old histories hold modes that are no longer written, of which only
// the kind and whether the owner may run it count.
func canonical(m mode) mode {
	switch m & 0o170000 {
	case 0o120000:
		return filemode.Symlink
	case 0o040000:
		return filemode.Dir
	case 0o160000:
		return filemode.Submodule
	}
	if m&0o100 != 0 {
		return filemode.Executable
	}
	return filemode.Regular
}

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/archive/attributes"
	"jeton/vcs/archive/pretty"
	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/wire"
)

const (
	// maxPath is how long the path of an entry may be, in bytes, its prefix among them (PATH_MAX on most systems).
	maxPath = 4096
	// maxTrees is how many bytes of trees may be held on the way down to an entry.
	maxTrees = 256 << 20
	// maxTree is how large one of them may be, in bytes.
	maxTree = 64 << 20
	// maxLink is how long the target of a symbolic link may be, in bytes.
	maxLink = 64 << 10
)

// walk goes through a tree in its order and writes what the pathspecs match.
type walk struct {
	ctx   context.Context
	set   *pack.Set
	a     Archive
	to    sink
	specs *pathspecs
	// attributes are those in force on the way down to here; commit is the archived one once it was needed.
	attributes *attributes.Stack
	commit     *pretty.Commit
	// folders are those that were entered and not yet written: one in which there is nothing never is.
	folders []string
	// entries and bytes are what was written, entered counts folders, visited all that was looked at, held the bytes of the
	// trees on the way to here.
	entries     int
	entered     int
	visited     int
	bytes, held int64
	// failed is what ended the reading of a file, to be told from a client that takes no more.
	failed error
}

func (k *walk) run() error {
	if strings.HasSuffix(k.a.Prefix, "/") {
		if err := k.writeFolder(k.a.Prefix); err != nil {
			return err
		}
	}
	if err := k.tree(k.a.Tree, ""); err != nil {
		return err
	}
	if k.a.Inside != "" { // that it is there is the caller's matter; attributes may leave all of it out
		return nil
	}
	return k.specs.unmatched()
}

// tree walks the entries of a tree, which stands at path: "" or one that ends in a slash.
func (k *walk) tree(id oid.ID, path string) error {
	kind, data, err := k.set.Read(id, maxTree)
	if err != nil {
		return fmt.Errorf("read tree: %w", err)
	}
	if kind != plumbing.TreeObject {
		return fmt.Errorf("%s is a %s and should be a tree: %w", id, kind, object.ErrMalformed)
	}
	if k.held += int64(len(data)); k.held > maxTrees {
		return refuse("the trees at '%s' are larger than %d bytes together", wire.Escape(path), maxTrees)
	}
	if err := k.visit(1 + len(data)>>16); err != nil {
		return err
	}
	if err := k.pushAttributes(data, path); err != nil {
		return err
	}
	defer k.attributes.Pop()
	tree := object.NewTree(data)
	for e, ok := tree.Next(); ok; e, ok = tree.Next() {
		if err := k.visit(1); err != nil {
			return err
		}
		if err := k.entry(e, path); err != nil {
			return err
		}
	}
	k.held -= int64(len(data))
	if err := tree.Err(); err != nil {
		return fmt.Errorf("tree %s: %w", id, err)
	}
	return nil
}

// visit takes into account what is looked at, whether it is written or not.
func (k *walk) visit(cost int) error {
	if k.visited += cost; k.visited > k.a.Limits.Visit {
		return refuse("more than %d entries were looked at; name a folder, or clone", k.a.Limits.Visit)
	}
	return k.ctx.Err()
}

// entry takes one entry of the tree at path. Old histories hold modes that git no longer writes: only the kind of an entry
// and whether its owner may run it are looked at, as in git.
func (k *walk) entry(e object.Entry, path string) error {
	name := string(e.Name)
	if name == "." || name == ".." || strings.IndexByte(name, '/') >= 0 {
		return refuse("'%s' holds an entry named '%s', which would be unpacked elsewhere", wire.Escape(path), wire.Escape(name))
	}
	path += name
	if e.IsTree() {
		return k.descend(e.ID, path+"/")
	}
	ok, err := k.specs.match(path, e.IsLink())
	if err != nil || !ok {
		return err
	}
	shown := path
	if e.IsLink() {
		shown += "/"
	}
	export, err := k.export(shown)
	if err != nil || export.Ignore {
		return err
	}
	if err := k.begin(path); err != nil {
		return err
	}
	switch {
	case e.IsLink():
		return k.writeFolder(k.a.Prefix + path + "/")
	case e.Mode&0o170000 == 0o120000:
		return k.link(e.ID, k.a.Prefix+path)
	case export.Subst && !k.a.Commit.IsZero():
		return k.fill(e.ID, k.a.Prefix+path, e.Mode&0o100 != 0)
	}
	return k.file(e.ID, k.a.Prefix+path, e.Mode&0o100 != 0)
}

// descend walks a folder where something in it may be asked for.
func (k *walk) descend(id oid.ID, path string) error {
	if ok, err := k.specs.below(path); err != nil || !ok {
		return err
	}
	if export, err := k.export(path); err != nil || export.Ignore {
		return err
	}
	if err := k.fits(path); err != nil {
		return err
	}
	// Counted also where nothing is written: trees without a file may name each other many times too.
	if k.entered++; k.entered > k.a.Limits.Entries {
		return tooMany(k.a.Limits.Entries)
	}
	n := len(k.folders)
	k.folders = append(k.folders, k.a.Prefix+path)
	if err := k.tree(id, path); err != nil {
		return err
	}
	if len(k.folders) > n {
		k.folders = k.folders[:n]
	}
	return nil
}

// begin writes the folders that an entry lies in, where they are not written yet.
func (k *walk) begin(path string) error {
	if err := k.fits(path); err != nil {
		return err
	}
	for _, f := range k.folders {
		if err := k.writeFolder(f); err != nil {
			return err
		}
	}
	k.folders = k.folders[:0]
	return nil
}

func (k *walk) fits(path string) error {
	if len(k.a.Prefix)+len(path) > maxPath {
		return refuse("the path '%.100s…' is longer than %d bytes", wire.Escape(path), maxPath)
	}
	return nil
}

func (k *walk) writeFolder(path string) error {
	if err := k.count(path, 0); err != nil {
		return err
	}
	return wrote(k.to.folder(path))
}

// count takes an entry of so many bytes into account, right before it is written.
func (k *walk) count(path string, size int64) error {
	k.entries++
	k.bytes += size
	if k.a.Told != nil {
		k.a.Told(path)
	}
	switch {
	case k.entries > k.a.Limits.Entries:
		return tooMany(k.a.Limits.Entries)
	case k.bytes > k.a.Limits.Bytes:
		return refuse("the archive would hold more than %d bytes; name a folder, or clone", k.a.Limits.Bytes)
	}
	return nil
}

func tooMany(entries int) error {
	return refuse("the archive would hold more than %d entries; name a folder, or clone", entries)
}

func (k *walk) link(id oid.ID, path string) error {
	kind, data, err := k.set.Read(id, maxLink)
	if errors.Is(err, pack.ErrTooLarge) {
		return refuse("the symbolic link '%s' is longer than %d bytes", wire.Escape(path), maxLink)
	}
	if err == nil && kind != plumbing.BlobObject {
		err = object.ErrMalformed
	}
	if err != nil {
		return fmt.Errorf("read link %s: %w", path, err)
	}
	if err := k.count(path, int64(len(data))); err != nil {
		return err
	}
	return wrote(k.to.link(path, string(data)))
}

func (k *walk) file(id oid.ID, path string, executable bool) error {
	o, err := k.set.Open(id, 0)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	defer o.Close()
	if o.Type != plumbing.BlobObject {
		return fmt.Errorf("%s is a %s and should be a blob: %w", id, o.Type, object.ErrMalformed)
	}
	if err := k.count(path, o.Size); err != nil {
		return err
	}
	err = k.to.file(path, executable, o.Size, readerFunc(func(p []byte) (int, error) {
		n, err := o.Read(p)
		if err == nil {
			err = k.ctx.Err() // a file may be large, and its reader slow
		}
		if err != nil && err != io.EOF {
			k.failed = err
		}
		return n, err
	}))
	if k.failed != nil {
		return fmt.Errorf("read %s: %w", path, k.failed)
	}
	return wrote(err)
}

// readerFunc is a function as an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func wrote(err error) error {
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

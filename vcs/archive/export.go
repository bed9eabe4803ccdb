package archive

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/archive/attributes"
	"jeton/vcs/archive/pretty"
	"jeton/vcs/object"
	"jeton/vcs/pack"
	"jeton/vcs/wire"
)

// maxFill is how large a file may be in which placeholders are filled in, and what becomes of it, in bytes: it is held in
// memory. A larger one stays as it is.
const maxFill = 8 << 20

const attributesFile = ".gitattributes"

// pushAttributes puts the attributes of a folder in force.
func (k *walk) pushAttributes(tree []byte, path string) error {
	data, err := k.readAttributes(tree, path)
	if err != nil {
		return err
	}
	return tooMuch(k.attributes.Push(path, data))
}

// readAttributes reads the file of attributes of a folder; nil where it has none. One that is a symbolic link is none, as
// in git.
func (k *walk) readAttributes(tree []byte, path string) ([]byte, error) {
	t := object.NewTree(tree)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		switch order := bytes.Compare(e.Name, []byte(attributesFile)); {
		case order > 0:
			return nil, nil
		case order < 0 || e.Mode&0o170000 != 0o100000:
			continue
		}
		kind, data, err := k.set.Read(e.ID, attributes.MaxFile)
		if errors.Is(err, pack.ErrTooLarge) {
			return nil, refuse("'%s%s' is larger than %d bytes", wire.Escape(path), attributesFile, attributes.MaxFile)
		}
		if err == nil && kind != plumbing.BlobObject {
			err = object.ErrMalformed
		}
		if err != nil {
			return nil, fmt.Errorf("read attributes: %w", err)
		}
		return data, nil
	}
	return nil, nil
}

// export is what the attributes say of a path, which ends in a slash where it is a folder or a submodule.
func (k *walk) export(path string) (attributes.Export, error) {
	e, err := k.attributes.Get(path)
	return e, tooMuch(err)
}

func tooMuch(err error) error {
	if errors.Is(err, attributes.ErrTooMuch) {
		return refuse("%s (at most %d lines with export-ignore and export-subst can be in force, and comparing them is bounded); use fewer, or clone", err, attributes.MaxRules)
	}
	return err
}

// fill writes a file with its placeholders filled in.
func (k *walk) fill(id plumbing.Hash, path string, executable bool) error {
	kind, data, err := k.set.Read(id, maxFill)
	switch {
	case errors.Is(err, pack.ErrTooLarge):
		return k.file(id, path, executable)
	case err == nil && kind != plumbing.BlobObject:
		err = object.ErrMalformed
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if k.commit == nil {
		_, raw, err := k.set.Read(k.a.Commit, maxTree)
		if err == nil {
			k.commit, err = pretty.Parse(k.a.Commit, raw)
		}
		if err != nil {
			return fmt.Errorf("read commit: %w", err)
		}
	}
	data, err = pretty.Fill(data, k.commit, 2*maxFill)
	if errors.Is(err, pretty.ErrTooLarge) {
		return refuse("what export-subst fills into '%s' makes it larger than %d bytes", wire.Escape(path), 2*maxFill)
	}
	if err := k.count(path, int64(len(data))); err != nil {
		return err
	}
	return wrote(k.to.file(path, executable, int64(len(data)), bytes.NewReader(data)))
}

package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// Fork makes a repository at dir, which must not exist, that has the refs of a snapshot and the packs of this one by hard
// link: they are immutable, and each repository removes its own names of them alone. view is an open view of this
// repository, which keeps its packs there meanwhile; refs holds what the fork is to have of the view's refs, and its HEAD.
// Logs of refs, the server's own notes besides roots, and what is derived of all packs are not taken along. Where the file
// system can make no link a pack is copied.
func (r *Repository) Fork(ctx context.Context, view *storage.View, refs *storage.Snapshot, dir string) error {
	err := build(dir, func(tmp string) error {
		for _, p := range view.Objects.Packs() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.linkPack(p.Name, tmp); err != nil {
				return fmt.Errorf("link %s: %w", p.Name, err)
			}
		}
		if err := writeEnds(filepath.Join(tmp, "shallow"), view.Objects.Ends()); err != nil {
			return err
		}
		return writeRefs(tmp, refs)
	})
	if err != nil {
		return fmt.Errorf("fork repository %s: %w", r.id, err)
	}
	return nil
}

// linkPack gives a pack's files a second name in another repository.
func (r *Repository) linkPack(name, to string) error {
	for _, ext := range [...]string{".pack", ".rev", ".idx"} {
		err := link(r.packPath(name)+ext, filepath.Join(to, "objects/pack", name+ext))
		if err != nil && (ext != ".rev" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	err := link(r.rootsPath(name), filepath.Join(to, "jeton", name+".roots"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// link gives a file a second name, or where that cannot be (too many names, a file system without) makes a copy.
func link(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o440)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

// writeEnds writes the file shallow; none for a whole history.
func writeEnds(path string, ends map[oid.ID]struct{}) error {
	if len(ends) == 0 {
		return nil
	}
	lines := make([]string, 0, len(ends))
	for id := range ends {
		lines = append(lines, id.String()+"\n")
	}
	slices.Sort(lines)
	return writeSynced(path, []byte(strings.Join(lines, "")), 0o640)
}

// writeRefs writes HEAD and refs of a repository that is being built: in packed-refs, symbolic ones in files of their own.
func writeRefs(dir string, refs *storage.Snapshot) error {
	head := refs.Head.ID.String() + "\n"
	if refs.Head.Target != "" {
		head = "ref: " + refs.Head.Target + "\n"
	}
	if err := writeSynced(filepath.Join(dir, "HEAD"), []byte(head), 0o640); err != nil {
		return err
	}
	packed := make(map[string]storage.Ref, len(refs.Refs))
	for _, ref := range refs.Refs {
		if ref.Target == "" {
			packed[ref.Name] = ref
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(ref.Name))
		if err := makeDirs(dir, filepath.Dir(path)); err != nil {
			return err
		}
		if err := writeSynced(path, []byte("ref: "+ref.Target+"\n"), 0o640); err != nil {
			return err
		}
	}
	if len(packed) == 0 {
		return nil
	}
	return rewritePacked(filepath.Join(dir, "packed-refs"), packed)
}

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// writeSynced makes a new file with this content, on disk when it returns.
func writeSynced(path string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// makeDirs makes a folder below root and syncs every parent that got a new entry.
func makeDirs(root, dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return nil
	}
	if dir != root {
		if err := makeDirs(root, filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// clearFolders removes empty folders that deleted refs have left where a file is to stand.
func clearFolders(path string) {
	var dirs []string
	_ = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, p)
		}
		return err
	})
	for i := len(dirs) - 1; i >= 0; i-- {
		if os.Remove(dirs[i]) != nil {
			return
		}
	}
}

// dropEmpty removes a folder and those above it that are empty, below the folders that root holds (heads, tags …).
func dropEmpty(dir, root string) {
	for filepath.Dir(dir) != root && strings.HasPrefix(dir, root) && os.Remove(dir) == nil {
		dir = filepath.Dir(dir)
	}
}

// sweep removes what a process that died has left: quarantines, lock files, half-written packs. The process owns the
// folder, so whatever lies there now belongs to nobody.
func (r *Repository) sweep() error {
	if err := os.RemoveAll(filepath.Join(r.dir, "jeton/incoming")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.dir, "jeton/incoming"), 0o750); err != nil {
		return err
	}
	for _, name := range []string{"HEAD.lock", "packed-refs.lock", "config.lock", "packed-refs.new"} {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, sub := range []string{"refs", "logs"} {
		if err := r.sweepLocks(filepath.Join(r.dir, sub)); err != nil {
			return err
		}
	}
	return r.sweepPacks()
}

// sweepLocks removes lock files; a ref's own name never ends so.
func (r *Repository) sweepLocks(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".lock") {
			return os.Remove(path)
		}
		return err
	})
}

// sweepPacks removes companions of packs that are not there: a crash came between the renames of a push, or between
// the removals of a retired pack. The .pack is first renamed in and last removed, so it alone may be there without them.
func (r *Repository) sweepPacks() error {
	there, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/*"))
	if err != nil {
		return err
	}
	roots, err := filepath.Glob(filepath.Join(r.dir, "jeton/*.roots"))
	if err != nil {
		return err
	}
	for _, path := range append(there, roots...) {
		ext := filepath.Ext(path)
		if ext != ".idx" && ext != ".rev" && ext != ".roots" {
			if strings.HasPrefix(filepath.Base(path), "tmp_") {
				err = os.Remove(path)
			}
			if err != nil {
				return err
			}
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ext)
		if _, err := os.Lstat(filepath.Join(r.dir, "objects/pack", name+".pack")); errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// transaction moves the refs of one batch on disk. Updates whose result is an error already are left out.
type transaction struct {
	r       *Repository
	now     *storage.Snapshot
	b       storage.Batch
	results []storage.RefResult
	// done says which updates came to pass, in the batch's order.
	done []bool
}

// run does the updates: deletes, and batches that must be one step or are large, rewrite packed-refs; the others write
// a file for each ref. An error is about the whole; what was done until then is in done.
func (t *transaction) run() error {
	t.done = make([]bool, len(t.b.Updates))
	var packed, loose []int
	moves := 0
	for i, u := range t.b.Updates {
		if t.results[i].Err == nil && u.Symref == "" {
			moves++
		}
	}
	together := moves > manyUpdates || t.b.Atomic && moves > 1
	for i, u := range t.b.Updates {
		switch {
		case t.results[i].Err != nil:
		case u.Symref != "" || !together && !u.New.IsZero():
			loose = append(loose, i)
		default:
			packed = append(packed, i)
		}
	}
	if err := t.pack(packed); err != nil {
		return err
	}
	for _, i := range loose {
		if err := t.write(t.b.Updates[i]); err != nil {
			return fmt.Errorf("write %s: %w", t.b.Updates[i].Name, err)
		}
		t.done[i] = true
	}
	return t.log()
}

// lock takes git's lock for a file of the repository and returns the locked file.
func (t *transaction) lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s.lock is there: another program is writing, or has died while it was", filepath.Base(path))
	}
	return f, err
}

// commit puts a locked file in the place of the one that it locks, synced.
func commit(f *os.File, path string, content []byte) error {
	_, err := f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// write puts one ref, or a symbolic HEAD, into a file of its own.
func (t *transaction) write(u storage.RefUpdate) error {
	path := filepath.Join(t.r.dir, filepath.FromSlash(u.Name))
	content := u.New.String() + "\n"
	if u.Symref != "" {
		content = "ref: " + u.Symref + "\n"
	}
	t.clearFolders(path)
	if err := makeDirs(t.r.dir, filepath.Dir(path)); err != nil {
		return err
	}
	f, err := t.lock(path)
	if err != nil {
		return err
	}
	return commit(f, path, []byte(content))
}

// clearFolders removes empty folders that deleted refs have left where a ref is to stand.
func (t *transaction) clearFolders(path string) {
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

// pack does updates and deletes in packed-refs, under its one lock. The loose files that would count more are removed
// after the new packed-refs stands; for a delete the order is the same, and a crash between the two is mended by the
// journal, which knows what was asked.
func (t *transaction) pack(list []int) error {
	if len(list) == 0 {
		return nil
	}
	path := filepath.Join(t.r.dir, "packed-refs")
	refs, err := t.r.readPacked()
	if err != nil {
		return fmt.Errorf("read packed-refs: %w", err)
	}
	all := make(map[string]storage.Ref, len(refs)+len(list))
	for _, ref := range refs {
		all[ref.Name] = ref
	}
	var locks []*os.File
	defer func() {
		for _, l := range locks {
			_ = os.Remove(l.Name())
		}
	}()
	before := maps.Clone(all)
	rewrite := false
	for _, i := range list {
		u := t.b.Updates[i]
		l, err := t.lockLoose(u.Name)
		if err != nil {
			return err
		}
		if l != nil {
			locks = append(locks, l)
			ref, _ := t.now.Lookup(u.Name)
			before[u.Name] = storage.Ref{Name: u.Name, ID: ref.ID}
		}
		if _, there := all[u.Name]; there || !u.New.IsZero() {
			rewrite = true
		}
		delete(all, u.Name)
		if !u.New.IsZero() {
			all[u.Name] = storage.Ref{Name: u.Name, ID: u.New}
		}
	}
	if t.b.Atomic && len(locks) > 0 && len(list) > 1 {
		// A loose file counts more than packed-refs: with the present values packed and the files gone, the one rename
		// below moves all refs at once.
		if err := t.rewrite(path, before); err != nil {
			return err
		}
		if err := t.dropLoose(list); err != nil {
			return err
		}
		rewrite = true
	}
	if rewrite {
		if err := t.rewrite(path, all); err != nil {
			return err
		}
	}
	if err := t.dropLoose(list); err != nil {
		return err
	}
	for _, i := range list {
		t.done[i] = true
		if t.b.Updates[i].New.IsZero() {
			_ = os.Remove(filepath.Join(t.r.dir, "logs", filepath.FromSlash(t.b.Updates[i].Name)))
		}
	}
	return nil
}

// rewrite replaces packed-refs.
func (t *transaction) rewrite(path string, all map[string]storage.Ref) error {
	f, err := t.lock(path)
	if err != nil {
		return err
	}
	if err := commit(f, path, encodePacked(all)); err != nil {
		return fmt.Errorf("write packed-refs: %w", err)
	}
	return nil
}

// lockLoose locks a ref whose loose file is there, so that no other tool writes it meanwhile; nil where there is none.
func (t *transaction) lockLoose(refName string) (*os.File, error) {
	path := filepath.Join(t.r.dir, filepath.FromSlash(refName))
	if st, err := os.Lstat(path); err != nil || !st.Mode().IsRegular() {
		return nil, nil
	}
	f, err := t.lock(path)
	if err != nil {
		return nil, err
	}
	return f, f.Close()
}

// dropLoose removes the loose files of refs that now stand in packed-refs or nowhere, and folders that became empty.
func (t *transaction) dropLoose(list []int) error {
	dirs := map[string]bool{}
	for _, i := range list {
		path := filepath.Join(t.r.dir, filepath.FromSlash(t.b.Updates[i].Name))
		st, err := os.Lstat(path)
		if err == nil && st.Mode().IsRegular() {
			if err := os.Remove(path); err != nil {
				return err
			}
			dirs[filepath.Dir(path)] = true
		}
	}
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// encodePacked writes packed-refs as git does: sorted, with what each tag was last seen to peel to. The header does not
// claim that all are peeled, since new ones are not.
func encodePacked(all map[string]storage.Ref) []byte {
	names := make([]string, 0, len(all))
	for refName := range all {
		names = append(names, refName)
	}
	slices.Sort(names)
	var b bytes.Buffer
	b.WriteString("# pack-refs with: sorted \n")
	for _, refName := range names {
		ref := all[refName]
		fmt.Fprintf(&b, "%s %s\n", ref.ID, refName)
		if !ref.Peeled.IsZero() {
			fmt.Fprintf(&b, "^%s\n", ref.Peeled)
		}
	}
	return b.Bytes()
}

// log appends to the reflogs, as core.logAllRefUpdates makes git do: for branches and for HEAD when its branch moves.
// A reflog is for people; one that cannot be written does not undo a push, but is told.
func (t *transaction) log() error {
	for i, u := range t.b.Updates {
		if !t.done[i] || u.Symref != "" || u.New.IsZero() || !strings.HasPrefix(u.Name, "refs/heads/") {
			continue
		}
		if err := t.append(u.Name, u.Old, u.New); err != nil {
			return fmt.Errorf("write reflog of %s: %w", u.Name, err)
		}
		if t.now.Head.Target == u.Name {
			if err := t.append("HEAD", u.Old, u.New); err != nil {
				return fmt.Errorf("write reflog of HEAD: %w", err)
			}
		}
	}
	return nil
}

func (t *transaction) append(refName string, from, to oid.ID) error {
	path := filepath.Join(t.r.dir, "logs", filepath.FromSlash(refName))
	if st, err := os.Lstat(path); err == nil && st.IsDir() {
		t.clearFolders(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	_, err = f.WriteString(reflogLine(t.b, from, to))
	return errors.Join(err, f.Close())
}

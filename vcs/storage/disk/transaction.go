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

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// transaction moves the refs of one batch on disk. Updates whose result is an error already are left out, and each that
// fails here gets its error: results and done tell all of what happened.
type transaction struct {
	r       *Repository
	now     *storage.Snapshot
	b       storage.Batch
	results []storage.RefResult
	// done says which updates came to pass, in the batch's order.
	done []bool
	// peeled are what new values peel to, where they are tags.
	peeled map[oid.ID]oid.ID
	// head is the branch that HEAD names afterwards; empty where it is detached.
	head string
}

// run does the updates: deletes, and batches that must be one step or are large, rewrite packed-refs; the others write
// a file for each ref. HEAD comes last, when the branch is there that it is to name.
func (t *transaction) run() {
	t.done = make([]bool, len(t.b.Updates))
	t.head = t.now.Head.Target
	var packed, loose, heads []int
	together := t.together()
	for i, u := range t.b.Updates {
		switch {
		case t.results[i].Err != nil:
		case u.Symref != "":
			heads = append(heads, i)
		case together || u.New.IsZero():
			packed = append(packed, i)
		default:
			loose = append(loose, i)
		}
	}
	if err := t.pack(packed); err != nil {
		t.fail(packed, err)
	}
	for _, i := range loose {
		t.conclude(i, t.write(t.b.Updates[i]))
	}
	for _, i := range heads {
		t.point(i)
	}
	t.log()
}

// together reports whether all moves go into packed-refs at once.
func (t *transaction) together() bool {
	moves := 0
	for i, u := range t.b.Updates {
		if t.results[i].Err == nil && u.Symref == "" {
			moves++
		}
	}
	return moves > manyUpdates || t.b.Atomic && moves > 1
}

// conclude notes how an update ended.
func (t *transaction) conclude(i int, err error) {
	if err == nil {
		t.done[i] = true
		return
	}
	if t.results[i].Err == nil {
		t.results[i].Err = storage.UpdateError(t.b.Updates[i].Name, err)
	}
}

// fail notes an error with all updates of a list that were not done.
func (t *transaction) fail(list []int, err error) {
	for _, i := range list {
		if !t.done[i] {
			t.conclude(i, err)
		}
	}
}

// point makes HEAD name another branch, unless an update of this batch failed to bring that branch about.
func (t *transaction) point(i int) {
	u := t.b.Updates[i]
	for k, other := range t.b.Updates {
		if other.Name == u.Symref && !t.done[k] {
			t.conclude(i, storage.ErrNotApplied)
			return
		}
	}
	t.conclude(i, t.write(u))
	if t.done[i] {
		t.head = u.Symref
	}
}

// lock takes git's lock for a file of the repository and returns the locked file.
func lock(path string) (*os.File, error) {
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
	dir, derr := os.Open(filepath.Dir(path))
	if err := errors.Join(err, derr, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	defer dir.Close()
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	// The new value stands from here on. That its name could not be synced must not be taken for a ref that did not move,
	// whose objects would then be taken back.
	_ = dir.Sync()
	return nil
}

// write puts one ref, or a symbolic HEAD, into a file of its own.
func (t *transaction) write(u storage.RefUpdate) error {
	path := filepath.Join(t.r.dir, filepath.FromSlash(u.Name))
	content := u.New.String() + "\n"
	if u.Symref != "" {
		content = "ref: " + u.Symref + "\n"
	}
	clearFolders(path)
	if err := makeDirs(t.r.dir, filepath.Dir(path)); err != nil {
		return err
	}
	f, err := lock(path)
	if err != nil {
		return err
	}
	if err := t.verify(u.Name); err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return commit(f, path, []byte(content))
}

// verify makes sure, under the ref's lock, that its file says what we believe: another program may have written it
// since, and must not be overruled.
func (t *transaction) verify(refName string) error {
	ref, ok, err := t.r.readRef(refName)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !ok {
		return nil
	}
	if err != nil {
		return err
	}
	known, _ := t.now.Lookup(refName)
	if ref.Target != known.Target || ref.Target == "" && ref.ID != known.ID {
		return fmt.Errorf("%w: another program has written it; rescan the repository", storage.ErrConflict)
	}
	return nil
}

// pack does updates and deletes in packed-refs, under its one lock. The loose files that would count more are removed
// after the new packed-refs stands; for a delete the order is the same. An error means that none was done, unless done
// says so.
func (t *transaction) pack(list []int) error {
	if len(list) == 0 {
		return nil
	}
	path := filepath.Join(t.r.dir, "packed-refs")
	refs, err := t.r.readPacked()
	if err != nil {
		return fmt.Errorf("read packed-refs: %w", err)
	}
	before := make(map[string]storage.Ref, len(refs)+len(list))
	for _, ref := range refs {
		before[ref.Name] = ref
	}
	list, locks, err := t.lockAll(list, before)
	defer t.unlock(locks)
	if err != nil {
		return err
	}
	after, rewrite := t.apply(list, before)
	if t.b.Atomic && len(locks) > 0 && len(list) > 1 {
		// A loose file counts more than packed-refs: with the present values packed and the files gone, the one rename
		// below moves all refs at once.
		if err := errors.Join(rewritePacked(path, before), t.dropLoose(list)); err != nil {
			return err
		}
		rewrite = true
	}
	if rewrite {
		if err := rewritePacked(path, after); err != nil {
			return err
		}
	}
	t.finish(list, t.dropLoose(list))
	return nil
}

// finish concludes updates that packed-refs holds now: each counts unless its loose file could not be removed.
func (t *transaction) finish(list []int, err error) {
	for _, i := range list {
		refName := t.b.Updates[i].Name
		if err != nil {
			if st, there := os.Lstat(filepath.Join(t.r.dir, filepath.FromSlash(refName))); there == nil && !st.IsDir() {
				t.conclude(i, err)
				continue
			}
		}
		t.conclude(i, nil)
		if t.b.Updates[i].New.IsZero() {
			t.r.dropLog(refName)
		}
	}
}

// lockAll locks the refs of a list whose loose files are there, and puts their values into before. A ref that cannot be
// locked, or is not what we believe, fails alone, or fails an atomic batch.
func (t *transaction) lockAll(list []int, before map[string]storage.Ref) (locked []int, locks []string, err error) {
	for _, i := range list {
		refName := t.b.Updates[i].Name
		path := filepath.Join(t.r.dir, filepath.FromSlash(refName))
		if st, err := os.Lstat(path); err != nil || st.IsDir() {
			locked = append(locked, i)
			continue
		}
		f, err := lock(path)
		if err == nil {
			locks = append(locks, f.Name())
			err = errors.Join(f.Close(), t.verify(refName))
		}
		if err != nil && t.b.Atomic {
			return nil, locks, fmt.Errorf("%s: %w", refName, err)
		}
		if err != nil {
			t.conclude(i, err)
			continue
		}
		locked = append(locked, i)
		if ref, _ := t.now.Lookup(refName); ref.Target == "" && !ref.ID.IsZero() {
			before[refName] = storage.Ref{Name: refName, ID: ref.ID, Peeled: ref.Peeled}
		}
	}
	return locked, locks, nil
}

// apply makes what packed-refs is to hold of what it holds, and reports whether that differs from what the file says.
func (t *transaction) apply(list []int, before map[string]storage.Ref) (map[string]storage.Ref, bool) {
	after, rewrite := maps.Clone(before), false
	for _, i := range list {
		u := t.b.Updates[i]
		if _, there := after[u.Name]; there || !u.New.IsZero() {
			rewrite = true
		}
		delete(after, u.Name)
		if !u.New.IsZero() {
			after[u.Name] = storage.Ref{Name: u.Name, ID: u.New, Peeled: t.peeled[u.New]}
		}
	}
	return after, rewrite
}

// dropLoose removes the loose files of refs that now stand in packed-refs or nowhere.
func (t *transaction) dropLoose(list []int) error {
	dirs := map[string]bool{}
	for _, i := range list {
		path := filepath.Join(t.r.dir, filepath.FromSlash(t.b.Updates[i].Name))
		st, err := os.Lstat(path)
		if err == nil && !st.IsDir() {
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

// unlock removes lock files, and folders that deleted refs have left empty.
func (t *transaction) unlock(locks []string) {
	for _, l := range locks {
		_ = os.Remove(l)
		dropEmpty(filepath.Dir(l), filepath.Join(t.r.dir, "refs"))
	}
}

// rewritePacked replaces packed-refs.
func rewritePacked(path string, all map[string]storage.Ref) error {
	f, err := lock(path)
	if err != nil {
		return err
	}
	if err := commit(f, path, encodePacked(all)); err != nil {
		return fmt.Errorf("write packed-refs: %w", err)
	}
	return nil
}

// encodePacked writes packed-refs as git does: sorted, with what tags peel to. The header does not claim that all are
// peeled, since other tools' lines are taken over as they were.
func encodePacked(all map[string]storage.Ref) []byte {
	var b bytes.Buffer
	b.WriteString("# pack-refs with: sorted \n")
	for _, refName := range slices.Sorted(maps.Keys(all)) {
		ref := all[refName]
		fmt.Fprintf(&b, "%s %s\n", ref.ID, refName)
		if !ref.Peeled.IsZero() {
			fmt.Fprintf(&b, "^%s\n", ref.Peeled)
		}
	}
	return b.Bytes()
}

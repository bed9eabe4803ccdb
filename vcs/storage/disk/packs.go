package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"jeton/vcs/pack/ingest"
	"jeton/vcs/storage"
)

// companions are the endings of a pack's files in the order in which they are removed: the index, by which readers find
// a pack, goes first, and what a crash leaves then is told from another tool's pack by its roots, which go last.
var companions = [...]string{".idx", ".rev", ".bitmap", ".mtimes", ".pack"}

// packPath is where a pack's files lie, without an ending.
func (r *Repository) packPath(name string) string { return filepath.Join(r.dir, "objects/pack", name) }

// unlimited are limits for what is in the repository already: limits are for what comes from outside.
var unlimited = ingest.Limits{Pack: 1 << 62, Blob: 1 << 62, Inflated: 1 << 62, Objects: 1<<32 - 1}

// move brings a staged pack into the repository: roots first, index last, since a pack without an index is not there
// for anybody, and one with roots and no index is known to be ours and unfinished.
func (r *Repository) move(s storage.Staged) error {
	from, to := filepath.Join(s.Dir, s.Name), r.packPath(s.Name)
	if err := os.Rename(from+".roots", r.rootsPath(s.Name)); err != nil {
		return err
	}
	if err := syncDir(filepath.Join(r.dir, "jeton")); err != nil {
		return err
	}
	for _, ext := range []string{".pack", ".rev", ".idx"} {
		if err := os.Rename(from+ext, to+ext); err != nil {
			return err
		}
	}
	return syncDir(filepath.Join(r.dir, "objects/pack"))
}

// learn keeps roots of a pack that is there already.
func (r *Repository) learn(s storage.Staged) error {
	if err := os.Rename(filepath.Join(s.Dir, s.Name+".roots"), r.rootsPath(s.Name)); err != nil {
		return err
	}
	return syncDir(filepath.Join(r.dir, "jeton"))
}

// take moves the staged packs of a batch in and returns the generation that holds them, too, and the names of those that
// were not there before. With an error all is as it was. A pack that is there already (the same was pushed before)
// stays as it is. writing is held.
func (r *Repository) take(now *generation, b storage.Batch) (_ *generation, moved []string, err error) {
	var fresh []*openPack
	defer func() {
		if err != nil {
			for _, p := range fresh {
				p.release()
			}
			err = errors.Join(err, r.takeBack(moved))
		}
	}()
	absent := r.absent(b.Staged)
	if len(absent) > 0 && len(b.Updates) > 0 {
		if err := r.announce(absent, b.Updates); err != nil {
			return nil, nil, fmt.Errorf("announce a push: %w", err)
		}
	}
	for _, s := range b.Staged {
		if known := now.find(s.Name); known != nil && (s.Roots == nil || known.Roots != nil) {
			continue
		}
		if slices.Contains(absent, s.Name) {
			moved = append(moved, s.Name)
		}
		p, err := r.admit(s, slices.Contains(absent, s.Name))
		if err != nil {
			return nil, moved, fmt.Errorf("move %s in: %w", s.Name, err)
		}
		fresh = append(fresh, p)
	}
	packs := make([]*openPack, 0, len(now.packs)+len(fresh))
	for _, p := range now.packs {
		if slices.ContainsFunc(fresh, func(f *openPack) bool { return f.Name == p.Name }) {
			continue // the same pack, of which more is known now
		}
		p.users.Add(1)
		packs = append(packs, p)
	}
	return newGeneration(append(packs, fresh...)), moved, nil
}

// absent lists the staged packs that the folder does not hold. From here on nobody unlinks a pack of these names.
func (r *Repository) absent(list []storage.Staged) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var absent []string
	for _, s := range list {
		r.live[s.Name] = true
		if _, err := os.Lstat(r.packPath(s.Name) + ".idx"); err != nil {
			absent = append(absent, s.Name)
		}
	}
	return absent
}

// admit moves one pack in, where it is not there, and opens it.
func (r *Repository) admit(s storage.Staged, absent bool) (*openPack, error) {
	bring := r.learn
	if absent {
		bring = r.move
	}
	if err := bring(s); err != nil {
		return nil, err
	}
	return openFiles(filepath.Join(r.dir, "objects/pack"), s.Name, s.Roots)
}

// takeBack removes packs that were moved in for refs that did not move.
func (r *Repository) takeBack(moved []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs error
	for _, name := range moved {
		delete(r.live, name)
		errs = errors.Join(errs, r.unlink(name))
	}
	return errors.Join(errs, r.concluded())
}

// unlink removes the files of a pack.
func (r *Repository) unlink(name string) error {
	paths := make([]string, 0, len(companions)+1)
	for _, ext := range companions {
		paths = append(paths, r.packPath(name)+ext)
	}
	var errs error
	for _, path := range append(paths, r.rootsPath(name)) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
	}
	return errs
}

// reindex makes the index of a pack that lacks one, whoever has lost it: what a crash has left of a push is told by
// jeton/pending alone.
func (r *Repository) reindex(ctx context.Context, dir, name string) (*openPack, error) {
	q, err := r.Quarantine(ctx)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	f, err := os.Open(r.packPath(name) + ".pack")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	res, err := ingest.Receive(ctx, f, ingest.Options{Dir: q.Dir(), Limits: unlimited})
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", name, err)
	}
	if res.Name == "" {
		return nil, nil // it holds nothing
	}
	for _, ext := range []string{".rev", ".idx"} {
		if err := os.Rename(filepath.Join(q.Dir(), res.Name+ext), r.packPath(name)+ext); err != nil {
			return nil, err
		}
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	return openFiles(dir, name, r.readRoots(name))
}

// Replace implements storage.Repository. Where objects go, so do the lines of reflogs that name them and what other
// tools have derived from the whole set of packs: git would take either for damage.
func (r *Repository) Replace(ctx context.Context, basis storage.Basis, add []storage.Staged, retire []string, dropped bool) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.warmLocked(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	now, packs, stale, closed := r.refs, r.packs, dropped && basis != r.basis(), r.closed
	r.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if stale {
		return storage.ErrRecheck
	}
	next, _, err := r.take(packs, storage.Batch{Staged: add})
	if err != nil {
		return fmt.Errorf("replace packs: %w", err)
	}
	kept := next.packs[:0:0]
	var gone []*openPack
	for _, p := range next.packs {
		if slices.Contains(retire, p.Name) && !staged(add, p.Name) {
			gone = append(gone, p)
			continue
		}
		kept = append(kept, p)
	}
	next.packs = kept
	if len(gone) > 0 {
		if err := r.forgetDerived(next, dropped); err != nil {
			next.packs = append(next.packs, gone...)
			next.release()
			return fmt.Errorf("replace packs: %w", err)
		}
	}
	if dropped {
		r.mu.Lock()
		r.dropped++
		r.mu.Unlock()
		r.install(next, now.again())
	} else {
		r.swap(next)
	}
	r.retire(gone)
	return nil
}

// forgetDerived removes what would name packs and objects that go: the multi-pack index and the list for the dumb
// protocol, and where objects go for good the commit-graph and lines of reflogs.
func (r *Repository) forgetDerived(next *generation, dropped bool) error {
	derived := []string{"objects/pack/multi-pack-index", "objects/info/packs"}
	more, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/multi-pack-index-*"))
	if err != nil {
		return err
	}
	if dropped {
		derived = append(derived, "objects/info/commit-graph", "objects/info/commit-graphs")
		if err := r.trimLogs(next.set(r.o.cache())); err != nil {
			return fmt.Errorf("trim reflogs: %w", err)
		}
	}
	for _, name := range derived {
		more = append(more, filepath.Join(r.dir, name))
	}
	for _, path := range more {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// retire lets go of packs and has their files removed once the last view that holds them is closed.
func (r *Repository) retire(gone []*openPack) {
	for _, p := range gone {
		name := p.Name
		r.mu.Lock()
		delete(r.live, name)
		r.mu.Unlock()
		remove := func() { r.remove(name) }
		p.retire.Store(&remove)
		p.release()
	}
}

// remove unlinks a retired pack, unless the same has come again in the meantime.
func (r *Repository) remove(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live[name] {
		return
	}
	if err := r.unlink(name); err != nil {
		r.o.log().Error("retired pack cannot be removed", "repository", r.id, "pack", name, "error", err)
	}
}

func staged(list []storage.Staged, name string) bool {
	return slices.ContainsFunc(list, func(s storage.Staged) bool { return s.Name == name })
}

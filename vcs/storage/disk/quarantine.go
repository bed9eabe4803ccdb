package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/storage"
)

// quarantine is the folder of one push.
type quarantine struct {
	dir  string
	open []*openPack
}

// Quarantine implements storage.Repository.
func (r *Repository) Quarantine(context.Context) (storage.Quarantine, error) {
	dir, err := os.MkdirTemp(filepath.Join(r.dir, "jeton/incoming"), "push-")
	if err != nil {
		return nil, fmt.Errorf("open quarantine: %w", err)
	}
	return &quarantine{dir: dir}, nil
}

// Dir implements storage.Quarantine.
func (q *quarantine) Dir() string { return q.dir }

// Open implements storage.Quarantine.
func (q *quarantine) Open(_ context.Context, name string) (*pack.Pack, error) {
	p, err := openFiles(q.dir, name, nil)
	if err != nil {
		return nil, fmt.Errorf("open quarantined %s: %w", name, err)
	}
	q.open = append(q.open, p)
	return p.Pack, nil
}

// Stage implements storage.Quarantine: ingest has synced pack and index, the roots are added, then the names are synced.
func (q *quarantine) Stage(_ context.Context, name string, roots *pack.Roots) (storage.Staged, error) {
	path := filepath.Join(q.dir, name+".roots")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storage.Staged{}, fmt.Errorf("stage %s: %w", name, err)
	}
	if err := errors.Join(writeSynced(path, encodeRoots(roots), 0o440), syncDir(q.dir)); err != nil {
		return storage.Staged{}, fmt.Errorf("stage %s: %w", name, err)
	}
	return storage.Staged{Name: name, Dir: q.dir, Roots: roots}, nil
}

// Close implements storage.Quarantine.
func (q *quarantine) Close() error {
	for _, p := range q.open {
		p.release()
	}
	q.open = nil
	return os.RemoveAll(q.dir)
}

// move brings a staged pack into the repository: roots first, index last, since a pack without an index is not there
// for anybody, and one with roots and no index is known to be ours and unfinished. A pack that is there already (the
// same was pushed before) stays as it is. It returns false then.
func (r *Repository) move(s storage.Staged) (bool, error) {
	to := filepath.Join(r.dir, "objects/pack", s.Name)
	if _, err := os.Lstat(to + ".idx"); err == nil {
		return false, nil
	}
	for _, step := range []struct{ from, to string }{
		{filepath.Join(s.Dir, s.Name+".roots"), r.rootsPath(s.Name)},
		{filepath.Join(s.Dir, s.Name+".pack"), to + ".pack"},
		{filepath.Join(s.Dir, s.Name+".rev"), to + ".rev"},
		{filepath.Join(s.Dir, s.Name+".idx"), to + ".idx"},
	} {
		if err := os.Rename(step.from, step.to); err != nil {
			return false, err
		}
	}
	return true, errors.Join(syncDir(filepath.Join(r.dir, "objects/pack")), syncDir(filepath.Join(r.dir, "jeton")))
}

// take moves staged packs in and returns the next generation; writing is held.
func (r *Repository) take(staged []storage.Staged) (*generation, error) {
	r.mu.Lock()
	now := r.packs
	now.retain()
	r.mu.Unlock()
	defer now.release()
	packs := make([]*openPack, 0, len(now.packs)+len(staged))
	var fresh []*openPack
	fail := func(err error) (*generation, error) {
		for _, p := range fresh {
			p.release()
		}
		return nil, err
	}
	for _, s := range staged {
		known := now.find(s.Name)
		if known != nil && (s.Roots == nil || known.Roots != nil) {
			continue
		}
		r.mu.Lock()
		r.live[s.Name] = true // from here on nobody unlinks a pack of this name
		r.mu.Unlock()
		moved, err := r.move(s)
		if err == nil && !moved {
			err = r.learn(s)
		}
		if err != nil {
			return fail(fmt.Errorf("move %s in: %w", s.Name, err))
		}
		p, err := openFiles(filepath.Join(r.dir, "objects/pack"), s.Name, s.Roots)
		if err != nil {
			return fail(fmt.Errorf("open %s: %w", s.Name, err))
		}
		fresh = append(fresh, p)
	}
	for _, p := range now.packs {
		if slices.ContainsFunc(fresh, func(f *openPack) bool { return f.Name == p.Name }) {
			continue // the same pack, of which more is known now
		}
		p.users.Add(1)
		packs = append(packs, p)
	}
	return newGeneration(append(packs, fresh...)), nil
}

// learn keeps roots of a pack that is there already.
func (r *Repository) learn(s storage.Staged) error {
	if err := os.Rename(filepath.Join(s.Dir, s.Name+".roots"), r.rootsPath(s.Name)); err != nil {
		return err
	}
	return syncDir(filepath.Join(r.dir, "jeton"))
}

// reindex makes the index of a pack that lacks one. A pack of ours without an index is what a crash has left of a push
// that nobody was told of: it is removed, and nil returned.
func (r *Repository) reindex(ctx context.Context, dir, name string) (*openPack, error) {
	path := filepath.Join(dir, name+".pack")
	if _, err := os.Lstat(r.rootsPath(name)); err == nil {
		if _, err := os.Lstat(filepath.Join(dir, name+".idx")); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(os.Remove(path), os.Remove(r.rootsPath(name)))
		}
	}
	q, err := r.Quarantine(ctx)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	res, err := ingest.Receive(ctx, f, ingest.Options{Dir: q.Dir()})
	if err != nil || res.Name == "" {
		return nil, fmt.Errorf("index %s: %w", name, err)
	}
	for _, ext := range []string{".rev", ".idx"} {
		if err := os.Rename(filepath.Join(q.Dir(), res.Name+ext), filepath.Join(dir, name+ext)); err != nil {
			return nil, err
		}
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	return openFiles(dir, name, nil)
}

// Replace implements storage.Repository.
func (r *Repository) Replace(ctx context.Context, add []storage.Staged, retire []string, dropped bool) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.warmLocked(ctx); err != nil {
		return err
	}
	next, err := r.take(add)
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
	r.mu.Lock()
	old := r.packs
	r.packs = next
	if dropped {
		r.dropped++
		r.publish(&storage.Snapshot{Head: r.refs.Head, Refs: r.refs.Refs})
	}
	r.mu.Unlock()
	for _, p := range gone {
		r.mu.Lock()
		delete(r.live, p.Name)
		r.mu.Unlock()
		remove := r.remover(p.Name)
		p.retire.Store(&remove)
		p.release()
	}
	old.release()
	return nil
}

// remover unlinks a pack: the index first, by which readers find it. The same pack may have come again in the meantime.
func (r *Repository) remover(name string) func() {
	base := filepath.Join(r.dir, "objects/pack", name)
	roots := r.rootsPath(name)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.live[name] {
			return
		}
		for _, ext := range []string{".idx", ".rev", ".bitmap", ".mtimes", ".pack"} {
			_ = os.Remove(base + ext)
		}
		_ = os.Remove(roots)
	}
}

func staged(list []storage.Staged, name string) bool {
	for _, s := range list {
		if s.Name == name {
			return true
		}
	}
	return false
}

// Package disk keeps a repository as C git lays one out: packs, loose and packed refs, HEAD, reflogs. Any git tool may
// read it at any time; only this process writes it, which is why packs and refs may be kept open and in memory between
// requests.
//
//	HEAD  config  refs/…  packed-refs  logs/…   as git has them
//	objects/pack/pack-X.{pack,idx,rev}          immutable
//	jeton/pack-X.roots                          what is known of a pack (pack.Roots)
//	jeton/pending                               the push that is being moved in (pending.go)
//	jeton/incoming/<random>/                    quarantines of pushes; emptied on opening
//
// Views share a generation: the open packs of one moment, reference-counted; a pack that is retired is unlinked when the
// last view that sees it is closed. Refs are kept as one immutable snapshot, replaced by Update and Rescan.
//
// What is kept between requests is one budget for all repositories (Warm): a repository that is not asked for lets go.
//
// Loose objects that another tool has written are put into a pack on opening and on Rescan, so that readers meet packs
// alone. The package implements storage.Repository and imports storage, pack, pack/ingest, mapped, object, oid and name.
package disk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// Options govern how repositories are opened.
type Options struct {
	// Cache bounds what one view keeps of inflated objects, in bytes; 0 means 16 MiB.
	Cache int64
	// Warm is the budget of all repositories together; nil keeps each warm until it is closed.
	Warm *Warm
	// FoldRefs refuses refs that differ in case alone, as is done where the file system takes such names for one.
	FoldRefs bool
	// Log is told what is odd in a repository and mended or passed over; nil tells nobody.
	Log *slog.Logger
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

func (o Options) cache() int64 {
	if o.Cache <= 0 {
		return 16 << 20
	}
	return o.Cache
}

// Repository is one open repository; safe for concurrent use. It implements storage.Repository.
type Repository struct {
	dir, id string
	o       Options
	folds   caseFolding

	// writing is held by whoever changes refs or the list of packs.
	writing sync.Mutex
	// lasting says that the last announcement (pending.go) is gone for good; guarded by writing.
	lasting bool

	// mu guards what follows; it is held for moments.
	mu      sync.Mutex
	packs   *generation // nil while cool
	refs    state
	ends    map[oid.ID]struct{} // of a shallow repository (shallow.go); never changed in place
	cost    int64               // of what is kept, in bytes, for Warm
	epoch   uint64              // counts changes of refs
	dropped uint64              // counts maintenance that dropped objects
	closed  bool
	// live are the names of packs that are in use from now on: a retired pack of the same name is not unlinked.
	live map[string]bool
}

var _ storage.Repository = (*Repository)(nil)

// bareConfig is that of an ordinary bare repository.
const bareConfig = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogAllRefUpdates = true\n"

// Create makes an empty bare repository at dir, which must not exist.
func Create(_ context.Context, dir string) error {
	err := build(dir, func(tmp string) error {
		return writeSynced(filepath.Join(tmp, "HEAD"), []byte("ref: refs/heads/main\n"), 0o640)
	})
	if err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	return nil
}

// build makes a repository at dir, which must not exist: built beside it, filled, and renamed.
func build(dir string, fill func(tmp string) error) error {
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("%w: %s", os.ErrExist, dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	folders := []string{"refs/heads", "refs/tags", "refs", "objects/info", "objects/pack", "objects", "jeton/incoming", "jeton"}
	for _, sub := range folders {
		if err := os.MkdirAll(filepath.Join(tmp, sub), 0o750); err != nil {
			return err
		}
	}
	if err := writeSynced(filepath.Join(tmp, "config"), []byte(bareConfig), 0o640); err != nil {
		return err
	}
	if err := fill(tmp); err != nil {
		return err
	}
	for _, sub := range folders {
		if err := syncDir(filepath.Join(tmp, sub)); err != nil {
			return err
		}
	}
	if err := os.Chmod(tmp, 0o750); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

// Open opens the repository at dir and mends what a crash or another tool has left: quarantines, lock files, loose
// objects, packs without an index. ErrUnsupported for SHA-256 and for repositories that borrow objects.
func Open(ctx context.Context, dir, id string, o Options) (*Repository, error) {
	r := &Repository{dir: dir, id: id, o: o, live: map[string]bool{}}
	if err := r.supported(); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", id, err)
	}
	r.folds = caseFolding(o.FoldRefs || foldsCase(dir))
	if err := r.sweep(); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", id, err)
	}
	if err := r.load(ctx); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", id, err)
	}
	return r, nil
}

// load reads packs and refs from the disk.
func (r *Repository) load(ctx context.Context) error {
	refs, err := r.readRefs()
	if err != nil {
		return err
	}
	ends, err := r.readShallow()
	if err != nil {
		return err
	}
	if err := r.settle(refs.snap); err != nil {
		return fmt.Errorf("tidy up after a push: %w", err)
	}
	packs, err := r.openPacks(ctx, nil)
	if err != nil {
		return err
	}
	adopted, err := r.adoptLoose(ctx, packs)
	if err == nil && adopted {
		before := packs
		packs, err = r.openPacks(ctx, before)
		before.release()
	} else if err != nil {
		packs.release()
	}
	if err != nil {
		return fmt.Errorf("pack loose objects: %w", err)
	}
	r.peelAll(packs.set(r.o.cache()), refs.snap.Refs)
	r.mu.Lock()
	r.ends = ends
	for _, p := range packs.packs {
		r.live[p.Name] = true
	}
	r.mu.Unlock()
	r.install(packs, refs.again())
	return nil
}

// again is the same refs for another moment, with symbolic refs resolved anew.
func (s state) again() state {
	refs := slices.Concat(s.snap.Refs, s.dangling)
	if len(s.dangling) > 0 {
		slices.SortFunc(refs, byName)
	}
	return arrange(s.snap.Head, refs)
}

// swap makes packs those of the moment, and leaves the refs as they are.
func (r *Repository) swap(packs *generation) {
	r.mu.Lock()
	old := r.packs
	r.packs = packs
	r.account()
	r.mu.Unlock()
	old.release()
}

// publish makes refs the snapshot of the moment; mu is held.
func (r *Repository) publish(refs state) {
	r.epoch++
	refs.snap.Basis = r.basis()
	r.refs = refs
	r.account()
}

// What a ref and an open pack cost in memory beside the maps, about; in bytes.
const (
	refCost  = 160
	packCost = 4 << 10
)

// account computes what is kept; mu is held.
func (r *Repository) account() {
	r.cost = int64(len(r.refs.snap.Refs)) * refCost
	for _, p := range r.packs.packs {
		r.cost += packCost + p.Index.Len()
		if p.Rev != nil {
			r.cost += p.Rev.Len()
		}
	}
}

// basis names refs and packs of this moment; mu is held.
func (r *Repository) basis() storage.Basis {
	return storage.Basis(fmt.Sprintf("%d.%d", r.epoch, r.dropped))
}

// ID implements storage.Repository.
func (r *Repository) ID() string { return r.id }

// Dir is the folder of the repository.
func (r *Repository) Dir() string { return r.dir }

// ErrClosed says that the repository was closed.
var ErrClosed = storage.ErrClosed

// View implements storage.Repository.
func (r *Repository) View(ctx context.Context) (*storage.View, error) {
	for {
		r.mu.Lock()
		packs, refs, ends, cost, closed := r.packs, r.refs.snap, r.ends, r.cost, r.closed
		if packs != nil {
			packs.retain()
		}
		r.mu.Unlock()
		if closed && packs != nil {
			packs.release()
		}
		if closed {
			return nil, ErrClosed
		}
		if packs != nil {
			r.o.Warm.touch(r, cost)
			set := packs.set(r.o.cache())
			set.CutOff(ends)
			return storage.NewView(refs, set, packs.release), nil
		}
		if err := r.warm(ctx); err != nil {
			return nil, err
		}
	}
}

// warm loads packs and refs again after Cool.
func (r *Repository) warm(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.warmLocked(ctx)
}

// warmLocked is warm for those who hold writing.
func (r *Repository) warmLocked(ctx context.Context) error {
	r.mu.Lock()
	cold := r.packs == nil && !r.closed
	r.mu.Unlock()
	if !cold {
		return nil
	}
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("open repository %s: %w", r.id, err)
	}
	return nil
}

// Cool lets go of packs and refs until the next View; views that are open keep theirs. It does nothing while something
// is being written.
func (r *Repository) Cool() {
	if !r.writing.TryLock() {
		return
	}
	defer r.writing.Unlock()
	r.letGo()
}

// letGo drops packs and refs; writing is held.
func (r *Repository) letGo() {
	r.mu.Lock()
	packs := r.packs
	r.packs, r.refs, r.cost = nil, state{}, 0
	r.mu.Unlock()
	r.o.Warm.forget(r)
	if packs != nil {
		packs.release()
	}
}

// Rescan takes in what another program has changed in the folder since it was opened. Pushes that are under way prove
// their connectivity again: objects may be gone.
func (r *Repository) Rescan(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	closed := r.closed
	r.dropped++
	r.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("rescan repository %s: %w", r.id, err)
	}
	return nil
}

// CloseUnused closes a repository that is open and has no refs, and reports whether it did. A push that is under way ends
// with ErrClosed.
func (r *Repository) CloseUnused(ctx context.Context) (bool, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.warmLocked(ctx); err != nil {
		return false, err
	}
	r.mu.Lock()
	unused := !r.closed && len(r.refs.snap.Refs)+len(r.refs.dangling) == 0
	r.closed = r.closed || unused
	r.mu.Unlock()
	if unused {
		r.letGo()
	}
	return unused, nil
}

// Close lets go of the packs; views that are open keep theirs. A second Close does nothing.
func (r *Repository) Close() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.letGo()
	return nil
}

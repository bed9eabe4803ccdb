// Package disk keeps a repository as C git lays one out: packs, loose and packed refs, HEAD, reflogs. Any git tool may
// read it at any time; only this process writes it, which is why packs and refs may be kept open and in memory between
// requests.
//
//	HEAD  config  refs/…  packed-refs  logs/…   as git has them
//	objects/pack/pack-X.{pack,idx,rev}          immutable
//	jeton/pack-X.roots                          what is known of a pack (pack.Roots)
//	jeton/incoming/<random>/                    quarantines of pushes; emptied on opening
//
// Views share a generation: the open packs of one moment, reference-counted; a pack that is retired is unlinked when the
// last view that sees it is closed. Refs are kept as one immutable snapshot, replaced by Update and Rescan.
//
// Loose objects that another tool has written are put into a pack on opening and on Rescan, so that readers meet packs
// alone. The package implements storage.Repository and imports storage, pack, pack/ingest, mapped, object, oid and name.
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"jeton/vcs/storage"
)

// ErrUnsupported says that a folder is a repository of a kind that is not served.
var ErrUnsupported = errors.New("repository of a kind that is not supported")

// Options govern how repositories are opened.
type Options struct {
	// Cache bounds what one view keeps of inflated objects, in bytes; 0 means 16 MiB.
	Cache int64
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

	// writing is held by whoever changes refs or the list of packs.
	writing sync.Mutex

	// mu guards what follows; it is held for moments.
	mu      sync.Mutex
	packs   *generation
	refs    *storage.Snapshot
	epoch   uint64 // counts changes of refs
	dropped uint64 // counts maintenance that dropped objects
	closed  bool
	// live are the names of packs that are in use from now on: a retired pack of the same name is not unlinked.
	live map[string]bool
}

var _ storage.Repository = (*Repository)(nil)

// config is that of an ordinary bare repository.
const config = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogAllRefUpdates = true\n"

// Create makes an empty bare repository at dir, which must not exist: built beside it and renamed.
func Create(_ context.Context, dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("create repository: %w: %s", os.ErrExist, dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	defer os.RemoveAll(tmp)
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "jeton/incoming"} {
		if err := os.MkdirAll(filepath.Join(tmp, sub), 0o750); err != nil {
			return fmt.Errorf("create repository: %w", err)
		}
	}
	for name, content := range map[string]string{"HEAD": "ref: refs/heads/main\n", "config": config} {
		if err := writeSynced(filepath.Join(tmp, name), []byte(content), 0o640); err != nil {
			return fmt.Errorf("create repository: %w", err)
		}
	}
	if err := os.Chmod(tmp, 0o750); err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("create repository: %w", err)
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
	if err := r.sweep(); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", id, err)
	}
	if err := r.load(ctx); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", id, err)
	}
	return r, nil
}

// supported refuses what would be read wrongly.
func (r *Repository) supported() error {
	b, err := os.ReadFile(filepath.Join(r.dir, "config"))
	if err != nil {
		return err
	}
	text := strings.ToLower(string(b))
	switch {
	case strings.Contains(text, "objectformat") && strings.Contains(text, "sha256"):
		return fmt.Errorf("it uses SHA-256: %w", ErrUnsupported)
	case strings.Contains(text, "refstorage"):
		return fmt.Errorf("it keeps its refs in another form than files: %w", ErrUnsupported)
	}
	if b, err := os.ReadFile(filepath.Join(r.dir, "objects/info/alternates")); err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return fmt.Errorf("it borrows objects from another repository (objects/info/alternates): %w", ErrUnsupported)
	}
	return nil
}

// load reads packs and refs from the disk.
func (r *Repository) load(ctx context.Context) error {
	if err := r.adoptLoose(ctx); err != nil {
		return fmt.Errorf("pack loose objects: %w", err)
	}
	packs, err := r.openPacks(ctx, nil)
	if err != nil {
		return err
	}
	refs, err := r.readRefs()
	if err != nil {
		packs.release()
		return err
	}
	if err := peelAll(packs.set(r.o.cache()), refs, nil); err != nil {
		packs.release()
		return err
	}
	r.mu.Lock()
	old := r.packs
	r.packs = packs
	for _, p := range packs.packs {
		r.live[p.Name] = true
	}
	r.publish(refs)
	r.mu.Unlock()
	if old != nil {
		old.release()
	}
	return nil
}

// publish makes refs the snapshot of the moment; mu is held.
func (r *Repository) publish(refs *storage.Snapshot) {
	r.epoch++
	refs.Basis = r.basis()
	r.refs = refs
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
var ErrClosed = errors.New("repository is closed")

// View implements storage.Repository.
func (r *Repository) View(ctx context.Context) (*storage.View, error) {
	for {
		r.mu.Lock()
		packs, refs, closed := r.packs, r.refs, r.closed
		if packs != nil {
			packs.retain()
		}
		r.mu.Unlock()
		switch {
		case closed && packs == nil:
			return nil, ErrClosed
		case closed:
			packs.release()
			return nil, ErrClosed
		case packs != nil:
			return storage.NewView(refs, packs.set(r.o.cache()), packs.release), nil
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
	r.mu.Lock()
	packs := r.packs
	r.packs, r.refs = nil, nil
	r.mu.Unlock()
	if packs != nil {
		packs.release()
	}
}

// Rescan takes in what another program has changed in the folder since it was opened.
func (r *Repository) Rescan(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("rescan repository %s: %w", r.id, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
	r.publish(&storage.Snapshot{Head: r.refs.Head, Refs: r.refs.Refs})
	return nil
}

// Close lets go of the packs; views that are open keep theirs.
func (r *Repository) Close() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	r.mu.Unlock()
	if first && r.packs != nil {
		r.packs.release()
	}
	return nil
}

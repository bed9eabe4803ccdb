package host

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"jeton/vcs/name"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

var (
	// ErrNotFound: no repository has this path or id.
	ErrNotFound = errors.New("repository not found")
	// ErrTaken: another repository has this path.
	ErrTaken = errors.New("another repository has this path")
	// ErrBadPath is wrapped by what is wrong with a path that was asked for.
	ErrBadPath = errors.New("not a valid path")
)

// Repo is a row of the catalogue. The id never changes; the path is only typed and shown.
type Repo struct {
	ID, Path, OwnerID, Description string
	Private, Archived              bool
	CreatedAt                      time.Time
}

// Rows are the catalogue's rows, implemented over the database. Paths are compared folded (name.Fold).
type Rows interface {
	// ByPath and ByID answer ErrNotFound where there is none.
	ByPath(ctx context.Context, path string) (Repo, error)
	ByID(ctx context.Context, id string) (Repo, error)
	// List is every repository, sorted by path.
	List(ctx context.Context) ([]Repo, error)
	// Insert answers ErrTaken where the path is another's; so does Rename.
	Insert(ctx context.Context, r Repo) error
	Rename(ctx context.Context, id, path string) error
	Delete(ctx context.Context, id string) error
}

// Options are what a Host needs.
type Options struct {
	// Root is the folder of all repositories: ROOT/ab/<id>.git.
	Root string
	Rows Rows
	Disk disk.Options
	// Open is how many repositories are kept open; 0 means 256.
	Open int
	Log  *slog.Logger
}

// Host is the catalogue and what it opens; safe for concurrent use.
type Host struct {
	o Options
	// mu guards open; opening a repository itself happens outside of it, once for each.
	mu   sync.Mutex
	open map[string]*opened
	tick uint64
}

// opened is one repository that is kept open, or is being opened.
type opened struct {
	ready chan struct{} // closed when repo or err is set
	repo  *disk.Repository
	err   error
	used  uint64
}

// New makes a host; it touches nothing on disk. Recover mends what a crash has left.
func New(o Options) *Host {
	if o.Open <= 0 {
		o.Open = 256
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Host{o: o, open: map[string]*opened{}}
}

// Resolve finds a repository by its path. ErrNotFound.
func (h *Host) Resolve(ctx context.Context, path string) (Repo, error) {
	return h.o.Rows.ByPath(ctx, path)
}

// List is every repository, sorted by path.
func (h *Host) List(ctx context.Context) ([]Repo, error) { return h.o.Rows.List(ctx) }

// Dir is the folder of a repository on disk.
func (h *Host) Dir(id string) string { return filepath.Join(h.o.Root, id[:2], id+".git") }

// trash is where folders go that no row names.
func (h *Host) trash() string { return filepath.Join(h.o.Root, "trash") }

// Create makes an empty repository: the folder first, then the row. A crash between the two leaves a folder that no
// row names, which Recover removes. ErrTaken, ErrBadPath.
func (h *Host) Create(ctx context.Context, r Repo) (Repo, error) {
	if _, err := name.Repository(r.Path); err != nil {
		return Repo{}, fmt.Errorf("%w: %w", ErrBadPath, err)
	}
	if _, err := h.o.Rows.ByPath(ctx, r.Path); err == nil {
		return Repo{}, ErrTaken
	} else if !errors.Is(err, ErrNotFound) {
		return Repo{}, fmt.Errorf("create repository: %w", err)
	}
	r.ID = newID()
	if r.CreatedAt.IsZero() {
		r.CreatedAt = time.Now().UTC()
	}
	if err := disk.Create(ctx, h.Dir(r.ID)); err != nil {
		return Repo{}, err
	}
	if err := h.o.Rows.Insert(ctx, r); err != nil {
		return Repo{}, errors.Join(err, os.RemoveAll(h.Dir(r.ID)))
	}
	return r, nil
}

// newID is 128 random bits in lower case letters and digits.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails (crypto/rand)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// Rename gives a repository another path: one row, nothing on disk. ErrNotFound, ErrTaken, ErrBadPath.
func (h *Host) Rename(ctx context.Context, id, path string) (Repo, error) {
	if _, err := name.Repository(path); err != nil {
		return Repo{}, fmt.Errorf("%w: %w", ErrBadPath, err)
	}
	if err := h.o.Rows.Rename(ctx, id, path); err != nil {
		return Repo{}, err
	}
	return h.o.Rows.ByID(ctx, id)
}

// Delete removes a repository: the row first, by which it is gone for everybody, then the folder. A crash between the
// two leaves a folder that no row names, which Recover removes.
func (h *Host) Delete(ctx context.Context, id string) error {
	if err := h.o.Rows.Delete(ctx, id); err != nil {
		return err
	}
	h.mu.Lock()
	o := h.open[id]
	delete(h.open, id)
	h.mu.Unlock()
	if o != nil {
		<-o.ready
		if o.repo != nil {
			_ = o.repo.Close()
		}
	}
	if err := h.discard(h.Dir(id)); err != nil {
		return fmt.Errorf("remove the folder of repository %s: %w", id, err)
	}
	return nil
}

// discard moves a folder out of the way in one step and then removes it.
func (h *Host) discard(dir string) error {
	if err := os.MkdirAll(h.trash(), 0o750); err != nil {
		return err
	}
	to := filepath.Join(h.trash(), filepath.Base(dir))
	if err := os.Rename(dir, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(to)
}

// Recover mends what a crash has left: folders that no row names, and the trash. It opens no repository.
func (h *Host) Recover(ctx context.Context) error {
	rows, err := h.o.Rows.List(ctx)
	if err != nil {
		return fmt.Errorf("recover repositories: %w", err)
	}
	known := make(map[string]bool, len(rows))
	for _, r := range rows {
		known[h.Dir(r.ID)] = true
	}
	dirs, err := filepath.Glob(filepath.Join(h.o.Root, "??", "*"))
	if err != nil {
		return fmt.Errorf("recover repositories: %w", err)
	}
	for _, dir := range dirs {
		if known[dir] {
			continue
		}
		h.o.Log.WarnContext(ctx, "removing a folder that no repository has", "dir", dir)
		if err := h.discard(dir); err != nil {
			return fmt.Errorf("recover repositories: %w", err)
		}
	}
	return os.RemoveAll(h.trash())
}

// Open opens a repository, or hands out the one that is open. Beyond Options.Open the one that was longest not asked for
// lets go of its packs and refs until it is asked again; views that are open keep what they see.
func (h *Host) Open(ctx context.Context, id string) (storage.Repository, error) {
	r, err := h.repository(ctx, id)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (h *Host) repository(ctx context.Context, id string) (*disk.Repository, error) {
	h.mu.Lock()
	o, ok := h.open[id]
	if !ok {
		o = &opened{ready: make(chan struct{})}
		h.open[id] = o
	}
	h.tick++
	o.used = h.tick
	h.mu.Unlock()
	if ok {
		select {
		case <-o.ready:
			return o.repo, o.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	// Others wait for this opening, so it must not end with one request's context.
	o.repo, o.err = disk.Open(context.WithoutCancel(ctx), h.Dir(id), id, h.o.Disk)
	close(o.ready)
	h.mu.Lock()
	if o.err != nil {
		delete(h.open, id)
		h.mu.Unlock()
		return nil, o.err
	}
	cold := h.evict()
	h.mu.Unlock()
	if cold != nil {
		cold.Cool()
	}
	return o.repo, nil
}

// evict picks the repository that was longest not asked for, when too many are warm; mu is held.
func (h *Host) evict() *disk.Repository {
	var oldest *opened
	warm := 0
	for _, o := range h.open {
		select {
		case <-o.ready:
		default:
			continue // it is being opened
		}
		if o.repo == nil || o.used == 0 {
			continue
		}
		warm++
		if oldest == nil || o.used < oldest.used {
			oldest = o
		}
	}
	if warm <= h.o.Open {
		return nil
	}
	oldest.used = 0 // cold, until it is asked for
	return oldest.repo
}

// Rescan takes in what another program has changed in a repository's folder.
func (h *Host) Rescan(ctx context.Context, id string) error {
	r, err := h.repository(ctx, id)
	if err != nil {
		return err
	}
	return r.Rescan(ctx)
}

// Close closes every open repository.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs error
	for id, o := range h.open {
		<-o.ready
		if o.repo != nil {
			errs = errors.Join(errs, o.repo.Close())
		}
		delete(h.open, id)
	}
	return errs
}

package host

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"jeton/vcs/name"
	"jeton/vcs/rules"
	"jeton/vcs/storage/disk"
)

var (
	// ErrNotFound: no repository has this path or id.
	ErrNotFound = errors.New("repository not found")
	// ErrTaken: another repository, or a group, has this path.
	ErrTaken = errors.New("another repository or group has this path")
	// ErrBadPath is wrapped by what is wrong with a path that was asked for.
	ErrBadPath = errors.New("not a valid path")
)

// Repo is a row of the catalogue. The id never changes; the path is only typed and shown. What makes one gives it an id
// unless it brings one, which nothing has or had.
type Repo struct {
	ID, Path, OwnerID, Description string
	Private, Archived              bool
	CreatedAt                      time.Time
	// ForkOf is the id of the repository that it was forked from; "" for none.
	ForkOf string
	// MakerID owns the groups that Create makes for the path; "" for nobody.
	MakerID string
	// DeletedAt is set for one that was deleted and can come back.
	DeletedAt time.Time
	// Elsewhere: its folder is on another machine, which mends, sweeps and serves it.
	Elsewhere bool
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
	// Trash marks one as deleted, so that neither ByPath, ByID nor List finds it. ErrNotFound.
	Trash(ctx context.Context, id string, at time.Time) error
	// Trashed is every one that is marked so, with the path that it had.
	Trashed(ctx context.Context) ([]Repo, error)
	// Restore takes the mark away, and gives it a path. ErrNotFound where none is marked, ErrTaken.
	Restore(ctx context.Context, id, path string) error
	// Delete removes the row for good, marked or not. ErrNotFound.
	Delete(ctx context.Context, id string) error
}

// RuleBook knows the rules that are in force in repositories, implemented over the database. It is asked at each request.
type RuleBook interface {
	// Rules are those of one repository, put over the server's own; for "" those that hold where no repository is yet.
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Options are what a Host needs.
type Options struct {
	// Root is the folder of all repositories: ROOT/ab/<id>.git. What was deleted goes through ROOT/trash.
	Root string
	Rows Rows
	// Rules, where it is nil, lays nothing down.
	Rules RuleBook
	Disk  disk.Options
	// Names are the rules for paths; the zero value allows ASCII alone.
	Names name.Rules
	// Open is how many repositories are kept open between requests where Disk brings no budget of its own; 0 means 512.
	Open int
	// TrashKeep is how long a deleted repository can come back, row and folder; 0 removes both at once, the folder in the
	// background.
	TrashKeep time.Duration
	// Elsewhere is asked about a repository whose folder is not there: a *Refusal where it lies on another machine, else
	// nil. Nil where there is one machine only.
	Elsewhere func(ctx context.Context, id string) error
	// OrphanKeep is how long a folder is kept in the trash that no row names; 0 means 7 days. It is there for a database
	// that was restored from an older copy, which knows nothing of what was created since.
	OrphanKeep time.Duration
	// Gone is told of a repository that was deleted, for what is kept of it elsewhere; nil: nobody wants to know.
	Gone func(id string)
	Log  *slog.Logger
}

// Host is the catalogue and what it opens; safe for concurrent use.
type Host struct {
	o Options
	// background are removals that were begun; Close waits for them.
	background sync.WaitGroup
	// moving is held while a repository goes into the trash or out of it: its row and its folder are two steps, and those
	// of a deletion, a restoring and a sweep must not mix.
	moving sync.Mutex

	// mu guards what follows; opening a repository itself happens outside of it, once for each.
	mu   sync.Mutex
	open map[string]*opened
	// deleted are ids that must not be opened again, whoever was admitted to them before.
	deleted map[string]bool
	// removing are the folders of the trash that are being removed.
	removing map[string]bool
}

// New makes a host; it touches nothing on disk. Recover mends what a crash has left.
func New(o Options) *Host {
	if o.OrphanKeep <= 0 {
		o.OrphanKeep = 7 * 24 * time.Hour
	}
	if o.Gone == nil {
		o.Gone = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Disk.Log == nil {
		o.Disk.Log = o.Log
	}
	if o.Disk.Warm == nil {
		o.Disk.Warm = disk.NewWarm(0, o.Open)
	}
	return &Host{o: o, open: map[string]*opened{}, deleted: map[string]bool{}, removing: map[string]bool{}}
}

// Resolve finds a repository by its path. ErrNotFound.
func (h *Host) Resolve(ctx context.Context, path string) (Repo, error) {
	return h.o.Rows.ByPath(ctx, path)
}

// List is every repository, sorted by path.
func (h *Host) List(ctx context.Context) ([]Repo, error) { return h.o.Rows.List(ctx) }

// Dir is the folder of a repository on disk; empty for what is no repository's id.
func (h *Host) Dir(id string) string {
	if !validID(id) {
		return ""
	}
	return filepath.Join(h.o.Root, id[:2], id+folderSuffix)
}

// folderSuffix ends the name of a repository's folder, behind its id.
const folderSuffix = ".git"

// validID reports whether a string can be an id: 16 to 64 lower case letters and digits. Ids come from rows and
// admissions, and become names of folders.
func validID(id string) bool {
	if len(id) < 16 || len(id) > 64 {
		return false
	}
	return strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// NewID is an id that nothing has: 128 random bits in lower case letters and digits.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails (crypto/rand)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// Create makes an empty repository: the folder first, then the row. A crash between the two leaves a folder that no
// row names, which Recover puts away. ErrTaken, ErrBadPath.
func (h *Host) Create(ctx context.Context, r Repo) (Repo, error) {
	r, err := h.conceive(ctx, r)
	if err != nil {
		return Repo{}, err
	}
	return h.bring(ctx, r)
}

// bring gives a folder that was just made its row, or removes it.
func (h *Host) bring(ctx context.Context, r Repo) (Repo, error) {
	made, err := h.publish(ctx, r)
	if doubt := (*doubtError)(nil); err != nil && !errors.As(err, &doubt) {
		err = errors.Join(err, h.discard(r.ID, neverUsed))
	}
	return made, err
}

// Rename gives a repository another path: one row, nothing on disk. ErrNotFound, ErrTaken, ErrBadPath.
func (h *Host) Rename(ctx context.Context, id, path string) (Repo, error) {
	if _, err := h.o.Names.Repository(path); err != nil {
		return Repo{}, fmt.Errorf("%w: %w", ErrBadPath, err)
	}
	if err := h.o.Rows.Rename(ctx, id, path); err != nil {
		return Repo{}, err
	}
	return h.o.Rows.ByID(ctx, id)
}

// Package storage names the two things that a repository is made of, as everything above sees them: immutable packs,
// and refs that move by compare-and-swap. It holds the vocabulary and no code that touches a disk or a network;
// storage/disk implements it over a bare repository as C git lays it out, storage/cloud (later) over an object store.
//
//	request ── View ──► refs of one moment   (Snapshot)
//	              └───► packs of that moment  (pack.Set)
//	push ── Quarantine ── Stage ──► Update(basis, Batch{Staged, Updates})   packs and refs become visible together
//
// A request opens its own View and closes it; nothing of it outlives the request.
package storage

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

var (
	// ErrConflict: a ref no longer had the value that the update named as old.
	ErrConflict = errors.New("ref has moved in the meantime")
	// ErrRecheck: objects were dropped since the basis; prove connectivity again over a new view and retry.
	ErrRecheck = errors.New("repository was maintained in the meantime")
	// ErrNameClash: a ref cannot stand beside another (a/b beside a, or equal but for case where the disk folds it).
	ErrNameClash = errors.New("ref name clashes with another ref")
	// ErrBadName: not a ref name by git-check-ref-format.
	ErrBadName = errors.New("not a valid ref name")
	// ErrClosed: the repository was deleted meanwhile, or the server is about to stop.
	ErrClosed = errors.New("repository is closed")
	// ErrNotApplied: nothing is wrong with this update, but another of the atomic batch failed.
	ErrNotApplied = errors.New("atomic batch failed")
)

// Ref is one reference. Target is set for a symbolic ref and names another; ID is then what that one points to, or zero.
// Peeled is what an annotated tag finally points to; zero where ID is not a tag.
type Ref struct {
	Name   string
	ID     oid.ID
	Target string
	Peeled oid.ID
}

// Basis marks the moment of a Snapshot; opaque, compared by the storage alone.
type Basis string

// Snapshot is the refs of one moment; immutable, shared freely.
type Snapshot struct {
	// Head is HEAD: symbolic (Target set; ID zero while unborn) or detached.
	Head Ref
	// Refs are sorted by name, without HEAD.
	Refs  []Ref
	Basis Basis
}

// Lookup finds a ref by its full name; HEAD too.
func (s *Snapshot) Lookup(name string) (Ref, bool) {
	if name == "HEAD" {
		return s.Head, true
	}
	i := s.search(name)
	if i < len(s.Refs) && s.Refs[i].Name == name {
		return s.Refs[i], true
	}
	return Ref{}, false
}

// WithPrefix returns the refs whose names begin with prefix, a slice of the snapshot's own.
func (s *Snapshot) WithPrefix(prefix string) []Ref {
	from := s.search(prefix)
	to := from + sort.Search(len(s.Refs)-from, func(i int) bool { return !strings.HasPrefix(s.Refs[from+i].Name, prefix) })
	return s.Refs[from:to]
}

func (s *Snapshot) search(name string) int {
	return sort.Search(len(s.Refs), func(i int) bool { return s.Refs[i].Name >= name })
}

// View is the packs and refs of one moment. Whoever opened it closes it; one goroutine at a time uses Objects.
type View struct {
	Refs    *Snapshot
	Objects *pack.Set
	release func()
}

// NewView is for implementations: release is called once, by Close.
func NewView(refs *Snapshot, objects *pack.Set, release func()) *View {
	return &View{Refs: refs, Objects: objects, release: release}
}

// Close lets go of the packs. The view must not be used afterwards; a second Close does nothing.
func (v *View) Close() {
	if v.release != nil {
		v.release()
		v.release = nil
	}
}

// Actor is who moves refs, for reflogs, the journal and events; Credential names what it was done with
// (such as "token:<id>" or "key:<id>"), never the secret. ID is a person's; where the credential is nobody's own, it is
// Line, else Credential. Line is "token:<id>" with the id of the first token of a line of rotations, "" for what is no token:
// rules of branches name it, reflogs and the journal do not keep it.
type Actor struct {
	ID, Name, Email, Credential, Line string
}

// RefUpdate moves one ref from Old to New. Zero Old: it must not exist yet; zero New: it is deleted.
// Symref, where set, makes Name (HEAD) a symbolic ref to it, and Old and New are not looked at.
type RefUpdate struct {
	Name     string
	Old, New oid.ID
	Symref   string
}

// Batch is one transaction. Atomic: all or none; else each update stands alone.
type Batch struct {
	Updates []RefUpdate
	Atomic  bool
	Actor   Actor
	Reason  string // one line for the reflog, such as "push"
	Staged  []Staged
	// Admit, where it is set, is asked once no other update can come between any more, right before anything moves. With
	// its error nothing moves; Update returns that error. It must not call the repository.
	Admit func(ctx context.Context) error
}

// RefResult tells how one update of a batch ended, in the batch's order; a nil Err means it is done and synced.
type RefResult struct {
	Name string
	Err  error
}

// Staged is a pack that is written and synced but not yet visible.
type Staged struct {
	Name string
	// Dir is the quarantine folder it lies in.
	Dir   string
	Roots *pack.Roots
}

// Quarantine is where one push puts what it receives. It is gone after Close, whatever happened.
type Quarantine interface {
	// Dir is a folder of this push alone, on the same file system as the repository.
	Dir() string
	// Open opens a pack (NAME.pack, .idx, .rev in Dir) for reading before it is visible. It is closed with the quarantine.
	Open(ctx context.Context, name string) (*pack.Pack, error)
	// Stage makes a pack of Dir ready for Update: synced, with its roots beside it.
	Stage(ctx context.Context, name string, roots *pack.Roots) (Staged, error)
	// Close removes whatever no Update took.
	Close() error
}

// Repository is one repository's storage.
type Repository interface {
	// ID is the repository's immutable id.
	ID() string
	// View opens packs and refs of this moment.
	View(ctx context.Context) (*View, error)
	// Quarantine opens a place for a push.
	Quarantine(ctx context.Context) (Quarantine, error)
	// Update makes staged packs visible and moves refs. The error is about the whole (ErrRecheck, a full disk);
	// what happened to each ref is in the results. With an error and no results nothing has changed. Updates of one
	// repository happen one after the other.
	Update(ctx context.Context, basis Basis, b Batch) ([]RefResult, error)
	// Replace makes staged packs visible and retires others by name once no view holds them; for maintenance. basis is
	// that of the view over which was decided what may go. Objects must not be lost by it: whoever drops any says so, gets
	// ErrRecheck where a ref has moved since basis, and every push that began before gets ErrRecheck from Update.
	Replace(ctx context.Context, basis Basis, add []Staged, retire []string, dropped bool) error
}

// UpdateError is an update that failed, with the ref it was about.
func UpdateError(name string, err error) error { return fmt.Errorf("update %s: %w", name, err) }

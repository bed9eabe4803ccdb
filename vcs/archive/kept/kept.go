// Package kept keeps archives that were assembled on disk, within bounds, for whoever asks again.
//
//	Get ── kept? ──► a file                                      sendfile, ranges, a checksum known beforehand
//	    └─ being assembled? ──► read along while it grows        assembled once for all who ask at the same time
//	    └─ assemble it ──► DIR/<repository>/part-…  ── synced, renamed ──► DIR/<repository>/<key>-<sha256>
//
// An assembly goes on as long as one client is left that waits for it. Whatever dies on the way leaves a part-… file, which
// the next start removes; only what is whole and synced is ever renamed. Files that were not asked for longest go first
// when there is no room, and what grows too large for the folder is handed to each client as it comes, and not kept. It
// knows no archive, only names and bytes, and imports nothing of ours.
package kept

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrBusy: as many archives are being assembled as may be, and none ended in time.
var ErrBusy = errors.New("too many archives are being assembled")

// ErrGone: the repository was deleted, or the store closed, while it was assembled.
var ErrGone = errors.New("the archive is not assembled any more")

// Options govern a Store.
type Options struct {
	// Dir is the folder, which is the store's own; it is made when something is kept.
	Dir string
	// Max is how much may lie in it, in bytes; 0 keeps nothing.
	Max int64
	// Files is how many archives are kept; 0 means 100,000. A small one takes a block of the disk and some memory besides its
	// bytes, and any client can ask for as many as there are paths in a repository.
	Files int
	// Concurrent is how many archives may be assembled at a time, and Wait how long another waits for one of them to end; 0
	// means 8, and 10 seconds.
	Concurrent int
	Wait       time.Duration
	// Log is told what could not be kept; nil means nowhere.
	Log *slog.Logger
}

// Key names an archive: Repository is the id of the repository, a name that a folder can have, and Rest everything else that
// decides its bytes.
type Key struct{ Repository, Rest string }

// Assemble writes an archive, always the same bytes, until ctx ends.
type Assemble func(ctx context.Context, w io.Writer) error

// Store keeps archives; safe for concurrent use.
type Store struct {
	o     Options
	seats chan struct{} // holds one for each archive that is assembled
	load  sync.Once
	done  context.Context // ends with the store
	end   context.CancelFunc
	group sync.WaitGroup

	mu      sync.Mutex               // guards what follows
	files   map[string]*list.Element // of *file, by their place below Dir without the checksum
	lru     *list.List               // of *file, the last used first
	used    int64                    // bytes of files and of what is being assembled
	flights map[string]*flight
	large   map[string]bool // what is known to be too large to be kept
}

// file is a kept archive.
type file struct {
	place string // <repository>/<key>
	sum   [sha256.Size]byte
	size  int64
	used  time.Time
}

const partial = "part-"

// maxLarge is of how many archives it is remembered that they are too large.
const maxLarge = 10_000

// New makes a store. What the folder holds is looked at when something is asked for first.
func New(o Options) *Store {
	if o.Concurrent <= 0 {
		o.Concurrent = 8
	}
	if o.Files <= 0 {
		o.Files = 100_000
	}
	if o.Wait <= 0 {
		o.Wait = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{o: o, seats: make(chan struct{}, o.Concurrent), files: map[string]*list.Element{}, lru: list.New(), flights: map[string]*flight{},
		large: map[string]bool{}}
	s.done, s.end = context.WithCancel(context.Background())
	return s
}

// Close ends what is being assembled.
func (s *Store) Close() error {
	s.end()
	s.group.Wait()
	return nil
}

func (k Key) place() string {
	sum := sha256.Sum256([]byte(k.Rest))
	return filepath.Join(k.Repository, hex.EncodeToString(sum[:16]))
}

func (s *Store) path(f *file) string {
	return filepath.Join(s.o.Dir, f.place+"-"+hex.EncodeToString(f.sum[:]))
}

// Get hands out an archive: one that is kept, one that somebody else is waiting for, or one that is assembled from now on.
// The answer must be closed; ctx ends its reading. Errors of the assembly, and ErrBusy, come from reading.
func (s *Store) Get(ctx context.Context, k Key, assemble Assemble) *Answer {
	if k.Repository != filepath.Base(k.Repository) || strings.HasPrefix(k.Repository, ".") {
		panic("kept: " + k.Repository + " is no name of a folder")
	}
	a := &Answer{s: s, ctx: ctx, key: k, assemble: assemble}
	if s.o.Max <= 0 {
		return a
	}
	s.load.Do(s.look)
	s.mu.Lock()
	defer s.mu.Unlock()
	place := k.place()
	if s.large[place] {
		return a
	}
	if f, sum := s.open(place); f != nil {
		a.file, a.sum = f, sum
		return a
	}
	fl := s.flights[place]
	if fl == nil {
		fl = s.start(place, assemble)
	}
	fl.readers++
	fl.hold()
	a.flight = fl
	return a
}

// Find hands out an archive if it is kept, and nil otherwise.
func (s *Store) Find(ctx context.Context, k Key) *Answer {
	if s.o.Max <= 0 {
		return nil
	}
	s.load.Do(s.look)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, sum := s.open(k.place())
	if f == nil {
		return nil
	}
	return &Answer{s: s, ctx: ctx, key: k, file: f, sum: sum}
}

// open opens a kept file and makes it the last used one; nil where none is kept. s.mu is held.
func (s *Store) open(place string) (*os.File, [sha256.Size]byte) {
	e := s.files[place]
	if e == nil {
		return nil, [sha256.Size]byte{}
	}
	f := e.Value.(*file)
	opened, err := os.Open(s.path(f))
	if err != nil { // somebody has emptied the folder
		s.drop(e)
		return nil, f.sum
	}
	s.lru.MoveToFront(e)
	if now := time.Now(); now.Sub(f.used) > time.Minute {
		f.used = now
		_ = os.Chtimes(s.path(f), now, now) // tells the next start; without it, a file goes sooner
	}
	return opened, f.sum
}

// drop removes a kept file. s.mu is held.
func (s *Store) drop(e *list.Element) {
	f := s.lru.Remove(e).(*file)
	delete(s.files, f.place)
	s.used -= f.size
	if err := os.Remove(s.path(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.o.Log.Error("a kept archive could not be removed", "file", s.path(f), "error", err)
	}
}

// add notes a kept file, the last used one of all. s.mu is held.
func (s *Store) add(f *file) {
	s.files[f.place] = s.lru.PushFront(f)
	for s.lru.Len() > s.o.Files {
		s.drop(s.lru.Back())
	}
}

// reserve makes room for so many bytes more; false where there is none. s.mu is held.
func (s *Store) reserve(n int64) bool {
	for s.used+n > s.o.Max {
		last := s.lru.Back()
		if last == nil {
			return false
		}
		s.drop(last)
	}
	s.used += n
	return true
}

// Forget removes everything of a repository and ends what is being assembled of it.
func (s *Store) Forget(repository string) error {
	if repository == "" || repository != filepath.Base(repository) || strings.HasPrefix(repository, ".") || s.o.Dir == "" {
		return nil
	}
	s.load.Do(s.look)
	s.mu.Lock()
	defer s.mu.Unlock()
	for place, fl := range s.flights {
		if filepath.Dir(place) == repository {
			delete(s.flights, place)
			fl.forgotten = true
			fl.cancel(ErrGone)
		}
	}
	for place, e := range s.files {
		if filepath.Dir(place) == repository {
			s.drop(e)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.o.Dir, repository)); err != nil {
		return fmt.Errorf("remove kept archives: %w", err)
	}
	return nil
}

// look finds what an earlier run has kept, and removes what it left unfinished.
func (s *Store) look() {
	var found []*file
	err := filepath.WalkDir(s.o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, ok := s.read(path, d)
		if !ok {
			return os.Remove(path)
		}
		found = append(found, f)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.o.Log.Error("kept archives could not all be looked at", "folder", s.o.Dir, "error", err)
	}
	slices.SortFunc(found, func(a, b *file) int { return a.used.Compare(b.used) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range found {
		s.used += f.size
		s.add(f)
	}
	s.reserve(0)
}

// read understands the name of a kept file.
func (s *Store) read(path string, d fs.DirEntry) (*file, bool) {
	rel, err := filepath.Rel(s.o.Dir, path)
	key, sum, ok := strings.Cut(filepath.Base(path), "-")
	info, infoErr := d.Info()
	if err != nil || infoErr != nil || !ok || !info.Mode().IsRegular() || strings.HasPrefix(filepath.Base(path), partial) {
		return nil, false
	}
	f := &file{place: filepath.Join(filepath.Dir(rel), key), size: info.Size(), used: info.ModTime()}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != len(f.sum) || len(key) != 32 || s.files[f.place] != nil {
		return nil, false
	}
	copy(f.sum[:], raw)
	return f, true
}

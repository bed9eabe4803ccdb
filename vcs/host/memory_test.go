package host

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/vcs/name"
)

var ctx = context.Background()

// memory is Rows in memory. before and after, where set, run around each change and may fail or panic: a panic stands
// for a process that dies there.
type memory struct {
	mu            sync.Mutex
	rows          map[string]Repo
	before, after func(what string) error
}

func newMemory() *memory { return &memory{rows: map[string]Repo{}} }

func (m *memory) find(match func(Repo) bool) (Repo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.DeletedAt.IsZero() && match(r) {
			return r, nil
		}
	}
	return Repo{}, ErrNotFound
}

func (m *memory) ByPath(_ context.Context, path string) (Repo, error) {
	return m.find(func(r Repo) bool { return name.Fold(r.Path) == name.Fold(path) })
}

func (m *memory) ByID(_ context.Context, id string) (Repo, error) {
	return m.find(func(r Repo) bool { return r.ID == id })
}

func (m *memory) List(context.Context) ([]Repo, error) { return m.list(false), nil }

func (m *memory) Trashed(context.Context) ([]Repo, error) { return m.list(true), nil }

func (m *memory) list(trashed bool) []Repo {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Repo
	for _, r := range m.rows {
		if r.DeletedAt.IsZero() != trashed {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Repo) int { return strings.Compare(a.Path, b.Path) })
	return list
}

func (m *memory) Trash(_ context.Context, id string, at time.Time) error {
	return m.change("trash", func() error {
		r, ok := m.rows[id]
		if !ok || !r.DeletedAt.IsZero() {
			return ErrNotFound
		}
		r.DeletedAt = at
		m.rows[id] = r
		return nil
	})
}

// age makes a deletion two hours older.
func (m *memory) age(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[id]
	r.DeletedAt = r.DeletedAt.Add(-2 * time.Hour)
	m.rows[id] = r
}

func (m *memory) Restore(_ context.Context, id, path string) error {
	return m.change("restore", func() error {
		r, ok := m.rows[id]
		if !ok || r.DeletedAt.IsZero() {
			return ErrNotFound
		}
		if m.taken(id, path) {
			return ErrTaken
		}
		r.Path, r.DeletedAt = path, time.Time{}
		m.rows[id] = r
		return nil
	})
}

func (m *memory) taken(id, path string) bool {
	for _, other := range m.rows {
		if other.ID != id && other.DeletedAt.IsZero() && name.Fold(other.Path) == name.Fold(path) {
			return true
		}
	}
	return false
}

// change runs one change between the hooks.
func (m *memory) change(what string, do func() error) error {
	if m.before != nil {
		if err := m.before(what); err != nil {
			return err
		}
	}
	m.mu.Lock()
	err := do()
	m.mu.Unlock()
	if err == nil && m.after != nil {
		err = m.after(what)
	}
	return err
}

func (m *memory) Insert(_ context.Context, r Repo) error {
	return m.change("insert", func() error {
		if m.taken(r.ID, r.Path) {
			return ErrTaken
		}
		m.rows[r.ID] = r
		return nil
	})
}

func (m *memory) Rename(_ context.Context, id, path string) error {
	return m.change("rename", func() error {
		r, ok := m.rows[id]
		if !ok {
			return ErrNotFound
		}
		if m.taken(id, path) {
			return ErrTaken
		}
		r.Path = path
		m.rows[id] = r
		return nil
	})
}

func (m *memory) Delete(_ context.Context, id string) error {
	return m.change("delete", func() error {
		if _, ok := m.rows[id]; !ok {
			return ErrNotFound
		}
		delete(m.rows, id)
		return nil
	})
}

// world is a host over a folder and rows that outlive it.
type world struct {
	t    *testing.T
	rows *memory
	o    Options
	*Host
}

func newWorld(t *testing.T, change func(*Options)) *world {
	w := &world{t: t, rows: newMemory()}
	w.o = Options{Root: filepath.Join(t.TempDir(), "repos"), Rows: w.rows, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&w.o)
	}
	w.start()
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// start begins a new process over what the one before has left, as cmd does.
func (w *world) start() {
	w.t.Helper()
	if w.Host != nil {
		if err := w.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
	w.rows.before, w.rows.after = nil, nil
	w.Host = New(w.o)
	if err := w.Recover(ctx); err != nil {
		w.t.Fatal(err)
	}
	w.background.Wait()
}

func (w *world) create(path string) Repo {
	w.t.Helper()
	r, err := w.Create(ctx, Repo{Path: path, OwnerID: "ada"})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// dies runs f, whose rows panic in it.
func dies(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("it was to die and did not")
		}
	}()
	f()
}

// folders lists the folders of repositories, and what is in the trash.
func (w *world) folders() (live, trash []string) {
	live, _ = filepath.Glob(filepath.Join(w.o.Root, "??", "*"))
	trash, _ = filepath.Glob(filepath.Join(w.trash(), "*"))
	return live, trash
}

// whole fails the test unless rows and folders agree and every repository opens.
func (w *world) whole() {
	w.t.Helper()
	rows, _ := w.List(ctx)
	live, _ := w.folders()
	if len(live) != len(rows) {
		w.t.Errorf("%d rows, folders %v", len(rows), live)
	}
	for _, r := range rows {
		repo, err := w.Open(ctx, r.ID)
		if err != nil {
			w.t.Errorf("%s: %v", r.Path, err)
			continue
		}
		v, err := repo.View(ctx)
		if err != nil {
			w.t.Errorf("%s: %v", r.Path, err)
			continue
		}
		v.Close()
	}
}

// notThere fails the test unless path and folder of an id are gone.
func (w *world) notThere(id string) {
	w.t.Helper()
	if _, err := os.Lstat(w.Dir(id)); !errors.Is(err, os.ErrNotExist) {
		w.t.Errorf("the folder of %s: %v", id, err)
	}
	if _, err := w.Open(ctx, id); err == nil {
		w.t.Errorf("%s opens", id)
	}
}

var _ Rows = (*memory)(nil)

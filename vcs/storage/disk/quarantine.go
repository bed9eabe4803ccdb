package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"jeton/vcs/pack"
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

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrNoData: the folder of a deleted repository is not in the trash of this machine.
var ErrNoData = errors.New("the repository's folder is not in the trash of this machine")

// Delete takes a repository away: the row is marked first, by which it is gone for everybody, then the folder is moved into
// the trash in one step. Restore brings it back within the time that the trash is kept. A push that is being checked fails;
// fetches that hold a view end well. A crash between row and folder leaves a folder that no living row names, which Recover
// puts away. ErrNotFound.
func (h *Host) Delete(ctx context.Context, id string) error {
	if !validID(id) {
		return ErrNotFound
	}
	remove := h.o.Rows.Delete
	if h.o.TrashKeep > 0 {
		remove = func(ctx context.Context, id string) error { return h.o.Rows.Trash(ctx, id, time.Now().UTC()) }
	}
	h.moving.Lock()
	defer h.moving.Unlock()
	if err := remove(ctx, id); err != nil {
		return err
	}
	h.shut(id)
	h.o.Gone(id)
	if err := h.discard(id, deleted); err != nil {
		return fmt.Errorf("put the folder of repository %s into the trash: %w", id, err)
	}
	return nil
}

// Deleted is every repository that can come back, with the path that it had and when it was deleted.
func (h *Host) Deleted(ctx context.Context) ([]Repo, error) { return h.o.Rows.Trashed(ctx) }

// Restore brings a deleted repository back, at the path that it had where path is "": the folder first, then the row, so
// that a crash between the two leaves what Recover puts away again. ErrNotFound, ErrNoData, ErrTaken, ErrBadPath.
func (h *Host) Restore(ctx context.Context, id, path string) (Repo, error) {
	h.moving.Lock()
	defer h.moving.Unlock()
	r, err := h.trashedRow(ctx, id)
	if err != nil {
		return Repo{}, err
	}
	if path == "" {
		path = r.Path
	}
	if _, err := h.o.Names.Repository(path); err != nil {
		return Repo{}, fmt.Errorf("%w: %w", ErrBadPath, err)
	}
	dirs, err := h.trashedFolders(id)
	if err != nil {
		return Repo{}, err
	}
	if missing(h.Dir(id)) {
		if len(dirs) == 0 {
			return Repo{}, fmt.Errorf("%w: %s", ErrNoData, h.trash())
		}
		if err := bringBack(dirs[len(dirs)-1], h.Dir(id)); err != nil {
			return Repo{}, fmt.Errorf("take the folder of repository %s from the trash: %w", id, err)
		}
	}
	if err := h.o.Rows.Restore(ctx, id, path); err != nil {
		if _, lives := h.o.Rows.ByID(ctx, id); errors.Is(lives, ErrNotFound) { // else the next start finds out where the folder belongs
			err = errors.Join(err, h.discard(id, deleted))
		}
		return Repo{}, err
	}
	return h.o.Rows.ByID(ctx, id)
}

// Purge removes a deleted repository for good, before its time. ErrNotFound.
func (h *Host) Purge(ctx context.Context, id string) error {
	h.moving.Lock()
	defer h.moving.Unlock()
	if _, err := h.trashedRow(ctx, id); err != nil {
		return err
	}
	if err := h.o.Rows.Delete(ctx, id); err != nil {
		return err
	}
	h.o.Gone(id)
	dirs, err := h.trashedFolders(id)
	for _, dir := range dirs {
		h.remove(dir)
	}
	return err
}

func (h *Host) trashedRow(ctx context.Context, id string) (Repo, error) {
	all, err := h.o.Rows.Trashed(ctx)
	if err != nil {
		return Repo{}, err
	}
	for _, r := range all {
		if r.ID == id && validID(id) {
			return r, nil
		}
	}
	return Repo{}, ErrNotFound
}

// trashedFolders are those of a repository in the trash, oldest first: their names begin with the time.
func (h *Host) trashedFolders(id string) ([]string, error) {
	return filepath.Glob(filepath.Join(h.trash(), "*-"+id+folderSuffix))
}

func bringBack(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// expire removes for good the rows of what was deleted long enough ago, and answers the ids of the others.
func (h *Host) expire(ctx context.Context) (kept map[string]bool, err error) {
	all, err := h.o.Rows.Trashed(ctx)
	if err != nil {
		return nil, err
	}
	kept = map[string]bool{}
	for _, r := range all {
		if r.Elsewhere {
			continue
		}
		if time.Since(r.DeletedAt) < h.o.TrashKeep {
			kept[r.ID] = true
			continue
		}
		// Somebody may have brought it back, or another node have removed it, since it was listed.
		if err := h.o.Rows.Delete(ctx, r.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return kept, err
		}
	}
	return kept, nil
}

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// why says how a folder came into the trash. Its name there is WHEN-WHY-ID.git, WHEN in seconds since 1970, so that a
// row that is there again (a database was restored) finds its folder, and everything else goes when its time is over.
type why string

const (
	// deleted: somebody asked for it. orphan: no row names it. neverUsed: it was made a moment ago for a row that could
	// not be written.
	deleted   why = "deleted"
	orphan    why = "orphan"
	neverUsed why = "unused"
)

// keep is how long a folder stays in the trash.
func (h *Host) keep(w why) time.Duration {
	switch w {
	case deleted:
		return h.o.TrashKeep
	case neverUsed:
		return 0
	}
	return h.o.OrphanKeep
}

// trash is where folders go that no row names.
func (h *Host) trash() string { return filepath.Join(h.o.Root, "trash") }

// discard moves a repository's folder into the trash in one step; one that is not kept there is removed in the
// background.
func (h *Host) discard(id string, w why) error {
	if err := os.MkdirAll(h.trash(), 0o750); err != nil {
		return err
	}
	to := filepath.Join(h.trash(), fmt.Sprintf("%d-%s-%s%s", time.Now().Unix(), w, id, folderSuffix))
	if err := os.Rename(h.Dir(id), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if h.keep(w) > 0 {
		return nil
	}
	h.remove(to)
	return nil
}

// remove deletes a folder of the trash in the background: it may be large. Close waits for it.
func (h *Host) remove(dir string) {
	h.mu.Lock()
	begun := h.removing[dir]
	h.removing[dir] = true
	h.mu.Unlock()
	if begun {
		return
	}
	h.background.Go(func() {
		defer func() {
			h.mu.Lock()
			delete(h.removing, dir)
			h.mu.Unlock()
		}()
		if err := os.RemoveAll(dir); err != nil {
			h.o.Log.Error("trash cannot be removed; the next start tries again", "dir", dir, "error", err)
		}
	})
}

// Recover mends what a crash has left, at start: folders that no row names go into the trash, folders in the trash whose
// row is there come back, and what has been in the trash for long enough is removed. It opens no repository.
func (h *Host) Recover(ctx context.Context) error {
	h.moving.Lock()
	defer h.moving.Unlock()
	rows, err := h.o.Rows.List(ctx)
	if err != nil {
		return fmt.Errorf("recover repositories: %w", err)
	}
	known := make(map[string]bool, len(rows))
	for _, r := range rows {
		known[r.ID] = true
	}
	kept, err := h.expire(ctx)
	if err != nil {
		return fmt.Errorf("recover repositories: %w", err)
	}
	here, err := h.putAway(ctx, known, kept)
	if err != nil {
		return fmt.Errorf("recover repositories: %w", err)
	}
	if err := h.empty(ctx, known, kept); err != nil {
		return fmt.Errorf("recover repositories: %w", err)
	}
	for _, r := range rows {
		if here[r.ID] || r.Elsewhere {
			continue
		}
		if _, err := os.Lstat(h.Dir(r.ID)); err != nil { // it may have come back from the trash
			h.o.Log.ErrorContext(ctx, "repository has no folder", "path", r.Path, "id", r.ID, "dir", h.Dir(r.ID), "error", err)
		}
	}
	return nil
}

// Sweep removes what has been in the trash for long enough, while the host is in use. It brings nothing back, as Recover
// does: a repository that is being deleted right now must not come back from the trash.
func (h *Host) Sweep(ctx context.Context) error {
	h.moving.Lock()
	defer h.moving.Unlock()
	kept, err := h.expire(ctx)
	if err == nil {
		err = h.empty(ctx, nil, kept)
	}
	if err != nil {
		return fmt.Errorf("empty the trash: %w", err)
	}
	return nil
}

// putAway moves folders that no living row names into the trash, and removes what Create was building. The answer is the
// ids of those whose folder is in its place.
func (h *Host) putAway(ctx context.Context, known, kept map[string]bool) (here map[string]bool, err error) {
	dirs, err := filepath.Glob(filepath.Join(h.o.Root, "??", "*"))
	if err != nil {
		return nil, err
	}
	here = make(map[string]bool, len(dirs))
	for _, dir := range dirs {
		base := filepath.Base(dir)
		id, ok := strings.CutSuffix(base, folderSuffix)
		switch {
		case strings.HasPrefix(base, "new-"):
			err = os.RemoveAll(dir)
		case !ok || h.Dir(id) != dir:
			h.o.Log.WarnContext(ctx, "something that is no repository lies among them", "path", dir)
		case kept[id]:
			err = h.discard(id, deleted)
		case !known[id]:
			h.o.Log.WarnContext(ctx, "folder that no repository has goes into the trash", "dir", dir, "kept_for", h.o.OrphanKeep)
			err = h.discard(id, orphan)
		default:
			here[id] = true
		}
		if err != nil {
			return nil, err
		}
	}
	return here, nil
}

// empty goes through the trash: a folder whose row lives comes back, those of rows that can come back stay, the others are
// removed when it is time.
func (h *Host) empty(ctx context.Context, known, kept map[string]bool) error {
	entries, err := os.ReadDir(h.trash())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		dir := filepath.Join(h.trash(), e.Name())
		id, w, at, ok := trashed(e.Name())
		switch {
		case !ok:
			h.o.Log.WarnContext(ctx, "something unknown lies in the trash", "path", dir)
		case known[id] && missing(h.Dir(id)):
			h.o.Log.WarnContext(ctx, "folder comes back from the trash: its repository is there again", "dir", h.Dir(id))
			err = bringBack(dir, h.Dir(id))
		case kept[id]:
		case time.Since(at) >= h.keep(w):
			h.remove(dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func missing(dir string) bool {
	_, err := os.Lstat(dir)
	return errors.Is(err, fs.ErrNotExist)
}

// trashed reads the name of a folder in the trash.
func trashed(base string) (id string, w why, at time.Time, ok bool) {
	parts := strings.SplitN(strings.TrimSuffix(base, folderSuffix), "-", 3)
	if len(parts) != 3 || !validID(parts[2]) {
		return "", "", time.Time{}, false
	}
	seconds, err := strconv.ParseInt(parts[0], 10, 64)
	w = why(parts[1])
	return parts[2], w, time.Unix(seconds, 0), err == nil && (w == deleted || w == orphan || w == neverUsed)
}

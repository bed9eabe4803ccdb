package host

import (
	"context"
	"errors"
	"io/fs"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

// opened is one repository that is open, or is being opened. A repository that is not asked for keeps nothing but this:
// its packs and refs are let go by the budget (disk.Warm).
type opened struct {
	ready chan struct{} // closed when repo or err is set
	repo  *disk.Repository
	err   error
}

// Open opens a repository, or hands out the one that is open. ErrNotFound for what was deleted or is no id.
func (h *Host) Open(ctx context.Context, id string) (storage.Repository, error) {
	r, err := h.repository(ctx, id)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (h *Host) repository(ctx context.Context, id string) (*disk.Repository, error) {
	if !validID(id) {
		return nil, ErrNotFound
	}
	if err := h.deletedHere(ctx, id); err != nil {
		return nil, err
	}
	h.mu.Lock()
	o, ok := h.open[id]
	if !ok {
		o = &opened{ready: make(chan struct{})}
		h.open[id] = o
	}
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
	if errors.Is(o.err, fs.ErrNotExist) && h.o.Elsewhere != nil {
		if err := h.o.Elsewhere(context.WithoutCancel(ctx), id); err != nil {
			o.err = err
		}
	}
	if o.err != nil {
		h.mu.Lock()
		if h.open[id] == o {
			delete(h.open, id) // the next one tries again
		}
		h.mu.Unlock()
	}
	close(o.ready)
	return o.repo, o.err
}

// deletedHere answers ErrNotFound for what this host has deleted, unless it was brought back since, here or by another
// process.
func (h *Host) deletedHere(ctx context.Context, id string) error {
	h.mu.Lock()
	gone := h.deleted[id]
	h.mu.Unlock()
	if !gone {
		return nil
	}
	if _, err := h.o.Rows.ByID(ctx, id); err != nil {
		return err
	}
	h.mu.Lock()
	delete(h.deleted, id)
	h.mu.Unlock()
	return nil
}

// Rules are those that hold in a repository; for the id "", those that will hold in one that a push is about to make.
func (h *Host) Rules(ctx context.Context, id string) (rules.Rules, error) {
	if h.o.Rules == nil {
		return rules.Rules{}, nil
	}
	return h.o.Rules.Rules(ctx, id)
}

// shut closes a repository for good.
func (h *Host) shut(id string) {
	h.mu.Lock()
	o := h.open[id]
	h.deleted[id] = true
	delete(h.open, id)
	h.mu.Unlock()
	if o == nil {
		return
	}
	<-o.ready
	if o.repo != nil {
		_ = o.repo.Close()
	}
}

// Rescan takes in what another program has changed in a repository's folder.
func (h *Host) Rescan(ctx context.Context, id string) error {
	r, err := h.repository(ctx, id)
	if err != nil {
		return err
	}
	return r.Rescan(ctx)
}

// Close closes every open repository and waits for removals that were begun.
func (h *Host) Close() error {
	h.mu.Lock()
	all := h.open
	h.open = map[string]*opened{}
	h.mu.Unlock()
	var errs error
	for _, o := range all {
		<-o.ready
		if o.repo != nil {
			errs = errors.Join(errs, o.repo.Close())
		}
	}
	h.background.Wait()
	return errs
}

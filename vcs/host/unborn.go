package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

// Unborn is a repository that has a folder and no row: nobody finds it. A push to a free path is taken into it, and it is
// published once the push was found good; so a push that is refused leaves no empty repository behind. A crash before that
// leaves a folder that Recover puts away.
type Unborn struct {
	Repo storage.Repository
	// Publish gives the repository its row. ErrTaken where somebody else was faster.
	Publish func(ctx context.Context) error
	// Drop is called in any case, at the end. It removes a repository in which there is no ref, published or not.
	Drop func(ctx context.Context) error
}

// Conceive makes the folder of a new repository. ErrTaken, ErrBadPath.
func (h *Host) Conceive(ctx context.Context, r Repo) (*Unborn, error) {
	r, err := h.conceive(ctx, r)
	if err != nil {
		return nil, err
	}
	repo, err := h.repository(ctx, r.ID)
	if err != nil {
		return nil, errors.Join(err, h.discard(r.ID, neverUsed))
	}
	published := false // or perhaps
	return &Unborn{
		Repo: repo,
		Publish: func(ctx context.Context) error {
			_, err := h.publish(ctx, r)
			doubt := (*doubtError)(nil)
			published = err == nil || errors.As(err, &doubt)
			return err
		},
		Drop: func(ctx context.Context) error { return h.drop(ctx, repo, published) },
	}, nil
}

// drop removes a repository without refs that a push has made; where it has refs nothing is done.
func (h *Host) drop(ctx context.Context, repo *disk.Repository, published bool) error {
	if published {
		unused, err := repo.CloseUnused(ctx)
		if err != nil || !unused {
			return err
		}
	} else if err := repo.Close(); err != nil {
		return err
	}
	id := repo.ID()
	h.mu.Lock()
	delete(h.open, id)
	h.mu.Unlock()
	if published {
		// Where the row cannot be removed the folder must stay; the repository is opened anew.
		if err := h.o.Rows.Delete(ctx, id); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return h.discard(id, neverUsed)
}

// conceive makes the folder of a repository whose path is free, and gives it its id.
func (h *Host) conceive(ctx context.Context, r Repo) (Repo, error) {
	return h.begin(ctx, r, func(r Repo) error { return disk.Create(ctx, h.Dir(r.ID)) })
}

// begin has the folder of a repository made whose path is free, and gives it an id where it brings none.
func (h *Host) begin(ctx context.Context, r Repo, build func(Repo) error) (Repo, error) {
	if _, err := h.o.Names.Repository(r.Path); err != nil {
		return Repo{}, fmt.Errorf("%w: %w", ErrBadPath, err)
	}
	if _, err := h.o.Rows.ByPath(ctx, r.Path); err == nil {
		return Repo{}, ErrTaken
	} else if !errors.Is(err, ErrNotFound) {
		return Repo{}, fmt.Errorf("create repository: %w", err)
	}
	if r.ID == "" {
		r.ID = NewID()
	}
	if !validID(r.ID) {
		return Repo{}, fmt.Errorf("create repository: %.70q can be no id", r.ID)
	}
	if r.CreatedAt.IsZero() {
		r.CreatedAt = time.Now().UTC()
	}
	return r, build(r)
}

// publish writes the row. One whose insertion ended in an error may be there all the same (a connection that broke behind
// the commit), and then its folder must stay. Where even that cannot be told, Recover will.
func (h *Host) publish(ctx context.Context, r Repo) (Repo, error) {
	failed := h.o.Rows.Insert(ctx, r)
	if failed == nil {
		return r, nil
	}
	row, err := h.o.Rows.ByID(context.WithoutCancel(ctx), r.ID)
	switch {
	case err == nil:
		return row, nil
	case !errors.Is(err, ErrNotFound):
		return Repo{}, &doubtError{failed}
	}
	return Repo{}, failed
}

// doubtError is the failure of an insertion of which is not known whether the row is there.
type doubtError struct{ error }

// Unwrap gives the failure.
func (e *doubtError) Unwrap() error { return e.error }

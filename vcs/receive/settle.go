package receive

import (
	"context"
	"errors"
	"fmt"

	"jeton/vcs/host"
	"jeton/vcs/storage"
)

// Opener opens a repository by its id; host.ErrNotFound for one that was deleted.
type Opener func(ctx context.Context, id string) (storage.Repository, error)

// Settle closes the journal's open entries when a server starts: whether each update came to pass is read off the refs. Of
// a repository that is gone none did.
func (s *Server) Settle(ctx context.Context, open Opener) error {
	entries, err := s.o.Journal.Open(ctx)
	if err != nil {
		return fmt.Errorf("read open journal entries: %w", err)
	}
	for _, e := range entries {
		results, err := settled(ctx, e, open)
		if err != nil {
			s.o.Log.ErrorContext(ctx, "journal entry cannot be settled", "entry", e.ID, "repository", e.RepoID, "error", err)
			continue
		}
		if err := s.o.Journal.End(ctx, e.ID, results); err != nil {
			return fmt.Errorf("settle journal entry %s: %w", e.ID, err)
		}
	}
	return nil
}

// settled tells what became of an entry's updates.
func settled(ctx context.Context, e Entry, open Opener) ([]storage.RefResult, error) {
	refs, err := refsOf(ctx, e.RepoID, open)
	if err != nil {
		return nil, err
	}
	results := make([]storage.RefResult, len(e.Updates))
	for i, u := range e.Updates {
		results[i].Name = u.Name
		ref, there := refs.Lookup(u.Name)
		done := there && u.Symref == "" && ref.ID == u.New || u.Symref != "" && ref.Target == u.Symref || !there && u.New.IsZero() && u.Symref == ""
		if !done {
			results[i].Err = storage.UpdateError(u.Name, storage.ErrNotApplied)
		}
	}
	return results, nil
}

// refsOf are the refs of a repository; none where it is gone.
func refsOf(ctx context.Context, id string, open Opener) (*storage.Snapshot, error) {
	repo, err := open(ctx, id)
	if errors.Is(err, host.ErrNotFound) {
		return &storage.Snapshot{}, nil
	}
	if err != nil {
		return nil, err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	return view.Refs, nil
}

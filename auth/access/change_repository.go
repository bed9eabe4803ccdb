package access

import (
	"context"
	"errors"
	"fmt"

	"jeton/auth/audit"
	"jeton/db"
)

// Publish lets everybody read a repository, guests too. ErrNoRepository.
func (s *Repositories) Publish(ctx context.Context, by audit.Actor, repoID string) error {
	return s.change(ctx, by, repoID, "repository.publish", "", func(tx *db.Tx) error {
		return tx.Repositories().SetPrivate(ctx, repoID, false)
	})
}

// Hide shows a repository only to those who were given it. ErrNoRepository.
func (s *Repositories) Hide(ctx context.Context, by audit.Actor, repoID string) error {
	return s.change(ctx, by, repoID, "repository.hide", "", func(tx *db.Tx) error {
		return tx.Repositories().SetPrivate(ctx, repoID, true)
	})
}

// Archive makes a repository read-only. ErrNoRepository.
func (s *Repositories) Archive(ctx context.Context, by audit.Actor, repoID string) error {
	return s.change(ctx, by, repoID, "repository.archive", "", func(tx *db.Tx) error {
		return tx.Repositories().SetArchived(ctx, repoID, true)
	})
}

// Unarchive makes a repository writable again. ErrNoRepository.
func (s *Repositories) Unarchive(ctx context.Context, by audit.Actor, repoID string) error {
	return s.change(ctx, by, repoID, "repository.unarchive", "", func(tx *db.Tx) error {
		return tx.Repositories().SetArchived(ctx, repoID, false)
	})
}

// SetOwner gives a repository to somebody else. ErrNoRepository, ErrNoUser.
func (s *Repositories) SetOwner(ctx context.Context, by audit.Actor, repoID, userID string) error {
	return s.change(ctx, by, repoID, "repository.owner", userID, func(tx *db.Tx) error {
		if _, err := tx.Users().ByID(ctx, userID); err != nil {
			return instead(err, ErrNoUser)
		}
		return tx.Repositories().SetOwner(ctx, repoID, userID)
	})
}

// change makes one change about a repository and writes it into the audit record, both or neither.
func (s *Repositories) change(ctx context.Context, by audit.Actor, repoID, action, detail string,
	do func(*db.Tx) error) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		r, err := tx.Repositories().ByID(ctx, repoID)
		if err != nil {
			return instead(err, ErrNoRepository)
		}
		if err := do(tx); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, action, r.Path, detail)
	})
	return changed(action, err)
}

// instead is a sentence in place of the database's "not there".
func instead(err, missing error) error {
	if errors.Is(err, db.ErrNotFound) {
		return missing
	}
	return err
}

// changed wraps what a change failed with, unless it is this package's own sentence.
func changed(action string, err error) error {
	if err == nil {
		return nil
	}
	for _, own := range []error{ErrNoRepository, ErrNoGroup, ErrNoUser, ErrNoUserGroup, ErrBadPermission, ErrBadName, ErrTaken, ErrHolds,
		ErrInside} {
		if errors.Is(err, own) {
			return err
		}
	}
	return fmt.Errorf("%s: %w", action, err)
}

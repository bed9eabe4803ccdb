package access

import (
	"context"
	"errors"
	"time"

	"jeton/auth/audit"
	"jeton/db"
)

// Describe changes what people are told of a repository. ErrNoRepository.
func (s *Repositories) Describe(ctx context.Context, by audit.Actor, repoID, description string) error {
	return s.change(ctx, by, repoID, "repository.describe", "", func(tx *db.Tx) error {
		return tx.Repositories().Describe(ctx, repoID, description)
	})
}

// SetForkOf says which repository one was forked from, "" for none: it is detached. ErrNoRepository.
func (s *Repositories) SetForkOf(ctx context.Context, by audit.Actor, repoID, forkOf string) error {
	return s.change(ctx, by, repoID, "repository.fork_of", forkOf, func(tx *db.Tx) error {
		if forkOf != "" {
			if _, err := tx.Repositories().ByID(ctx, forkOf); err != nil {
				return instead(err, ErrNoRepository)
			}
		}
		return tx.Repositories().SetForkOf(ctx, repoID, pointer(forkOf))
	})
}

// Lock lets one person alone push to a repository, from now on, in place of the lock that it had. ErrNoRepository, ErrNoUser.
func (s *Repositories) Lock(ctx context.Context, by audit.Actor, repoID, userID, reason string) error {
	return s.change(ctx, by, repoID, "repository.lock", userID, func(tx *db.Tx) error {
		if _, err := tx.Users().ByID(ctx, userID); err != nil {
			return instead(err, ErrNoUser)
		}
		return tx.Locks().Set(ctx, db.RepositoryLock{RepositoryID: repoID, UserID: userID, Reason: reason, LockedAt: time.Now()})
	})
}

// Unlock ends the lock of a repository; where there is none, nothing changes. ErrNoRepository.
func (s *Repositories) Unlock(ctx context.Context, by audit.Actor, repoID string) error {
	return s.change(ctx, by, repoID, "repository.unlock", "", func(tx *db.Tx) error {
		if err := tx.Locks().Delete(ctx, repoID); !errors.Is(err, db.ErrNotFound) {
			return err
		}
		return nil
	})
}

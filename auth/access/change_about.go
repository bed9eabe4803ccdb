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

// ErrForkOfItself: a repository would be a fork of itself, or of one that is a fork of it.
var ErrForkOfItself = errors.New("a repository cannot be a fork of itself")

// SetForkOf says which repository one was forked from, "" for none: it is detached. ErrNoRepository, ErrForkOfItself.
func (s *Repositories) SetForkOf(ctx context.Context, by audit.Actor, repoID, forkOf string) error {
	return s.change(ctx, by, repoID, "repository.fork_of", forkOf, func(tx *db.Tx) error {
		// Two changes at once may each have looked well. A circle that came out of the trash ends the walk.
		for at, seen := forkOf, map[string]bool{}; at != "" && !seen[at]; {
			if at == repoID {
				return ErrForkOfItself
			}
			seen[at] = true
			parent, err := tx.Repositories().ByID(ctx, at)
			if err != nil && at == forkOf {
				return instead(err, ErrNoRepository)
			}
			at = value(parent.ForkOf) // of one that is gone, nothing
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

package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// RepositoryLock is a row of repository_locks: to a repository one person alone may push.
type RepositoryLock struct {
	RepositoryID string `gorm:"primaryKey"`
	UserID       string
	// Reason is what brought it about, in a word.
	Reason   string
	LockedAt time.Time
}

// TableName names the table.
func (RepositoryLock) TableName() string { return "repository_locks" }

// Locks is the store of repository_locks.
type Locks struct{ on conn }

// List is all of them, by the repository's id.
func (s Locks) List(ctx context.Context) ([]RepositoryLock, error) {
	var rows []RepositoryLock
	err := s.on.reader(ctx).Order("repository_id").Find(&rows).Error
	return rows, translate(err)
}

// Set locks a repository in place of the lock that it had; ErrInUse where the repository or the person is not there.
func (s Locks) Set(ctx context.Context, l RepositoryLock) error {
	l.LockedAt = stamp(l.LockedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "repository_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"user_id", "reason", "locked_at"}),
		}).Create(&l).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(l)
		return nil
	})
}

// Delete ends a repository's lock; ErrNotFound where there is none.
func (s Locks) Delete(ctx context.Context, repoID string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[RepositoryLock](ctx, tx, "repository_id = ?", repoID) })
}

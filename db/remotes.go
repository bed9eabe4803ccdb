package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// Remote is a row of remotes: where a repository is fetched from.
type Remote struct {
	RepositoryID string `gorm:"primaryKey"`
	// Address is sealed, credentials and all; Shown is what people see of it.
	Address, Shown string
	ChangedAt      time.Time
}

// TableName names the table.
func (Remote) TableName() string { return "remotes" }

// RemoteKey is a row of remote_keys: a key that an SSH server has shown.
type RemoteKey struct {
	RepositoryID string `gorm:"primaryKey"`
	// Host is HOST:PORT, Key as it stands in authorized_keys.
	Host   string `gorm:"primaryKey"`
	Key    string `gorm:"primaryKey"`
	SeenAt time.Time
}

// TableName names the table.
func (RemoteKey) TableName() string { return "remote_keys" }

// Remotes is the store of remotes and remote_keys.
type Remotes struct{ on conn }

// List is all of them, by the repository's id.
func (s Remotes) List(ctx context.Context) ([]Remote, error) {
	var rows []Remote
	err := s.on.reader(ctx).Order("repository_id").Find(&rows).Error
	return rows, translate(err)
}

// Of is where a repository is fetched from; ErrNotFound.
func (s Remotes) Of(ctx context.Context, repoID string) (Remote, error) {
	return take[Remote](ctx, s.on, "repository_id = ?", repoID)
}

// Save says where a repository is fetched from from now on, and forgets the keys of servers that it has met; ErrInUse where
// there is no such repository.
func (s Remotes) Save(ctx context.Context, row Remote) error {
	row.ChangedAt = stamp(row.ChangedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "repository_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"address", "shown", "changed_at"}),
		}).Create(&row).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(row)
		return tx.Remotes().forget(ctx, row.RepositoryID)
	})
}

// Delete says that a repository is fetched from nowhere any more; ErrNotFound where it was not.
func (s Remotes) Delete(ctx context.Context, repoID string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		if err := remove[Remote](ctx, tx, "repository_id = ?", repoID); err != nil {
			return err
		}
		return tx.Remotes().forget(ctx, repoID)
	})
}

func (s Remotes) forget(ctx context.Context, repoID string) error {
	return translate(s.on.reader(ctx).Where("repository_id = ?", repoID).Delete(&RemoteKey{}).Error)
}

// Keys are those that a repository has met at a host.
func (s Remotes) Keys(ctx context.Context, repoID, host string) ([]string, error) {
	var keys []string
	err := s.on.reader(ctx).Model(&RemoteKey{}).Where("repository_id = ? AND host = ?", repoID, host).Order("key").Pluck("key", &keys).Error
	return keys, translate(err)
}

// AddKey keeps a key of a host; once more it changes nothing. ErrInUse where there is no such repository.
func (s Remotes) AddKey(ctx context.Context, row RemoteKey) error {
	row.SeenAt = stamp(row.SeenAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		return translate(tx.reader(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error)
	})
}

package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// Permission is a row of repository_permissions: what one person may do on one repository.
type Permission struct {
	RepositoryID string `gorm:"primaryKey"`
	UserID       string `gorm:"primaryKey"`
	// Level is none, read, write or admin.
	Level     string
	CreatedAt time.Time
}

// TableName names the table.
func (Permission) TableName() string { return "repository_permissions" }

// Permissions is the store of repository_permissions.
type Permissions struct{ on conn }

// List is all of them.
func (s Permissions) List(ctx context.Context) ([]Permission, error) {
	var rows []Permission
	err := s.on.reader(ctx).Order("repository_id, user_id").Find(&rows).Error
	return rows, translate(err)
}

// Set gives a level in place of what was there; ErrInUse where there is no such person or repository.
func (s Permissions) Set(ctx context.Context, p Permission) error {
	p.CreatedAt = stamp(p.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "repository_id"}, {Name: "user_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"level", "created_at"}),
		}).Create(&p).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(p)
		return nil
	})
}

// Delete takes a permission away; ErrNotFound where there is none.
func (s Permissions) Delete(ctx context.Context, repoID, userID string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		return remove[Permission](ctx, tx, "repository_id = ? AND user_id = ?", repoID, userID)
	})
}

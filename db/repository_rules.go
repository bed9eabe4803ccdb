package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// RepositoryRules is a row of repository_rules: what the administrator of one repository has laid down for its clients.
type RepositoryRules struct {
	RepositoryID string `gorm:"primaryKey"`
	// Rules is a JSON object; its shape is the caller's.
	Rules     string
	ChangedAt time.Time
}

// TableName names the table.
func (RepositoryRules) TableName() string { return "repository_rules" }

// Rules is the store of repository_rules.
type Rules struct{ on conn }

// List is all rows; a repository where nothing was laid down has none.
func (s Rules) List(ctx context.Context) ([]RepositoryRules, error) {
	var rows []RepositoryRules
	err := s.on.reader(ctx).Order("repository_id").Find(&rows).Error
	return rows, translate(err)
}

// Of is a repository's row; ErrNotFound where nothing was laid down.
func (s Rules) Of(ctx context.Context, repoID string) (RepositoryRules, error) {
	return take[RepositoryRules](ctx, s.on, "repository_id = ?", repoID)
}

// Save writes a repository's row in place of what was there; ErrInUse where there is no such repository.
func (s Rules) Save(ctx context.Context, r RepositoryRules) error {
	r.ChangedAt = stamp(r.ChangedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "repository_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"rules", "changed_at"}),
		}).Create(&r).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(r)
		return nil
	})
}

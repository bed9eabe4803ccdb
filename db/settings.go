package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// Setting is a row of settings: one that was changed in a running server, and holds in place of what its files say.
type Setting struct {
	Name string `gorm:"primaryKey"`
	// Value is text; its shape is the setting's.
	Value     string
	ChangedAt time.Time
}

// TableName names the table.
func (Setting) TableName() string { return "settings" }

// Settings is the store of settings.
type Settings struct{ on conn }

// Of is one setting; ErrNotFound where it was never changed, or was given back to the files.
func (s Settings) Of(ctx context.Context, name string) (Setting, error) {
	return take[Setting](ctx, s.on, "name = ?", name)
}

// Save writes a setting in place of what was there.
func (s Settings) Save(ctx context.Context, v Setting) error {
	v.ChangedAt = stamp(v.ChangedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "name"}},
			DoUpdates: clause.AssignmentColumns([]string{"value", "changed_at"}),
		}).Create(&v).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(v)
		return nil
	})
}

// Delete gives a setting back to the files; ErrNotFound.
func (s Settings) Delete(ctx context.Context, name string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[Setting](ctx, tx, "name = ?", name) })
}

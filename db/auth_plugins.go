package db

import (
	"context"

	"gorm.io/gorm/clause"
)

// Plugin is a row of auth_plugins: how an administrator has set one way of signing in.
type Plugin struct {
	ID       string
	Enabled  bool
	Position int
	// Settings is a JSON object.
	Settings string
}

// TableName names the table.
func (Plugin) TableName() string { return "auth_plugins" }

// Plugins is the store of auth_plugins.
type Plugins struct{ on conn }

// List is all rows in their order; a plug-in that was never set has none.
func (s Plugins) List(ctx context.Context) ([]Plugin, error) {
	var rows []Plugin
	err := s.on.reader(ctx).Order("position, id").Find(&rows).Error
	return rows, translate(err)
}

// Save writes a plug-in's row in place of what was there.
func (s Plugins) Save(ctx context.Context, p Plugin) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"enabled", "position", "settings"}),
		}).Create(&p).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(p)
		return nil
	})
}

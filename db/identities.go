package db

import (
	"context"

	"gorm.io/gorm/clause"
)

// Identity is a row of user_identities: which source a person belongs to, and by what name that knows them. Who has none
// is this server's own.
type Identity struct {
	UserID string
	// Source is a sign-in plug-in's id.
	Source string
	// Subject is the source's lasting name; nil until the person has come from there. Unique in its source.
	Subject *string
}

// TableName names the table.
func (Identity) TableName() string { return "user_identities" }

// Identities is the store of user_identities.
type Identities struct{ on conn }

// List is all rows.
func (s Identities) List(ctx context.Context) ([]Identity, error) {
	var rows []Identity
	err := s.on.reader(ctx).Order("user_id").Find(&rows).Error
	return rows, translate(err)
}

// BySubject finds the person of a source's name; ErrNotFound.
func (s Identities) BySubject(ctx context.Context, source, subject string) (Identity, error) {
	return take[Identity](ctx, s.on, "source = ? AND subject = ?", source, subject)
}

// Save writes a person's row in place of what was there; ErrTaken where the subject is another person's.
func (s Identities) Save(ctx context.Context, i Identity) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "user_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"source", "subject"}),
		}).Create(&i).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(i)
		return nil
	})
}

// Delete makes a person this server's own; ErrNotFound.
func (s Identities) Delete(ctx context.Context, userID string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[Identity](ctx, tx, "user_id = ?", userID) })
}

package db

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm/clause"
)

// JournalCursor is a row of journal_cursors: how far one follower of the journal has come.
type JournalCursor struct {
	Follower string `gorm:"primaryKey"`
	// Position is the EndedID of the last entry that it is done with, and with all before it.
	Position string
	MovedAt  time.Time
}

// TableName names the table.
func (JournalCursor) TableName() string { return "journal_cursors" }

// Cursors is the store of journal_cursors.
type Cursors struct{ on conn }

// Position is how far a follower has come; "" for one that has not begun.
func (s Cursors) Position(ctx context.Context, follower string) (string, error) {
	row, err := take[JournalCursor](ctx, s.on, "follower = ?", follower)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return row.Position, err
}

// Move writes how far a follower has come; it is on disk when Move returns.
func (s Cursors) Move(ctx context.Context, follower, position string) error {
	row := JournalCursor{Follower: follower, Position: position, MovedAt: stamp(time.Now())}
	return s.on.inTx(ctx, func(tx *Tx) error {
		return translate(tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "follower"}},
			DoUpdates: clause.AssignmentColumns([]string{"position", "moved_at"}),
		}).Create(&row).Error)
	})
}

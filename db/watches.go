package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// Watch is a row of watches: that somebody watches a repository, or does not. Where there is none, the owner watches it
// and nobody else.
type Watch struct {
	// ID is made of the next two.
	ID           string
	UserID       string
	RepositoryID string
	Watching     bool
	CreatedAt    time.Time
}

// Watches is the store of watches.
type Watches struct{ on conn }

// Set says whether somebody watches a repository, in place of what was said before; ErrInUse where one of them is not
// there.
func (s Watches) Set(ctx context.Context, w Watch) error {
	w.ID, w.CreatedAt = w.UserID+":"+w.RepositoryID, stamp(w.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"watching", "created_at"}),
		}).Create(&w).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(w)
		return nil
	})
}

// List is all of them, in no order.
func (s Watches) List(ctx context.Context) ([]Watch, error) {
	var rows []Watch
	err := s.on.reader(ctx).Find(&rows).Error
	return rows, translate(err)
}

// Of is the ids of the living repositories that somebody watches: those where they have said so, and those that they own
// and have said nothing of. In no order.
func (s Watches) Of(ctx context.Context, userID string) ([]string, error) {
	var ids []string
	err := s.on.reader(ctx).Raw(`SELECT r.id FROM watches w JOIN repositories r ON r.id = w.repository_id
			WHERE w.user_id = ? AND w.watching = ? AND r.deleted_at IS NULL
		UNION ALL
		SELECT r.id FROM repositories r WHERE r.owner_id = ? AND r.deleted_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM watches w WHERE w.user_id = ? AND w.repository_id = r.id)`,
		userID, true, userID, userID).Scan(&ids).Error
	return ids, translate(err)
}

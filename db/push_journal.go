package db

import (
	"context"
	"time"
)

// JournalEntry is a row of push_journal: one push, written before its refs move and ended after.
type JournalEntry struct {
	// ID sorts in the order in which entries were begun; Begin makes it.
	ID           string
	RepositoryID string
	ActorID      string
	ActorName    string
	ActorEmail   string
	// Credential names what it was done with, such as token:<id>.
	Credential string
	BegunAt    time.Time
	// Updates is JSON, what the push asks for; its shape is the caller's.
	Updates string
	// EndedAt is nil while nobody knows how it went.
	EndedAt *time.Time
	// Results is JSON, how each update ended; "" while it is open.
	Results string
}

// TableName names the table.
func (JournalEntry) TableName() string { return "push_journal" }

// Journal is the store of push_journal.
type Journal struct{ on conn }

// Begin writes an entry; it is on disk when Begin returns its id. BegunAt is now where it is zero.
// ErrInUse where there is no such repository.
func (s Journal) Begin(ctx context.Context, e JournalEntry) (string, error) {
	if e.BegunAt.IsZero() {
		e.BegunAt = time.Now()
	}
	e.ID, e.BegunAt = s.on.order().next(e.BegunAt), stamp(e.BegunAt)
	err := s.on.inTx(ctx, func(tx *Tx) error { return translate(tx.reader(ctx).Create(&e).Error) })
	return e.ID, err
}

// End closes an entry with how it went; ErrNotFound where it is gone or was ended before.
func (s Journal) End(ctx context.Context, id, results string, at time.Time) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		res := tx.reader(ctx).Model(&JournalEntry{}).Where("id = ? AND ended_at IS NULL", id).
			Updates(map[string]any{"ended_at": stamp(at), "results": results})
		if res.Error == nil && res.RowsAffected == 0 {
			return ErrNotFound
		}
		return translate(res.Error)
	})
}

// Open is every entry that was begun and not ended, oldest first.
func (s Journal) Open(ctx context.Context) ([]JournalEntry, error) {
	var rows []JournalEntry
	err := s.on.reader(ctx).Where("ended_at IS NULL").Order("id").Find(&rows).Error
	return rows, translate(err)
}

// Of is a repository's entries begun after the one with id after ("" for the first), oldest first, at most limit.
func (s Journal) Of(ctx context.Context, repoID, after string, limit int) ([]JournalEntry, error) {
	var rows []JournalEntry
	err := s.on.reader(ctx).Where("repository_id = ? AND id > ?", repoID, after).Order("id").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

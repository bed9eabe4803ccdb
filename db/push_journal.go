package db

import (
	"context"
	"time"

	"gorm.io/gorm"
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
	// EndedID sorts in the order in which entries were ended; End makes it. "" while the entry is open.
	EndedID string
	// Results is JSON, how each update ended; "" while it is open.
	Results string
	// Options, Certificate and Notes are JSON, what was said along with the push and found in it; their shapes are the
	// caller's, "" where there is nothing.
	Options, Certificate, Notes string
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
	err := s.on.inTx(ctx, func(tx *Tx) error {
		e.ID, e.BegunAt = tx.order().next(e.BegunAt), stamp(e.BegunAt)
		return translate(tx.reader(ctx).Create(&e).Error)
	})
	return e.ID, err
}

// End closes an entry with how it went; ErrNotFound where it is gone or was ended before. Its EndedID is made within the
// transaction, of which there is one at a time: whoever has seen one entry will see no other appear before it.
func (s Journal) End(ctx context.Context, id, results string, at time.Time) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		res := tx.reader(ctx).Model(&JournalEntry{}).Where("id = ? AND ended_at IS NULL", id).
			Updates(map[string]any{"ended_at": stamp(at), "ended_id": tx.order().next(at), "results": results})
		if res.Error == nil && res.RowsAffected == 0 {
			return ErrNotFound
		}
		return translate(res.Error)
	})
}

// mine is the entries of the repositories that lie in this node's folder. Those of others are for these to settle, to
// follow and to remove.
func (s Journal) mine(ctx context.Context) *gorm.DB {
	q := s.on.reader(ctx)
	if node := s.on.node(); node != "" {
		q = q.Where("repository_id IN (SELECT repository_id FROM repository_nodes WHERE node = ?)", node)
	}
	return q
}

// Open is every entry that was begun and not ended, oldest first.
func (s Journal) Open(ctx context.Context) ([]JournalEntry, error) {
	var rows []JournalEntry
	err := s.mine(ctx).Where("ended_at IS NULL").Order("id").Find(&rows).Error
	return rows, translate(err)
}

// Ended is the entries that were ended after the one with that EndedID ("" for the first), in the order in which they
// were ended, at most limit; those of one repository where repoID is not empty.
func (s Journal) Ended(ctx context.Context, repoID, after string, limit int) ([]JournalEntry, error) {
	q := s.mine(ctx).Where("ended_id > ?", after)
	if repoID != "" {
		q = q.Where("repository_id = ?", repoID)
	}
	var rows []JournalEntry
	err := q.Order("ended_id").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Latest is a repository's entries begun before the one with that id ("" for the last), newest first, at most limit.
func (s Journal) Latest(ctx context.Context, repoID, before string, limit int) ([]JournalEntry, error) {
	q := s.on.reader(ctx).Where("repository_id = ?", repoID)
	if before != "" {
		q = q.Where("id < ?", before)
	}
	var rows []JournalEntry
	err := q.Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Sweep removes entries that were ended before a moment, and not after the one whose EndedID is given; at most limit,
// the oldest first. It answers how many.
func (s Journal) Sweep(ctx context.Context, before time.Time, passed string, limit int) (int, error) {
	n := 0
	err := s.on.inTx(ctx, func(tx *Tx) error {
		old := tx.Journal().mine(ctx).Model(&JournalEntry{}).Select("id").
			Where("ended_id > '' AND ended_id <= ? AND ended_at < ?", passed, stamp(before)).Order("ended_id").Limit(limit)
		res := tx.reader(ctx).Where("id IN (?)", old).Delete(&JournalEntry{})
		n = int(res.RowsAffected)
		return translate(res.Error)
	})
	return n, err
}

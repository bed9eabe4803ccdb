package db

import (
	"context"
	"errors"
	"time"
)

// AuditEntry is a row of audit: who did, or tried, what with which credential, and how it ended.
type AuditEntry struct {
	// ID is the row's own; Append makes it.
	ID       string
	At       time.Time
	UserID   string
	UserName string
	// Credential names what was used, such as token:<id>; never a secret.
	Credential string
	Door       string
	Action     string
	Resource   string
	// Outcome is "done" or the code of a refusal.
	Outcome string
	Detail  string
	Remote  string
	// Once, where it is not empty, names what the entry is about: there is one entry of that name at most.
	Once string
	// Seq is the entry's number, from 1 without a gap; 0 in rows that are older than the chain. Previous is the hash of
	// the entry before ("" of the first), Hash is Sum. Append makes all three.
	Seq            int64
	Previous, Hash string
}

// TableName names the table.
func (AuditEntry) TableName() string { return "audit" }

// Audit is the store of audit. It appends, reads and cuts off the oldest: there is no other way to change an entry.
type Audit struct{ on conn }

// Append writes entries in their order, each chained to the one before. An entry whose Once is there already is left
// out; so is the second of two in one call.
func (s Audit) Append(ctx context.Context, entries ...AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.on.inTx(ctx, func(tx *Tx) error {
		entries, err := tx.Audit().unwritten(ctx, entries)
		if err != nil || len(entries) == 0 {
			return err
		}
		last, err := tx.Audit().Head(ctx)
		if err != nil {
			return err
		}
		rows := make([]AuditEntry, len(entries))
		for i, e := range entries {
			e.ID, e.At = tx.order().next(time.Now()), stamp(e.At)
			e.Seq, e.Previous = last.Seq+1, last.Hash
			e.Hash = e.Sum()
			rows[i], last = e, e
		}
		return translate(tx.reader(ctx).CreateInBatches(rows, 100).Error)
	})
}

// unwritten leaves out the entries whose Once is there already.
func (s Audit) unwritten(ctx context.Context, entries []AuditEntry) ([]AuditEntry, error) {
	var left []AuditEntry
	seen := map[string]bool{}
	for _, e := range entries {
		if e.Once != "" && !seen[e.Once] {
			seen[e.Once] = true
			_, err := take[AuditEntry](ctx, s.on, "once = ?", e.Once)
			if err == nil {
				continue
			}
			if !errors.Is(err, ErrNotFound) {
				return nil, err
			}
		} else if e.Once != "" {
			continue
		}
		left = append(left, e)
	}
	return left, nil
}

// Head is the last entry of the chain; the zero value where there is none.
func (s Audit) Head(ctx context.Context) (AuditEntry, error) { return s.one(ctx, "seq DESC") }

// First is the oldest entry of the chain that is still there; the zero value where there is none.
func (s Audit) First(ctx context.Context) (AuditEntry, error) { return s.one(ctx, "seq") }

func (s Audit) one(ctx context.Context, order string) (AuditEntry, error) {
	var rows []AuditEntry
	err := s.on.reader(ctx).Where("seq > 0").Order(order).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return AuditEntry{}, translate(err)
	}
	return rows[0], nil
}

// After is the entries of the chain behind the one with that number, oldest first, at most limit.
func (s Audit) After(ctx context.Context, seq int64, limit int) ([]AuditEntry, error) {
	var rows []AuditEntry
	err := s.on.reader(ctx).Where("seq > ?", max(seq, 0)).Order("seq").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Unchained is the rows that are older than the chain, behind the one with that id, in the order of their ids.
func (s Audit) Unchained(ctx context.Context, after string, limit int) ([]AuditEntry, error) {
	var rows []AuditEntry
	err := s.on.reader(ctx).Where("seq = 0 AND id > ?", after).Order("id").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Since is the entries written after the one with id after ("" for the first), oldest first, at most limit.
func (s Audit) Since(ctx context.Context, after string, limit int) ([]AuditEntry, error) {
	var rows []AuditEntry
	err := s.on.reader(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Old is the last of the chain's oldest entries that were all written for a moment before that and stand before the entry
// with the number end, at most limit of them; the zero value where there is none.
func (s Audit) Old(ctx context.Context, before time.Time, end int64, limit int) (AuditEntry, error) {
	first, err := s.First(ctx)
	if err != nil || first.Seq == 0 {
		return AuditEntry{}, err
	}
	var young []int64
	err = s.on.reader(ctx).Model(&AuditEntry{}).Where("seq > 0 AND at >= ?", stamp(before)).Order("seq").Limit(1).Pluck("seq", &young).Error
	if err != nil {
		return AuditEntry{}, translate(err)
	}
	if len(young) > 0 {
		end = min(end, young[0])
	}
	if end = min(end, first.Seq+int64(limit)); end <= first.Seq {
		return AuditEntry{}, nil
	}
	return take[AuditEntry](ctx, s.on, "seq = ?", end-1)
}

// CutTo removes the entries of the chain up to a number, and all rows that are older than the chain. It answers how many.
func (s Audit) CutTo(ctx context.Context, seq int64) (int, error) {
	n := 0
	err := s.on.inTx(ctx, func(tx *Tx) error {
		res := tx.reader(ctx).Where("seq <= ?", seq).Delete(&AuditEntry{})
		n = int(res.RowsAffected)
		return translate(res.Error)
	})
	return n, err
}

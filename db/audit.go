package db

import (
	"context"
	"time"
)

// AuditEntry is a row of audit: who did, or tried, what with which credential, and how it ended.
type AuditEntry struct {
	// ID sorts in the order in which entries were written; Append makes it.
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
}

// TableName names the table.
func (AuditEntry) TableName() string { return "audit" }

// Audit is the store of audit. It appends and reads: there is no other way to change an entry.
type Audit struct{ on conn }

// Append writes entries in their order.
func (s Audit) Append(ctx context.Context, entries ...AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := make([]AuditEntry, len(entries))
	for i, e := range entries {
		e.ID, e.At = s.on.order().next(time.Now()), stamp(e.At)
		rows[i] = e
	}
	return s.on.inTx(ctx, func(tx *Tx) error {
		return translate(tx.reader(ctx).CreateInBatches(rows, 100).Error)
	})
}

// Since is the entries written after the one with id after ("" for the first), oldest first, at most limit.
func (s Audit) Since(ctx context.Context, after string, limit int) ([]AuditEntry, error) {
	var rows []AuditEntry
	err := s.on.reader(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

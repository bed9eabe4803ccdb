package db

import (
	"context"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
)

// AuditQuery says which entries are meant. An empty field leaves it open.
type AuditQuery struct {
	// User is a user name or a user's id.
	User string
	// UserID is a user's id alone.
	UserID string
	// Action and Resource are as they are written; with a * at their end they are how they begin.
	Action, Resource string
	Outcome          string
	Credential       string
	// Remote is an address.
	Remote string
	// Since and Until bound the time: from Since on, and before Until.
	Since, Until time.Time
	// After and Before bound the number: entries behind After, and before Before where that is not 0.
	After, Before int64
}

// Find is the entries of the chain that are meant, at most limit, the oldest first.
func (s Audit) Find(ctx context.Context, q AuditQuery, limit int) ([]AuditEntry, error) {
	return s.find(ctx, q, "seq", limit)
}

// Latest is the entries of the chain that are meant, at most limit, the youngest first.
func (s Audit) Latest(ctx context.Context, q AuditQuery, limit int) ([]AuditEntry, error) {
	return s.find(ctx, q, "seq DESC", limit)
}

func (s Audit) find(ctx context.Context, q AuditQuery, order string, limit int) ([]AuditEntry, error) {
	g := s.on.reader(ctx).Where("seq > ?", max(q.After, 0))
	if q.Before != 0 {
		g = g.Where("seq < ?", q.Before)
	}
	if q.User != "" {
		g = g.Where("(user_id = ? OR user_name = ?)", q.User, q.User)
	}
	g = matching(matching(g, "action", q.Action), "resource", q.Resource)
	for column, value := range map[string]string{"user_id": q.UserID, "outcome": q.Outcome, "credential": q.Credential, "remote": q.Remote} {
		if value != "" {
			g = g.Where(column+" = ?", value)
		}
	}
	if !q.Since.IsZero() {
		g = g.Where("at >= ?", stamp(q.Since))
	}
	if !q.Until.IsZero() {
		g = g.Where("at < ?", stamp(q.Until))
	}
	var rows []AuditEntry
	err := g.Order(order).Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// matching compares a column with a value, or with how it begins. LIKE is not used: whether it folds case depends on the
// database.
func matching(g *gorm.DB, column, value string) *gorm.DB {
	switch {
	case value == "":
		return g
	case value[len(value)-1] == '*':
		begin := value[:len(value)-1]
		return g.Where("substr("+column+", 1, ?) = ?", utf8.RuneCountInString(begin), begin)
	}
	return g.Where(column+" = ?", value)
}

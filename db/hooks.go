package db

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Hook is a row of hooks: an address that is told of events. It is of a repository, of a group of repositories, or of the
// server, where both ids are nil.
type Hook struct {
	ID                    string
	RepositoryID, GroupID *string
	// Label is what people call it.
	Label string
	URL   string
	// Form, ContentType, Events and Branches are the caller's words; the latter two are lists with commas between.
	Form, ContentType, Events, Branches string
	Active                              bool
	// GivesToken: each delivery about a repository brings a token that reads it.
	GivesToken bool
	// Secret and OldSecret are sealed, "" for none; the old one is used too until OldEndsAt.
	Secret, OldSecret string
	OldEndsAt         *time.Time
	// MakerID is who made it, "" for the command line; it refers to nothing.
	MakerID, MakerName string
	CreatedAt          time.Time
	// OffAt and OffWhy tell when and why the server switched it off; nil and "" where it did not.
	OffAt  *time.Time
	OffWhy string
	// Failures are the tries that failed since the last that did not, FailingSince when the first of them did.
	Failures     int64
	FailingSince *time.Time
	// LastAt and LastStatus are of the last try; status 0 where there was no answer.
	LastAt     *time.Time
	LastStatus int
}

// Hooks is the store of hooks.
type Hooks struct{ on conn }

// Insert adds one; ErrInUse where what it is of is not there.
func (s Hooks) Insert(ctx context.Context, h Hook) error {
	h.CreatedAt, h.OldEndsAt, h.OffAt, h.FailingSince, h.LastAt = stamp(h.CreatedAt), stampPtr(h.OldEndsAt), stampPtr(h.OffAt), stampPtr(h.FailingSince), stampPtr(h.LastAt)
	return s.on.inTx(ctx, func(tx *Tx) error { return translate(tx.reader(ctx).Create(&h).Error) })
}

// ByID finds one; ErrNotFound.
func (s Hooks) ByID(ctx context.Context, id string) (Hook, error) {
	return take[Hook](ctx, s.on, "id = ?", id)
}

// Of lists the hooks of one place, the oldest first: a repository's, a group's, or, where both ids are empty, the server's.
func (s Hooks) Of(ctx context.Context, repoID, groupID string) ([]Hook, error) {
	var rows []Hook
	err := s.place(ctx, repoID, groupID).Order("created_at, id").Find(&rows).Error
	return rows, translate(err)
}

// Count is how many hooks a place has, as Of has them.
func (s Hooks) Count(ctx context.Context, repoID, groupID string) (int64, error) {
	var n int64
	err := s.place(ctx, repoID, groupID).Model(&Hook{}).Count(&n).Error
	return n, translate(err)
}

func (s Hooks) place(ctx context.Context, repoID, groupID string) *gorm.DB {
	q := s.on.reader(ctx)
	switch {
	case repoID != "":
		return q.Where("repository_id = ?", repoID)
	case groupID != "":
		return q.Where("group_id = ?", groupID)
	}
	return q.Where("repository_id IS NULL AND group_id IS NULL")
}

// Told lists the active hooks that are told of what happens in a repository which lies in some groups: its own, theirs, and
// the server's. The ids may be empty.
func (s Hooks) Told(ctx context.Context, repoID string, groups []string) ([]Hook, error) {
	q := s.on.reader(ctx).Where("active = ?", true)
	where := "repository_id IS NULL AND group_id IS NULL"
	args := []any{}
	if repoID != "" {
		where += " OR repository_id = ?"
		args = append(args, repoID)
	}
	if len(groups) > 0 {
		where += " OR group_id IN ?"
		args = append(args, groups)
	}
	var rows []Hook
	err := q.Where("("+where+")", args...).Order("created_at, id").Find(&rows).Error
	return rows, translate(err)
}

// Save writes anew all that people say of one: everything but its id, its place, who made it, and how its tries went;
// ErrNotFound.
func (s Hooks) Save(ctx context.Context, h Hook) error {
	return s.set(ctx, h.ID, map[string]any{"label": h.Label, "url": h.URL, "form": h.Form, "content_type": h.ContentType, "events": h.Events,
		"branches": h.Branches, "active": h.Active, "gives_token": h.GivesToken, "secret": h.Secret, "old_secret": h.OldSecret,
		"old_ends_at": stampPtr(h.OldEndsAt), "off_at": stampPtr(h.OffAt), "off_why": h.OffWhy, "failures": h.Failures, "failing_since": stampPtr(h.FailingSince)})
}

// Tried writes how the last try went: its status, and since when and how often tries have failed; ErrNotFound.
func (s Hooks) Tried(ctx context.Context, h Hook) error {
	return s.set(ctx, h.ID, map[string]any{"failures": h.Failures, "failing_since": stampPtr(h.FailingSince), "last_at": stampPtr(h.LastAt),
		"last_status": h.LastStatus, "active": h.Active, "off_at": stampPtr(h.OffAt), "off_why": h.OffWhy})
}

func (s Hooks) set(ctx context.Context, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return updateQuietly[Hook](ctx, tx, id, columns) })
}

// Delete removes one with its deliveries; ErrNotFound.
func (s Hooks) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		res := tx.reader(ctx).Where("id = ?", id).Delete(&Hook{})
		if res.Error == nil && res.RowsAffected == 0 {
			return ErrNotFound
		}
		return translate(res.Error)
	})
}

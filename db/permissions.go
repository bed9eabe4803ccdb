package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// Permission is a row of permissions: what somebody may do with something. Exactly one of RepositoryID, GroupID and
// OnUserGroupID is set, and at most one of UserID and UserGroupID; where neither is, it is what everyone may who has
// signed in.
type Permission struct {
	// ID is made of the rest.
	ID            string
	RepositoryID  *string
	GroupID       *string
	OnUserGroupID *string
	UserID        *string
	UserGroupID   *string
	// Level is none, read, write or admin.
	Level     string
	CreatedAt time.Time
}

// On is the id of what it is about.
func (p Permission) On() string { return first(p.RepositoryID, p.GroupID, p.OnUserGroupID) }

// key is the id: what it is about, and who may.
func (p Permission) key() string { return p.On() + ":" + first(p.UserID, p.UserGroupID) }

func first(ids ...*string) string {
	for _, id := range ids {
		if id != nil {
			return *id
		}
	}
	return ""
}

// Permissions is the store of permissions.
type Permissions struct{ on conn }

// List is all of them.
func (s Permissions) List(ctx context.Context) ([]Permission, error) {
	var rows []Permission
	w := whole{table: "permissions", columns: []string{"id", "repository_id", "group_id", "on_user_group_id", "user_id", "user_group_id", "level",
		asText("created_at")}}
	err := w.each(ctx, s.on, func(v []string) (err error) {
		p := Permission{ID: v[0], RepositoryID: pointer(v[1]), GroupID: pointer(v[2]), OnUserGroupID: pointer(v[3]), UserID: pointer(v[4]),
			UserGroupID: pointer(v[5]), Level: v[6]}
		p.CreatedAt, err = parseInstant(v[7])
		rows = append(rows, p)
		return err
	})
	slices.SortFunc(rows, func(a, b Permission) int { return strings.Compare(a.ID, b.ID) })
	return rows, err
}

// Set gives a level in place of what was there; ErrInUse where there is no such person, group or repository.
func (s Permissions) Set(ctx context.Context, p Permission) error {
	p.ID, p.CreatedAt = p.key(), stamp(p.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"level", "created_at"}),
		}).Create(&p).Error
		if err != nil {
			return translate(err)
		}
		tx.wrote(p)
		return nil
	})
}

// Delete takes the permission away that is about the same thing and the same people; ErrNotFound where there is none.
func (s Permissions) Delete(ctx context.Context, p Permission) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[Permission](ctx, tx, "id = ?", p.key()) })
}

// unpermit removes the permissions that a condition names and tells each.
func (tx *Tx) unpermit(ctx context.Context, where string, args ...any) error {
	var rows []Permission
	if err := tx.reader(ctx).Where(where, args...).Find(&rows).Error; err != nil {
		return translate(err)
	}
	for _, p := range rows {
		if err := tx.Permissions().Delete(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

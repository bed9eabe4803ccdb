package db

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// UserGroup is a row of user_groups: people who are given permissions together.
type UserGroup struct {
	ID   string
	Name string
	// FoldedName is the form in which names are compared; unique.
	FoldedName  string
	Description string
	// OwnerID is nil where nobody owns it.
	OwnerID *string
	// GitTokensOnly: its members may use git with tokens and keys only, not with a password.
	GitTokensOnly bool
	CreatedAt     time.Time
}

// UserGroupMember is a row of user_group_members.
type UserGroupMember struct {
	// ID is made of the rest, so that nobody is twice in one group.
	ID          string
	UserGroupID string
	UserID      string
	CreatedAt   time.Time
}

// UserGroups is the store of user_groups and user_group_members.
type UserGroups struct{ on conn }

// List is all of them, by name.
func (s UserGroups) List(ctx context.Context) ([]UserGroup, error) {
	var rows []UserGroup
	err := s.on.reader(ctx).Order("folded_name").Find(&rows).Error
	return rows, translate(err)
}

// Members is who is in which.
func (s UserGroups) Members(ctx context.Context) ([]UserGroupMember, error) {
	var rows []UserGroupMember
	err := s.on.reader(ctx).Order("id").Find(&rows).Error
	return rows, translate(err)
}

// EachMember calls fn with the ids of every user group and of who is in it, in no order.
func (s UserGroups) EachMember(ctx context.Context, fn func(groupID, userID string)) error {
	w := whole{table: "user_group_members", columns: []string{"user_group_id", "user_id"}}
	return w.each(ctx, s.on, func(v []string) error { fn(v[0], v[1]); return nil })
}

// ByID finds one; ErrNotFound.
func (s UserGroups) ByID(ctx context.Context, id string) (UserGroup, error) {
	return take[UserGroup](ctx, s.on, "id = ?", id)
}

// Insert adds one; ErrTaken, or ErrInUse where there is no such owner.
func (s UserGroups) Insert(ctx context.Context, g UserGroup) error {
	g.CreatedAt = stamp(g.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error { return insert(ctx, tx, g) })
}

// Rename gives it another name; ErrNotFound, ErrTaken.
func (s UserGroups) Rename(ctx context.Context, id, name, folded string) error {
	return s.set(ctx, id, map[string]any{"name": name, "folded_name": folded})
}

// SetOwner gives it to somebody, or with nil to nobody; ErrNotFound, ErrInUse.
func (s UserGroups) SetOwner(ctx context.Context, id string, userID *string) error {
	return s.set(ctx, id, map[string]any{"owner_id": userID})
}

// Describe changes its description; ErrNotFound.
func (s UserGroups) Describe(ctx context.Context, id, description string) error {
	return s.set(ctx, id, map[string]any{"description": description})
}

// SetGitTokensOnly bars passwords from git for its members, or no longer; ErrNotFound.
func (s UserGroups) SetGitTokensOnly(ctx context.Context, id string, only bool) error {
	return s.set(ctx, id, map[string]any{"git_tokens_only": only})
}

// Delete removes it with what its members were given through it; ErrNotFound.
func (s UserGroups) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[UserGroup](ctx, tx, "id = ?", id) })
}

// Add makes somebody a member; ErrTaken where they are one, ErrInUse where there is no such group or person.
func (s UserGroups) Add(ctx context.Context, m UserGroupMember) error {
	m.ID, m.CreatedAt = m.UserGroupID+":"+m.UserID, stamp(m.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		// No error of the database's: it would end the transaction, and a member who is one is no failure to most.
		res := tx.reader(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}).Create(&m)
		if res.Error != nil {
			return translate(res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrTaken
		}
		tx.wrote(m)
		return nil
	})
}

// Remove ends a membership; ErrNotFound.
func (s UserGroups) Remove(ctx context.Context, groupID, userID string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		return remove[UserGroupMember](ctx, tx, "id = ?", groupID+":"+userID)
	})
}

func (s UserGroups) set(ctx context.Context, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return update[UserGroup](ctx, tx, id, columns) })
}

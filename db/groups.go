package db

import (
	"context"
	"errors"
	"time"
)

// RootGroup is the id of the group above all others, which no path names.
const RootGroup = "root"

// Group is a row of repository_groups: a segment of the paths of all that lies below it.
type Group struct {
	ID string
	// ParentID is the group that it lies in; RootGroup lies in itself.
	ParentID string
	Name     string
	// FoldedName is the form in which names are compared; unique in its group among all that live.
	FoldedName string
	// OwnerID is nil where nobody owns it.
	OwnerID     *string
	Description string
	CreatedAt   time.Time
	// DeletedAt is set for one that was deleted while deleted repositories still lay in it.
	DeletedAt *time.Time
}

// TableName names the table.
func (Group) TableName() string { return "repository_groups" }

// Groups is the store of repository_groups.
type Groups struct{ on conn }

// List is all that live, and the root.
func (s Groups) List(ctx context.Context) ([]Group, error) {
	var rows []Group
	err := s.on.reader(ctx).Where("deleted_at IS NULL").Order("id").Find(&rows).Error
	return rows, translate(err)
}

// ByID finds one that lives; ErrNotFound.
func (s Groups) ByID(ctx context.Context, id string) (Group, error) {
	return take[Group](ctx, s.on, "id = ? AND deleted_at IS NULL", id)
}

// ByFoldedPath finds the one that lives at a path; "" is the root. ErrNotFound. It follows no old names.
func (s Groups) ByFoldedPath(ctx context.Context, folded string) (Group, error) {
	g, err := s.ByID(ctx, RootGroup)
	for _, segment := range segments(folded) {
		if err != nil {
			return Group{}, err
		}
		g, err = s.child(ctx, g.ID, segment)
	}
	return g, err
}

// child finds a group by its folded name in another; ErrNotFound.
func (s Groups) child(ctx context.Context, parentID, folded string) (Group, error) {
	return take[Group](ctx, s.on, "parent_id = ? AND folded_name = ? AND deleted_at IS NULL AND id <> ?", parentID, folded, RootGroup)
}

// Insert adds one; ErrTaken where a group or repository has its name, ErrInUse where there is no such parent or owner.
func (s Groups) Insert(ctx context.Context, g Group) error {
	g.CreatedAt = stamp(g.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		switch _, err := take[Repository](ctx, tx, "group_id = ? AND folded_name = ? AND deleted_at IS NULL", g.ParentID, g.FoldedName); {
		case err == nil:
			return ErrTaken
		case !errors.Is(err, ErrNotFound):
			return err
		}
		return insert(ctx, tx, g)
	})
}

// Make adds one at a path, and those above it that are not there; ErrTaken where a group or repository has the path, or a
// repository that of one above, ErrInUse where there is no such owner.
func (s Groups) Make(ctx context.Context, path, folded, ownerID string) (g Group, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		at, err := tx.settle(ctx, path, folded, "")
		if err != nil {
			return err
		}
		if err := tx.free(ctx, at); err != nil {
			return err
		}
		g, err = tx.makeGroup(ctx, at, ownerID)
		return err
	})
	return g, err
}

// Rename gives it another name, or has it lie in another group, with all that lies in it; ErrNotFound, ErrTaken. The old
// name leads on. It is the caller's to see that it does not come to lie in itself.
func (s Groups) Rename(ctx context.Context, id, parentID, name, folded string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		g, err := tx.Groups().ByID(ctx, id)
		if err != nil {
			return err
		}
		if parentID != g.ParentID || folded != g.FoldedName {
			at := place{group: parentID, name: name, folded: folded}
			if err := tx.free(ctx, at); err != nil {
				return err
			}
			if err := tx.remember(ctx, OldName{ParentID: g.ParentID, FoldedName: g.FoldedName, GroupID: &g.ID}); err != nil {
				return err
			}
		}
		return update[Group](ctx, tx, id, map[string]any{"parent_id": parentID, "name": name, "folded_name": folded})
	})
}

// SetOwner gives it to somebody, or with nil to nobody; ErrNotFound, ErrInUse.
func (s Groups) SetOwner(ctx context.Context, id string, userID *string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return update[Group](ctx, tx, id, map[string]any{"owner_id": userID}) })
}

// Describe changes its description; ErrNotFound.
func (s Groups) Describe(ctx context.Context, id, description string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		return update[Group](ctx, tx, id, map[string]any{"description": description})
	})
}

// Delete removes one in which no group and no repository lives, with its permissions; ErrNotFound, ErrInUse. While deleted
// repositories lie in it, or old names that lead on, it is only marked: its name is free, and nobody finds it.
func (s Groups) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		g, err := tx.Groups().ByID(ctx, id)
		if err != nil {
			return err
		}
		if id == RootGroup {
			return ErrInUse
		}
		for _, living := range []struct {
			row   any
			where string
		}{{&Group{}, "parent_id = ? AND deleted_at IS NULL"}, {&Repository{}, "group_id = ? AND deleted_at IS NULL"}} {
			var n int64
			if err := tx.reader(ctx).Model(living.row).Where(living.where, id).Count(&n).Error; err != nil {
				return translate(err)
			}
			if n > 0 {
				return ErrInUse
			}
		}
		if err := tx.unpermit(ctx, "group_id = ?", id); err != nil {
			return err
		}
		now := stamp(time.Now())
		if err := tx.reader(ctx).Model(&Group{}).Where("id = ?", id).Update("deleted_at", now).Error; err != nil {
			return translate(err)
		}
		tx.deleted(g)
		if err := tx.remember(ctx, OldName{ParentID: g.ParentID, FoldedName: g.FoldedName, GroupID: &g.ID}); err != nil {
			return err
		}
		return tx.Groups().tidy(ctx)
	})
}

// tidy removes the rows of deleted groups in which nothing lies, deleted or not, and from which no name leads on, from below
// upwards.
func (s Groups) tidy(ctx context.Context) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		for {
			res := tx.reader(ctx).Where("deleted_at IS NOT NULL").
				Where("NOT EXISTS (SELECT 1 FROM repositories r WHERE r.group_id = repository_groups.id)").
				Where("NOT EXISTS (SELECT 1 FROM repository_groups g WHERE g.parent_id = repository_groups.id)").
				Where("NOT EXISTS (SELECT 1 FROM old_names o WHERE o.parent_id = repository_groups.id)").
				Delete(&Group{})
			if res.Error != nil || res.RowsAffected == 0 {
				return translate(res.Error)
			}
		}
	})
}

package db

import (
	"context"
	"slices"
	"time"
)

// Repository is a row of repositories. It stands in a group of repositories; its path is made of the groups' names and
// its own, so that a group gets another name by one row.
type Repository struct {
	ID string
	// GroupID is the group that it lies in: RootGroup, or one below.
	GroupID string
	Name    string
	// FoldedName is the form in which names are compared; unique in its group among all that live.
	FoldedName string
	// Path and FoldedPath are read and not stored.
	Path, FoldedPath string `gorm:"-"`
	// MakerID, where Insert makes groups for a path, is who owns these; "" for nobody. It is not stored.
	MakerID     string `gorm:"-"`
	OwnerID     string
	Private     bool
	Archived    bool
	Description string
	CreatedAt   time.Time
	// DeletedAt is set for one that was deleted and can still come back. Nobody finds it by its path.
	DeletedAt *time.Time
	// ForkOf is the repository that it was forked from; nil for none, and where that one is gone for good.
	ForkOf *string
}

// Repositories is the store of repositories.
type Repositories struct{ on conn }

// List is all that live, by path.
func (s Repositories) List(ctx context.Context) ([]Repository, error) {
	var rows []Repository
	w := whole{table: "repositories", where: "deleted_at IS NULL", columns: []string{"id", "group_id", "name", "folded_name", "owner_id", "description",
		asText("private"), asText("archived"), asText("created_at"), "fork_of"}}
	err := w.each(ctx, s.on, func(v []string) (err error) {
		r := Repository{ID: v[0], GroupID: v[1], Name: v[2], FoldedName: v[3], OwnerID: v[4], Description: v[5], Private: isTrue(v[6]),
			Archived: isTrue(v[7]), ForkOf: pointer(v[9])}
		r.CreatedAt, err = parseInstant(v[8])
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, s.addPaths(ctx, rows)
}

// Deleted is all that were deleted and can come back, by the path that they had.
func (s Repositories) Deleted(ctx context.Context) ([]Repository, error) {
	return s.find(ctx, "deleted_at IS NOT NULL")
}

// DeletedAt is what was deleted at a path and can come back.
func (s Repositories) DeletedAt(ctx context.Context, folded string) ([]Repository, error) {
	_, last := cutLast(folded)
	rows, err := s.find(ctx, "deleted_at IS NOT NULL AND folded_name = ?", last)
	return slices.DeleteFunc(rows, func(r Repository) bool { return r.FoldedPath != folded }), err
}

// OwnedBy is what somebody owns, by path, with what was deleted and can come back.
func (s Repositories) OwnedBy(ctx context.Context, userID string) ([]Repository, error) {
	return s.find(ctx, "owner_id = ?", userID)
}

func (s Repositories) find(ctx context.Context, where string, args ...any) ([]Repository, error) {
	var rows []Repository
	if err := s.on.reader(ctx).Where(where, args...).Find(&rows).Error; err != nil {
		return nil, translate(err)
	}
	return rows, s.addPaths(ctx, rows)
}

// ByID finds one that lives; ErrNotFound.
func (s Repositories) ByID(ctx context.Context, id string) (Repository, error) {
	return s.one(ctx, "id = ? AND deleted_at IS NULL", id)
}

// DeletedByID finds one that was deleted and can come back; ErrNotFound.
func (s Repositories) DeletedByID(ctx context.Context, id string) (Repository, error) {
	return s.one(ctx, "id = ? AND deleted_at IS NOT NULL", id)
}

// ByFoldedPath finds the one that lives at a path; ErrNotFound. It follows no old names.
func (s Repositories) ByFoldedPath(ctx context.Context, folded string) (Repository, error) {
	above, last := cutLast(folded)
	g, err := Groups(s).ByFoldedPath(ctx, above)
	if err != nil {
		return Repository{}, err
	}
	return s.one(ctx, "group_id = ? AND folded_name = ? AND deleted_at IS NULL", g.ID, last)
}

func (s Repositories) one(ctx context.Context, where string, args ...any) (Repository, error) {
	r, err := take[Repository](ctx, s.on, where, args...)
	if err != nil {
		return r, err
	}
	return r, addPath(ctx, s.on, &r)
}

// Insert adds one at its Path, and makes the groups that it lacks; ErrTaken, or ErrInUse where there is no such owner.
// The old name that led from there to another repository leads there no longer.
func (s Repositories) Insert(ctx context.Context, r Repository) error {
	r.CreatedAt = stamp(r.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		at, err := tx.settle(ctx, r.Path, r.FoldedPath, r.MakerID)
		if err != nil {
			return err
		}
		r.GroupID, r.Name, r.FoldedName = at.group, at.name, at.folded
		if err := tx.seize(ctx, at, r.FoldedPath); err != nil {
			return err
		}
		if err := insert(ctx, tx, r); err != nil || tx.node() == "" {
			return err
		}
		return tx.Nodes().Adopt(ctx, tx.node(), r.ID)
	})
}

// Rename gives it another path, and makes the groups that this lacks, owned by nobody; ErrNotFound, ErrTaken. The old
// name leads on.
func (s Repositories) Rename(ctx context.Context, id, path, folded string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		r, err := tx.Repositories().ByID(ctx, id)
		if err != nil {
			return err
		}
		at, err := tx.settle(ctx, path, folded, "")
		if err != nil {
			return err
		}
		if at.group != r.GroupID || at.folded != r.FoldedName {
			if err := tx.seize(ctx, at, folded); err != nil {
				return err
			}
			old := OldName{ParentID: r.GroupID, FoldedName: r.FoldedName, RepositoryID: &r.ID}
			if err := tx.remember(ctx, old); err != nil {
				return err
			}
		}
		return tx.Repositories().set(ctx, id, map[string]any{"group_id": at.group, "name": at.name, "folded_name": at.folded})
	})
}

// SetOwner gives it to somebody else; ErrNotFound, ErrInUse.
func (s Repositories) SetOwner(ctx context.Context, id, userID string) error {
	return s.set(ctx, id, map[string]any{"owner_id": userID})
}

// SetPrivate hides it from guests, or opens it to all; ErrNotFound.
func (s Repositories) SetPrivate(ctx context.Context, id string, private bool) error {
	return s.set(ctx, id, map[string]any{"private": private})
}

// SetArchived makes it read-only, or writable again; ErrNotFound.
func (s Repositories) SetArchived(ctx context.Context, id string, archived bool) error {
	return s.set(ctx, id, map[string]any{"archived": archived})
}

// Describe changes its description; ErrNotFound.
func (s Repositories) Describe(ctx context.Context, id, description string) error {
	return s.set(ctx, id, map[string]any{"description": description})
}

// SetForkOf says what it was forked from, nil for nothing; ErrNotFound, ErrInUse where there is no such repository.
func (s Repositories) SetForkOf(ctx context.Context, id string, forkOf *string) error {
	return s.set(ctx, id, map[string]any{"fork_of": forkOf})
}

// Trash marks it as deleted, with all that refers to it; ErrNotFound.
func (s Repositories) Trash(ctx context.Context, id string, at time.Time) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		if _, err := tx.Repositories().ByID(ctx, id); err != nil {
			return err
		}
		return tx.Repositories().set(ctx, id, map[string]any{"deleted_at": stamp(at)})
	})
}

// Restore brings a deleted one back, with all that refers to it, at a path, whose groups it makes where they are gone;
// ErrNotFound, ErrTaken.
func (s Repositories) Restore(ctx context.Context, id, path, folded string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		if _, err := tx.Repositories().DeletedByID(ctx, id); err != nil {
			return err
		}
		at, err := tx.settle(ctx, path, folded, "")
		if err != nil {
			return err
		}
		if err := tx.seize(ctx, at, folded); err != nil {
			return err
		}
		return tx.Repositories().set(ctx, id, map[string]any{"group_id": at.group, "name": at.name, "folded_name": at.folded,
			"deleted_at": nil})
	})
}

// Delete removes the row, deleted before or not, for good: with permissions, token bindings, deploy keys and journal, and
// the deleted groups that nothing lies in any more; ErrNotFound.
func (s Repositories) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		if err := remove[Repository](ctx, tx, "id = ?", id); err != nil {
			return err
		}
		return tx.Groups().tidy(ctx)
	})
}

func (s Repositories) set(ctx context.Context, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		return updateWith(ctx, tx, id, columns, func(r *Repository) error { return addPath(ctx, tx, r) })
	})
}

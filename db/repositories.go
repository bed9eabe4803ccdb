package db

import (
	"context"
	"time"
)

// Repository is a row of repositories.
type Repository struct {
	ID   string
	Path string
	// FoldedPath is the form in which paths are compared; unique.
	FoldedPath  string
	OwnerID     string
	Private     bool
	Archived    bool
	Description string
	CreatedAt   time.Time
}

// Repositories is the store of repositories.
type Repositories struct{ on conn }

// List is all of them, by path.
func (s Repositories) List(ctx context.Context) ([]Repository, error) {
	var rows []Repository
	err := s.on.reader(ctx).Order("folded_path").Find(&rows).Error
	return rows, translate(err)
}

// OwnedBy is what somebody owns, by path.
func (s Repositories) OwnedBy(ctx context.Context, userID string) ([]Repository, error) {
	var rows []Repository
	err := s.on.reader(ctx).Where("owner_id = ?", userID).Order("folded_path").Find(&rows).Error
	return rows, translate(err)
}

// ByID finds one; ErrNotFound.
func (s Repositories) ByID(ctx context.Context, id string) (Repository, error) {
	return take[Repository](ctx, s.on, "id = ?", id)
}

// ByFoldedPath finds one; ErrNotFound.
func (s Repositories) ByFoldedPath(ctx context.Context, folded string) (Repository, error) {
	return take[Repository](ctx, s.on, "folded_path = ?", folded)
}

// Insert adds one; ErrTaken, or ErrInUse where there is no such owner.
func (s Repositories) Insert(ctx context.Context, r Repository) error {
	r.CreatedAt = stamp(r.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error { return insert(ctx, tx, r) })
}

// Rename gives it another path; ErrNotFound, ErrTaken.
func (s Repositories) Rename(ctx context.Context, id, path, folded string) error {
	return s.set(ctx, id, map[string]any{"path": path, "folded_path": folded})
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

// Delete removes the row with permissions, token bindings, deploy keys and journal; ErrNotFound.
func (s Repositories) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[Repository](ctx, tx, "id = ?", id) })
}

func (s Repositories) set(ctx context.Context, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return update[Repository](ctx, tx, id, columns) })
}

package wire

import (
	"context"
	"errors"
	"time"

	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/name"
)

// rows is host.Rows over the database.
type rows struct {
	d *db.DB
	// node is this data folder's id where other nodes share the database.
	node string
}

func (r rows) ByPath(ctx context.Context, path string) (host.Repo, error) {
	row, err := r.d.Repositories().ByFoldedPath(ctx, name.Fold(path))
	return fromRow(row), hostError(err)
}

func (r rows) ByID(ctx context.Context, id string) (host.Repo, error) {
	row, err := r.d.Repositories().ByID(ctx, id)
	return fromRow(row), hostError(err)
}

func (r rows) List(ctx context.Context) ([]host.Repo, error) {
	all, err := r.d.Repositories().List(ctx)
	if err != nil {
		return nil, hostError(err)
	}
	return r.placed(ctx, fromRows(all))
}

// placed notes which repositories lie in another node's folder.
func (r rows) placed(ctx context.Context, list []host.Repo) ([]host.Repo, error) {
	if r.node == "" {
		return list, nil
	}
	of, err := r.d.Nodes().List(ctx)
	for i, repo := range list {
		list[i].Elsewhere = of[repo.ID] != "" && of[repo.ID] != r.node
	}
	return list, hostError(err)
}

func fromRows(all []db.Repository) []host.Repo {
	list := make([]host.Repo, len(all))
	for i, row := range all {
		list[i] = fromRow(row)
	}
	return list
}

func (r rows) Trash(ctx context.Context, id string, at time.Time) error {
	return hostError(r.d.Repositories().Trash(ctx, id, at))
}

func (r rows) Trashed(ctx context.Context) ([]host.Repo, error) {
	all, err := r.d.Repositories().Deleted(ctx)
	if err != nil {
		return nil, hostError(err)
	}
	return r.placed(ctx, fromRows(all))
}

func (r rows) Restore(ctx context.Context, id, path string) error {
	return hostError(r.d.Repositories().Restore(ctx, id, path, name.Fold(path)))
}

func (r rows) Insert(ctx context.Context, n host.Repo) error {
	return hostError(r.d.Repositories().Insert(ctx, db.Repository{ID: n.ID, Path: n.Path, FoldedPath: name.Fold(n.Path),
		OwnerID: n.OwnerID, MakerID: n.MakerID, Private: n.Private, Archived: n.Archived, Description: n.Description, CreatedAt: n.CreatedAt,
		ForkOf: orNil(n.ForkOf)}))
}

// orNil is a text for a column that may be NULL: nil for "".
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (r rows) Rename(ctx context.Context, id, path string) error {
	return hostError(r.d.Repositories().Rename(ctx, id, path, name.Fold(path)))
}

func (r rows) Delete(ctx context.Context, id string) error {
	return hostError(r.d.Repositories().Delete(ctx, id))
}

func fromRow(row db.Repository) host.Repo {
	r := host.Repo{ID: row.ID, Path: row.Path, OwnerID: row.OwnerID, Description: row.Description, Private: row.Private,
		Archived: row.Archived, CreatedAt: row.CreatedAt}
	if row.DeletedAt != nil {
		r.DeletedAt = *row.DeletedAt
	}
	if row.ForkOf != nil {
		r.ForkOf = *row.ForkOf
	}
	return r
}

// hostError says the database's errors in the catalogue's words.
func hostError(err error) error {
	switch {
	case errors.Is(err, db.ErrNotFound):
		return host.ErrNotFound
	case errors.Is(err, db.ErrTaken):
		return host.ErrTaken
	}
	return err
}

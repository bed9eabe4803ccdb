package operate

import (
	"context"
	"fmt"
	"time"

	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
	"jeton/vcs/name"
)

// Deleted is a repository that can come back.
type Deleted struct {
	ID        string    `json:"id"`
	Path      string    `json:"path"`
	Owner     string    `json:"owner"`
	DeletedAt time.Time `json:"deleted_at"`
}

// Restoring are the arguments of repo.restore.
type Restoring struct {
	// Name is the path that the repository had, or its id.
	Name string `json:"name"`
	// As is the path at which it comes back; "" for the one that it had.
	As string `json:"as"`
}

// deleted registers the operations about repositories that are deleted, or to be.
func (o operator) deleted(r control.Registry) {
	o.onRepo(r, "repo.delete", func(ctx context.Context, by audit.Actor, one host.Repo) error {
		if err := o.s.Host.Delete(ctx, one.ID); err != nil {
			return err
		}
		o.s.TellRepository(ctx, by, "deleted", one, "")
		return o.s.Note(ctx, by, "repository.delete", one.Path, one.ID)
	})
	handle(r, "repo.deleted", func(ctx context.Context, _ audit.Actor, _ Nothing) ([]Deleted, error) {
		all, err := o.s.Host.Deleted(ctx)
		list := []Deleted{}
		for _, one := range all {
			list = append(list, Deleted{ID: one.ID, Path: one.Path, Owner: o.userName(one.OwnerID), DeletedAt: one.DeletedAt})
		}
		return list, err
	})
	handle(r, "repo.restore", func(ctx context.Context, by audit.Actor, n Restoring) (Repo, error) {
		one, err := o.deletedRepo(ctx, n.Name)
		if err != nil {
			return Repo{}, err
		}
		back, err := o.s.Host.Restore(ctx, one.ID, n.As)
		if err != nil {
			return Repo{}, fmt.Errorf("%q: %w", n.Name, err)
		}
		o.s.TellRepository(ctx, by, "restored", back, "")
		return o.shownRepo(back), o.s.Note(ctx, by, "repository.restore", back.Path, back.ID)
	})
	handle(r, "repo.purge", func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		one, err := o.deletedRepo(ctx, n.Name)
		if err != nil {
			return Nothing{}, err
		}
		if err := o.s.Host.Purge(ctx, one.ID); err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Note(ctx, by, "repository.purge", one.Path, one.ID)
	})
}

// deletedRepo finds a deleted repository by its id, or by the path that it had: of several that had it, the one that was
// deleted last.
func (o operator) deletedRepo(ctx context.Context, pathOrID string) (found host.Repo, err error) {
	all, err := o.s.Host.Deleted(ctx)
	if err != nil {
		return found, err
	}
	for _, one := range all {
		if one.ID == pathOrID {
			return one, nil
		}
		if name.Fold(one.Path) == name.Fold(pathOrID) && one.DeletedAt.After(found.DeletedAt) {
			found = one
		}
	}
	if found.ID == "" {
		return found, control.Fail(control.NotFound, "no deleted repository was %q; `jeton repo deleted` lists those that can come back", pathOrID)
	}
	return found, nil
}

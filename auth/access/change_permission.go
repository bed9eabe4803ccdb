package access

import (
	"context"
	"errors"
	"time"

	"jeton/auth/audit"
	"jeton/db"
)

// Give sets what a person may do with a repository; see Grant.
func (s *Repositories) Give(ctx context.Context, by audit.Actor, repoID, userID string, l Level) error {
	return s.Grant(ctx, by, Object{RepositoryID: repoID}, Subject{UserID: userID}, l)
}

// Take takes away what a person was given on a repository; see Revoke.
func (s *Repositories) Take(ctx context.Context, by audit.Actor, repoID, userID string) error {
	return s.Revoke(ctx, by, Object{RepositoryID: repoID}, Subject{UserID: userID})
}

// Grant sets what a subject may do with a repository, a group of repositories with all that lies in it, or a user group,
// from the next request on. ErrNoRepository, ErrNoGroup, ErrNoUserGroup, ErrNoUser, ErrBadPermission.
func (s *Repositories) Grant(ctx context.Context, by audit.Actor, on Object, to Subject, l Level) error {
	return s.permit(ctx, by, "permission.grant", on, to, l.String(), func(tx *db.Tx, p db.Permission) error {
		p.Level, p.CreatedAt = l.String(), time.Now()
		return tx.Permissions().Set(ctx, p)
	})
}

// Revoke takes away what a subject was given, from the next request on; where nothing was, nothing changes. What comes
// from a group above stays. ErrNoRepository, ErrNoGroup, ErrNoUserGroup, ErrNoUser, ErrBadPermission.
func (s *Repositories) Revoke(ctx context.Context, by audit.Actor, on Object, to Subject) error {
	return s.permit(ctx, by, "permission.revoke", on, to, "", func(tx *db.Tx, p db.Permission) error {
		if err := tx.Permissions().Delete(ctx, p); !errors.Is(err, db.ErrNotFound) {
			return err
		}
		return nil
	})
}

// permit makes one change of permissions and writes it into the audit record, both or neither.
func (s *Repositories) permit(ctx context.Context, by audit.Actor, action string, on Object, to Subject, detail string,
	do func(*db.Tx, db.Permission) error) error {
	p, err := row(on, to)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		what, err := object(ctx, tx, on)
		if err != nil {
			return err
		}
		who, err := subject(ctx, tx, to)
		if err != nil {
			return err
		}
		if err := do(tx, p); err != nil {
			return err
		}
		if detail != "" {
			who += " " + detail
		}
		return audit.Done(ctx, tx, by, action, what, who)
	})
	return changed(action, err)
}

// object is what a record calls an object that is there.
func object(ctx context.Context, tx *db.Tx, on Object) (string, error) {
	switch {
	case on.RepositoryID != "":
		r, err := tx.Repositories().ByID(ctx, on.RepositoryID)
		return r.Path, instead(err, ErrNoRepository)
	case on.GroupID != "":
		path, err := groupPath(ctx, tx, on.GroupID)
		return path + "/**", err
	}
	g, err := tx.UserGroups().ByID(ctx, on.UserGroupID)
	return "user group " + g.Name, instead(err, ErrNoUserGroup)
}

// subject is what a record calls a subject that is there.
func subject(ctx context.Context, tx *db.Tx, to Subject) (string, error) {
	switch {
	case to.Everyone:
		return "everyone", nil
	case to.UserGroupID != "":
		_, err := tx.UserGroups().ByID(ctx, to.UserGroupID)
		return "user group " + to.UserGroupID, instead(err, ErrNoUserGroup)
	}
	_, err := tx.Users().ByID(ctx, to.UserID)
	return to.UserID, instead(err, ErrNoUser)
}

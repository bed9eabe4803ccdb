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
	return s.GrantOn(ctx, by, []Object{on}, to, l)
}

// GrantOn is Grant on several objects at once, or on none of them.
func (s *Repositories) GrantOn(ctx context.Context, by audit.Actor, on []Object, to Subject, l Level) error {
	return s.permit(ctx, "permission.grant", on, func(tx *db.Tx, one Object) error { return grant(ctx, tx, by, one, to, l) })
}

// Revoke takes away what a subject was given, from the next request on; where nothing was, nothing changes. What comes
// from a group above stays. ErrNoRepository, ErrNoGroup, ErrNoUserGroup, ErrNoUser, ErrBadPermission.
func (s *Repositories) Revoke(ctx context.Context, by audit.Actor, on Object, to Subject) error {
	return s.RevokeOn(ctx, by, []Object{on}, to)
}

// RevokeOn is Revoke on several objects at once, or on none of them.
func (s *Repositories) RevokeOn(ctx context.Context, by audit.Actor, on []Object, to Subject) error {
	return s.permit(ctx, "permission.revoke", on, func(tx *db.Tx, one Object) error { return revoke(ctx, tx, by, one, to) })
}

// permit makes changes of permissions in one transaction.
func (s *Repositories) permit(ctx context.Context, action string, on []Object, do func(*db.Tx, Object) error) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		for _, one := range on {
			if err := do(tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	return changed(action, err)
}

func grant(ctx context.Context, tx *db.Tx, by audit.Actor, on Object, to Subject, l Level) error {
	p, what, who, err := named(ctx, tx, on, to)
	if err != nil {
		return err
	}
	p.Level, p.CreatedAt = l.String(), time.Now()
	if err := tx.Permissions().Set(ctx, p); err != nil {
		return err
	}
	return audit.Done(ctx, tx, by, "permission.grant", what, who+" "+l.String())
}

func revoke(ctx context.Context, tx *db.Tx, by audit.Actor, on Object, to Subject) error {
	p, what, who, err := named(ctx, tx, on, to)
	if err != nil {
		return err
	}
	if err := tx.Permissions().Delete(ctx, p); err != nil && !errors.Is(err, db.ErrNotFound) {
		return err
	}
	return audit.Done(ctx, tx, by, "permission.revoke", what, who)
}

// named is a permission of something that is there for somebody who is there, and what a record calls the two.
func named(ctx context.Context, tx *db.Tx, on Object, to Subject) (p db.Permission, what, who string, err error) {
	if p, err = row(on, to); err != nil {
		return p, "", "", err
	}
	if what, err = object(ctx, tx, on); err != nil {
		return p, "", "", err
	}
	who, err = subject(ctx, tx, to)
	return p, what, who, err
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

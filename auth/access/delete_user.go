package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"jeton/auth/audit"
	"jeton/db"
)

// Owned is what somebody owns.
type Owned struct {
	// Repositories are paths; those that lie in the trash too.
	Repositories []string
	// Groups are the paths of groups of repositories, UserGroups names.
	Groups, UserGroups []string
}

// None tells whether it is nothing.
func (o Owned) None() bool { return len(o.Repositories)+len(o.Groups)+len(o.UserGroups) == 0 }

// OwnedBy is what somebody owns, as the database says it.
func (s *Users) OwnedBy(ctx context.Context, id string) (o Owned, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error { // for one state of three tables
		return eachOwned(ctx, tx, id, owned{
			repository: func(r db.Repository) error { o.Repositories = append(o.Repositories, r.Path); return nil },
			userGroup:  func(g db.UserGroup) error { o.UserGroups = append(o.UserGroups, g.Name); return nil },
			group: func(g db.Group) error {
				path, err := groupPath(ctx, tx, g.ID)
				o.Groups = append(o.Groups, path)
				return err
			},
		})
	})
	if err != nil {
		return Owned{}, fmt.Errorf("read what somebody owns: %w", err)
	}
	for _, list := range [][]string{o.Repositories, o.Groups, o.UserGroups} {
		slices.Sort(list)
	}
	return o, nil
}

// owned is what is done with each thing that somebody owns.
type owned struct {
	repository func(db.Repository) error
	group      func(db.Group) error
	userGroup  func(db.UserGroup) error
}

func eachOwned(ctx context.Context, tx *db.Tx, id string, do owned) error {
	repos, err := tx.Repositories().OwnedBy(ctx, id)
	for i := 0; err == nil && i < len(repos); i++ {
		err = do.repository(repos[i])
	}
	if err != nil {
		return err
	}
	groups, err := tx.Groups().List(ctx)
	for i := 0; err == nil && i < len(groups); i++ {
		if value(groups[i].OwnerID) == id {
			err = do.group(groups[i])
		}
	}
	if err != nil {
		return err
	}
	userGroups, err := tx.UserGroups().List(ctx)
	for i := 0; err == nil && i < len(userGroups); i++ {
		if value(userGroups[i].OwnerID) == id {
			err = do.userGroup(userGroups[i])
		}
	}
	return err
}

// DeleteTo removes somebody as Delete does, and gives what they own to an heir: repositories, those in the trash too,
// groups and user groups. It does all of that or nothing. ErrNoUser.
func (s *Users) DeleteTo(ctx context.Context, by audit.Actor, id, heirID string) error {
	if id == heirID {
		return fmt.Errorf("%w: somebody who goes cannot inherit", ErrNoUser)
	}
	return s.change(ctx, by, id, "user.delete", "everything to "+heirID, func(tx *db.Tx) error {
		if _, err := tx.Users().ByID(ctx, heirID); err != nil {
			return err
		}
		if err := inherit(ctx, tx, id, heirID); err != nil {
			return err
		}
		return tx.Users().Delete(ctx, id)
	})
}

func inherit(ctx context.Context, tx *db.Tx, id, heirID string) error {
	return eachOwned(ctx, tx, id, owned{
		repository: func(r db.Repository) error { return tx.Repositories().SetOwner(ctx, r.ID, heirID) },
		group:      func(g db.Group) error { return tx.Groups().SetOwner(ctx, g.ID, &heirID) },
		userGroup:  func(g db.UserGroup) error { return tx.UserGroups().SetOwner(ctx, g.ID, &heirID) },
	})
}

// String names some of it, for people.
func (o Owned) String() string {
	var parts []string
	for _, p := range []struct {
		what string
		list []string
	}{{"repositories", o.Repositories}, {"repository groups", o.Groups}, {"user groups", o.UserGroups}} {
		if n := len(p.list); n > 0 {
			some := p.list[:min(n, 5)]
			more := ""
			if n > 5 {
				more = fmt.Sprintf(" and %d more", n-5)
			}
			parts = append(parts, fmt.Sprintf("%s (%s%s)", p.what, strings.Join(some, ", "), more))
		}
	}
	return strings.Join(parts, ", ")
}

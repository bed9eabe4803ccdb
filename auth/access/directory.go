package access

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"jeton/db"
)

// Directory is everybody, every user group and every repository, from one reading of the database: what a server opens.
type Directory struct {
	Users        *Users
	UserGroups   *UserGroups
	Repositories *Repositories
	cancel       func()
}

// Open reads everything. Close ends the following of the database; the three parts need none of their own.
func Open(ctx context.Context, d *db.DB, o UserOptions) (*Directory, error) {
	all := &Directory{Users: newUsers(d, o), UserGroups: &UserGroups{Names: o.Names, db: d}, Repositories: &Repositories{Names: o.Names, db: d}}
	parts := []part{all.Users, all.UserGroups, all.Repositories}
	var err error
	if all.cancel, err = follow(ctx, d, parts...); err != nil {
		return nil, fmt.Errorf("read people and repositories: %w", err)
	}
	all.Users.cancel, all.UserGroups.cancel, all.Repositories.cancel = func() {}, func() {}, func() {}
	return all, nil
}

// Close ends the following of the database.
func (d *Directory) Close() { d.cancel() }

// part keeps some of what is read.
type part interface {
	// take puts what was read in the place of what was there. Maps of the reading are others' too, and slices in them.
	take(r reading)
	follow(c db.Change)
}

// follow has parts take what the database says, and follow its changes.
func follow(ctx context.Context, d *db.DB, parts ...part) (cancel func(), err error) {
	ctx = context.WithoutCancel(ctx) // everything may be read anew later
	read := func() error {
		r, err := readAll(ctx, d)
		if err != nil {
			return err
		}
		var g errgroup.Group
		for _, p := range parts {
			g.Go(func() error { p.take(r); return nil })
		}
		return g.Wait()
	}
	return d.Load(read, func(c db.Change) {
		for _, p := range parts {
			p.follow(c)
		}
	})
}

// reading is all that the database says of people, user groups, repositories and permissions.
type reading struct {
	users      []db.User
	userGroups []db.UserGroup
	// members are the user groups that somebody is in, by the person's id.
	members map[string][]string
	groups  []db.Group
	repos   []db.Repository
	old     []db.OldName
	given   []db.Permission
	watches []db.Watch
	locks   []db.RepositoryLock
}

// readAll reads large tables side by side.
func readAll(ctx context.Context, d *db.DB) (r reading, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.Users().Each(ctx, func(u db.User) { r.users = append(r.users, u) }) })
	g.Go(func() (err error) { r.members, err = readMembers(ctx, d); return err })
	g.Go(func() (err error) {
		if r.repos, err = d.Repositories().List(ctx); err != nil {
			return err
		}
		r.given, err = d.Permissions().List(ctx)
		return err
	})
	g.Go(func() (err error) {
		if r.userGroups, err = d.UserGroups().List(ctx); err != nil {
			return err
		}
		if r.groups, err = d.Groups().List(ctx); err != nil {
			return err
		}
		if r.old, err = d.OldNames().List(ctx); err != nil {
			return err
		}
		if r.watches, err = d.Watches().List(ctx); err != nil {
			return err
		}
		r.locks, err = d.Locks().List(ctx)
		return err
	})
	return r, g.Wait()
}

// readMembers reads who is in which user group, by the person's id. Every id is kept once, apart from the text that it was
// read with.
func readMembers(ctx context.Context, d *db.DB) (map[string][]string, error) {
	of, groups := map[string][]string{}, map[string]string{}
	err := d.UserGroups().EachMember(ctx, func(groupID, userID string) {
		group, known := groups[groupID]
		if !known {
			group = strings.Clone(groupID)
			groups[group] = group
		}
		in, known := of[userID]
		if !known {
			userID, in = strings.Clone(userID), make([]string, 0, 4)
		}
		of[userID] = append(in, group)
	})
	return of, err
}

package operate

import (
	"context"
	"sort"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
)

// Subject is who is given something, as people type it: exactly one of a user name, a user group's name and everyone.
type Subject struct {
	User      string `json:"user,omitempty"`
	UserGroup string `json:"usergroup,omitempty"`
	Everyone  bool   `json:"everyone,omitempty"`
}

// Giving are the arguments of repo.grant, group.grant and usergroup.grant and, without a level, of their revoke.
type Giving struct {
	// Path is that of the repository or group of repositories, or the name of the user group.
	Path string `json:"path"`
	Subject
	Level string `json:"level,omitempty"`
}

// Permission is what one subject was given; the owner's level is "owner".
type Permission struct {
	Subject
	Level string `json:"level"`
}

// find is where an object is looked up by what people type, with the user name of its owner.
type find func(ctx context.Context, typed string) (on access.Object, id, owner string, err error)

// permissions registers who may do what with one kind of object.
func (o operator) permissions(r control.Registry, noun string, lookUp find) {
	handle(r, noun+".grant", func(ctx context.Context, by audit.Actor, g Giving) (Nothing, error) {
		level, err := access.ParseLevel(g.Level)
		if err != nil {
			return Nothing{}, control.Fail(control.Invalid, "%v", err)
		}
		on, to, err := o.both(ctx, g, lookUp)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Access.Grant(ctx, by, on, to, level)
	})
	handle(r, noun+".revoke", func(ctx context.Context, by audit.Actor, g Giving) (Nothing, error) {
		on, to, err := o.both(ctx, g, lookUp)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Access.Revoke(ctx, by, on, to)
	})
	handle(r, noun+".permissions", func(ctx context.Context, _ audit.Actor, n Named) ([]Permission, error) {
		on, id, owner, err := lookUp(ctx, n.Name)
		if err != nil {
			return nil, err
		}
		given := o.s.Access.Given
		if on.UserGroupID != "" {
			given = o.s.UserGroups.Given
		}
		return o.shownPermissions(owner, given(id)), nil
	})
}

func (o operator) both(ctx context.Context, g Giving, lookUp find) (access.Object, access.Subject, error) {
	on, _, _, err := lookUp(ctx, g.Path)
	if err != nil {
		return on, access.Subject{}, err
	}
	to := access.Subject{Everyone: g.Everyone}
	if g.User != "" {
		u, err := o.user(g.User)
		if err != nil {
			return on, to, err
		}
		to.UserID = u.ID
	}
	if g.UserGroup != "" {
		ug, err := o.userGroup(g.UserGroup)
		if err != nil {
			return on, to, err
		}
		to.UserGroupID = ug.ID
	}
	return on, to, nil
}

// shownPermissions are the owner, where there is one, and then what was given, by name.
func (o operator) shownPermissions(owner string, given []access.Permission) []Permission {
	list := []Permission{}
	for _, p := range given {
		shown := Permission{Subject: Subject{Everyone: p.To.Everyone}, Level: p.Level.String()}
		if p.To.UserID != "" {
			shown.User = o.userName(p.To.UserID)
		}
		if ug, ok := o.s.UserGroups.ByID(p.To.UserGroupID); ok {
			shown.UserGroup = ug.Name
		}
		list = append(list, shown)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].User != list[j].User {
			return list[i].User < list[j].User
		}
		return list[i].UserGroup < list[j].UserGroup
	})
	if owner == "" {
		return list
	}
	return append([]Permission{{Subject: Subject{User: owner}, Level: "owner"}}, list...)
}

// onRepository, onGroup and onUserGroup look objects up.
func (o operator) onRepository(ctx context.Context, path string) (on access.Object, id, owner string, err error) {
	one, err := o.repo(ctx, path)
	return access.Object{RepositoryID: one.ID}, one.ID, o.userName(one.OwnerID), err
}

func (o operator) onGroup(_ context.Context, path string) (on access.Object, id, owner string, err error) {
	g, err := o.group(path)
	return access.Object{GroupID: g.ID}, g.ID, o.userName(g.OwnerID), err
}

func (o operator) onUserGroup(_ context.Context, name string) (on access.Object, id, owner string, err error) {
	g, err := o.userGroup(name)
	return access.Object{UserGroupID: g.ID}, g.ID, o.userName(g.OwnerID), err
}

package operate

import (
	"context"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
)

// UserGroup is a user group as commands show one.
type UserGroup struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Owner       string `json:"owner,omitempty"`
	TokensOnly  bool   `json:"git_tokens_only"`
	// Members are user names.
	Members []string `json:"members"`
}

// NewUserGroup are the arguments of usergroup.create.
type NewUserGroup struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Owner       string `json:"owner"`
}

// Membership are the arguments of usergroup.add and usergroup.remove.
type Membership struct {
	Name string `json:"name"`
	User string `json:"user"`
}

func (o operator) shownUserGroup(g access.UserGroup) UserGroup {
	out := UserGroup{ID: g.ID, Name: g.Name, Description: g.Description, Owner: o.userName(g.OwnerID), TokensOnly: g.GitTokensOnly, Members: []string{}}
	for _, id := range o.s.UserGroups.Members(g.ID) {
		out.Members = append(out.Members, o.userName(id))
	}
	return out
}

// userGroups registers the operations about user groups.
func (o operator) userGroups(r control.Registry) {
	handle(r, "usergroup.create", func(ctx context.Context, by audit.Actor, n NewUserGroup) (UserGroup, error) {
		ownerID, err := o.ownerID(n.Owner)
		if err != nil {
			return UserGroup{}, err
		}
		g, err := o.s.UserGroups.Create(ctx, by, access.NewUserGroup{Name: n.Name, Description: n.Description, OwnerID: ownerID})
		return o.shownUserGroup(g), err
	})
	handle(r, "usergroup.list", func(context.Context, audit.Actor, Nothing) ([]UserGroup, error) {
		list := []UserGroup{}
		for _, g := range o.s.UserGroups.List() {
			list = append(list, o.shownUserGroup(g))
		}
		return list, nil
	})
	handle(r, "usergroup.show", func(_ context.Context, _ audit.Actor, n Named) (UserGroup, error) {
		g, err := o.userGroup(n.Name)
		return o.shownUserGroup(g), err
	})
	for name, change := range map[string]func(ctx context.Context, by audit.Actor, id, value string) error{
		"usergroup.add": o.s.UserGroups.Add, "usergroup.remove": o.s.UserGroups.Remove, "usergroup.owner": o.s.UserGroups.SetOwner} {
		handle(r, name, func(ctx context.Context, by audit.Actor, n Membership) (Nothing, error) {
			g, err := o.userGroup(n.Name)
			if err != nil {
				return Nothing{}, err
			}
			u, err := o.user(n.User)
			if err != nil {
				return Nothing{}, err
			}
			return Nothing{}, change(ctx, by, g.ID, u.ID)
		})
	}
	handle(r, "usergroup.rename", func(ctx context.Context, by audit.Actor, n Renaming) (Nothing, error) {
		g, err := o.userGroup(n.Path)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.UserGroups.Rename(ctx, by, g.ID, n.To)
	})
	for name, change := range map[string]func(context.Context, audit.Actor, string) error{"usergroup.delete": o.s.UserGroups.Delete,
		"usergroup.require-tokens": o.s.UserGroups.RequireTokens, "usergroup.allow-passwords": o.s.UserGroups.AllowPasswords} {
		handle(r, name, func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
			g, err := o.userGroup(n.Name)
			if err != nil {
				return Nothing{}, err
			}
			return Nothing{}, change(ctx, by, g.ID)
		})
	}
	o.permissions(r, "usergroup", o.onUserGroup)
}

func (o operator) userGroup(name string) (access.UserGroup, error) {
	g, ok := o.s.UserGroups.ByName(name)
	if !ok {
		return g, control.Fail(control.NotFound, "there is no user group %q", name)
	}
	return g, nil
}

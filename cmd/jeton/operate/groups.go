package operate

import (
	"context"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
)

// Group is a group of repositories as commands show one.
type Group struct {
	ID    string `json:"id"`
	Path  string `json:"path"`
	Owner string `json:"owner,omitempty"`
}

// ShownGroup is what group.show answers: a group, and what lies in it.
type ShownGroup struct {
	Group
	// Groups and Repositories are the paths of all that lies in it, however deep.
	Groups       []string     `json:"groups"`
	Repositories []string     `json:"repositories"`
	Permissions  []Permission `json:"permissions"`
}

func (o operator) shownGroup(g access.Group) Group {
	return Group{ID: g.ID, Path: g.Path, Owner: o.userName(g.OwnerID)}
}

// groups registers the operations about groups of repositories.
func (o operator) groups(r control.Registry) {
	handle(r, "group.create", func(ctx context.Context, by audit.Actor, n Owning) (Group, error) {
		ownerID, err := o.ownerID(n.Owner)
		if err != nil {
			return Group{}, err
		}
		g, err := o.s.Access.CreateGroup(ctx, by, n.Name, ownerID)
		return o.shownGroup(g), err
	})
	handle(r, "group.list", func(context.Context, audit.Actor, Nothing) ([]Group, error) {
		list := []Group{}
		for _, g := range o.s.Access.Groups() {
			list = append(list, o.shownGroup(g))
		}
		return list, nil
	})
	handle(r, "group.show", func(_ context.Context, _ audit.Actor, n Named) (ShownGroup, error) { return o.showGroup(n.Name) })
	handle(r, "group.rename", func(ctx context.Context, by audit.Actor, n Renaming) (Group, error) {
		g, err := o.group(n.Path)
		if err != nil {
			return Group{}, err
		}
		g, err = o.s.Access.RenameGroup(ctx, by, g.ID, n.To)
		return o.shownGroup(g), err
	})
	handle(r, "group.delete", func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		g, err := o.group(n.Name)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Access.DeleteGroup(ctx, by, g.ID)
	})
	handle(r, "group.owner", func(ctx context.Context, by audit.Actor, n Owning) (Nothing, error) {
		g, err := o.group(n.Name)
		if err != nil {
			return Nothing{}, err
		}
		ownerID, err := o.ownerID(n.Owner)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Access.SetGroupOwner(ctx, by, g.ID, ownerID)
	})
	o.permissions(r, "group", o.onGroup)
}

func (o operator) showGroup(path string) (ShownGroup, error) {
	g, err := o.group(path)
	if err != nil {
		return ShownGroup{}, err
	}
	out := ShownGroup{Group: o.shownGroup(g), Groups: []string{}, Repositories: []string{},
		Permissions: o.shownPermissions(o.userName(g.OwnerID), o.s.Access.Given(g.ID))}
	groups, repos := o.s.Access.Below(g.ID)
	for _, one := range groups {
		out.Groups = append(out.Groups, one.Path)
	}
	for _, one := range repos {
		out.Repositories = append(out.Repositories, one.Path)
	}
	return out, nil
}

func (o operator) group(path string) (access.Group, error) {
	g, ok := o.s.Access.Group(path)
	if !ok {
		return g, control.Fail(control.NotFound, "there is no group of repositories %q", path)
	}
	return g, nil
}

// ownerID is the id of a user name, "" for "".
func (o operator) ownerID(userName string) (string, error) {
	if userName == "" {
		return "", nil
	}
	u, err := o.user(userName)
	return u.ID, err
}

// Package groups has the API's methods about groups of repositories: showing, making, changing and deleting them. Who may
// do what with one is given in permissions.go. Names, arguments, shapes and errors are RhodeCode's.
package groups

import (
	"context"
	"errors"
	"slices"
	"strings"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/web/api/given"
	"jeton/web/api/method"
)

// Groups keeps groups of repositories; *access.Repositories does.
type Groups interface {
	Group(path string) (access.Group, bool)
	GroupByID(id string) (access.Group, bool)
	Groups() []access.Group
	AboutGroup(id string) access.AboutGroup
	In(groupIDs ...string) map[string][]access.Repository
	Below(groupID string) ([]access.Group, []access.Repository)
	Given(id string) []access.Permission
	MakeGroup(ctx context.Context, by audit.Actor, n access.NewGroup) (access.Group, error)
	ChangeGroup(ctx context.Context, by audit.Actor, id string, c access.GroupChange) (access.Group, error)
	DeleteGroup(ctx context.Context, by audit.Actor, id string) error
	GrantOn(ctx context.Context, by audit.Actor, on []access.Object, to access.Subject, l access.Level) error
	RevokeOn(ctx context.Context, by audit.Actor, on []access.Object, to access.Subject) error
}

// Options are what the methods need; nothing of it is touched before one runs.
type Options struct {
	Groups     Groups
	People     given.People
	UserGroups given.UserGroups
}

// Methods are all methods of this package.
func Methods(o Options) []method.Method { return slices.Concat(o.objects(), o.permissions()) }

func (o Options) objects() []method.Method {
	on := func(l access.Level) method.On {
		return method.On{Kind: method.RepositoryGroup, Arg: "repogroupid", Level: l}
	}
	return []method.Method{
		method.Of(method.Method{Name: "get_repo_group", On: on(access.Read), REST: "GET repo_groups/{repogroupid}",
			Doc:   "Shows a group of repositories, the repositories that lie in it, and who may do what with it. Repositories that the caller may not read are not among them.",
			Fails: []string{noGroup}, Example: `{"repogroupid": "team"}`,
		}, o.get),
		method.Of(method.Method{Name: "get_repo_groups", On: method.On{Kind: method.Open}, REST: "GET repo_groups",
			Doc: "Lists the groups of repositories that the caller may read, by name.", Example: `{}`,
		}, o.list),
		method.Of(method.Method{Name: "create_repo_group", On: method.On{Kind: method.NewGroup, Arg: "group_name"}, Changes: true,
			Doc:  "Makes a group of repositories. The group in which it is to lie must be there, and the caller must administer it; at the top, administrators make groups, and people one of their own name.",
			REST: "POST repo_groups", Example: `{"group_name": "team", "description": "All of us"}`,
			Fails: []string{"Only RhodeCode super-admin can specify `owner` param", "user `…` does not exist", "repo_group: Parent repository group `…` does not exist",
				"unique_repo_group_name: Repository group with name `…` already exists"},
		}, o.create),
		method.Of(method.Method{Name: "update_repo_group", On: on(access.Admin), Changes: true, REST: "PATCH repo_groups/{repogroupid}",
			Doc: "Changes a group of repositories; what is left out stays. With another `group_name` it goes there with all that lies in it, " +
				"and old addresses lead on: the group above must be there and be administered by the caller, and a name at the top is for administrators to give. `enable_locking` is ignored.",
			Example: `{"repogroupid": "team", "group_name": "crew"}`,
			Fails: []string{noGroup, "user `…` does not exist", "repo_group: Parent repository group `…` does not exist",
				"repo_group: You do not have the permission to store repository groups in the root location.", "unique_repo_group_name: Repository group with name `…` already exists"},
		}, o.update),
		method.Of(method.Method{Name: "delete_repo_group", On: on(access.Admin), Changes: true, REST: "DELETE repo_groups/{repogroupid}",
			Doc: "Deletes a group of repositories in which nothing lies any more.", Example: `{"repogroupid": "team/old"}`,
			Fails: []string{noGroup, "failed to delete repo group ID:… …: groups or repositories lie in it; delete or move these first"},
		}, o.remove),
	}
}

const noGroup = "repository group `…` does not exist"

// group is RhodeCode's group of repositories.
type group struct {
	ID           string   `json:"group_id" doc:"The group's id; a text, and not a number as RhodeCode's."`
	Name         string   `json:"group_name" doc:"Its path."`
	Description  string   `json:"group_description" doc:"What it is for."`
	Parent       *string  `json:"parent_group" doc:"The path of the group that it lies in; null at the top."`
	Repositories []string `json:"repositories" doc:"Paths of the repositories that lie in the group itself and that the caller may read."`
	Owner        *string  `json:"owner" doc:"Whose it is; null where it is nobody's."`
}

// shown is a group, with those of its repositories that a caller may read.
func (o Options) shown(c *method.Call, g access.Group, in []access.Repository) group {
	v := group{ID: g.ID, Name: g.Path, Description: o.Groups.AboutGroup(g.ID).Description, Repositories: []string{}}
	if above, _, ok := cut(g.Path); ok {
		v.Parent = &above
	}
	if u, ok := o.People.ByID(g.OwnerID); ok {
		v.Owner = &u.Name
	}
	for _, r := range in {
		if c.Sees(r.ID, access.Read) {
			v.Repositories = append(v.Repositories, r.Path)
		}
	}
	return v
}

func (o Options) one(c *method.Call, g access.Group) group {
	return o.shown(c, g, o.Groups.In(g.ID)[g.ID])
}

// cut splits a path before its last segment; ok tells whether anything stands before.
func cut(path string) (above, last string, ok bool) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:], true
	}
	return "", path, false
}

// last is a group's own name, without what it lies in; RhodeCode's messages about permissions call it so.
func last(g access.Group) string {
	_, name, _ := cut(g.Path)
	return name
}

type groupArg struct {
	Group method.Ref `arg:"repogroupid" max:"255" doc:"Path or id of the group."`
}

type groupAndRows struct {
	group
	Members     []given.Row `json:"members" doc:"The same as permissions, for older clients."`
	Permissions []given.Row `json:"permissions" doc:"Who may do what with it. What was given on the groups above counts besides."`
}

func (o Options) get(_ context.Context, c *method.Call, _ groupArg) (groupAndRows, error) {
	rows := given.Rows(given.Group, c.Group.OwnerID, o.Groups.Given(c.Group.ID), o.People, o.UserGroups)
	return groupAndRows{o.one(c, c.Group), rows, rows}, nil
}

func (o Options) list(_ context.Context, c *method.Call, _ struct{}) ([]group, error) {
	var seen []access.Group
	var ids []string
	for _, g := range o.Groups.Groups() {
		if c.SeesGroup(g.ID, access.Read) {
			seen, ids = append(seen, g), append(ids, g.ID)
		}
	}
	in := o.Groups.In(ids...)
	list := make([]group, 0, len(seen))
	for _, g := range seen {
		list = append(list, o.shown(c, g, in[g.ID]))
	}
	return list, nil
}

// changed is RhodeCode's answer of create_repo_group and update_repo_group.
type changed struct {
	Msg   string `json:"msg" doc:"What was done, in a sentence."`
	Group *group `json:"repo_group" doc:"The group as it is now; null where there is none any more."`
}

type createArgs struct {
	Name        string      `arg:"group_name" max:"255" doc:"Path of the new group, such as team or team/web."`
	Owner       *method.Ref `arg:"owner,optional" max:"255" doc:"Whose it is to be; administrators alone choose. The caller where it is left out."`
	Description string      `arg:"description,optional" max:"10000" doc:"What it is for."`
	Copy        bool        `arg:"copy_permissions,optional" default:"false" doc:"Whether what was given on the group above is given on this one by its own words, which stay where it is changed there."`
}

func (o Options) create(ctx context.Context, c *method.Call, in createArgs) (changed, error) {
	n := access.NewGroup{Path: in.Name, OwnerID: c.Identity.UserID, Description: in.Description, Copy: in.Copy}
	if in.Owner != nil {
		if !c.Admin() {
			return changed{}, method.Fail(method.Denied, "Only RhodeCode super-admin can specify `owner` param")
		}
		u, ok := o.People.Find(string(*in.Owner))
		if !ok {
			return changed{}, method.NoUser(*in.Owner)
		}
		n.OwnerID = u.ID
	}
	if above, _, ok := cut(in.Name); ok {
		if _, there := o.Groups.Group(above); !there {
			return changed{}, noParent(above)
		}
	}
	g, err := o.Groups.MakeGroup(ctx, c.Actor, n)
	if err != nil {
		return changed{}, refused(err, in.Name)
	}
	v := o.one(c, g)
	return changed{"Created new repo group `" + g.Path + "`", &v}, nil
}

func noParent(path string) error {
	return method.Fields(method.NotFound, map[string]string{"repo_group": "Parent repository group `" + path + "` does not exist"})
}

// refused says in RhodeCode's words why a group cannot be as it was asked for; a failure of the server stays one.
func refused(err error, path string) error {
	above, _, _ := cut(path)
	switch {
	case errors.Is(err, access.ErrTaken):
		return method.Fields(method.Conflict, map[string]string{"unique_repo_group_name": "Repository group with name `" + path + "` already exists"})
	case errors.Is(err, access.ErrNoGroup):
		return noParent(above)
	case errors.Is(err, access.ErrBadName), errors.Is(err, access.ErrInside):
		return method.Fields(method.Invalid, map[string]string{"repo_group_name": err.Error()})
	case errors.Is(err, access.ErrNoUser): // deleted since it was found
		return method.Fail(method.NotFound, "the owner does not exist any more")
	}
	return err
}

type updateArgs struct {
	groupArg
	Name        *string     `arg:"group_name,optional" max:"255" doc:"Its new path, with the groups that it is to lie in."`
	Description *string     `arg:"description,optional" max:"10000" doc:"What it is for."`
	Owner       *method.Ref `arg:"owner,optional" max:"255" doc:"Whose it is to be."`
}

func (o Options) update(ctx context.Context, c *method.Call, in updateArgs) (changed, error) {
	change := access.GroupChange{Path: in.Name, Description: in.Description}
	if in.Owner != nil {
		u, ok := o.People.Find(string(*in.Owner))
		if !ok {
			return changed{}, method.NoUser(*in.Owner)
		}
		change.OwnerID = &u.ID
	}
	if in.Name != nil {
		if err := o.mayMove(c, *in.Name); err != nil {
			return changed{}, err
		}
	}
	name := c.Group.Path
	if in.Name != nil {
		name = *in.Name
	}
	g, err := o.Groups.ChangeGroup(ctx, c.Actor, c.Group.ID, change)
	if err != nil {
		return changed{}, refused(err, name)
	}
	v := o.one(c, g)
	return changed{"updated repository group ID:" + g.ID + " " + g.Path, &v}, nil
}

// mayMove asks whether the caller, who administers the group, may have it lie at a path: where only its own name changes,
// below the top; else in a group that they administer, and at the top as an administrator. A name at the top may be a
// person's, who would then find somebody else in their place.
func (o Options) mayMove(c *method.Call, path string) error {
	if path == c.Group.Path {
		return nil
	}
	above, _, inGroup := cut(path)
	if !inGroup {
		if !c.Admin() {
			return method.Fields(method.Denied, map[string]string{"repo_group": "You do not have the permission to store repository groups in the root location."})
		}
		return nil
	}
	parent, ok := o.Groups.Group(above)
	if ok && len(c.Group.Groups) > 0 && parent.ID == c.Group.Groups[0] {
		return nil
	}
	if !ok || !c.SeesGroup(parent.ID, access.Admin) {
		return noParent(above)
	}
	return nil
}

func (o Options) remove(ctx context.Context, c *method.Call, _ groupArg) (changed, error) {
	which := "ID:" + c.Group.ID + " " + c.Group.Path
	err := o.Groups.DeleteGroup(ctx, c.Actor, c.Group.ID)
	switch {
	case errors.Is(err, access.ErrHolds):
		return changed{}, method.Fail(method.Conflict, "failed to delete repo group %s: groups or repositories lie in it; delete or move these first", which)
	case errors.Is(err, access.ErrNoGroup): // deleted since the gate was asked
		return changed{}, method.NoGroup(method.Ref(c.Group.Path))
	case err != nil:
		return changed{}, err
	}
	return changed{"deleted repo group " + which, nil}, nil
}

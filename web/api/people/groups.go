package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/given"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

func userGroup(l access.Level) method.On {
	return method.On{Kind: method.UserGroup, Arg: "usergroupid", Level: l}
}

func (o Options) groups() []method.Method {
	return []method.Method{
		method.Of(method.Method{Name: "get_user_group", On: userGroup(access.Read), REST: "GET user_groups/{usergroupid}", Fails: []string{noUserGroup}, Example: `{"usergroupid": "devs"}`,
			Doc: "Shows a user group, who is in it, who may do what with it, and what it was given. Repositories and groups that the caller may not read are left out."}, o.getGroup),
		method.Of(method.Method{Name: "get_user_groups", On: method.On{Kind: method.Open}, REST: "GET user_groups", Example: `{}`,
			Doc: "Lists the user groups that the caller may read, by name."}, o.listGroups),
		method.Of(method.Method{Name: "create_user_group", On: method.On{Kind: method.Server}, Changes: true, Right: token.RightAdmin, REST: "POST user_groups",
			Example: `{"group_name": "devs", "description": "Who writes it"}`,
			Fails:   []string{denied, "user group `…` already exist", noUser, "failed to create group `…`: …", "{\"user_group_name\": …}, {\"active\": …}, {\"sync\": …}: what is wrong with an argument"},
			Doc:     "Makes a user group without members. User groups are always active, and their members are never taken from elsewhere."}, o.createGroup),
		method.Of(method.Method{Name: "update_user_group", On: userGroup(access.Admin), Changes: true, REST: "PATCH user_groups/{usergroupid}", Example: `{"usergroupid": "devs", "group_name": "crew"}`,
			Fails: []string{noUserGroup, noUser, "failed to update user group `…`: …", "{\"active\": …}, {\"sync\": …}: what is wrong with an argument"},
			Doc:   "Changes a user group; what is left out stays."}, o.updateGroup),
		method.Of(method.Method{Name: "delete_user_group", On: userGroup(access.Admin), Changes: true, REST: "DELETE user_groups/{usergroupid}", Example: `{"usergroupid": "devs"}`,
			Fails: []string{noUserGroup}, Doc: "Deletes a user group, with what its members were given through it."}, o.deleteGroup),
	}
}

type groupArgs struct {
	Group method.Ref `arg:"usergroupid" doc:"Name or id of the user group."`
}

// Group is a user group as RhodeCode's API shows one.
type Group struct {
	ID          string        `json:"users_group_id" doc:"The id: 26 letters and digits, which never change."`
	Name        string        `json:"group_name"`
	Description string        `json:"group_description"`
	Active      bool          `json:"active" doc:"Always true."`
	Owner       string        `json:"owner" doc:"User name; empty where nobody owns it."`
	OwnerEmail  string        `json:"owner_email" doc:"For administrators and the owner; else empty."`
	Sync        *string       `json:"sync" doc:"Always null: members are never taken from elsewhere."`
	Users       []person.User `json:"users" doc:"Its members, by name."`
}

// WholeGroup is a user group with who may do what with it, and what it was given.
type WholeGroup struct {
	Group
	Members     []given.Row  `json:"members" doc:"The same as permissions, for older clients."`
	Permissions []given.Row  `json:"permissions" doc:"Who may do what with the user group."`
	Summary     GroupSummary `json:"permissions_summary" doc:"What its members may do through it."`
}

// GroupSummary is what was given to a user group.
type GroupSummary struct {
	Repositories map[string]string `json:"repositories" doc:"By path."`
	Groups       map[string]string `json:"repositories_groups" doc:"By path."`
}

func (o Options) showGroup(c *method.Call, g access.UserGroup) Group {
	s := Group{ID: g.ID, Name: g.Name, Description: g.Description, Active: true, Users: []person.User{}}
	if owner, ok := o.Users.ByID(g.OwnerID); ok {
		shown := person.Show(c, owner)
		s.Owner, s.OwnerEmail = shown.Name, shown.Email
	}
	for _, id := range o.UserGroups.Members(g.ID) {
		if u, ok := o.Users.ByID(id); ok {
			s.Users = append(s.Users, person.Show(c, u))
		}
	}
	slices.SortFunc(s.Users, func(a, b person.User) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func (o Options) getGroup(_ context.Context, c *method.Call, _ groupArgs) (WholeGroup, error) {
	g := c.UserGroup
	rows := given.Rows(given.UserGroup, g.OwnerID, o.UserGroups.Given(g.ID), o.Users, o.UserGroups)
	return WholeGroup{o.showGroup(c, g), rows, rows, o.groupSummary(c, g)}, nil
}

// groupSummary is what was given to a user group, of what the caller sees.
func (o Options) groupSummary(c *method.Call, g access.UserGroup) GroupSummary {
	s := GroupSummary{map[string]string{}, map[string]string{}}
	for on, l := range o.Repositories.GivenTo(access.Subject{UserGroupID: g.ID}) {
		if r, ok := o.Repositories.ByID(on); ok && c.Sees(r.ID, access.Read) {
			s.Repositories[r.Path] = given.Repository.Word(l)
		}
		if group, ok := o.Repositories.GroupByID(on); ok && c.SeesGroup(group.ID, access.Read) {
			s.Groups[group.Path] = given.Group.Word(l)
		}
	}
	return s
}

func (o Options) listGroups(_ context.Context, c *method.Call, _ noArgs) ([]Group, error) {
	list := []Group{}
	for _, g := range o.UserGroups.List() {
		if c.SeesUserGroup(g.ID, access.Read) {
			list = append(list, o.showGroup(c, g))
		}
	}
	return list, nil
}

type createGroupArgs struct {
	Name        string      `arg:"group_name" max:"320" doc:"The name."`
	Description string      `arg:"description,optional" doc:"What it is for."`
	Owner       *method.Ref `arg:"owner,optional" doc:"Name or id of who owns it; the caller where it is left out."`
	Active      bool        `arg:"active,optional" default:"true" doc:"true alone."`
	Sync        bool        `arg:"sync,optional" default:"false" doc:"false alone."`
}

// ChangedGroup is what is answered to a change of a user group.
type ChangedGroup struct {
	Message string `json:"msg" doc:"What was done, for people."`
	Group   *Group `json:"user_group" doc:"The user group as it is then; null where it is gone."`
}

func (o Options) createGroup(ctx context.Context, c *method.Call, in createGroupArgs) (ChangedGroup, error) {
	if _, taken := o.UserGroups.ByName(in.Name); taken {
		return ChangedGroup{}, method.Fail(method.Conflict, "user group `%s` already exist", in.Name)
	}
	owner, err := o.owner(in.Owner, c.Identity.UserID)
	if err == nil {
		err = plain(in.Active, in.Sync)
	}
	if err != nil {
		return ChangedGroup{}, err
	}
	g, err := o.UserGroups.Create(ctx, c.Actor, access.NewUserGroup{Name: in.Name, Description: in.Description, OwnerID: owner})
	if errors.Is(err, access.ErrBadName) {
		return ChangedGroup{}, method.Fields(method.Invalid, map[string]string{"user_group_name": sentence(err)})
	}
	if err != nil {
		return ChangedGroup{}, failed(err, "failed to create group `%s`", in.Name)
	}
	s := o.showGroup(c, g)
	return ChangedGroup{fmt.Sprintf("created new user group `%s`", g.Name), &s}, nil
}

// owner is the id of whom a call names.
func (o Options) owner(ref *method.Ref, otherwise string) (string, error) {
	if ref == nil {
		return otherwise, nil
	}
	u, ok := o.Users.Find(string(*ref))
	if !ok {
		return "", method.NoUser(*ref)
	}
	return u.ID, nil
}

// plain refuses what no user group here is.
func plain(active, sync bool) error {
	fields := map[string]string{}
	if !active {
		fields["active"] = "User groups are always active. Take what it was given away, or remove its members."
	}
	if sync {
		fields["sync"] = "Members of user groups are not taken from elsewhere."
	}
	if len(fields) > 0 {
		return method.Fields(method.Invalid, fields)
	}
	return nil
}

type updateGroupArgs struct {
	groupArgs
	Name        *string     `arg:"group_name,optional" max:"320" doc:"The new name."`
	Description *string     `arg:"description,optional" doc:"What it is for."`
	Owner       *method.Ref `arg:"owner,optional" doc:"Name or id of who is to own it."`
	Active      bool        `arg:"active,optional" default:"true" doc:"true alone."`
	Sync        bool        `arg:"sync,optional" default:"false" doc:"false alone."`
}

func (o Options) updateGroup(ctx context.Context, c *method.Call, in updateGroupArgs) (ChangedGroup, error) {
	if err := plain(in.Active, in.Sync); err != nil {
		return ChangedGroup{}, err
	}
	change := access.UserGroupChange{Description: in.Description}
	if in.Name != nil && *in.Name != "" && *in.Name != c.UserGroup.Name {
		change.Name = in.Name
	}
	if in.Owner != nil {
		owner, err := o.owner(in.Owner, "")
		if err != nil {
			return ChangedGroup{}, err
		}
		change.OwnerID = &owner
	}
	g, err := o.UserGroups.Edit(ctx, c.Actor, c.UserGroup.ID, change)
	if err != nil {
		return ChangedGroup{}, failed(err, "failed to update user group `%s`", in.Group)
	}
	s := o.showGroup(c, g)
	return ChangedGroup{fmt.Sprintf("updated user group ID:%s %s", g.ID, g.Name), &s}, nil
}

func (o Options) deleteGroup(ctx context.Context, c *method.Call, _ groupArgs) (ChangedGroup, error) {
	g := c.UserGroup
	if err := o.UserGroups.Delete(ctx, c.Actor, g.ID); err != nil {
		return ChangedGroup{}, failed(err, "failed to delete user group ID:%s %s", g.ID, g.Name)
	}
	return ChangedGroup{Message: fmt.Sprintf("deleted user group ID:%s %s", g.ID, g.Name)}, nil
}

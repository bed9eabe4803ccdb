package groups

import (
	"context"
	"errors"

	"jeton/auth/access"
	"jeton/web/api/given"
	"jeton/web/api/method"
)

func (o Options) permissions() []method.Method {
	on := method.On{Kind: method.RepositoryGroup, Arg: "repogroupid", Level: access.Admin}
	const children = "With `apply_to_children` also on the repositories (`repos`), the groups (`groups`) or both (`all`) in it, however deep; " +
		"those that the caller does not administer stay as they are, and so do private repositories where it is about `default`."
	person, userGroup := []string{noGroup, "user `…` does not exist"}, []string{noGroup, "user group `…` does not exist"}
	perm := []string{"permission `…` does not exist", "permission `…` is invalid, should start with group."}
	return []method.Method{
		method.Of(method.Method{Name: "grant_user_permission_to_repo_group", On: on, Changes: true, Fails: append(person, perm...),
			REST: "PUT repo_groups/{repogroupid}/permissions/users/{userid}", Example: `{"repogroupid": "team", "userid": "nick", "perm": "group.write"}`,
			Doc: "Gives a person a permission on a group of repositories and what lies in it, in the place of what they had. The user `default` is everyone who has signed in. " + children,
		}, o.grantPerson),
		method.Of(method.Method{Name: "revoke_user_permission_from_repo_group", On: on, Changes: true, Fails: person,
			REST: "DELETE repo_groups/{repogroupid}/permissions/users/{userid}", Example: `{"repogroupid": "team", "userid": "nick"}`,
			Doc: "Takes away what a person was given on a group of repositories. What comes from a group above stays. " + children,
		}, o.revokePerson),
		method.Of(method.Method{Name: "grant_user_group_permission_to_repo_group", On: on, Changes: true, Fails: append(userGroup, perm...),
			REST: "PUT repo_groups/{repogroupid}/permissions/user_groups/{usergroupid}", Example: `{"repogroupid": "team", "usergroupid": "devs", "perm": "group.read"}`,
			Doc: "Gives a user group, which the caller may read, a permission on a group of repositories and what lies in it. " + children,
		}, o.grantUserGroup),
		method.Of(method.Method{Name: "revoke_user_group_permission_from_repo_group", On: on, Changes: true, Fails: userGroup,
			REST: "DELETE repo_groups/{repogroupid}/permissions/user_groups/{usergroupid}", Example: `{"repogroupid": "team", "usergroupid": "devs"}`,
			Doc: "Takes away what a user group, which the caller may read, was given on a group of repositories. What comes from a group above stays. " + children,
		}, o.revokeUserGroup),
	}
}

type personArg struct {
	User method.Ref `arg:"userid" max:"255" doc:"Name or id of a person; default is everyone who has signed in."`
}

type userGroupArg struct {
	UserGroup method.Ref `arg:"usergroupid" max:"255" doc:"Name or id of a user group."`
}

type permArg struct {
	Perm string `arg:"perm" max:"100" doc:"group.none, group.read, group.write or group.admin."`
}

type childrenArg struct {
	Children string `arg:"apply_to_children,optional" default:"none" choices:"none,repos,groups,all" doc:"On what in the group besides."`
}

// done is RhodeCode's answer of all four methods.
type done struct {
	Msg     string `json:"msg" doc:"What was done, in a sentence."`
	Success bool   `json:"success" doc:"true."`
}

func (o Options) grantPerson(ctx context.Context, c *method.Call, in struct {
	groupArg
	personArg
	permArg
	childrenArg
}) (done, error) {
	to, name, err := given.Person(o.People, in.User)
	if err != nil {
		return done{}, err
	}
	return o.grant(ctx, c, who{to, "user", name}, in.Perm, in.Children)
}

func (o Options) revokePerson(ctx context.Context, c *method.Call, in struct {
	groupArg
	personArg
	childrenArg
}) (done, error) {
	to, name, err := given.Person(o.People, in.User)
	if err != nil {
		return done{}, err
	}
	return o.revoke(ctx, c, who{to, "user", name}, in.Children)
}

func (o Options) grantUserGroup(ctx context.Context, c *method.Call, in struct {
	groupArg
	userGroupArg
	permArg
	childrenArg
}) (done, error) {
	g, err := given.Seen(c, o.UserGroups, in.UserGroup)
	if err != nil {
		return done{}, err
	}
	return o.grant(ctx, c, who{access.Subject{UserGroupID: g.ID}, "user group", g.Name}, in.Perm, in.Children)
}

func (o Options) revokeUserGroup(ctx context.Context, c *method.Call, in struct {
	groupArg
	userGroupArg
	childrenArg
}) (done, error) {
	g, err := given.Seen(c, o.UserGroups, in.UserGroup)
	if err != nil {
		return done{}, err
	}
	return o.revoke(ctx, c, who{access.Subject{UserGroupID: g.ID}, "user group", g.Name}, in.Children)
}

// who is a subject, and what messages call it: "user" or "user group", and a name.
type who struct {
	to         access.Subject
	kind, name string
}

func (w who) in(g access.Group) string {
	return "for " + w.kind + ": `" + w.name + "` in repo group: `" + last(g) + "`"
}

func (o Options) grant(ctx context.Context, c *method.Call, w who, perm, children string) (done, error) {
	level, err := given.Group.Level(perm)
	if err != nil {
		return done{}, err
	}
	if err := o.Groups.GrantOn(ctx, c.Actor, o.reached(c, w.to, children), w.to, level); err != nil {
		return done{}, failed(err, w, c.Group)
	}
	return done{"Granted perm: `" + perm + "` (recursive:" + children + ") " + w.in(c.Group), true}, nil
}

func (o Options) revoke(ctx context.Context, c *method.Call, w who, children string) (done, error) {
	if err := o.Groups.RevokeOn(ctx, c.Actor, o.reached(c, w.to, children), w.to); err != nil {
		return done{}, failed(err, w, c.Group)
	}
	return done{"Revoked perm (recursive:" + children + ") " + w.in(c.Group), true}, nil
}

// failed is RhodeCode's error where what was found is gone meanwhile; a failure of the server stays one.
func failed(err error, w who, g access.Group) error {
	for _, gone := range []error{access.ErrNoGroup, access.ErrNoRepository, access.ErrNoUser, access.ErrNoUserGroup} {
		if errors.Is(err, gone) {
			return method.Fail(method.Conflict, "failed to edit permission %s: something was deleted meanwhile; ask again", w.in(g))
		}
	}
	return err
}

// reached is the call's group and what in it apply_to_children means. An administrator of the group who was kept from
// something further below by a nearer word must not take it so.
func (o Options) reached(c *method.Call, to access.Subject, children string) []access.Object {
	on := []access.Object{{GroupID: c.Group.ID}}
	if children == "none" {
		return on
	}
	groups, repos := o.Groups.Below(c.Group.ID)
	if children != "repos" {
		for _, g := range groups {
			if c.SeesGroup(g.ID, access.Admin) {
				on = append(on, access.Object{GroupID: g.ID})
			}
		}
	}
	if children != "groups" {
		for _, r := range repos {
			if c.Sees(r.ID, access.Admin) && !(to.Everyone && r.Private) {
				on = append(on, access.Object{RepositoryID: r.ID})
			}
		}
	}
	return on
}

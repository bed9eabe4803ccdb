package people

import (
	"context"
	"fmt"
	"slices"

	"jeton/auth/access"
	"jeton/web/api/given"
	"jeton/web/api/method"
)

func (o Options) members() []method.Method {
	fails := []string{noUserGroup, noUser}
	return []method.Method{
		method.Of(method.Method{Name: "add_user_to_user_group", On: userGroup(access.Write), Changes: true, REST: "PUT user_groups/{usergroupid}/users/{userid}",
			Fails: fails, Example: `{"usergroupid": "devs", "userid": "ada"}`, Doc: "Makes somebody a member of a user group. `success` is false where they are one already."}, o.addMember),
		method.Of(method.Method{Name: "remove_user_from_user_group", On: userGroup(access.Write), Changes: true, REST: "DELETE user_groups/{usergroupid}/users/{userid}",
			Fails: fails, Example: `{"usergroupid": "devs", "userid": "ada"}`, Doc: "Ends a membership. `success` is false where there is none."}, o.removeMember),
	}
}

type memberArgs struct {
	groupArgs
	User method.Ref `arg:"userid" doc:"Name or id of the person."`
}

// Outcome tells what was done.
type Outcome struct {
	Success bool   `json:"success"`
	Message string `json:"msg" doc:"What was done, for people."`
}

func (o Options) addMember(ctx context.Context, c *method.Call, in memberArgs) (Outcome, error) {
	u, ok := o.Users.Find(string(in.User))
	if !ok {
		return Outcome{}, method.NoUser(in.User)
	}
	if slices.Contains(o.UserGroups.Of(u.ID), c.UserGroup.ID) {
		return Outcome{false, "User is already in that group"}, nil
	}
	if err := o.UserGroups.Add(ctx, c.Actor, c.UserGroup.ID, u.ID); err != nil {
		return Outcome{}, failed(err, "failed to add member to user group `%s`", c.UserGroup.Name)
	}
	return Outcome{true, fmt.Sprintf("added member `%s` to user group `%s`", u.Name, c.UserGroup.Name)}, nil
}

func (o Options) removeMember(ctx context.Context, c *method.Call, in memberArgs) (Outcome, error) {
	u, ok := o.Users.Find(string(in.User))
	if !ok {
		return Outcome{}, method.NoUser(in.User)
	}
	if !slices.Contains(o.UserGroups.Of(u.ID), c.UserGroup.ID) {
		return Outcome{false, "User wasn't in group"}, nil
	}
	if err := o.UserGroups.Remove(ctx, c.Actor, c.UserGroup.ID, u.ID); err != nil {
		return Outcome{}, failed(err, "failed to remove member from user group `%s`", c.UserGroup.Name)
	}
	return Outcome{true, fmt.Sprintf("removed member `%s` from user group `%s`", u.Name, c.UserGroup.Name)}, nil
}

func (o Options) permissions() []method.Method {
	on := userGroup(access.Admin)
	word := "permission `…` does not exist"
	return []method.Method{
		method.Of(method.Method{Name: "grant_user_permission_to_user_group", On: on, Changes: true, REST: "PUT user_groups/{usergroupid}/permissions/users/{userid}",
			Fails: []string{noUserGroup, noUser, word}, Example: `{"usergroupid": "devs", "userid": "ada", "perm": "usergroup.write"}`,
			Doc: "Gives somebody a level on a user group: read shows it, write adds and removes members, admin changes it. The person `default` is everyone who has signed in."}, o.grantUser),
		method.Of(method.Method{Name: "revoke_user_permission_from_user_group", On: on, Changes: true, REST: "DELETE user_groups/{usergroupid}/permissions/users/{userid}",
			Fails: []string{noUserGroup, noUser}, Example: `{"usergroupid": "devs", "userid": "ada"}`, Doc: "Takes away what somebody was given on a user group."}, o.revokeUser),
		method.Of(method.Method{Name: "grant_user_group_permission_to_user_group", On: on, Changes: true, REST: "PUT user_groups/{usergroupid}/permissions/user_groups/{sourceusergroupid}",
			Fails: []string{noUserGroup, word}, Example: `{"usergroupid": "devs", "sourceusergroupid": "leads", "perm": "usergroup.admin"}`, Doc: "Gives the members of one user group a level on another."}, o.grantGroup),
		method.Of(method.Method{Name: "revoke_user_group_permission_from_user_group", On: on, Changes: true, REST: "DELETE user_groups/{usergroupid}/permissions/user_groups/{sourceusergroupid}",
			Fails: []string{noUserGroup}, Example: `{"usergroupid": "devs", "sourceusergroupid": "leads"}`, Doc: "Takes away what the members of one user group were given on another."}, o.revokeGroup),
	}
}

type grantArgs struct {
	memberArgs
	Perm string `arg:"perm" max:"40" doc:"usergroup.none, usergroup.read, usergroup.write or usergroup.admin."`
}

type sourceArgs struct {
	groupArgs
	Source method.Ref `arg:"sourceusergroupid" doc:"Name or id of the user group whose members are given it."`
}

type grantGroupArgs struct {
	sourceArgs
	Perm string `arg:"perm" max:"40" doc:"usergroup.none, usergroup.read, usergroup.write or usergroup.admin."`
}

func on(c *method.Call) access.Object { return access.Object{UserGroupID: c.UserGroup.ID} }

func (o Options) grantUser(ctx context.Context, c *method.Call, in grantArgs) (Outcome, error) {
	to, name, err := given.Person(o.Users, in.User)
	if err != nil {
		return Outcome{}, err
	}
	level, err := given.UserGroup.Level(in.Perm)
	if err != nil {
		return Outcome{}, err
	}
	if err := o.Repositories.Grant(ctx, c.Actor, on(c), to, level); err != nil {
		return Outcome{}, failed(err, "failed to edit permission for user: `%s` in user group: `%s`", in.User, c.UserGroup.Name)
	}
	return Outcome{true, fmt.Sprintf("Granted perm: `%s` for user: `%s` in user group: `%s`", given.UserGroup.Word(level), name, c.UserGroup.Name)}, nil
}

func (o Options) revokeUser(ctx context.Context, c *method.Call, in memberArgs) (Outcome, error) {
	to, name, err := given.Person(o.Users, in.User)
	if err != nil {
		return Outcome{}, err
	}
	if err := o.Repositories.Revoke(ctx, c.Actor, on(c), to); err != nil {
		return Outcome{}, failed(err, "failed to edit permission for user: `%s` in user group: `%s`", in.User, c.UserGroup.Name)
	}
	return Outcome{true, fmt.Sprintf("Revoked perm for user: `%s` in user group: `%s`", name, c.UserGroup.Name)}, nil
}

func (o Options) grantGroup(ctx context.Context, c *method.Call, in grantGroupArgs) (Outcome, error) {
	source, err := given.Seen(c, o.UserGroups, in.Source)
	if err != nil {
		return Outcome{}, err
	}
	level, err := given.UserGroup.Level(in.Perm)
	if err != nil {
		return Outcome{}, err
	}
	if err := o.Repositories.Grant(ctx, c.Actor, on(c), access.Subject{UserGroupID: source.ID}, level); err != nil {
		return Outcome{}, failed(err, "failed to edit permission for user group: `%s` in user group: `%s`", in.Source, c.UserGroup.Name)
	}
	return Outcome{true, fmt.Sprintf("Granted perm: `%s` for user group: `%s` in user group: `%s`", given.UserGroup.Word(level), source.Name, c.UserGroup.Name)}, nil
}

func (o Options) revokeGroup(ctx context.Context, c *method.Call, in sourceArgs) (Outcome, error) {
	source, err := given.Seen(c, o.UserGroups, in.Source)
	if err != nil {
		return Outcome{}, err
	}
	if err := o.Repositories.Revoke(ctx, c.Actor, on(c), access.Subject{UserGroupID: source.ID}); err != nil {
		return Outcome{}, failed(err, "failed to edit permission for user group: `%s` in user group: `%s`", in.Source, c.UserGroup.Name)
	}
	return Outcome{true, fmt.Sprintf("Revoked perm for user group: `%s` in user group: `%s`", source.Name, c.UserGroup.Name)}, nil
}

package repos

import (
	"context"
	"fmt"

	"jeton/auth/access"
	"jeton/web/api/given"
	"jeton/web/api/method"
)

// Said is what RhodeCode answers where something was done.
type Said struct {
	Msg     string `json:"msg" doc:"What was done."`
	Success bool   `json:"success" doc:"Always true."`
}

type userArgs struct {
	Repo method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	User method.Ref `arg:"userid" doc:"User name or id; default is everyone who has signed in."`
}

type userGroupArgs struct {
	Repo  method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Group method.Ref `arg:"usergroupid" doc:"Name or id of the user group, which the caller must be able to read."`
}

// perm is the argument of what is given.
type perm struct {
	Perm string `arg:"perm" doc:"repository.none, repository.read, repository.write or repository.admin." max:"100"`
}

func (s *server) grantUser() method.Method {
	type args struct {
		userArgs
		perm
	}
	return method.Of(method.Method{
		Name: "grant_user_permission", Doc: "Gives somebody a permission on a repository, in place of the one that they had on it. None hides what was given on a group above.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "userid": "ada", "perm": "repository.write"}`,
		REST:  "PUT repos/{repoid}/permissions/users/{userid}",
		Fails: []string{"repository `team/app` does not exist", "user `ada` does not exist", "permission `x` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) (Said, error) {
		level, err := given.Repository.Level(in.Perm)
		if err != nil {
			return Said{}, err
		}
		to, name, err := given.Person(s.o.Users, in.User)
		if err != nil {
			return Said{}, err
		}
		return said("Granted perm: `%s` for user: `%s` in repo: `%s`", in.Perm, name, c.Repo.Path), s.grant(ctx, c, to, level)
	})
}

func (s *server) revokeUser() method.Method {
	return method.Of(method.Method{
		Name: "revoke_user_permission", Doc: "Takes away what somebody was given on a repository. What they have from user groups, and from groups above, stays.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "userid": "ada"}`, REST: "DELETE repos/{repoid}/permissions/users/{userid}",
		Fails: []string{"repository `team/app` does not exist", "user `ada` does not exist"},
	}, func(ctx context.Context, c *method.Call, in userArgs) (Said, error) {
		to, name, err := given.Person(s.o.Users, in.User)
		if err != nil {
			return Said{}, err
		}
		return said("Revoked perm for user: `%s` in repo: `%s`", name, c.Repo.Path), s.revoke(ctx, c, to)
	})
}

func (s *server) grantUserGroup() method.Method {
	type args struct {
		userGroupArgs
		perm
	}
	return method.Of(method.Method{
		Name: "grant_user_group_permission", Doc: "Gives the members of a user group a permission on a repository, in place of the one that the group had on it.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "usergroupid": "devs", "perm": "repository.write"}`,
		REST:  "PUT repos/{repoid}/permissions/user_groups/{usergroupid}",
		Fails: []string{"repository `team/app` does not exist", "user group `devs` does not exist", "permission `x` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) (Said, error) {
		level, err := given.Repository.Level(in.Perm)
		if err != nil {
			return Said{}, err
		}
		g, err := given.Seen(c, s.o.UserGroups, in.Group)
		if err != nil {
			return Said{}, err
		}
		return said("Granted perm: `%s` for user group: `%s` in repo: `%s`", in.Perm, g.Name, c.Repo.Path), s.grant(ctx, c, access.Subject{UserGroupID: g.ID}, level)
	})
}

func (s *server) revokeUserGroup() method.Method {
	return method.Of(method.Method{
		Name: "revoke_user_group_permission", Doc: "Takes away what a user group was given on a repository.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "usergroupid": "devs"}`, REST: "DELETE repos/{repoid}/permissions/user_groups/{usergroupid}",
		Fails: []string{"repository `team/app` does not exist", "user group `devs` does not exist"},
	}, func(ctx context.Context, c *method.Call, in userGroupArgs) (Said, error) {
		g, err := given.Seen(c, s.o.UserGroups, in.Group)
		if err != nil {
			return Said{}, err
		}
		return said("Revoked perm for user group: `%s` in repo: `%s`", g.Name, c.Repo.Path), s.revoke(ctx, c, access.Subject{UserGroupID: g.ID})
	})
}

func said(format string, a ...any) Said { return Said{Msg: fmt.Sprintf(format, a...), Success: true} }

func (s *server) grant(ctx context.Context, c *method.Call, to access.Subject, l access.Level) error {
	return gone(s.o.Access.Grant(ctx, c.Actor, access.Object{RepositoryID: c.Repo.ID}, to, l), c)
}

func (s *server) revoke(ctx context.Context, c *method.Call, to access.Subject) error {
	return gone(s.o.Access.Revoke(ctx, c.Actor, access.Object{RepositoryID: c.Repo.ID}, to), c)
}

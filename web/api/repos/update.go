package repos

import (
	"context"
	"errors"
	"strings"

	"jeton/auth/access"
	"jeton/vcs/host"
	"jeton/vcs/name"
	"jeton/vcs/rules"
	"jeton/web/api/method"
)

// Updated is what RhodeCode answers where a repository was changed.
type Updated struct {
	Msg  string `json:"msg" doc:"What was done."`
	Repo Repo   `json:"repository" doc:"The repository as it is now."`
}

type updateArgs struct {
	Repo        method.Ref  `arg:"repoid" doc:"Name or id of the repository."`
	Name        *string     `arg:"repo_name,optional" alias:"name" doc:"Its new path, with the groups that it lies in. The old path leads on." max:"255"`
	Group       *method.Ref `arg:"group,optional" doc:"Name or id of the group that it is moved to, under the name that it has."`
	Owner       *method.Ref `arg:"owner,optional" doc:"Whose it is from now on: a user name or id, for administrators."`
	Description *string     `arg:"description,optional" doc:"What it is." max:"10000"`
	Private     *bool       `arg:"private,optional" doc:"Only those see it who were given it."`
	Archived    *bool       `arg:"archived,optional" doc:"Make it read-only, or writable again (Jeton's own)."`
	CloneURI    *string     `arg:"clone_uri,optional" doc:"Where pull fetches from; empty for nowhere." max:"2048"`
	PushURI     *string     `arg:"push_uri,optional" doc:"Refused, unless empty: the server pushes to nowhere." max:"2048"`
	Landing     *string     `arg:"landing_rev,optional" doc:"branch:NAME makes NAME its default branch." max:"500"`
	ForkOf      *string     `arg:"fork_of,optional" doc:"Name or id of the repository of which it counts as a fork; empty for none." max:"255"`
	Statistics  bool        `arg:"enable_statistics,optional" doc:"Without effect: there are no statistics."`
	Locking     bool        `arg:"enable_locking,optional" doc:"Without effect: fetching locks nothing, the method lock does."`
	Downloads   *bool       `arg:"enable_downloads,optional" doc:"Give out archives, or none."`
	Fields      string      `arg:"fields,optional" doc:"Refused, unless empty: there are no extra fields." max:"10000"`
}

// updateRepo declares update_repo.
func (s *server) updateRepo() method.Method {
	return method.Of(method.Method{
		Name: "update_repo", Doc: "Changes a repository. What is left out stays as it is. All of it is looked at before anything is changed.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "description": "Our app"}`, REST: "PATCH repos/{repoid}",
		Fails: []string{"repository `team/app` does not exist", "repo `team/other` already exist", "Only RhodeCode admin can specify `owner` param"},
	}, func(ctx context.Context, c *method.Call, in updateArgs) (Updated, error) {
		u, err := s.plan(ctx, c, in)
		if err != nil {
			return Updated{}, err
		}
		for _, step := range u {
			if err := step(ctx); err != nil {
				return Updated{}, gone(err, c)
			}
		}
		now, ok := s.o.Access.ByID(c.Repo.ID)
		if !ok {
			return Updated{}, method.NoRepository(in.Repo)
		}
		shown, err := s.showWhole(ctx, c, now, false)
		return Updated{Msg: "updated repo ID:" + now.ID + " " + now.Path, Repo: shown}, err
	})
}

// step is one change.
type step func(ctx context.Context) error

// plan checks all that a call asks for, and answers the changes; nothing is changed yet.
func (s *server) plan(ctx context.Context, c *method.Call, in updateArgs) (steps []step, err error) {
	if in.Fields != "" {
		return nil, method.Fail(method.Invalid, "Jeton has no extra fields; leave `fields` out.")
	}
	clone, push := "", ""
	if in.CloneURI != nil {
		clone = *in.CloneURI
	}
	if in.PushURI != nil {
		push = *in.PushURI
	}
	if err := s.checkURIs(ctx, clone, push); err != nil {
		return nil, err
	}
	for _, plan := range []func(*method.Call, updateArgs) (step, error){s.planHead, s.planOwner, s.planFork, s.planFlags, s.planMove} {
		do, err := plan(c, in)
		if err != nil {
			return nil, err
		}
		if do != nil {
			steps = append(steps, do)
		}
	}
	if in.CloneURI != nil && s.o.Remotes != nil {
		steps = append(steps, func(ctx context.Context) error { return s.o.Remotes.Set(ctx, c.Actor, c.Repo.ID, clone) })
	}
	return steps, nil
}

func (s *server) planOwner(c *method.Call, in updateArgs) (step, error) {
	if in.Owner == nil {
		return nil, nil
	}
	u, ok := s.o.Users.Find(string(*in.Owner))
	switch {
	case ok && u.ID == c.Repo.OwnerID:
		return nil, nil
	case !c.Admin():
		return nil, method.Fail(method.Denied, "Only RhodeCode admin can specify `owner` param")
	case !ok:
		return nil, method.NoUser(*in.Owner)
	}
	return func(ctx context.Context) error { return s.o.Access.SetOwner(ctx, c.Actor, c.Repo.ID, u.ID) }, nil
}

func (s *server) planFork(c *method.Call, in updateArgs) (step, error) {
	if in.ForkOf == nil {
		return nil, nil
	}
	of := ""
	if *in.ForkOf != "" {
		parent, err := c.SeenRepository(s.o.Access, method.Ref(*in.ForkOf), access.Read)
		if err != nil {
			return nil, err
		}
		if s.descends(parent.ID, c.Repo.ID) {
			return nil, forkOfItself(c)
		}
		of = parent.ID
	}
	return func(ctx context.Context) error {
		err := s.o.Access.SetForkOf(ctx, c.Actor, c.Repo.ID, of)
		if errors.Is(err, access.ErrForkOfItself) { // by a change meanwhile
			return forkOfItself(c)
		}
		return err
	}, nil
}

func forkOfItself(c *method.Call) error {
	return method.Fail(method.Invalid, "`%s` cannot be a fork of itself", c.Repo.Path)
}

// descends tells whether a repository is another one, or a fork of it, or of a fork of it.
func (s *server) descends(id, from string) bool {
	for seen := map[string]bool{}; id != "" && !seen[id]; {
		if id == from {
			return true
		}
		seen[id] = true
		about, _ := s.o.Access.About(id)
		id = about.ForkOf
	}
	return false
}

func (s *server) planHead(c *method.Call, in updateArgs) (step, error) {
	if in.Landing == nil {
		return nil, nil
	}
	branch, err := landing(*in.Landing)
	if err != nil || branch == "" {
		return nil, err
	}
	if c.Repo.Archived {
		return nil, method.Fail(method.Denied, "This repository is archived: it can be read, but what it holds cannot be changed.")
	}
	return func(ctx context.Context) error {
		if err := s.o.Host.SetHead(ctx, c.Repo.ID, branch, actor(c)); err != nil {
			return headError(err, branch)
		}
		return s.o.Note(ctx, c.Actor, "repository.default_branch", c.Repo.Path, branch)
	}, nil
}

// planFlags are what is switched and described.
func (s *server) planFlags(c *method.Call, in updateArgs) (step, error) {
	id := c.Repo.ID
	return func(ctx context.Context) error {
		if in.Description != nil {
			if err := s.o.Access.Describe(ctx, c.Actor, id, *in.Description); err != nil {
				return err
			}
		}
		if in.Private != nil && *in.Private != c.Repo.Private {
			change := s.o.Access.Publish
			if *in.Private {
				change = s.o.Access.Hide
			}
			if err := change(ctx, c.Actor, id); err != nil {
				return err
			}
		}
		if in.Archived != nil && *in.Archived != c.Repo.Archived {
			change := s.o.Access.Unarchive
			if *in.Archived {
				change = s.o.Access.Archive
			}
			if err := change(ctx, c.Actor, id); err != nil {
				return err
			}
		}
		if in.Downloads == nil {
			return nil
		}
		detail := "downloads=off"
		if *in.Downloads {
			detail = "downloads=on"
		}
		return s.o.Rules.Change(ctx, c.Actor, host.Repo{ID: id, Path: c.Repo.Path}, "repository.set", detail,
			func(r *rules.Rules) error { r.NoArchives = !*in.Downloads; return nil })
	}, nil
}

// planMove is another path, or another group.
func (s *server) planMove(c *method.Call, in updateArgs) (step, error) {
	to := c.Repo.Path
	if in.Name != nil {
		to = *in.Name
	}
	if in.Group != nil {
		g, err := c.SeenGroup(s.o.Access, *in.Group, access.Read)
		if err != nil {
			return nil, err
		}
		to = g.Path + "/" + to[strings.LastIndexByte(to, '/')+1:]
	}
	if to == c.Repo.Path {
		return nil, nil
	}
	if err := s.mayMove(c, to); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		row, err := s.o.Host.Rename(ctx, c.Repo.ID, to)
		if err != nil {
			return pathError(err, to)
		}
		now, _ := s.o.Access.ByID(row.ID)
		s.tell(ctx, Happened{What: Renamed, Repo: now, From: c.Repo.Path, By: c.Actor})
		return s.o.Note(ctx, c.Actor, "repository.rename", row.Path, "was "+c.Repo.Path)
	}, nil
}

// mayMove asks whether a repository may be given a path. That something is there already is told to those alone who may
// have things there.
func (s *server) mayMove(c *method.Call, to string) error {
	if _, err := s.o.Access.Names.Repository(to); err != nil {
		return method.Fail(method.Invalid, "%v: %v", host.ErrBadPath, err)
	}
	if err := s.mayLie(c, to); err != nil {
		return err
	}
	if r, ok := s.o.Access.ByPath(to); ok && r.Is(to) && r.ID != c.Repo.ID {
		return s.free(to)
	}
	return nil
}

// mayLie asks whether a repository may lie at a path: in the group where it is, in one to which the caller may write, else
// where they may make one.
func (s *server) mayLie(c *method.Call, to string) error {
	if name.Fold(above(to)) == name.Fold(above(c.Repo.Path)) {
		return nil
	}
	if g, ok := s.o.Access.Group(above(to)); ok && c.SeesGroup(g.ID, access.Write) {
		return nil
	} else if !ok && !s.o.Bound(c.Identity) {
		u, _ := s.o.Users.ByID(c.Identity.UserID)
		if s.o.Access.MayCreate(u, s.o.Create, to) {
			return nil
		}
	}
	if group := above(to); group != "" { // as where there is none: a group that may not be written to does not exist
		return method.NoGroup(method.Ref(group))
	}
	return method.Fail(method.Denied, "You may not give a repository the path `%s`: it lies in no group, and the server's setting repos.create lets you make none there.", to)
}

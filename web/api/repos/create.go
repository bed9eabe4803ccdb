package repos

import (
	"context"
	"errors"
	"path"
	"strings"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/vcs/host"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/web/api/method"
)

// Made is what RhodeCode answers where something was made, or is about to be.
type Made struct {
	Msg     string  `json:"msg" doc:"What was done."`
	Success bool    `json:"success" doc:"Always true."`
	Task    *string `json:"task" doc:"The id of the job that goes on (get_job tells of it); null where all is done."`
}

func made(msg, task string) Made {
	m := Made{Msg: msg, Success: true}
	if task != "" {
		m.Task = &task
	}
	return m
}

// createRepo declares create_repo.
func (s *server) createRepo() method.Method {
	type args struct {
		Name        string     `arg:"repo_name" doc:"Path of the repository. Groups that it names and that are not there are made." max:"255"`
		Type        string     `arg:"repo_type" doc:"git; Jeton has no other."`
		Owner       method.Ref `arg:"owner,optional" doc:"Whose it is: a user name or id, for administrators. The caller's where left out."`
		Description string     `arg:"description,optional" doc:"What it is." max:"10000"`
		Private     *bool      `arg:"private,optional" doc:"Only those see it who were given it. The setting repos.private counts where left out."`
		CloneURI    string     `arg:"clone_uri,optional" doc:"Where it is fetched from." max:"2048"`
		PushURI     string     `arg:"push_uri,optional" doc:"Refused: the server pushes to nowhere." max:"2048"`
		Landing     string     `arg:"landing_rev,optional" default:"rev:tip" doc:"branch:NAME makes NAME its default branch." max:"500"`
		Statistics  bool       `arg:"enable_statistics,optional" doc:"Without effect: there are no statistics."`
		Locking     bool       `arg:"enable_locking,optional" doc:"Without effect: fetching locks nothing, the method lock does."`
		Downloads   *bool      `arg:"enable_downloads,optional" doc:"false: nobody is given archives. They are given out where left out."`
		Copy        bool       `arg:"copy_permissions,optional" doc:"Give on the repository what was given on the group that it lies in."`
	}
	return method.Of(method.Method{
		Name: "create_repo", Doc: "Makes an empty repository, or one that is fetched from elsewhere. Who may is told in docs/permissions.md.",
		On: method.On{Kind: method.NewRepository, Arg: "repo_name"}, Changes: true,
		Example: `{"repo_name": "team/app", "repo_type": "git", "private": true}`, REST: "POST repos",
		Fails: []string{"repo `team/app` already exist", "Only RhodeCode admin can specify `owner` param", "user `ada` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) (Made, error) {
		if in.Type != "git" {
			return Made{}, method.Fail(method.Invalid, "Invalid backend type %s. Jeton has git repositories alone.", in.Type)
		}
		n := newRepo{path: in.Name, description: in.Description, private: s.o.Private, downloads: in.Downloads, copyGiven: in.Copy}
		if in.Private != nil {
			n.private = *in.Private
		}
		var err error
		if n.owner, err = s.owner(c, in.Owner); err != nil {
			return Made{}, err
		}
		if n.branch, err = landing(in.Landing); err != nil {
			return Made{}, err
		}
		if err := s.checkURIs(ctx, in.CloneURI, in.PushURI); err != nil {
			return Made{}, err
		}
		r, err := s.create(ctx, c, n)
		if err != nil {
			return Made{}, err
		}
		task, err := s.fetch(ctx, c, r.ID, in.CloneURI)
		return made("Created new repository `"+r.Path+"`", task), err
	})
}

// newRepo is what is to be made.
type newRepo struct {
	path, description, branch string
	owner                     access.User
	private, copyGiven        bool
	downloads                 *bool
}

// create makes an empty repository.
func (s *server) create(ctx context.Context, c *method.Call, n newRepo) (access.Repository, error) {
	if err := s.free(n.path); err != nil {
		return access.Repository{}, err
	}
	row, err := s.o.Host.Create(ctx, host.Repo{Path: n.path, OwnerID: n.owner.ID, MakerID: c.Identity.UserID, Private: n.private, Description: n.description})
	if err != nil {
		return access.Repository{}, pathError(err, n.path)
	}
	err = s.o.Note(ctx, c.Actor, "repository.create", row.Path, "owner "+n.owner.Name)
	r, _ := s.o.Access.ByID(row.ID)
	s.tell(ctx, Happened{What: Created, Repo: r, By: c.Actor})
	if err == nil && n.downloads != nil && !*n.downloads {
		err = s.o.Rules.Change(ctx, c.Actor, row, "repository.set", "downloads=off", func(r *rules.Rules) error { r.NoArchives = true; return nil })
	}
	if err == nil && n.copyGiven && len(r.Groups) > 0 {
		err = s.copyGiven(ctx, c.Actor, r.Groups[0], r.ID)
	}
	if err == nil && n.branch != "" {
		err = headError(s.o.Host.SetHead(ctx, row.ID, n.branch, actor(c)), n.branch)
	}
	return r, err
}

// free answers what RhodeCode says of a path at which something is.
func (s *server) free(path string) error {
	if r, ok := s.o.Access.ByPath(path); ok && r.Is(path) {
		kind := "repo"
		if about, _ := s.o.Access.About(r.ID); about.ForkOf != "" {
			kind = "fork"
		}
		return method.Fail(method.Conflict, "%s `%s` already exist", kind, path)
	}
	if _, ok := s.o.Access.Group(path); ok {
		return method.Fail(method.Conflict, "repository group `%s` already exist", path)
	}
	return nil
}

// owner finds whose a new repository is to be; others than the caller, for administrators alone.
func (s *server) owner(c *method.Call, ref method.Ref) (access.User, error) {
	if ref == "" {
		return s.person(method.Ref(c.Identity.UserID))
	}
	u, ok := s.o.Users.Find(string(ref))
	switch {
	case ok && u.ID == c.Identity.UserID:
		return u, nil
	case !c.Admin():
		return u, method.Fail(method.Denied, "Only RhodeCode admin can specify `owner` param")
	case !ok:
		return u, method.NoUser(ref)
	}
	return u, nil
}

// landing reads RhodeCode's TYPE:NAME; "" where the default branch is to stay what it is.
func landing(text string) (branch string, err error) {
	kind, name, ok := strings.Cut(text, ":")
	switch {
	case text == "" || text == "rev:tip" || text == "tip":
		return "", nil
	case ok && kind == "branch" && name != "":
		return name, nil
	case !ok:
		return text, nil
	}
	return "", method.Fail(method.Invalid, "landing_rev `%s` is neither rev:tip nor branch:NAME", text)
}

// copyGiven gives on a repository, or takes from another one, what was given on something.
func (s *server) copyGiven(ctx context.Context, by audit.Actor, from, to string) error {
	for _, p := range s.o.Access.Given(from) {
		if err := s.o.Access.Grant(ctx, by, access.Object{RepositoryID: to}, p.To, p.Level); err != nil {
			return err
		}
	}
	return nil
}

// checkURIs refuses addresses before anything is made.
func (s *server) checkURIs(ctx context.Context, clone, push string) error {
	switch {
	case push != "":
		return method.Fail(method.Invalid, "Jeton has no push_uri: it pushes to no other server. Leave it out, or let a web hook do it.")
	case clone == "":
		return nil
	case s.o.Remotes == nil:
		return method.Fail(method.Invalid, "This server fetches from no other one, so clone_uri cannot be set. Clone it yourself and push it here.")
	}
	return s.o.Remotes.Check(ctx, clone)
}

// fetch notes where a repository comes from, and fetches it.
func (s *server) fetch(ctx context.Context, c *method.Call, repoID, uri string) (task string, err error) {
	if uri == "" {
		return "", nil
	}
	if err := s.o.Remotes.Set(ctx, c.Actor, repoID, uri); err != nil {
		return "", err
	}
	return s.o.Remotes.Fetch(ctx, c.Actor, c.Identity.UserID, repoID)
}

// pathError says what is wrong with a path in RhodeCode's words.
func pathError(err error, path string) error {
	switch {
	case errors.Is(err, host.ErrTaken):
		return method.Fail(method.Conflict, "repo `%s` already exist", path)
	case errors.Is(err, host.ErrBadPath):
		return method.Fail(method.Invalid, "%v", err)
	}
	return err
}

func headError(err error, branch string) error {
	if errors.Is(err, host.ErrNoBranch) {
		return method.Fail(method.NotFound, "The repository has no branch `%s` that could be its default one.", branch)
	}
	return err
}

// actor is who moves refs.
func actor(c *method.Call) storage.Actor {
	return storage.Actor{ID: c.Identity.UserID, Name: c.Identity.UserName, Email: c.Identity.Email, Credential: c.Identity.Credential}
}

// above is the group that a path's last segment lies in; "" for none.
func above(p string) string {
	if dir := path.Dir(p); dir != "." {
		return dir
	}
	return ""
}

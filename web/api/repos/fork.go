package repos

import (
	"context"
	"encoding/json"
	"fmt"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/vcs/host"
	"jeton/vcs/storage"
	"jeton/web/api/method"
)

// kindFork is the job that forks.
const kindFork = "fork_repo"

// forkRepo declares fork_repo.
func (s *server) forkRepo() method.Method {
	type args struct {
		Repo        method.Ref `arg:"repoid" doc:"Name or id of the repository to fork."`
		Name        string     `arg:"fork_name" doc:"Path of the fork. Groups that it names and that are not there are made." max:"255"`
		Owner       method.Ref `arg:"owner,optional" doc:"Whose the fork is: a user name or id, for administrators. The caller's where left out."`
		Description string     `arg:"description,optional" doc:"What it is." max:"10000"`
		Copy        bool       `arg:"copy_permissions,optional" doc:"Give on the fork what was given on the repository itself."`
		Private     *bool      `arg:"private,optional" doc:"Only those see it who were given it. Where left out it is as the repository is; a private one has private forks alone."`
		CloneURI    string     `arg:"clone_uri,optional" doc:"Refused: a fork comes from its repository." max:"2048"`
		Landing     string     `arg:"landing_rev,optional" default:"rev:tip" doc:"branch:NAME makes NAME its default branch." max:"500"`
	}
	return method.Of(method.Method{
		Name: "fork_repo", Doc: "Makes a fork: a repository with the branches and tags that clients see of another, at no cost of disk space at first. Refs that are hidden there are not in it, and neither are the repository's rules, locks and web hooks.",
		On: method.On{Kind: method.NewRepository, Arg: "fork_name"}, Changes: true,
		Example: `{"repoid": "team/app", "fork_name": "ada/app"}`, REST: "POST repos/{repoid}/forks",
		Fails: []string{"repository `team/app` does not exist", "fork `ada/app` already exist", "repo `ada/app` already exist", "Only RhodeCode admin can specify `owner` param"},
	}, func(ctx context.Context, c *method.Call, in args) (Made, error) {
		parent, err := c.SeenRepository(s.o.Access, in.Repo, access.Read)
		if err != nil {
			return Made{}, err
		}
		if in.CloneURI != "" {
			return Made{}, method.Fail(method.Invalid, "A fork comes from its repository; leave `clone_uri` out, or use create_repo.")
		}
		f := forking{ID: host.NewID(), Of: parent.ID, Path: in.Name, Description: in.Description, Private: parent.Private, Copy: in.Copy,
			CallerID: c.Identity.UserID, CallerName: c.Identity.UserName, Credential: c.Identity.Credential}
		if in.Private != nil {
			if parent.Private && !*in.Private {
				return Made{}, method.Fail(method.Invalid, "`%s` is private, so its forks are. Whoever administers the fork can publish it later with update_repo.", parent.Path)
			}
			f.Private = *in.Private
		}
		owner, err := s.owner(c, in.Owner)
		if err != nil {
			return Made{}, err
		}
		f.OwnerID = owner.ID
		if f.Branch, err = landing(in.Landing); err != nil {
			return Made{}, err
		}
		if err := s.free(in.Name); err != nil {
			return Made{}, err
		}
		_, task, err := s.o.Jobs.Do(ctx, Job{Kind: kindFork, RepoID: parent.ID, UserID: c.Identity.UserID, By: c.Actor, Args: f})
		return made("Created fork of `"+parent.Path+"` as `"+in.Name+"`", task), err
	})
}

// forking is what the job is told. ID is that of the fork, so that one that is begun again finds what it has made.
type forking struct {
	ID, Of, Path, Description, OwnerID, Branch string
	Private, Copy                              bool
	CallerID, CallerName, Credential           string
}

// runFork forks. What the caller might do when they asked, they must still be able to do.
func (s *server) runFork(ctx context.Context, by audit.Actor, text json.RawMessage, _ func(string)) (any, error) {
	var f forking
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read what is to be forked: %w", err)
	}
	fork, there := s.o.Access.ByID(f.ID)
	if !there {
		var err error
		if fork, err = s.makeFork(ctx, by, f); err != nil {
			return nil, err
		}
	}
	if parent, lives := s.o.Access.ByID(f.Of); lives { // an attempt before may have ended between the fork and this
		s.tell(ctx, Happened{What: Forked, Repo: parent, Fork: fork, By: by})
	}
	if f.Copy {
		if err := s.copyGiven(ctx, by, f.Of, f.ID); err != nil {
			return nil, err
		}
	}
	if f.Branch != "" {
		who := storage.Actor{ID: f.CallerID, Name: f.CallerName, Credential: f.Credential}
		if err := s.o.Host.SetHead(ctx, f.ID, f.Branch, who); err != nil {
			return nil, headError(err, f.Branch)
		}
	}
	return struct {
		ID   string `json:"repo_id"`
		Name string `json:"repo_name"`
	}{fork.ID, fork.Path}, nil
}

func (s *server) makeFork(ctx context.Context, by audit.Actor, f forking) (access.Repository, error) {
	parent, lives := s.o.Access.ByID(f.Of)
	may, err := s.still(ctx, by, parent, access.Read)
	if err != nil {
		return access.Repository{}, err
	}
	if !lives || !may {
		return access.Repository{}, method.NoRepository(method.Ref(f.Of))
	}
	caller, _ := s.o.Users.ByID(by.UserID)
	if !s.o.Access.MayCreate(caller, s.o.Create, f.Path) {
		return access.Repository{}, method.Fail(method.Denied, "You may make no repository at `%s` any more.", f.Path)
	}
	row, err := s.o.Host.Fork(ctx, f.Of, host.Repo{ID: f.ID, Path: f.Path, OwnerID: f.OwnerID, MakerID: f.CallerID,
		Private: f.Private || parent.Private, Description: f.Description})
	if isGone(err) {
		return access.Repository{}, method.NoRepository(method.Ref(parent.Path))
	}
	if err != nil {
		return access.Repository{}, pathError(err, f.Path)
	}
	fork, _ := s.o.Access.ByID(row.ID)
	return fork, s.o.Note(ctx, by, "repository.fork", fork.Path, "of "+parent.Path)
}

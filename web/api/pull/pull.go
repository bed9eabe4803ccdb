// Package pull has the method pull, and what the methods about repositories need of other servers: where a repository is
// fetched from, kept sealed, and the job that fetches.
//
// An address may hold a password. It is sealed before it goes anywhere near the database, a job's arguments included; what
// people see of it, in answers, the log and the audit record, is its masked form.
package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/remote"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/web/api/method"
	"jeton/web/api/repos"
)

// Rows is what the server remembers of remotes.
type Rows interface {
	// Shown is the masked address of a repository's remote, out of memory; "" for none.
	Shown(repoID string) string
	// Sealed is the address as Save was given it; "" for none.
	Sealed(ctx context.Context, repoID string) (string, error)
	// Save puts another address in its place, with its audit entry, and forgets the keys that were met; "" removes it.
	Save(ctx context.Context, by audit.Actor, repoID, sealed, shown string) error
	// Keys is what is known of SSH servers that a repository was fetched from.
	Keys(repoID string) remote.HostKeys
}

// Box seals; *seal.Box does.
type Box interface {
	Seal(plain []byte, about string) string
	Open(sealed, about string) ([]byte, error)
}

// Repositories opens them; *host.Host does.
type Repositories interface {
	Open(ctx context.Context, repoID string) (storage.Repository, error)
	Rules(ctx context.Context, repoID string) (rules.Rules, error)
}

// Fetcher fetches; *remote.Fetcher does.
type Fetcher interface {
	Pull(ctx context.Context, p remote.Pull) (remote.Report, error)
}

// Jobs does what takes long.
type Jobs interface {
	repos.Jobs
	// Start adds a job and waits for nothing.
	Start(ctx context.Context, j repos.Job) (task string, err error)
}

// Options are what a Service needs. With the zero value its method can be declared, and not be called.
type Options struct {
	Rows         Rows
	Box          Box
	Repositories Repositories
	Fetcher      Fetcher
	Jobs         Jobs
	// Actor is who moves the refs, and whether they may now: a *host.Refusal where not.
	Actor func(ctx context.Context, by audit.Actor, userID, repoID string) (storage.Actor, error)
}

// Service implements repos.Remotes; safe for concurrent use.
type Service struct{ o Options }

// New makes a service.
func New(o Options) *Service { return &Service{o} }

// kind is the name of the job.
const kind = "pull"

// job is what the job is to do. Address is sealed; "" is that of the repository.
type job struct {
	RepoID  string `json:"repo_id"`
	UserID  string `json:"user_id"`
	Address string `json:"address,omitempty"`
}

// Check implements repos.Remotes.
func (s *Service) Check(_ context.Context, uri string) error {
	_, err := parse("clone_uri", uri)
	return err
}

// parse reads an address; the error is for whoever wrote it, and holds none of it.
func parse(arg, uri string) (remote.Address, error) {
	a, err := remote.Parse(uri)
	if err != nil {
		return a, method.Fail(method.Invalid, "Invalid `%s`: %s", arg, err)
	}
	return a, nil
}

// about is what a sealed address is about.
func about(repoID string) string { return "remotes/" + repoID + "/address" }

// URI implements repos.Remotes.
func (s *Service) URI(repoID string) string { return s.o.Rows.Shown(repoID) }

// Set implements repos.Remotes. The masked form of what is there already changes nothing: scripts send back what get_repo
// has shown them.
func (s *Service) Set(ctx context.Context, by audit.Actor, repoID, uri string) error {
	if uri == s.o.Rows.Shown(repoID) {
		return nil
	}
	if uri == "" {
		return s.o.Rows.Save(ctx, by, repoID, "", "")
	}
	a, err := parse("clone_uri", uri)
	if err != nil {
		return err
	}
	return s.o.Rows.Save(ctx, by, repoID, s.o.Box.Seal([]byte(a.String()), about(repoID)), a.Masked())
}

// Fetch implements repos.Remotes.
func (s *Service) Fetch(ctx context.Context, by audit.Actor, userID, repoID string) (task string, err error) {
	_, task, err = s.o.Jobs.Do(ctx, s.job(by, userID, repoID, ""))
	return task, err
}

func (s *Service) job(by audit.Actor, userID, repoID, sealed string) repos.Job {
	return repos.Job{Kind: kind, RepoID: repoID, UserID: userID, By: by, Args: job{RepoID: repoID, UserID: userID, Address: sealed}}
}

// Kind is the job.
func (s *Service) Kind() repos.Kind { return repos.Kind{Name: kind, Run: s.run} }

// run fetches. Begun anew after it was killed it finds what is still to be moved.
func (s *Service) run(ctx context.Context, by audit.Actor, args json.RawMessage, report func(string)) (any, error) {
	var j job
	if err := json.Unmarshal(args, &j); err != nil {
		return nil, fmt.Errorf("read what is to be fetched: %w", err)
	}
	from, err := s.address(ctx, j)
	if err != nil {
		return nil, err
	}
	p := remote.Pull{From: from, Keys: s.o.Rows.Keys(j.RepoID), Progress: report}
	if p.Session, err = s.session(ctx, by, j); err != nil {
		return nil, err
	}
	done, err := s.o.Fetcher.Pull(ctx, p)
	if err != nil {
		return nil, told(from, err)
	}
	return done, nil
}

// address is where a job fetches from.
func (s *Service) address(ctx context.Context, j job) (remote.Address, error) {
	sealed := j.Address
	if sealed == "" {
		var err error
		if sealed, err = s.o.Rows.Sealed(ctx, j.RepoID); err != nil {
			return remote.Address{}, err
		}
	}
	if sealed == "" {
		return remote.Address{}, method.Fail(method.Conflict, "The repository has no address any more that it is fetched from (clone_uri).")
	}
	text, err := s.o.Box.Open(sealed, about(j.RepoID))
	if err != nil {
		return remote.Address{}, method.Fail(method.Failed, "The address that the repository is fetched from was sealed by another key than this server's (secrets.key). Set clone_uri anew.")
	}
	return remote.Parse(string(text))
}

// session is the push that a job comes to.
func (s *Service) session(ctx context.Context, by audit.Actor, j job) (receive.Session, error) {
	actor, err := s.o.Actor(ctx, by, j.UserID, j.RepoID)
	if err != nil {
		return receive.Session{}, err
	}
	repo, err := s.o.Repositories.Open(ctx, j.RepoID)
	if errors.Is(err, host.ErrNotFound) {
		return receive.Session{}, method.Fail(method.NotFound, "The repository was deleted meanwhile.")
	}
	if err != nil {
		return receive.Session{}, err
	}
	now := func(ctx context.Context) (rules.Rules, error) { return s.o.Repositories.Rules(ctx, j.RepoID) }
	r, err := now(ctx)
	return receive.Session{Repo: repo, Actor: actor, Rules: r, RulesNow: now, Recheck: func(ctx context.Context) error {
		_, err := s.o.Actor(ctx, by, j.UserID, j.RepoID)
		return err
	}}, err
}

// told is the error of a pull in words for whoever asked; what is nobody's fault but the server's stays as it is.
func told(from remote.Address, err error) error {
	text, known := receive.Told(err)
	var failure *remote.Failure
	switch {
	case known:
	case errors.As(err, &failure):
		text = failure.Error()
	case errors.Is(err, remote.ErrUnreachable):
		text = remote.ErrUnreachable.Error()
	default:
		return err
	}
	return method.Fail(method.Failed, "Unable to pull changes from `%s`: %s", from.Masked(), text)
}

// Pulled is what pull answers.
type Pulled struct {
	Msg        string  `json:"msg" doc:"What was done, or begun."`
	Repository string  `json:"repository" doc:"Path of the repository."`
	Task       *string `json:"task" doc:"The id of the job that goes on (get_job tells of it); null where all is done."`
}

type args struct {
	Repo   method.Ref `arg:"repoid" doc:"Path or id of the repository."`
	Remote string     `arg:"remote_uri,optional" doc:"Where to fetch from this once, in place of the repository's clone_uri." max:"2048"`
	Wait   bool       `arg:"wait_completion,optional" default:"true" doc:"false: the call does not wait for the end at all. Else it waits for some seconds (the setting jobs.wait)."`
}

// Methods is pull.
func Methods(s *Service) []method.Method {
	return []method.Method{method.Of(method.Method{
		Name: "pull", On: method.On{Kind: method.Repository, Arg: "repoid", Level: access.Admin, Content: true}, Changes: true,
		Doc:     "Fetches branches and tags of a repository on another server, over https, http, ssh or git, and moves those of this repository to where they are there. See docs/pull.md.",
		Example: `{"repoid": "mirrors/app"}`, REST: "POST repos/{repoid}/pull",
		Fails: []string{"repository `mirrors/app` does not exist", "Unable to pull changes from `https://code.example/app`: …", "Invalid `remote_uri`: …"},
	}, s.pull)}
}

func (s *Service) pull(ctx context.Context, c *method.Call, in args) (Pulled, error) {
	shown, sealed := s.o.Rows.Shown(c.Repo.ID), ""
	if in.Remote != "" {
		a, err := parse("remote_uri", in.Remote)
		if err != nil {
			return Pulled{}, err
		}
		shown, sealed = a.Masked(), s.o.Box.Seal([]byte(a.String()), about(c.Repo.ID))
	}
	if shown == "" {
		return Pulled{}, method.Fail(method.Invalid, "Unable to pull changes from `None`: the repository has no clone_uri; set it by update_repo, or name remote_uri")
	}
	j := s.job(c.Actor, c.Identity.UserID, c.Repo.ID, sealed)
	var task string
	var err error
	if in.Wait {
		_, task, err = s.o.Jobs.Do(ctx, j)
	} else {
		task, err = s.o.Jobs.Start(ctx, j)
	}
	if err != nil {
		return Pulled{}, err
	}
	done := Pulled{Msg: fmt.Sprintf("Pulled from url `%s` on repo `%s`", shown, c.Repo.Path), Repository: c.Repo.Path}
	if task != "" {
		done.Task = &task
		done.Msg = fmt.Sprintf("Pulling from url `%s` on repo `%s`", shown, c.Repo.Path)
	}
	return done, nil
}

// Package work has the methods that ask about jobs: what an API method has begun and answered the id of as `task`.
//
// A job is its owner's, and the administrators' whose token has the right admin; for anybody else it does not exist. A
// token that is bound to repositories sees the jobs that are about these alone.
package work

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/work"
)

// Jobs is the queue; *work.Queue is it.
type Jobs interface {
	Get(ctx context.Context, id string) (work.Job, error)
	List(ctx context.Context, f work.Filter) ([]work.Job, error)
	Cancel(ctx context.Context, id string) (work.Job, error)
}

// Options are what the methods need.
type Options struct {
	Jobs Jobs
	// Repositories finds the paths of repositories; *access.Repositories does.
	Repositories interface {
		Find(ref string) (access.Repository, bool)
		ByID(id string) (access.Repository, bool)
	}
	// Tokens finds the token of a call; *token.Store does.
	Tokens interface {
		ByID(id string) (token.Token, bool)
	}
}

const noJob = "job `%s` does not exist"

// Methods are get_job, get_jobs and cancel_job.
func Methods(o Options) []method.Method {
	open := method.On{Kind: method.Open}
	fails := []string{"job `…` does not exist"}
	return []method.Method{
		method.Of(method.Method{Name: "get_job", On: open, REST: "GET jobs/{jobid}", New: true, Example: `{"jobid": "q3k7w2c5tz4hbn6ysd2xafm7eu"}`, Fails: fails,
			Doc: "Tells how a job stands. What works as a job answers its id as `task`; a job can be asked for by who began it, and by administrators, for a week after its end (`jobs.keep`)."}, o.get),
		method.Of(method.Method{Name: "get_jobs", On: open, REST: "GET jobs", New: true, Example: `{"state": "running"}`,
			Fails: append([]string{"repository `…` does not exist"}, fails...),
			Doc:   "Lists jobs, the youngest first: the caller's own, and with `all` everybody's, which administrators may ask for."}, o.list),
		method.Of(method.Method{Name: "cancel_job", On: open, Changes: true, REST: "DELETE jobs/{jobid}", New: true, Example: `{"jobid": "q3k7w2c5tz4hbn6ysd2xafm7eu"}`, Fails: fails,
			Doc: "Cancels a job. One that waits is cancelled at once, one that runs soon; one that has ended stays as it is. It is answered as it stands then."}, o.cancel),
	}
}

type jobArgs struct {
	ID string `arg:"jobid" max:"64" doc:"The id of the job, as task said it."`
}

type listArgs struct {
	Repo   *method.Ref `arg:"repoid,optional" doc:"Jobs about this repository alone."`
	State  string      `arg:"state,optional" choices:"queued,running,done,failed,cancelled" doc:"Jobs in this state alone."`
	Kind   string      `arg:"kind,optional" max:"64" doc:"Jobs of this kind alone, such as fork_repo."`
	All    bool        `arg:"all,optional" default:"false" doc:"Everybody's jobs."`
	Before string      `arg:"before,optional" max:"64" doc:"Jobs that were added before the one with this id alone."`
	Limit  int64       `arg:"limit,optional" default:"100" max:"1000" doc:"How many at most."`
}

// Reply is a job as it is shown.
type Reply struct {
	ID       string          `json:"job_id" doc:"The job's id."`
	Kind     string          `json:"kind" doc:"What is done, such as fork_repo."`
	State    string          `json:"state" doc:"queued, running, done, failed or cancelled."`
	Repo     *string         `json:"repo_name" doc:"The repository that it is about; null for none, and where it is gone or may not be read."`
	Owner    string          `json:"owner_id" doc:"The id of the person who began it."`
	Progress string          `json:"progress" doc:"How far it has come, for people."`
	Result   json.RawMessage `json:"result" doc:"What it came to; null where it has not ended well."`
	Error    *string         `json:"error" doc:"Why it failed, or why its last attempt did; null where it did not."`
	Attempt  int             `json:"attempt" doc:"How many times it was begun."`
	Created  time.Time       `json:"created_on" doc:"When it was added."`
	Started  *time.Time      `json:"started_on" doc:"When it was begun last; null where it was not."`
	Ended    *time.Time      `json:"ended_on" doc:"When it ended; null where it has not."`
}

func (o Options) get(ctx context.Context, c *method.Call, in jobArgs) (Reply, error) {
	j, err := o.find(ctx, c, in.ID)
	if err != nil {
		return Reply{}, err
	}
	return o.reply(c, j), nil
}

func (o Options) cancel(ctx context.Context, c *method.Call, in jobArgs) (Reply, error) {
	j, err := o.find(ctx, c, in.ID)
	if err == nil {
		j, err = o.Jobs.Cancel(ctx, j.ID)
	}
	if err != nil {
		return Reply{}, absent(err, in.ID)
	}
	return o.reply(c, j), nil
}

func (o Options) list(ctx context.Context, c *method.Call, in listArgs) ([]Reply, error) {
	f := work.Filter{OwnerID: c.Identity.UserID, State: in.State, Kind: in.Kind, Before: in.Before, Limit: int(max(in.Limit, 1))}
	if in.All {
		if !c.Admin() {
			return nil, method.Fail(method.Denied, "Access was denied to this resource. Administrators alone may list everybody's jobs.")
		}
		f.OwnerID = ""
	}
	if in.Repo != nil {
		r, err := c.SeenRepository(o.Repositories, *in.Repo, access.Read)
		if err != nil {
			return nil, err
		}
		f.RepoID = r.ID
	}
	if in.Before != "" {
		if _, err := o.find(ctx, c, in.Before); err != nil {
			return nil, err
		}
	}
	jobs, err := o.Jobs.List(ctx, f)
	if err != nil {
		return nil, absent(err, in.Before)
	}
	list := make([]Reply, 0, len(jobs))
	for _, j := range jobs {
		if o.sees(c, j) {
			list = append(list, o.reply(c, j))
		}
	}
	return list, nil
}

// find is a job that the caller may see.
func (o Options) find(ctx context.Context, c *method.Call, id string) (work.Job, error) {
	j, err := o.Jobs.Get(ctx, id)
	if err == nil && !o.sees(c, j) {
		err = work.ErrNotFound
	}
	return j, absent(err, id)
}

// sees tells whether a caller may know of a job.
func (o Options) sees(c *method.Call, j work.Job) bool {
	t, ok := o.Tokens.ByID(c.Identity.Proven.TokenID)
	free := ok && !t.Bound
	if free && c.Admin() {
		return true
	}
	if j.OwnerID == "" || j.OwnerID != c.Identity.UserID {
		return false
	}
	if _, lives := o.Repositories.ByID(j.RepoID); lives {
		return c.Sees(j.RepoID, access.Read)
	}
	return free
}

// absent is what is said of a job that is not there.
func absent(err error, id string) error {
	if errors.Is(err, work.ErrNotFound) {
		return method.Fail(method.NotFound, noJob, id)
	}
	return err
}

func (o Options) reply(c *method.Call, j work.Job) Reply {
	r := Reply{ID: j.ID, Kind: j.Kind, State: j.State, Owner: j.OwnerID, Progress: j.Progress, Result: j.Result, Attempt: j.Attempt,
		Created: j.Created, Started: instant(j.Started), Ended: instant(j.Ended)}
	if j.Error != "" {
		r.Error = &j.Error
	}
	if repo, ok := o.Repositories.ByID(j.RepoID); ok && c.Sees(repo.ID, access.Read) {
		r.Repo = &repo.Path
	}
	return r
}

// instant is a time that may not be there.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

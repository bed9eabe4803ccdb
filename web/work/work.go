// Package work is the queue of jobs: what the server does besides answering, such as a fork or a fetch from elsewhere.
//
//	Add ──► queued ──► running ──► done | failed | cancelled        kept for a while, then swept
//	           ▲          │
//	           └──────────┘  the server ended, was killed, or the attempt failed and there is another
//
// A job is a row of the database from the moment when Add returns, so that none is lost. It runs to its end once; where
// the process is killed meanwhile, the next one begins it anew, within the time of a start. So Kind.Run must be able to find
// its own half-done work. A server that ends in good order ends the context of what runs and hands it back.
//
// So many jobs run at a time; the rest waits in the order of its coming. With a database that several nodes share, a
// repository's job runs on the node where its folder lies, and everybody can ask for all of them.
//
// The package knows no SQL: Rows is what it needs of the database. It decides nothing about who may see a job.
package work

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"jeton/auth/audit"
)

// States of a job.
const (
	Queued    = "queued"
	Running   = "running"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

var (
	// ErrNotFound: there is no such job, or it was swept.
	ErrNotFound = errors.New("there is no such job")
	// ErrFull: as many jobs wait as may, in all or for this owner.
	ErrFull = errors.New("too many jobs are waiting")
	// ErrCancelled is the cause of the end of a job's context where somebody has cancelled it.
	ErrCancelled = errors.New("the job was cancelled")
	// ErrHandedBack is the cause of the end of a job's context where the server ends: the job begins anew at the next start.
	ErrHandedBack = errors.New("the server ends; the job goes on at its next start")
)

// Kind is one sort of job.
type Kind struct {
	// Name is what clients see, such as fork_repo.
	Name string
	// Run does the work, and answers what is kept as JSON. It may be begun again after it was killed anywhere, and must then
	// come to the same end. It ends soon after its context does. What of its error clients are told is up to Options.Say.
	Run func(ctx context.Context, j Job) (result any, err error)
	// Tries is how many times it is begun where it fails; 0 means once. Later attempts wait ever longer.
	Tries int
}

// Job is one job as it stands.
type Job struct {
	ID string
	// Kind is the name of its kind, State one of those above.
	Kind, State string
	// RepoID is the repository that it is about, OwnerID the person who asked for it; "" where there is none.
	RepoID, OwnerID string
	// Actor is who asked for it, for the audit record.
	Actor audit.Actor
	// Args is what Add was given, Result what Run answered; JSON, nil where there is none.
	Args, Result json.RawMessage
	// Progress is what Run reported last, Error why it failed; for people.
	Progress, Error string
	// Attempt is how many times it was begun.
	Attempt int
	// Started is when it was begun last, Ended when it ended; zero where it has not been.
	Created, Started, Ended time.Time
	// Report tells how far it has come; for Run alone, nil elsewhere. It may be called as often as one likes: the database
	// is told once a second.
	Report func(progress string)
}

// Over tells whether it has ended.
func (j Job) Over() bool { return j.State == Done || j.State == Failed || j.State == Cancelled }

// New is a job to be added.
type New struct {
	// Kind is the name of one that was registered.
	Kind string
	// RepoID says where the job runs, with several nodes; "" is here.
	RepoID, OwnerID string
	// Key is an idempotency key: whoever adds another job with it is answered the first one, whatever has become of that, as
	// long as it is kept. "" is none.
	Key string
	// Args are kept as JSON; no secret belongs into them.
	Args  any
	Actor audit.Actor
}

// Filter says which jobs List answers; what is empty asks for nothing.
type Filter struct {
	OwnerID, RepoID, State, Kind string
	// Before is the id of a job: those that were added before it alone.
	Before string
	// Limit is how many at most; 0 means 100.
	Limit int
}

// Rows is the database. Errors are those above; whatever else fails is passed on.
type Rows interface {
	// Add writes a job down and queues it, or answers the one that has its key.
	Add(ctx context.Context, j Job, key string) (Job, error)
	// Take begins the oldest job of this node that waits; ErrNotFound where there is none.
	Take(ctx context.Context) (Job, error)
	// Report, End, Again and HandBack change one that runs; ErrNotFound where it does not run any more.
	Report(ctx context.Context, id, progress string) error
	// End writes State, Result, Error and Progress of j.
	End(ctx context.Context, j Job) error
	// Again has it begun once more after a while, and HandBack at once, as if it had not been begun.
	Again(ctx context.Context, id, why string, after time.Duration) error
	HandBack(ctx context.Context, id string) error
	// Resume queues what the last process on this node has left, and answers how many jobs wait.
	Resume(ctx context.Context) (int, error)
	// Cancel ends one that waits, and notes of one that runs that it is to end.
	Cancel(ctx context.Context, id string) (Job, error)
	// Called is what other nodes left to do here: whether jobs wait, and which of those that run are to end.
	Called(ctx context.Context) (waiting bool, stop []string, err error)
	ByID(ctx context.Context, id string) (Job, error)
	List(ctx context.Context, f Filter) ([]Job, error)
	// Sweep removes those that ended before an instant.
	Sweep(ctx context.Context, before time.Time) (int64, error)
}

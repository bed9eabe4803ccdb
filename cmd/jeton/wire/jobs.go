package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jeton/db"
	"jeton/vcs/host"
	"jeton/web/api/method"
	"jeton/web/work"
)

// openJobs makes the queue of jobs. Who has work that takes long registers its kinds with it; Server.Run runs it.
func (s *Store) openJobs(d *db.DB) {
	bounds := db.JobBounds{All: s.settings.Number("jobs.max_queued"), Owner: s.settings.Number("jobs.max_queued_per_owner")}
	s.Jobs = work.NewQueue(work.Options{Rows: JobRows(d, bounds), Concurrent: s.bounded("jobs.concurrent"), Wait: s.settings.Duration("jobs.wait"),
		Keep: s.settings.Duration("jobs.keep"), Shared: s.node != "", Farewell: farewell, Say: sayJob, Log: s.Log})
}

// sayJob is what whoever asked for a job is told of its failure.
func sayJob(err error) string {
	var refused *host.Refusal
	if errors.As(err, &refused) {
		return refused.Sentence
	}
	var said *method.Error
	if errors.As(err, &said) {
		return said.Error()
	}
	return ""
}

// JobRows is a database as the queue of jobs needs it, where so many may wait.
func JobRows(d *db.DB, bounds db.JobBounds) work.Rows { return jobRows{d, bounds} }

// jobRows is the database as the queue of jobs needs it. It implements work.Rows.
type jobRows struct {
	d      *db.DB
	bounds db.JobBounds
}

func (r jobRows) Add(ctx context.Context, j work.Job, key string) (work.Job, error) {
	actor, err := json.Marshal(j.Actor)
	if err != nil {
		return work.Job{}, err
	}
	row := db.Job{ID: db.NewID(), Kind: j.Kind, RepositoryID: j.RepoID, OwnerID: j.OwnerID, Actor: string(actor), Args: string(j.Args), CreatedAt: time.Now()}
	if key != "" {
		row.Key = &key
	}
	row, _, err = r.d.Jobs().Add(ctx, row, r.bounds)
	return job(row, err)
}

func (r jobRows) Take(ctx context.Context) (work.Job, error) {
	return job(r.d.Jobs().Take(ctx, time.Now()))
}

func (r jobRows) Report(ctx context.Context, id, progress string) error {
	return jobError(r.d.Jobs().Report(ctx, id, progress))
}

func (r jobRows) End(ctx context.Context, j work.Job) error {
	return jobError(r.d.Jobs().End(ctx, j.ID, db.JobEnd{State: j.State, Result: string(j.Result), Error: j.Error, Progress: j.Progress}, time.Now()))
}

func (r jobRows) Again(ctx context.Context, id, why string, after time.Duration) error {
	return jobError(r.d.Jobs().Again(ctx, id, why, after))
}

func (r jobRows) HandBack(ctx context.Context, id string) error {
	return jobError(r.d.Jobs().HandBack(ctx, id))
}

func (r jobRows) Resume(ctx context.Context) (int, error) { return r.d.Jobs().Resume(ctx) }

func (r jobRows) Cancel(ctx context.Context, id string) (work.Job, error) {
	return job(r.d.Jobs().Cancel(ctx, id, time.Now()))
}

func (r jobRows) Called(ctx context.Context) (waiting bool, stop []string, err error) {
	return r.d.Jobs().Called(ctx)
}

func (r jobRows) ByID(ctx context.Context, id string) (work.Job, error) {
	return job(r.d.Jobs().ByID(ctx, id))
}

func (r jobRows) List(ctx context.Context, f work.Filter) ([]work.Job, error) {
	rows, err := r.d.Jobs().List(ctx, db.JobFilter{OwnerID: f.OwnerID, RepositoryID: f.RepoID, State: f.State, Kind: f.Kind, Before: f.Before, Limit: f.Limit})
	list := make([]work.Job, 0, len(rows))
	for _, row := range rows {
		if err == nil {
			var j work.Job
			j, err = job(row, nil)
			list = append(list, j)
		}
	}
	return list, jobError(err)
}

func (r jobRows) Sweep(ctx context.Context, before time.Time) (int64, error) {
	return r.d.Jobs().Sweep(ctx, before)
}

// job is a row as the queue has it.
func job(row db.Job, err error) (work.Job, error) {
	if err != nil {
		return work.Job{}, jobError(err)
	}
	j := work.Job{ID: row.ID, Kind: row.Kind, State: row.State, RepoID: row.RepositoryID, OwnerID: row.OwnerID, Args: raw(row.Args), Result: raw(row.Result),
		Progress: row.Progress, Error: row.Error, Attempt: int(row.Attempt), Created: row.CreatedAt.UTC(), Started: instantOf(row.StartedAt), Ended: instantOf(row.EndedAt)}
	if err := json.Unmarshal([]byte(row.Actor), &j.Actor); err != nil {
		return work.Job{}, fmt.Errorf("read who asked for job %s: %w", row.ID, err)
	}
	return j, nil
}

// jobError is the database's error in the queue's words.
func jobError(err error) error {
	for theirs, ours := range map[error]error{db.ErrNotFound: work.ErrNotFound, db.ErrFull: work.ErrFull} {
		if errors.Is(err, theirs) {
			return ours
		}
	}
	return err
}

// raw is JSON that a row holds; nil for none.
func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// instantOf is a time that a row may not have.
func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

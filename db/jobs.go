package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// States of a job. A job waits, runs, and ends in one of the last three.
const (
	JobQueued    = "queued"
	JobRunning   = "running"
	JobDone      = "done"
	JobFailed    = "failed"
	JobCancelled = "cancelled"
)

// Job is a row of jobs: something that the server does besides answering.
type Job struct {
	ID string
	// Kind says what is done; State is one of those above.
	Kind, State string
	// Node is the id of the data folder where it runs; "" with SQLite.
	Node string
	// RepositoryID is what it is about, OwnerID the person who asked for it; "" where there is none.
	RepositoryID, OwnerID string
	// Key is the idempotency key, unique; nil for none.
	Key *string `gorm:"column:idempotency"`
	// Actor, Args and Result are JSON. Error is a sentence for people.
	Actor, Args, Result, Error, Progress string
	// Attempt is how many times it was begun.
	Attempt int64
	// Stopping: it runs and was asked to end.
	Stopping bool
	// Message is its message in the queue.
	Message   string
	CreatedAt time.Time
	StartedAt *time.Time
	EndedAt   *time.Time
}

// JobBounds are how many jobs may wait at a time: in all, and for one owner.
type JobBounds struct{ All, Owner int64 }

// JobFilter says which jobs List answers; what is empty asks for nothing.
type JobFilter struct {
	OwnerID, RepositoryID, State, Kind string
	// Before is the id of a job: older ones alone.
	Before string
	// Limit is how many at most.
	Limit int
}

// Jobs is the store of jobs and of the queue in which they wait (jobs_queue.go). Row and message are always written in one
// transaction.
type Jobs struct{ on conn }

// Jobs is the store of the jobs table.
func (d *DB) Jobs() Jobs { return Jobs{d} }

// Jobs is the store of the jobs table.
func (tx *Tx) Jobs() Jobs { return Jobs{tx} }

// Add writes a job down and queues it where its repository lies, or else on this node. Where a job has its key already, that
// one is answered and added is false. ErrFull.
func (s Jobs) Add(ctx context.Context, j Job, b JobBounds) (_ Job, added bool, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		if j.Key != nil {
			old, err := take[Job](ctx, tx, "idempotency = ?", *j.Key)
			if err == nil {
				j = old
			}
			if !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		if err := waiting(ctx, tx, j.OwnerID, b); err != nil {
			return err
		}
		if j.Node, err = nodeOf(ctx, tx, j.RepositoryID); err != nil {
			return err
		}
		added, j.State, j.CreatedAt = true, JobQueued, stamp(j.CreatedAt)
		if err := enqueue(ctx, tx, &j); err != nil {
			return err
		}
		return translate(tx.reader(ctx).Create(&j).Error)
	})
	return j, added, err
}

// waiting fails where no more jobs may wait.
func waiting(ctx context.Context, tx *Tx, ownerID string, b JobBounds) error {
	var n struct{ All, Owner int64 }
	err := tx.reader(ctx).Raw("SELECT COUNT(*) AS \"all\", COALESCE(SUM(CASE WHEN owner_id = ? THEN 1 ELSE 0 END), 0) AS owner FROM jobs WHERE state = ?",
		ownerID, JobQueued).Scan(&n).Error
	if err == nil && (n.All >= b.All || ownerID != "" && n.Owner >= b.Owner) {
		err = ErrFull
	}
	return translate(err)
}

// nodeOf is the node on which a repository's job runs.
func nodeOf(ctx context.Context, tx *Tx, repositoryID string) (string, error) {
	if tx.node() == "" || repositoryID == "" {
		return tx.node(), nil
	}
	row, err := take[RepositoryNode](ctx, tx, "repository_id = ?", repositoryID)
	if errors.Is(err, ErrNotFound) {
		return tx.node(), nil
	}
	return row.Node, err
}

func enqueue(ctx context.Context, tx *Tx, j *Job) error {
	l, err := tx.line(j.Node)
	if err == nil {
		j.Message, err = l.put(ctx, j.ID)
	}
	return translate(err)
}

// Take begins the oldest job of this node that is due; ErrNotFound where there is none.
func (s Jobs) Take(ctx context.Context, now time.Time) (j Job, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		l, err := tx.line(tx.node())
		if err != nil {
			return err
		}
		for {
			message, id, err := l.take(ctx)
			if err != nil {
				return err
			}
			if j, err = take[Job](ctx, tx, "id = ? AND state = ? AND message = ?", id, JobQueued, message); err == nil {
				break
			}
			if !errors.Is(err, ErrNotFound) {
				return err
			}
			if err := l.drop(ctx, message); err != nil { // of a job that waits no more
				return err
			}
		}
		at := stamp(now)
		j.State, j.Attempt, j.StartedAt = JobRunning, j.Attempt+1, &at
		return setJob(ctx, tx, j.ID, map[string]any{"state": j.State, "attempt": j.Attempt, "started_at": at, "stopping": false})
	})
	return j, translate(err)
}

// Report writes how far a running job has come; ErrNotFound where it does not run.
func (s Jobs) Report(ctx context.Context, id, progress string) error {
	return s.running(ctx, id, func(tx *Tx, j Job, _ line) error {
		return setJob(ctx, tx, id, map[string]any{"progress": progress})
	})
}

// JobEnd is how a job ended: State is one of the last three, Result is JSON.
type JobEnd struct{ State, Result, Error, Progress string }

// End ends a running job; ErrNotFound where it does not run.
func (s Jobs) End(ctx context.Context, id string, e JobEnd, now time.Time) error {
	return s.running(ctx, id, func(tx *Tx, j Job, l line) error {
		if err := l.drop(ctx, j.Message); err != nil {
			return err
		}
		return setJob(ctx, tx, id, map[string]any{"state": e.State, "result": e.Result, "error": e.Error, "progress": e.Progress,
			"ended_at": stamp(now), "stopping": false})
	})
}

// Again puts a running job back into the queue after an attempt that failed, to be begun once more after a while.
func (s Jobs) Again(ctx context.Context, id, why string, after time.Duration) error {
	return s.running(ctx, id, func(tx *Tx, j Job, l line) error {
		if err := l.back(ctx, j.Message, after); err != nil {
			return err
		}
		return setJob(ctx, tx, id, map[string]any{"state": JobQueued, "error": why})
	})
}

// HandBack puts a running job back as if it had not been begun, or ends it where it was cancelled meanwhile; ErrNotFound where
// it does not run.
func (s Jobs) HandBack(ctx context.Context, id string) error {
	return s.running(ctx, id, func(tx *Tx, j Job, l line) error {
		if j.Stopping { // whoever cancelled it was told so
			if err := l.drop(ctx, j.Message); err != nil {
				return err
			}
			return setJob(ctx, tx, id, cancelled())
		}
		if err := l.back(ctx, j.Message, 0); err != nil {
			return err
		}
		return setJob(ctx, tx, id, map[string]any{"state": JobQueued, "attempt": j.Attempt - 1})
	})
}

// cancelled is how a job ends that was cancelled while it ran, and whose process ended before it did.
func cancelled() map[string]any {
	return map[string]any{"state": JobCancelled, "error": "It was cancelled.", "ended_at": stamp(time.Now()), "stopping": false}
}

// running changes a job that runs.
func (s Jobs) running(ctx context.Context, id string, fn func(tx *Tx, j Job, l line) error) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		j, err := take[Job](ctx, tx, "id = ? AND state = ?", id, JobRunning)
		if err != nil {
			return err
		}
		l, err := tx.line(j.Node)
		if err != nil {
			return err
		}
		return translate(fn(tx, j, l))
	})
}

// Resume queues anew what this node's last process has left running or waiting when it ended, and what a database that was
// copied from SQLite has brought along; it answers how many jobs wait then. Nobody else may work on the queue meanwhile.
func (s Jobs) Resume(ctx context.Context) (n int, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		var rows []Job
		err := tx.reader(ctx).Where("state IN ? AND node IN ?", []string{JobQueued, JobRunning}, []string{"", tx.node()}).Order("created_at, id").Find(&rows).Error
		if err != nil {
			return err
		}
		n = len(rows)
		for _, j := range rows {
			l, err := tx.line(j.Node)
			if err == nil {
				err = l.drop(ctx, j.Message)
			}
			if err != nil {
				return err
			}
			if j.State == JobRunning && j.Stopping { // whoever cancelled it was told so
				n--
				if err := setJob(ctx, tx, j.ID, cancelled()); err != nil {
					return err
				}
				continue
			}
			j.Node = tx.node()
			if err := enqueue(ctx, tx, &j); err != nil {
				return err
			}
			if err := setJob(ctx, tx, j.ID, map[string]any{"state": JobQueued, "node": j.Node, "message": j.Message}); err != nil {
				return err
			}
		}
		return nil
	})
	return n, translate(err)
}

// Cancel ends a job that waits, and marks one that runs as to be ended; it answers the job as it stands then. One that has
// ended stays as it is. ErrNotFound.
func (s Jobs) Cancel(ctx context.Context, id string, now time.Time) (j Job, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		if j, err = take[Job](ctx, tx, "id = ?", id); err != nil {
			return err
		}
		switch j.State {
		case JobRunning:
			j.Stopping = true
			return setJob(ctx, tx, id, map[string]any{"stopping": true})
		case JobQueued:
			l, err := tx.line(j.Node)
			if err == nil {
				err = l.drop(ctx, j.Message)
			}
			if err != nil {
				return translate(err)
			}
			at := stamp(now)
			j.State, j.EndedAt = JobCancelled, &at
			return setJob(ctx, tx, id, map[string]any{"state": j.State, "ended_at": at})
		}
		return nil
	})
	return j, err
}

// Called tells what other nodes may have left for this one: whether jobs wait, and which of those that run here are to be
// ended.
func (s Jobs) Called(ctx context.Context) (waiting bool, stop []string, err error) {
	var rows []Job
	err = s.on.reader(ctx).Select("id, state").Where("node = ? AND (state = ? OR state = ? AND stopping = ?)", s.on.node(), JobQueued, JobRunning, true).Find(&rows).Error
	for _, j := range rows {
		if j.State == JobQueued {
			waiting = true
		} else {
			stop = append(stop, j.ID)
		}
	}
	return waiting, stop, translate(err)
}

// ByID finds one; ErrNotFound.
func (s Jobs) ByID(ctx context.Context, id string) (Job, error) {
	return take[Job](ctx, s.on, "id = ?", id)
}

// List is the jobs that a filter asks for, the youngest first.
func (s Jobs) List(ctx context.Context, f JobFilter) ([]Job, error) {
	q := s.on.reader(ctx).Order("created_at DESC, id DESC").Limit(f.Limit)
	for column, value := range map[string]string{"owner_id": f.OwnerID, "repository_id": f.RepositoryID, "state": f.State, "kind": f.Kind} {
		if value != "" {
			q = q.Where(column+" = ?", value)
		}
	}
	if f.Before != "" {
		last, err := s.ByID(ctx, f.Before)
		if err != nil {
			return nil, fmt.Errorf("find the job before which to begin: %w", err)
		}
		q = q.Where("created_at < ? OR created_at = ? AND id < ?", last.CreatedAt, last.CreatedAt, last.ID)
	}
	var rows []Job
	err := q.Find(&rows).Error
	return rows, translate(err)
}

// Sweep removes jobs that ended before an instant, and answers how many.
func (s Jobs) Sweep(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		res := tx.reader(ctx).Where("ended_at < ?", stamp(before)).Delete(&Job{})
		n = res.RowsAffected
		return translate(res.Error)
	})
	return n, err
}

func setJob(ctx context.Context, tx *Tx, id string, columns map[string]any) error {
	return translate(tx.reader(ctx).Model(&Job{}).Where("id = ?", id).Updates(columns).Error)
}

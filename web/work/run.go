package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// kills is how many times a job is begun anew beyond its tries because the server did not live to its end: one that ends the
// server each time must not do so for ever.
const kills = 4

// pause is how long Run waits where the database fails.
const pause = time.Second

// run is a job that runs in this process.
type run struct {
	Job
	cancel context.CancelCauseFunc

	// mu guards the next two: what was reported last, and when the database was told last.
	mu       sync.Mutex
	progress string
	at       time.Time
}

func (r *run) latest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress
}

// report remembers progress, and tells whether it is time to write it down.
func (r *run) report(progress string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = progress
	if time.Since(r.at) < time.Second {
		return false
	}
	r.at = time.Now()
	return true
}

// Run takes up what the last process has left, and does jobs until ctx ends. Then the contexts of those that run end, and
// they are handed back, to begin anew at the next start.
func (q *Queue) Run(ctx context.Context) error {
	if !q.settle(ctx, "take up what was left", func(ctx context.Context) error {
		n, err := q.o.Rows.Resume(ctx)
		if n > 0 {
			q.o.Log.InfoContext(ctx, "jobs that were left are taken up", "jobs", n)
		}
		return err
	}) {
		return nil
	}
	q.poke()
	var jobs sync.WaitGroup
	places := make(chan struct{}, q.o.Concurrent)
	for q.next(ctx, places) {
		j, err := q.o.Rows.Take(ctx)
		switch {
		case err == nil:
			jobs.Go(func() {
				defer func() { <-places; q.poke() }()
				q.do(ctx, j)
			})
			q.poke() // there may be more
			continue
		case !errors.Is(err, ErrNotFound) && ctx.Err() == nil:
			q.o.Log.ErrorContext(ctx, "no job could be taken", "error", err)
			time.AfterFunc(pause, q.poke)
		}
		<-places
	}
	q.farewell(ctx, &jobs)
	return nil
}

// next waits for a reason to look and for a place, which is taken then; false where ctx has ended.
func (q *Queue) next(ctx context.Context, places chan<- struct{}) bool {
	look := time.NewTicker(q.o.Look)
	defer look.Stop()
	if !q.o.Shared {
		look.Stop()
	}
	for called := false; !called; {
		select {
		case <-q.wake:
			called = true
		case <-look.C:
			called = q.called(ctx)
		case <-ctx.Done():
			return false
		}
	}
	for {
		select {
		case places <- struct{}{}:
			return ctx.Err() == nil
		case <-look.C: // no place is free, but what runs may have to end
			q.called(ctx)
		case <-ctx.Done():
			return false
		}
	}
}

// called does what other nodes have asked for, and tells whether they have left jobs.
func (q *Queue) called(ctx context.Context) bool {
	waiting, stop, err := q.o.Rows.Called(ctx)
	if err != nil {
		return false // the store's own watch tells the log
	}
	for _, id := range stop {
		q.stop(id)
	}
	return waiting
}

// farewell waits for what runs.
func (q *Queue) farewell(ctx context.Context, jobs *sync.WaitGroup) {
	all := make(chan struct{})
	go func() { jobs.Wait(); close(all) }()
	t := time.NewTimer(q.o.Farewell)
	defer t.Stop()
	select {
	case <-all:
	case <-t.C:
		q.o.Log.WarnContext(ctx, "jobs did not end in time; they begin anew at the next start")
	}
}

// do does one job and writes down what became of it.
func (q *Queue) do(ctx context.Context, j Job) {
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { cancel(ErrHandedBack) })
	defer stop()
	r := &run{Job: j, cancel: cancel, progress: j.Progress}
	q.mu.Lock()
	q.running[j.ID] = r
	q.mu.Unlock()
	q.called(ctx) // somebody may have cancelled it before it stood there
	r.Report = func(progress string) {
		if r.report(progress) {
			if err := q.o.Rows.Report(context.WithoutCancel(inner), j.ID, progress); err != nil {
				q.o.Log.WarnContext(inner, "a job's progress could not be written", "job", j.ID, "error", err)
			}
		}
	}
	result, err := q.attempt(inner, r.Job)
	// In this order: whoever asks finds it running with its last progress, or ended.
	q.end(ctx, inner, r, result, err)
	q.mu.Lock()
	delete(q.running, j.ID)
	q.mu.Unlock()
	q.tellEnd()
}

// refusal is why a job is not begun, as a sentence for people.
type refusal string

func (r refusal) Error() string { return string(r) }

// attempt calls Run. A panic is an error like another, with its stack in the log.
func (q *Queue) attempt(ctx context.Context, j Job) (result json.RawMessage, err error) {
	k, known := q.kinds[j.Kind]
	switch {
	case !known:
		return nil, refusal("This version of the server has no jobs of this kind.")
	case j.Attempt > k.Tries+kills:
		return nil, refusal(fmt.Sprintf("The server was ended %d times while this job ran; it is not begun again.", j.Attempt-1))
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			q.o.Log.ErrorContext(ctx, "a job panicked", "job", j.ID, "kind", j.Kind, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	answer, err := k.Run(ctx, j)
	if err != nil || answer == nil {
		return nil, err
	}
	result, err = json.Marshal(answer)
	if err == nil && len(result) > maxResult {
		return nil, fmt.Errorf("its result has %d bytes, more than %d", len(result), maxResult)
	}
	return result, err
}

// end writes down how a job ended, or that it is to be begun again.
func (q *Queue) end(ctx, inner context.Context, r *run, result json.RawMessage, err error) {
	j := r.Job
	j.Result, j.Progress = result, r.latest()
	cause := context.Cause(inner)
	switch {
	case err == nil:
		j.State = Done
	case errors.Is(cause, ErrCancelled):
		j.State, j.Error = Cancelled, q.sentence(ErrCancelled)
	case cause != nil:
		q.settle(ctx, "hand a job back", func(ctx context.Context) error { return q.o.Rows.HandBack(ctx, j.ID) })
		return
	default:
		q.o.Log.ErrorContext(ctx, "a job failed", "job", j.ID, "kind", j.Kind, "repository", j.RepoID, "attempt", j.Attempt, "error", err)
		j.State, j.Error = Failed, q.sentence(err)
		if k := q.kinds[j.Kind]; j.Attempt < k.Tries {
			after := q.delay(j.Attempt)
			q.settle(ctx, "put a job back", func(ctx context.Context) error { return q.o.Rows.Again(ctx, j.ID, j.Error, after) })
			time.AfterFunc(after, q.poke)
			return
		}
	}
	q.settle(ctx, "end a job", func(ctx context.Context) error { return q.o.Rows.End(ctx, j) })
}

// delay is how long the attempt after one waits.
func (q *Queue) delay(attempt int) time.Duration {
	d := q.o.Retry
	for range attempt - 1 {
		d = min(2*d, time.Hour)
	}
	return d
}

// settle does what must be done in the database, over and over where that fails, until the server ends: it then tries once,
// for a short while. Whether it was done is the result; what was not is mended by the next start.
func (q *Queue) settle(ctx context.Context, what string, fn func(ctx context.Context) error) bool {
	for {
		last := ctx.Err() != nil
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err := fn(within)
		cancel()
		if err == nil || errors.Is(err, ErrNotFound) {
			return true
		}
		q.o.Log.ErrorContext(ctx, "the queue of jobs met an error", "what", what, "error", err)
		if last {
			return false
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

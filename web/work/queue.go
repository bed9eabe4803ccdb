package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Options of a Queue; the zero value of each field but Rows is good.
type Options struct {
	Rows Rows
	// Concurrent is how many jobs run at a time; 0 means 2.
	Concurrent int
	// Wait is how long Quick waits for a job's end; 0 means not at all.
	Wait time.Duration
	// Keep is how long jobs are kept after their end; 0 means a week.
	Keep time.Duration
	// Shared says that other nodes may add and cancel jobs, so that they are looked for every Look; 0 means 2 s.
	Shared bool
	Look   time.Duration
	// Farewell is how long Run waits for jobs that do not end when their context does; 0 means 20 s.
	Farewell time.Duration
	// Retry is how long a second attempt waits, each further one twice as long up to an hour; 0 means 10 s.
	Retry time.Duration
	// Say is the sentence for people of an error that ended a job; "" or nil where they are told nothing but that the server
	// failed.
	Say func(err error) string
	// Log gets what went wrong; nil means slog.Default.
	Log *slog.Logger
}

func (o Options) filled() Options {
	positive := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	if o.Concurrent <= 0 {
		o.Concurrent = 2
	}
	positive(&o.Keep, 7*24*time.Hour)
	positive(&o.Look, 2*time.Second)
	positive(&o.Farewell, 20*time.Second)
	positive(&o.Retry, 10*time.Second)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Queue is the jobs of this server. It is safe for concurrent use, once all kinds are registered.
type Queue struct {
	o     Options
	kinds map[string]Kind
	// wake holds a token where there may be something to take.
	wake chan struct{}

	// mu guards running, the jobs that run in this process by id, and ended, which is closed and replaced at each end of one.
	mu      sync.Mutex
	running map[string]*run
	ended   chan struct{}
}

// NewQueue makes a queue; Run has to run for jobs to be done.
func NewQueue(o Options) *Queue {
	return &Queue{o: o.filled(), kinds: map[string]Kind{}, wake: make(chan struct{}, 1), running: map[string]*run{}, ended: make(chan struct{})}
}

// Register adds a kind, before Run and Add. A name that is taken is an error of the program, and panics.
func (q *Queue) Register(k Kind) {
	if _, taken := q.kinds[k.Name]; taken || k.Name == "" || k.Run == nil {
		panic(fmt.Sprintf("work: the kind of jobs %q is taken, or does nothing", k.Name))
	}
	k.Tries = max(k.Tries, 1)
	q.kinds[k.Name] = k
}

// maxArgs and maxResult bound what is kept of a job, in bytes of JSON.
const (
	maxArgs   = 64 << 10
	maxResult = 256 << 10
)

// Add writes a job down and has it run when its turn comes. ErrFull.
func (q *Queue) Add(ctx context.Context, n New) (Job, error) {
	if _, known := q.kinds[n.Kind]; !known {
		return Job{}, fmt.Errorf("add a job: there is no kind %q", n.Kind)
	}
	args, err := json.Marshal(n.Args)
	if err == nil && len(args) > maxArgs {
		err = fmt.Errorf("its arguments have %d bytes, more than %d", len(args), maxArgs)
	}
	if err != nil {
		return Job{}, fmt.Errorf("add a job %s: %w", n.Kind, err)
	}
	j, err := q.o.Rows.Add(ctx, Job{Kind: n.Kind, RepoID: n.RepoID, OwnerID: n.OwnerID, Args: args, Actor: n.Actor}, n.Key)
	if err != nil {
		return Job{}, fmt.Errorf("add a job %s: %w", n.Kind, err)
	}
	q.poke()
	return j, nil
}

// Quick adds a job and waits for its end for the time that Options.Wait allows, so that who asked for something small finds
// it done. The job is answered as it stands then: ask Over. ErrFull.
func (q *Queue) Quick(ctx context.Context, n New) (Job, error) {
	j, err := q.Add(ctx, n)
	if err != nil || j.Over() || q.o.Wait <= 0 {
		return j, err
	}
	waiting, cancel := context.WithTimeout(ctx, q.o.Wait)
	defer cancel()
	now, err := q.Wait(waiting, j.ID)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return q.Get(ctx, j.ID)
	}
	return now, err
}

// Get is a job as it stands. ErrNotFound.
func (q *Queue) Get(ctx context.Context, id string) (Job, error) {
	j, err := q.o.Rows.ByID(ctx, id)
	if err != nil {
		return Job{}, fmt.Errorf("find job: %w", err)
	}
	return q.current(j), nil
}

// current puts in what the database is told a second later.
func (q *Queue) current(j Job) Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.running[j.ID]; r != nil && j.State == Running {
		j.Progress = r.latest()
	}
	return j
}

// List is jobs, the youngest first. ErrNotFound where Filter.Before names none.
func (q *Queue) List(ctx context.Context, f Filter) ([]Job, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	list, err := q.o.Rows.List(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	for i := range list {
		list[i] = q.current(list[i])
	}
	return list, nil
}

// Cancel ends a job that waits at once, and one that runs as soon as it looks at its context; one that has ended stays as it
// is. The job is answered as it stands then. ErrNotFound.
func (q *Queue) Cancel(ctx context.Context, id string) (Job, error) {
	j, err := q.o.Rows.Cancel(ctx, id)
	if err != nil {
		return Job{}, fmt.Errorf("cancel job: %w", err)
	}
	q.stop(id)
	if j.Over() {
		q.tellEnd()
	}
	return q.current(j), nil
}

// stop ends the context of a job that runs here.
func (q *Queue) stop(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.running[id]; r != nil {
		r.cancel(ErrCancelled)
	}
}

// Wait waits until a job has ended; where ctx ends before, that is the error. ErrNotFound.
func (q *Queue) Wait(ctx context.Context, id string) (Job, error) {
	for {
		end := q.nextEnd() // before the look, so that no end is missed in between
		j, err := q.Get(ctx, id)
		if err != nil || j.Over() {
			return j, err
		}
		var look <-chan time.Time
		if q.o.Shared {
			t := time.NewTimer(q.o.Look)
			defer t.Stop()
			look = t.C
		}
		select {
		case <-end:
		case <-look:
		case <-ctx.Done():
			return Job{}, ctx.Err()
		}
	}
}

// Sweep removes jobs that ended long ago.
func (q *Queue) Sweep(ctx context.Context) error {
	_, err := q.o.Rows.Sweep(ctx, time.Now().Add(-q.o.Keep))
	return err
}

func (q *Queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Queue) nextEnd() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended
}

func (q *Queue) tellEnd() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.ended)
	q.ended = make(chan struct{})
}

// sentence is what people are told of an error.
func (q *Queue) sentence(err error) string {
	if q.o.Say != nil {
		if s := q.o.Say(err); s != "" {
			return s
		}
	}
	if errors.Is(err, ErrCancelled) {
		return "It was cancelled."
	}
	var r refusal
	if errors.As(err, &r) {
		return string(r)
	}
	return "The server failed; its log tells why."
}

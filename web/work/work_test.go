package work_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/cmd/jeton/wire"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/web/work"
)

// queue is a queue over a database, with kinds; start runs it until the test or the returned stop ends it.
func queue(d *db.DB, o work.Options, kinds ...work.Kind) *work.Queue {
	o.Rows, o.Log = wire.JobRows(d, db.JobBounds{All: 100, Owner: 10}), slog.New(slog.DiscardHandler)
	q := work.NewQueue(o)
	for _, k := range kinds {
		q.Register(k)
	}
	return q
}

func start(t *testing.T, q *work.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	stop = func() {
		cancel()
		if err, open := <-ended; open && err != nil {
			t.Error(err)
		}
		close(ended)
		ended = nil
	}
	t.Cleanup(func() {
		if ended != nil {
			stop()
		}
	})
	return stop
}

func add(t *testing.T, q *work.Queue, n work.New) work.Job {
	t.Helper()
	j, err := q.Add(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func wait(t *testing.T, q *work.Queue, id string) work.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	j, err := q.Wait(ctx, id)
	if err != nil {
		t.Fatalf("wait for job %s: %v", id, err)
	}
	return j
}

// blocked is a kind whose jobs tell that they began, and end with their context or when they are let go.
func blocked() (k work.Kind, began chan work.Job, let chan struct{}) {
	began, let = make(chan work.Job, 100), make(chan struct{})
	return work.Kind{Name: "blocked", Run: func(ctx context.Context, j work.Job) (any, error) {
		began <- j
		select {
		case <-let:
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}}, began, let
}

func TestAJobRunsWithWhatItWasGivenAndItsResultIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		actor := audit.Actor{UserID: "u1", Name: "ada", Door: "api", Remote: netip.MustParseAddr("192.0.2.7")}
		q := queue(open(), work.Options{}, work.Kind{Name: "double", Run: func(_ context.Context, j work.Job) (any, error) {
			if j.Actor != actor || j.RepoID != "r1" || j.OwnerID != "u1" || j.Attempt != 1 {
				t.Errorf("ran as %+v", j)
			}
			var n int
			err := json.Unmarshal(j.Args, &n)
			j.Report("counting")
			return map[string]int{"twice": 2 * n}, err
		}})
		start(t, q)
		j := add(t, q, work.New{Kind: "double", RepoID: "r1", OwnerID: "u1", Args: 21, Actor: actor})
		got := wait(t, q, j.ID)
		if got.State != work.Done || string(got.Result) != `{"twice":42}` || got.Progress != "counting" || got.Started.IsZero() || got.Ended.IsZero() {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestQuickAnswersAnEndThatCameSoonAndElseTheJobAsItStands(t *testing.T) {
	k, began, let := blocked()
	quick := work.Kind{Name: "quick", Run: func(context.Context, work.Job) (any, error) { return nil, nil }}
	q := queue(dbtest.New(t), work.Options{Wait: 10 * time.Second}, quick, k)
	start(t, q)
	if j, err := q.Quick(t.Context(), work.New{Kind: "quick"}); err != nil || j.State != work.Done {
		t.Fatalf("got %+v, %v", j, err)
	}
	q = queue(dbtest.New(t), work.Options{Wait: time.Millisecond}, k)
	start(t, q)
	j, err := q.Quick(t.Context(), work.New{Kind: "blocked"})
	if err != nil || j.Over() {
		t.Fatalf("got %+v, %v", j, err)
	}
	<-began
	close(let)
	wait(t, q, j.ID)
}

func TestFailuresAreToldInSentencesAndPanicsAreFailures(t *testing.T) {
	q := queue(dbtest.New(t), work.Options{Say: func(err error) string {
		if strings.HasPrefix(err.Error(), "say: ") {
			return strings.TrimPrefix(err.Error(), "say: ")
		}
		return ""
	}}, work.Kind{Name: "told", Run: func(context.Context, work.Job) (any, error) { return nil, errors.New("say: It is full.") }},
		work.Kind{Name: "secret", Run: func(context.Context, work.Job) (any, error) { return nil, errors.New("/etc/passwd") }},
		work.Kind{Name: "panics", Run: func(context.Context, work.Job) (any, error) { panic("no") }},
		work.Kind{Name: "large", Run: func(context.Context, work.Job) (any, error) { return strings.Repeat("x", 1<<20), nil }})
	start(t, q)
	for kind, want := range map[string]string{"told": "It is full.", "secret": "The server failed; its log tells why.",
		"panics": "The server failed; its log tells why.", "large": "The server failed; its log tells why."} {
		if j := wait(t, q, add(t, q, work.New{Kind: kind}).ID); j.State != work.Failed || j.Error != want || j.Result != nil {
			t.Errorf("%s: got %+v, want %q", kind, j, want)
		}
	}
	if _, err := q.Add(t.Context(), work.New{Kind: "none"}); err == nil {
		t.Error("a job of no kind was added")
	}
	if _, err := q.Add(t.Context(), work.New{Kind: "told", Args: strings.Repeat("x", 1<<20)}); err == nil {
		t.Error("a job with a megabyte of arguments was added")
	}
}

func TestAKindWithMoreTriesIsBegunAgain(t *testing.T) {
	var attempts atomic.Int64
	flaky := work.Kind{Name: "flaky", Tries: 3, Run: func(context.Context, work.Job) (any, error) {
		if attempts.Add(1) < 3 {
			return nil, errors.New("not yet")
		}
		return "now", nil
	}}
	q := queue(dbtest.New(t), work.Options{Retry: time.Millisecond}, flaky)
	start(t, q)
	if j := wait(t, q, add(t, q, work.New{Kind: "flaky"}).ID); j.State != work.Done || j.Attempt != 3 || string(j.Result) != `"now"` {
		t.Fatalf("got %+v", j)
	}
}

func TestSoManyJobsRunAtATime(t *testing.T) {
	k, began, let := blocked()
	q := queue(dbtest.New(t), work.Options{Concurrent: 3}, k)
	var ids []string
	for range 8 {
		ids = append(ids, add(t, q, work.New{Kind: "blocked"}).ID)
	}
	start(t, q)
	for range 3 {
		<-began
	}
	list, err := q.List(t.Context(), work.Filter{State: work.Running})
	if err != nil || len(list) != 3 || len(began) != 0 {
		t.Fatalf("%d jobs run, %v", len(list), err)
	}
	close(let)
	for _, id := range ids {
		if j := wait(t, q, id); j.State != work.Done {
			t.Fatalf("got %+v", j)
		}
	}
}

func TestCancelEndsWhatWaitsAndWhatRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		k, began, _ := blocked()
		q := queue(open(), work.Options{Concurrent: 1}, k)
		start(t, q)
		runs := add(t, q, work.New{Kind: "blocked"}).ID
		<-began
		waits := add(t, q, work.New{Kind: "blocked"}).ID
		for _, id := range []string{waits, runs} {
			if _, err := q.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if j := wait(t, q, id); j.State != work.Cancelled || j.Ended.IsZero() {
				t.Fatalf("got %+v", j)
			}
		}
		if _, err := q.Cancel(t.Context(), "none"); !errors.Is(err, work.ErrNotFound) {
			t.Fatalf("cancelled none: %v", err)
		}
		if j, err := q.Cancel(t.Context(), runs); err != nil || j.State != work.Cancelled {
			t.Fatalf("cancelled once more: %+v, %v", j, err)
		}
	})
}

func TestAServerThatEndsHandsJobsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		k, began, _ := blocked()
		d := open()
		q := queue(d, work.Options{Concurrent: 2}, k)
		stop := start(t, q)
		var ids []string
		for range 3 {
			ids = append(ids, add(t, q, work.New{Kind: "blocked"}).ID)
		}
		<-began
		<-began
		stop()
		for _, id := range ids {
			if j, err := q.Get(t.Context(), id); err != nil || j.State != work.Queued || j.Attempt != 0 {
				t.Fatalf("after the end: %+v, %v", j, err)
			}
		}
		k, began, let := blocked()
		q = queue(d, work.Options{}, k)
		start(t, q)
		close(let)
		for _, id := range ids {
			if j := wait(t, q, id); j.State != work.Done || j.Attempt != 1 {
				t.Fatalf("after the next start: %+v", j)
			}
		}
		if len(began) != 3 {
			t.Fatalf("%d jobs were begun, want 3", len(began))
		}
	})
}

func TestAskersSeeProgressBeforeTheDatabaseDoes(t *testing.T) {
	said, let := make(chan bool), make(chan bool)
	q := queue(dbtest.New(t), work.Options{}, work.Kind{Name: "talks", Run: func(_ context.Context, j work.Job) (any, error) {
		for _, p := range []string{"1 of 3", "2 of 3", "3 of 3"} {
			j.Report(p)
		}
		said <- true
		<-let
		return nil, nil
	}})
	start(t, q)
	id := add(t, q, work.New{Kind: "talks"}).ID
	<-said
	if j, err := q.Get(t.Context(), id); err != nil || j.Progress != "3 of 3" {
		t.Fatalf("got %q, %v", j.Progress, err)
	}
	if list, err := q.List(t.Context(), work.Filter{}); err != nil || len(list) != 1 || list[0].Progress != "3 of 3" {
		t.Fatalf("got %+v, %v", list, err)
	}
	close(let)
	wait(t, q, id)
}

// TestNodesCancelAndWaitForEachOthersJobs has two queues over one database on PostgreSQL.
func TestNodesCancelAndWaitForEachOthersJobs(t *testing.T) {
	url := dbtest.URL(t)
	k, began, _ := blocked()
	o := work.Options{Shared: true, Look: 20 * time.Millisecond}
	one := queue(dbtest.Open(t, db.Options{URL: url, Node: "one"}), o, k)
	two := queue(dbtest.Open(t, db.Options{URL: url, Node: "two"}), o, k)
	start(t, one)
	start(t, two)
	id := add(t, one, work.New{Kind: "blocked"}).ID
	<-began
	if _, err := two.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if j := wait(t, two, id); j.State != work.Cancelled {
		t.Fatalf("got %+v", j)
	}
}

func TestSweepRemovesWhatEndedLongAgo(t *testing.T) {
	k, _, let := blocked()
	close(let)
	q := queue(dbtest.New(t), work.Options{Keep: time.Nanosecond}, k)
	start(t, q)
	id := wait(t, q, add(t, q, work.New{Kind: "blocked"}).ID).ID
	if err := q.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Get(t.Context(), id); !errors.Is(err, work.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}

func TestRegisterRefusesANameThatIsTaken(t *testing.T) {
	k, _, _ := blocked()
	names := []string{}
	for _, k := range []work.Kind{k, {Name: "nothing"}} {
		func() {
			defer func() {
				if recover() != nil {
					names = append(names, k.Name)
				}
			}()
			q := queue(dbtest.New(t), work.Options{}, k)
			q.Register(k)
		}()
	}
	if !slices.Equal(names, []string{"blocked", "nothing"}) {
		t.Fatalf("refused %v", names)
	}
}

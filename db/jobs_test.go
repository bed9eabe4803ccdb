package db

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var roomy = JobBounds{All: 100, Owner: 50}

func addJob(t *testing.T, d *DB, j Job) Job {
	t.Helper()
	if j.ID == "" {
		j.ID = NewID()
	}
	j.CreatedAt = noon
	got, added, err := d.Jobs().Add(t.Context(), j, roomy)
	ok(t, err)
	if !added || got.State != JobQueued || got.Message == "" {
		t.Fatalf("added: %v, %+v", added, got)
	}
	return got
}

// states are the states of all jobs by id.
func states(t *testing.T, d *DB) map[string]string {
	t.Helper()
	rows, err := d.Jobs().List(t.Context(), JobFilter{Limit: 100})
	ok(t, err)
	of := map[string]string{}
	for _, j := range rows {
		of[j.ID] = j.State
	}
	return of
}

// messages is how many messages wait or are worked on.
func messages(t *testing.T, d *DB) (n int64) {
	t.Helper()
	ok(t, d.reader(t.Context()).Table("goqite").Count(&n).Error)
	return n
}

func TestJobsAreTakenInTheOrderOfTheirComing(t *testing.T) {
	d := fresh(t)
	var want []string
	for i := range 20 {
		want = append(want, addJob(t, d, Job{ID: fmt.Sprintf("j%02d", i), Kind: "k"}).ID)
	}
	var got []string
	for range want {
		j, err := d.Jobs().Take(t.Context(), noon)
		ok(t, err)
		if j.State != JobRunning || j.Attempt != 1 || j.StartedAt == nil {
			t.Fatalf("taken: %+v", j)
		}
		got = append(got, j.ID)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	_, err := d.Jobs().Take(t.Context(), noon)
	wants(t, err, ErrNotFound)
}

func TestAJobsEndIsWrittenOnceAndItsMessageIsGone(t *testing.T) {
	d := fresh(t)
	id := addJob(t, d, Job{Kind: "k", Args: `{"a":1}`, Actor: `{}`}).ID
	end := JobEnd{State: JobDone, Result: `{"b":2}`, Progress: "all of it"}
	wants(t, d.Jobs().End(t.Context(), id, end, noon), ErrNotFound) // it does not run yet
	_, err := d.Jobs().Take(t.Context(), noon)
	ok(t, err)
	ok(t, d.Jobs().Report(t.Context(), id, "half"))
	ok(t, d.Jobs().End(t.Context(), id, end, noon.Add(time.Minute)))
	wants(t, d.Jobs().End(t.Context(), id, JobEnd{State: JobFailed}, noon), ErrNotFound)
	wants(t, d.Jobs().Report(t.Context(), id, "more"), ErrNotFound)
	j, err := d.Jobs().ByID(t.Context(), id)
	ok(t, err)
	if j.State != JobDone || j.Result != `{"b":2}` || j.Progress != "all of it" || j.Args != `{"a":1}` || !j.EndedAt.Equal(stamp(noon.Add(time.Minute))) {
		t.Fatalf("got %+v", j)
	}
	if n := messages(t, d); n != 0 {
		t.Fatalf("%d messages are left", n)
	}
}

func TestTheSameKeyAnswersTheSameJob(t *testing.T) {
	d := fresh(t)
	key := "fork:7"
	first := addJob(t, d, Job{Kind: "k", Key: &key})
	again, added, err := d.Jobs().Add(t.Context(), Job{ID: NewID(), Kind: "k", Key: &key}, roomy)
	ok(t, err)
	if added || again.ID != first.ID || messages(t, d) != 1 {
		t.Fatalf("added %v: %s, want %s", added, again.ID, first.ID)
	}
	if other := addJob(t, d, Job{Kind: "k"}); other.ID == first.ID {
		t.Fatal("a job without a key is the other one")
	}
}

func TestNoMoreJobsWaitThanMay(t *testing.T) {
	d := fresh(t)
	add := func(owner string) error {
		_, _, err := d.Jobs().Add(t.Context(), Job{ID: NewID(), OwnerID: owner}, JobBounds{All: 3, Owner: 2})
		return err
	}
	ok(t, add("ada"))
	ok(t, add("ada"))
	wants(t, add("ada"), ErrFull)
	ok(t, add(""))
	wants(t, add("bob"), ErrFull)
	if n := messages(t, d); n != 3 {
		t.Fatalf("%d messages", n)
	}
	_, err := d.Jobs().Take(t.Context(), noon)
	ok(t, err)
	ok(t, add("bob"))
}

func TestAJobThatIsPutBackWaitsForItsTime(t *testing.T) {
	d := fresh(t)
	id := addJob(t, d, Job{Kind: "k"}).ID
	_, err := d.Jobs().Take(t.Context(), noon)
	ok(t, err)
	ok(t, d.Jobs().HandBack(t.Context(), id))
	j, err := d.Jobs().Take(t.Context(), noon)
	ok(t, err)
	if j.ID != id || j.Attempt != 1 {
		t.Fatalf("handed back and taken: %+v", j)
	}
	ok(t, d.Jobs().Again(t.Context(), id, "no luck", time.Hour))
	_, err = d.Jobs().Take(t.Context(), noon)
	wants(t, err, ErrNotFound)
	if waiting, stop, err := d.Jobs().Called(t.Context()); err != nil || !waiting || len(stop) != 0 {
		t.Fatalf("called: %v, %v, %v", waiting, stop, err)
	}
	if j, err := d.Jobs().ByID(t.Context(), id); err != nil || j.Error != "no luck" || j.State != JobQueued {
		t.Fatalf("got %+v, %v", j, err)
	}
}

// TestWhatAProcessLeavesIsTakenUp opens the database once more, as the start after a kill does.
func TestWhatAProcessLeavesIsTakenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	d := reopen(t, path)
	var want []string
	for i := range 4 {
		want = append(want, addJob(t, d, Job{ID: fmt.Sprintf("j%d", i), Kind: "k"}).ID)
	}
	for range 2 {
		_, err := d.Jobs().Take(t.Context(), noon)
		ok(t, err)
	}
	ok(t, d.Jobs().End(t.Context(), "j0", JobEnd{State: JobFailed, Error: "no"}, noon))
	ok(t, d.Close())

	d = reopen(t, path)
	n, err := d.Jobs().Resume(t.Context())
	ok(t, err)
	if n != 3 || messages(t, d) != 3 {
		t.Fatalf("%d jobs are taken up, %d messages; want 3", n, messages(t, d))
	}
	for i, attempt := range map[int]int64{1: 2, 2: 1, 3: 1} {
		if j, err := d.Jobs().ByID(t.Context(), want[i]); err != nil || j.State != JobQueued || j.Attempt != attempt-1 {
			t.Fatalf("got %+v, %v", j, err)
		}
	}
	for i := 1; i < 4; i++ {
		if j, err := d.Jobs().Take(t.Context(), noon); err != nil || j.ID != want[i] {
			t.Fatalf("got %s, %v, want %s", j.ID, err, want[i])
		}
	}
}

func TestCancelEndsWhatWaitsAndMarksWhatRuns(t *testing.T) {
	d := fresh(t)
	runs := addJob(t, d, Job{Kind: "k"}).ID
	_, err := d.Jobs().Take(t.Context(), noon)
	ok(t, err)
	waits := addJob(t, d, Job{Kind: "k"}).ID
	j, err := d.Jobs().Cancel(t.Context(), waits, noon)
	ok(t, err)
	if j.State != JobCancelled || j.EndedAt == nil || messages(t, d) != 1 {
		t.Fatalf("a job that waits, cancelled: %+v", j)
	}
	j, err = d.Jobs().Cancel(t.Context(), runs, noon)
	ok(t, err)
	if j.State != JobRunning || !j.Stopping {
		t.Fatalf("a job that runs, cancelled: %+v", j)
	}
	if waiting, stop, err := d.Jobs().Called(t.Context()); err != nil || waiting || !slices.Equal(stop, []string{runs}) {
		t.Fatalf("called: %v, %v, %v", waiting, stop, err)
	}
	ok(t, d.Jobs().End(t.Context(), runs, JobEnd{State: JobCancelled}, noon))
	if j, err = d.Jobs().Cancel(t.Context(), runs, noon); err != nil || j.State != JobCancelled {
		t.Fatalf("cancelled once more: %+v, %v", j, err)
	}
	_, err = d.Jobs().Cancel(t.Context(), "none", noon)
	wants(t, err, ErrNotFound)
}

func TestJobsAreListedAndSwept(t *testing.T) {
	d := fresh(t)
	for i, j := range []Job{{OwnerID: "ada", RepositoryID: "r1", Kind: "a"}, {OwnerID: "bob", RepositoryID: "r1", Kind: "b"}, {OwnerID: "ada", RepositoryID: "r2", Kind: "b"}} {
		j.ID, j.CreatedAt = fmt.Sprintf("j%d", i), noon.Add(time.Duration(i)*time.Second)
		_, _, err := d.Jobs().Add(t.Context(), j, roomy)
		ok(t, err)
	}
	for name, c := range map[string]struct {
		f    JobFilter
		want []string
	}{
		"all":             {JobFilter{Limit: 9}, []string{"j2", "j1", "j0"}},
		"two":             {JobFilter{Limit: 2}, []string{"j2", "j1"}},
		"of a person":     {JobFilter{OwnerID: "ada", Limit: 9}, []string{"j2", "j0"}},
		"of a repository": {JobFilter{RepositoryID: "r1", Limit: 9}, []string{"j1", "j0"}},
		"of a kind":       {JobFilter{Kind: "b", Limit: 9}, []string{"j2", "j1"}},
		"in a state":      {JobFilter{State: JobDone, Limit: 9}, nil},
		"before one":      {JobFilter{Before: "j2", Limit: 9}, []string{"j1", "j0"}},
		"no text":         {JobFilter{OwnerID: "ada", Kind: "a", Before: "j2", Limit: 9}, []string{"j0"}},
	} {
		rows, err := d.Jobs().List(t.Context(), c.f)
		var got []string
		for _, j := range rows {
			got = append(got, j.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
	_, err := d.Jobs().List(t.Context(), JobFilter{Before: "none", Limit: 9})
	wants(t, err, ErrNotFound)
	_, err = d.Jobs().Cancel(t.Context(), "j1", noon)
	ok(t, err)
	if n, err := d.Jobs().Sweep(t.Context(), noon); err != nil || n != 0 {
		t.Fatalf("swept %d, %v", n, err)
	}
	n, err := d.Jobs().Sweep(t.Context(), noon.Add(time.Second))
	ok(t, err)
	if of := states(t, d); n != 1 || len(of) != 2 || of["j1"] != "" {
		t.Fatalf("swept %d, left %v", n, of)
	}
}

// TestSharedAJobRunsWhereItsRepositoryLies has two nodes on one server.
func TestSharedAJobRunsWhereItsRepositoryLies(t *testing.T) {
	url := pool.Lend(t)
	one, two := nodeNamed(t, url, "one"), nodeNamed(t, url, "two")
	ok(t, one.Users().Insert(t.Context(), user("ada")))
	ok(t, one.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	ok(t, one.Nodes().Adopt(t.Context(), "one", "r-app"))
	about := addJob(t, two, Job{Kind: "k", RepositoryID: "r-app"})
	own := addJob(t, two, Job{Kind: "k"})
	if about.Node != "one" || own.Node != "two" {
		t.Fatalf("nodes %q and %q", about.Node, own.Node)
	}
	if waiting, _, err := one.Jobs().Called(t.Context()); err != nil || !waiting {
		t.Fatalf("called: %v, %v", waiting, err)
	}
	for d, want := range map[*DB]string{one: about.ID, two: own.ID} {
		if j, err := d.Jobs().Take(t.Context(), noon); err != nil || j.ID != want {
			t.Fatalf("got %s, %v, want %s", j.ID, err, want)
		}
	}
	if n, err := two.Jobs().Resume(t.Context()); err != nil || n != 1 {
		t.Fatalf("the other node takes up %d, %v", n, err)
	}
	if of := states(t, one); of[about.ID] != JobRunning || of[own.ID] != JobQueued {
		t.Fatalf("got %v", of)
	}
}

func nodeNamed(t *testing.T, url, name string) *DB {
	t.Helper()
	d, err := Open(t.Context(), Options{URL: url, Node: name})
	ok(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

package wire

import (
	"context"
	"errors"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/web/api/method"
	"jeton/web/api/repos"
	"jeton/web/work"
)

// run has the queue of a store run until stop is called.
func run(t *testing.T, s *Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Jobs.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// TestAForkThatWasAskedForIsMadeAtTheNextStart ends the server before the job is begun, and once more behind its end, as if
// that had not been written down.
func TestAForkThatWasAskedForIsMadeAtTheNextStart(t *testing.T) {
	s, r := owned(t)
	id := "abcdefghijklmnopqrstuvwxyz"
	fork := map[string]any{"ID": id, "Of": r.ID, "Path": "ada/fork", "OwnerID": r.OwnerID, "CallerID": r.OwnerID}
	for range 2 {
		j, err := s.Jobs.Add(t.Context(), work.New{Kind: "fork_repo", RepoID: r.ID, OwnerID: r.OwnerID, Args: fork, Actor: audit.Actor{UserID: r.OwnerID}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, s.Dir)
		stop := run(t, s)
		if j, err = s.Jobs.Wait(t.Context(), j.ID); err != nil || j.State != work.Done {
			t.Fatalf("the job is %+v, %v", j, err)
		}
		if f, lives := s.Access.ByID(id); !lives || f.Path != "ada/fork" || len(s.Access.Forks(r.ID)) != 1 {
			t.Errorf("the fork is %+v, forks are %+v", f, s.Access.Forks(r.ID))
		}
		stop()
	}
}

// TestWhatTakesLongIsDoneByTheQueue has jobs of the methods about repositories come to their ends.
func TestWhatTakesLongIsDoneByTheQueue(t *testing.T) {
	s, r := owned(t)
	defer run(t, s)()
	do := func(kind string, args any) (string, error) {
		t.Helper()
		result, task, err := doer{s.Jobs}.Do(t.Context(), repos.Job{Kind: kind, RepoID: r.ID, UserID: r.OwnerID, By: audit.Actor{UserID: r.OwnerID}, Args: args})
		if task != "" {
			t.Fatalf("%s goes on as %s", kind, task)
		}
		return string(result), err
	}
	if got, err := do("maintenance", map[string]string{"ID": r.ID}); err != nil || !strings.Contains(got, "packs: 0 before") {
		t.Errorf("got %s, %v", got, err)
	}
	id := "abcdefghijklmnopqrstuvwxyz"
	fork := map[string]any{"ID": id, "Of": r.ID, "Path": "ada/fork", "OwnerID": r.OwnerID, "CallerID": r.OwnerID}
	if got, err := do("fork_repo", fork); err != nil || !strings.Contains(got, id) {
		t.Errorf("got %s, %v", got, err)
	}
	if f, lives := s.Access.ByID(id); !lives || f.Path != "ada/fork" {
		t.Errorf("the fork is %+v", f)
	}
	fork["ID"] = "bbcdefghijklmnopqrstuvwxyz"
	_, err := do("fork_repo", fork)
	var said *method.Error
	if !errors.As(err, &said) || !strings.Contains(said.Text, "repo `ada/fork` already exist") {
		t.Errorf("a job that fails says %v", err)
	}
}

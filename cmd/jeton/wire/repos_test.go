package wire

import (
	"context"
	"errors"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/web/api/method"
	"jeton/web/api/repos"
)

// TestWhatTakesLongIsDoneByTheQueue has jobs of the methods about repositories come to their ends.
func TestWhatTakesLongIsDoneByTheQueue(t *testing.T) {
	s, r := owned(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Jobs.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	do := func(kind string, args any) (string, error) {
		t.Helper()
		result, task, err := doer{s.Jobs}.Do(t.Context(), repos.Job{Kind: kind, RepoID: r.ID, UserID: r.OwnerID, By: audit.Command("test"), Args: args})
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

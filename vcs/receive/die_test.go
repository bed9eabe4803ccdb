package receive

import (
	"bytes"
	"context"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// dying is a repository in whose Update the process dies: before anything was done, or when all was.
type dying struct {
	storage.Repository
	done bool
}

func (d dying) Update(ctx context.Context, basis storage.Basis, b storage.Batch) ([]storage.RefResult, error) {
	if d.done {
		if _, err := d.Repository.Update(ctx, basis, b); err != nil {
			return nil, err
		}
	}
	panic("the process dies here")
}

// TestAPushThatDiesIsSettledAtTheNextStart dies between the journal's entry and its end, on either side of the refs.
func TestAPushThatDiesIsSettledAtTheNextStart(t *testing.T) {
	for what, done := range map[string]bool{"before the refs moved": false, "after the refs moved": true} {
		s := newStand(t, Limits{})
		c := change(oid.Zero, "one")
		ses := Session{Stateless: true, Repo: dying{s.repo, done}, Recheck: func(context.Context) error { return nil }}
		push := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/trunk", "report-status"), line(oid.Zero, c[0].id(), "refs/tags/v1"))
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it did not die", what)
				}
			}()
			_ = s.server.Serve(ctx, ses, bytes.NewReader(push), &bytes.Buffer{})
		}()
		if len(s.journal.begun) != 1 || len(s.journal.ended) != 0 {
			t.Fatalf("%s: %d begun, %d ended", what, len(s.journal.begun), len(s.journal.ended))
		}
		again := New(Options{Journal: s.journal})
		open := func(context.Context, string) (storage.Repository, error) { return s.repo, nil }
		for range 2 { // a second start finds nothing to do
			if err := again.Settle(ctx, open); err != nil {
				t.Fatal(err)
			}
		}
		results := s.journal.ended[s.journal.begun[0].ID]
		if len(results) != 3 { // two refs, and HEAD, which is to name the first branch
			t.Fatalf("%s: settled as %v", what, results)
		}
		for _, r := range results {
			if (r.Err == nil) != done {
				t.Errorf("%s: %s: %v", what, r.Name, r.Err)
			}
		}
		s.clean()
	}
}

package db_test

import (
	"testing"
	"time"

	"jeton/db"
	"jeton/db/dbtest"
)

func TestADatabaseTellsItsSizeAndItsJobsOnBoth(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		if n, err := d.Size(t.Context()); err != nil || n < 100_000 || n > 1<<30 {
			t.Errorf("%d bytes, %v", n, err)
		}
		for _, kind := range []string{"a", "b"} {
			if _, _, err := d.Jobs().Add(t.Context(), db.Job{ID: db.NewID(), Kind: kind, CreatedAt: time.Now()}, db.JobBounds{All: 10, Owner: 10}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Jobs().Take(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		counts, err := d.JobCounts(t.Context())
		if err != nil || counts["queued"] != 1 || counts["running"] != 1 || len(counts) != 2 {
			t.Errorf("got %v, %v", counts, err)
		}
	})
}

package host

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"jeton/vcs/storage/storagetest"
)

// kept is a world whose trash is kept for an hour.
func kept(t *testing.T) *world {
	return newWorld(t, func(o *Options) { o.TrashKeep = time.Hour })
}

func TestRestoreBringsBackRowAndFolder(t *testing.T) {
	w := kept(t)
	r := w.create("team/app")
	id := storagetest.Push(t, must(w.Open(ctx, r.ID)), storagetest.Commit(t, "one"), "refs/heads/main")
	for range 2 { // a repository may be deleted more than once
		if err := w.Delete(ctx, r.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Open(ctx, r.ID); !errors.Is(err, ErrNotFound) {
			t.Fatalf("what is deleted opens: %v", err)
		}
		list := must(w.Deleted(ctx))
		if len(list) != 1 || list[0].ID != r.ID || list[0].Path != "team/app" || list[0].DeletedAt.IsZero() {
			t.Fatalf("deleted are %+v", list)
		}
		back, err := w.Restore(ctx, r.ID, "")
		if err != nil || back.Path != "team/app" || !back.DeletedAt.IsZero() {
			t.Fatalf("got %+v, %v", back, err)
		}
		w.whole()
		if got := storagetest.Value(t, must(w.Open(ctx, r.ID)), "refs/heads/main"); got != id {
			t.Errorf("main is %s, want %s", got, id)
		}
	}
}

func TestRestoreWhereThePathIsTaken(t *testing.T) {
	w := kept(t)
	r := w.create("app")
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	w.create("app")
	if _, err := w.Restore(ctx, r.ID, ""); !errors.Is(err, ErrTaken) {
		t.Fatalf("got %v, want %v", err, ErrTaken)
	}
	if _, trash := w.folders(); len(trash) != 1 {
		t.Fatalf("after a restoring that failed the trash holds %v", trash)
	}
	if _, err := w.Restore(ctx, r.ID, "no//path"); !errors.Is(err, ErrBadPath) {
		t.Fatalf("got %v, want %v", err, ErrBadPath)
	}
	if back, err := w.Restore(ctx, r.ID, "other"); err != nil || back.Path != "other" {
		t.Fatalf("got %+v, %v", back, err)
	}
	w.whole()
}

func TestRestoreOfWhatIsNotThere(t *testing.T) {
	w := kept(t)
	r := w.create("app")
	for _, id := range []string{r.ID, "nothing", "../../etc", NewID()} {
		if _, err := w.Restore(ctx, id, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, want %v", id, err, ErrNotFound)
		}
		if err := w.Purge(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("purge %s: got %v, want %v", id, err, ErrNotFound)
		}
	}
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	_, trash := w.folders()
	if err := os.RemoveAll(trash[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Restore(ctx, r.ID, ""); !errors.Is(err, ErrNoData) {
		t.Errorf("got %v, want %v", err, ErrNoData)
	}
}

func TestRestoringAndDeletingAtOnceKeepRowAndFolderTogether(t *testing.T) {
	w := kept(t)
	r := w.create("app")
	for range 30 {
		if err := w.Delete(ctx, r.ID); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = w.Restore(ctx, r.ID, "") })
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
		}
		if done != 1 {
			t.Fatalf("%d of %d restorings were done, want one: %v", done, len(errs), errs)
		}
		w.whole()
		all.Go(func() { _ = w.Delete(ctx, r.ID) })
		all.Go(func() { restore(w, r) })
		all.Wait()
		restore(w, r)
		w.whole()
	}
}

func TestRestoreWhoseEndIsNotKnownLeavesTheFolderWithItsRow(t *testing.T) {
	w := kept(t)
	r := w.create("app")
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	lost := errors.New("the connection is lost")
	w.rows.after = func(string) error { return lost }
	if _, err := w.Restore(ctx, r.ID, ""); !errors.Is(err, lost) {
		t.Fatalf("got %v, want %v", err, lost)
	}
	w.rows.after = nil
	w.whole()
	if _, err := w.Open(ctx, r.ID); err != nil {
		t.Errorf("what is there again does not open: %v", err)
	}
}

func TestPurgeRemovesRowAndFolder(t *testing.T) {
	w := kept(t)
	r := w.create("app")
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Purge(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	w.background.Wait()
	if live, trash := w.folders(); len(live) != 0 || len(trash) != 0 || len(w.rows.rows) != 0 {
		t.Errorf("left are %v, %v, %v", live, trash, w.rows.rows)
	}
}

func TestCrashesOfDeletingAndRestoring(t *testing.T) {
	boom := func(string) error { panic("the process dies here") }
	for what, c := range map[string]struct {
		crash func(*memory)
		do    func(*world, Repo)
		lives bool
	}{
		"delete, behind the row":  {func(m *memory) { m.after = boom }, func(w *world, r Repo) { _ = w.Delete(ctx, r.ID) }, false},
		"restore, before the row": {func(m *memory) { m.before = boom }, restore, false},
		"restore, behind the row": {func(m *memory) { m.after = boom }, restore, true},
	} {
		t.Run(what, func(t *testing.T) {
			w := kept(t)
			r := w.create("app")
			if what[0] == 'r' {
				if err := w.Delete(ctx, r.ID); err != nil {
					t.Fatal(err)
				}
			}
			c.crash(w.rows)
			dies(t, func() { c.do(w, r) })
			w.start()
			w.whole()
			if _, err := w.Resolve(ctx, "app"); (err == nil) != c.lives {
				t.Fatalf("lives: %v, want %v", err == nil, c.lives)
			}
			if !c.lives { // and it can still come back
				if _, err := w.Restore(ctx, r.ID, ""); err != nil {
					t.Fatal(err)
				}
				w.whole()
			}
		})
	}
}

func restore(w *world, r Repo) { _, _ = w.Restore(ctx, r.ID, "") }

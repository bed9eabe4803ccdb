package host

import (
	"errors"
	"os"
	"testing"

	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

func TestAnUnbornRepositoryIsFoundByNobodyUntilItIsPublished(t *testing.T) {
	w := newWorld(t, nil)
	u := must(w.Conceive(ctx, Repo{Path: "new", OwnerID: "ada"}))
	id := u.Repo.ID()
	if _, err := w.Resolve(ctx, "new"); !errors.Is(err, ErrNotFound) {
		t.Errorf("found before: %v", err)
	}
	tip := storagetest.Push(t, u.Repo, storagetest.Commit(t, "one"), "refs/heads/main")
	if err := errors.Join(u.Publish(ctx), u.Drop(ctx)); err != nil {
		t.Fatal(err)
	}
	if r, err := w.Resolve(ctx, "new"); err != nil || r.ID != id {
		t.Errorf("found afterwards: %+v, %v", r, err)
	}
	view := must(must(w.Open(ctx, id)).View(ctx))
	defer view.Close()
	if ref, _ := view.Refs.Lookup("refs/heads/main"); ref.ID != tip {
		t.Errorf("main is %s, want %s", ref.ID, tip)
	}
	w.whole()
}

func TestAnUnbornRepositoryThatIsNotWantedLeavesNothing(t *testing.T) {
	for what, publish := range map[string]bool{"not published": false, "published, but no ref came": true} {
		w := newWorld(t, nil)
		u := must(w.Conceive(ctx, Repo{Path: "new"}))
		dir := w.Dir(u.Repo.ID())
		if publish {
			if err := u.Publish(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := u.Drop(ctx); err != nil {
			t.Fatal(err)
		}
		w.background.Wait()
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the folder is there: %v", what, err)
		}
		if _, err := u.Repo.Update(ctx, "", storage.Batch{}); err == nil {
			t.Errorf("%s: it can still be written to", what)
		}
		w.create("new") // the path is free
		w.whole()
	}
}

func TestTwoUnbornRepositoriesOfOnePath(t *testing.T) {
	w := newWorld(t, nil)
	a, b := must(w.Conceive(ctx, Repo{Path: "new"})), must(w.Conceive(ctx, Repo{Path: "new"}))
	for _, u := range []*Unborn{a, b} {
		storagetest.Push(t, u.Repo, storagetest.Commit(t, "one"), "refs/heads/main")
	}
	if err := a.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx); !errors.Is(err, ErrTaken) {
		t.Errorf("the second: %v, want ErrTaken", err)
	}
	if err := errors.Join(a.Drop(ctx), b.Drop(ctx)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Conceive(ctx, Repo{Path: "new"}); !errors.Is(err, ErrTaken) {
		t.Errorf("a third: %v, want ErrTaken", err)
	}
	w.whole()
}

package storagetest

import (
	"context"
	"errors"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// admit refuses batches in their last moment: nothing moves, nothing of their packs is seen, and who asks has not been
// overtaken by another update.
func admit(t *testing.T, repo storage.Repository) {
	objects := Commit(t, "one")
	id := objects[2].ID(t)
	_, s := Stage(t, repo, objects...)
	no := errors.New("not any more")
	b := storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: id}},
		Admit: func(context.Context) error { return no }}
	v := View(t, repo)
	res, err := repo.Update(context.Background(), v.Refs.Basis, b)
	if !errors.Is(err, no) || len(res) > 0 || Has(t, repo, id) || Value(t, repo, "refs/heads/main") != oid.Zero {
		t.Fatalf("refused: %v, %v; main is %s", res, err, Value(t, repo, "refs/heads/main"))
	}
	other, asked := make(chan []storage.RefResult, 1), 0
	b.Admit = func(context.Context) error {
		asked++
		go func() {
			res, _ := repo.Update(context.Background(), v.Refs.Basis, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: id}}})
			other <- res
		}()
		return nil
	}
	if res := Update(t, repo, b); res[0].Err != nil || asked != 1 {
		t.Errorf("let in: %v, asked %d times", res[0].Err, asked)
	}
	if res := <-other; len(res) != 1 || !errors.Is(res[0].Err, storage.ErrConflict) {
		t.Errorf("an update that began while the other was asked: %v", res)
	}
	b.Admit = func(context.Context) error { t.Error("asked where nothing can move"); return nil }
	if res := Update(t, repo, b); res[0].Err == nil {
		t.Error("it moved twice")
	}
}

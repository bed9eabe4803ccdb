package wire

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

// TestAPushThatOthersFollowedIsNotLost stops before the end of a push is written, lets more pushes than one page of the
// journal holds move its ref on, and starts again: who follows sees it as one that moved.
func TestAPushThatOthersFollowedIsNotLost(t *testing.T) {
	s, r := owned(t)
	repo, err := s.Host.Open(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	one := storagetest.Push(t, repo, storagetest.Commit(t, "one"), "refs/heads/one")
	two := storagetest.Push(t, repo, storagetest.Commit(t, "two"), "refs/heads/two")
	moves := [2][]storage.RefUpdate{{{Name: "refs/heads/main", Old: two, New: one}}, {{Name: "refs/heads/main", Old: one, New: two}}}
	push := func(updates []storage.RefUpdate, done bool) {
		t.Helper()
		entry, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID, Updates: updates, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		results := []storage.RefResult{{Name: "refs/heads/main", Err: errors.New("refused")}}
		if done {
			results = storagetest.Update(t, repo, storage.Batch{Updates: updates})
		}
		if err := s.journal.End(t.Context(), entry, results); err != nil {
			t.Fatal(err)
		}
	}
	first := []storage.RefUpdate{{Name: "refs/heads/main", New: two}}
	lost, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID, Updates: first, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	storagetest.Update(t, repo, storage.Batch{Updates: first})
	for i := range page + 5 {
		push(moves[i%2], true)
		push(moves[i%2], false)
	}
	never, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID, Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: one, New: oid.ID{9}}}, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, s.Dir)
	got := map[string]bool{}
	for p := range follower(t, s, "test") {
		got[p.ID] = p.Moved()
		if len(got) == 2*(page+5)+2 {
			break
		}
	}
	if moved, ok := got[lost]; !ok || !moved {
		t.Errorf("the push that others followed: seen %v, moved %v", ok, moved)
	}
	if moved, ok := got[never]; !ok || moved {
		t.Errorf("the push that never moved a ref: seen %v, moved %v", ok, moved)
	}
}

func TestTheJournalOfARepositoryThatIsGone(t *testing.T) {
	s, r := owned(t)
	if _, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: "none"}); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("an entry of no repository: %v", err)
	}
	id, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // the first may have been written though it was told to have failed
		if err := s.journal.End(t.Context(), id, nil); err != nil {
			t.Error(fmt.Sprint("end ", i), err)
		}
	}
}

package wire

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

func entryOf(t *testing.T, repoID string) receive.Entry {
	t.Helper()
	id, err := oid.Of(3, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	return receive.Entry{RepoID: repoID, Actor: storage.Actor{ID: "1", Name: "ada", Email: "ada@example.com", Credential: "key:1"},
		At:      time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: id}, {Name: "HEAD", Symref: "refs/heads/main"}},
		Options: []string{"ci.skip", "\x1b[31m=", ""}, Notes: []string{"zeroPaddedFilemode " + id.String()},
		Certificate: &receive.Certificate{Text: "certificate version 0.1\n\n-----BEGIN", Signer: "Ada <ada@example.com>", Nonce: "1-a", NonceStatus: "OK"},
	}
}

func TestTheJournalKeepsAllThatIsSaidOfAPush(t *testing.T) {
	s, r := owned(t)
	j := s.journal
	want := entryOf(t, r.ID)
	id, err := j.Begin(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	want.ID = id
	list, err := j.Open(t.Context())
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], want) {
		t.Fatalf("open are %+v, want %+v, %v", list, want, err)
	}
	open, err := s.Pushes(t.Context(), r.ID, "", 10)
	if err != nil || len(open) != 1 || !open[0].EndedAt.IsZero() || open[0].Moved() {
		t.Fatalf("the repository's pushes are %+v, %v", open, err)
	}
	if err := j.End(t.Context(), id, []storage.RefResult{{Name: "refs/heads/main"}, {Name: "HEAD", Err: storage.ErrConflict}}); err != nil {
		t.Fatal(err)
	}
	if list, err := j.Open(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("still open: %+v, %v", list, err)
	}
	ended, err := j.Ended(t.Context(), r.ID, "", 10)
	if err != nil || len(ended) != 1 || !reflect.DeepEqual(ended[0].Entry, want) || ended[0].EndedAt.IsZero() || !ended[0].Moved() {
		t.Fatalf("ended are %+v, %v", ended, err)
	}
	if got := ended[0].Results; len(got) != 2 || got[0].Err != nil || got[1].Name != "HEAD" || got[1].Err.Error() != storage.ErrConflict.Error() {
		t.Errorf("the results are %+v", got)
	}
	// A push of which nothing more is said has nothing more.
	plain := receive.Entry{RepoID: r.ID, Updates: want.Updates[:1], At: want.At}
	if plain.ID, err = j.Begin(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if list, err := j.Open(t.Context()); err != nil || !reflect.DeepEqual(list, []receive.Entry{plain}) {
		t.Errorf("open are %+v, want %+v, %v", list, plain, err)
	}
}

func TestADamagedEntryHoldsUpNobody(t *testing.T) {
	var log bytes.Buffer
	s, r := owned(t)
	j := &journal{d: s.db, log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, row := range []db.JournalEntry{
		{Updates: "nonsense"}, {Updates: `[{"ref":"refs/heads/a","old":"x","new":"y"}]`}, {Updates: "[]", Certificate: "{"}, {Updates: "[]", Options: "{}"},
	} {
		row.RepositoryID = r.ID
		if _, err := s.db.Journal().Begin(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	open, err := j.Open(t.Context())
	if err != nil || len(open) != 4 || strings.Count(log.String(), "cannot be read in full") != 4 {
		t.Fatalf("open are %+v, %v; the log says\n%s", open, err, log.String())
	}
	if err := s.Receive.Settle(t.Context(), s.Host.Open); err != nil {
		t.Fatal(err)
	}
	if ended, err := j.Ended(t.Context(), "", "", 10); err != nil || len(ended) != 4 || ended[0].RepoID != r.ID {
		t.Errorf("ended are %+v, %v", ended, err)
	}
}

// follower is a follower of a store's journal that runs until the test ends, and tells what it is given.
func follower(t *testing.T, s *Store, name string) <-chan follow.Push {
	t.Helper()
	given := make(chan follow.Push, 100)
	f := follow.New(follow.Options{Name: name, Journal: s.journal, Handle: func(_ context.Context, p follow.Push) error {
		given <- p
		return nil
	}})
	s.journal.followers = append(s.journal.followers, f)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return given
}

// TestACrashLosesNoPush stops between the steps of a push, opens the data folder again as a start does, and follows.
func TestACrashLosesNoPush(t *testing.T) {
	for what, c := range map[string]struct {
		updated, ended, moved bool
	}{
		"behind the entry's beginning": {false, false, false},
		"behind the refs' move":        {true, false, true},
		"behind the entry's end":       {true, true, true},
	} {
		s, r := owned(t)
		repo, err := s.Host.Open(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		id := storagetest.Push(t, repo, storagetest.Commit(t, what), "refs/heads/main")
		updates := []storage.RefUpdate{{Name: "refs/heads/pushed", New: id}}
		entry, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID, Updates: updates})
		if err != nil {
			t.Fatal(err)
		}
		var results []storage.RefResult
		if c.updated {
			results = storagetest.Update(t, repo, storage.Batch{Updates: updates})
		}
		if c.ended {
			if err := s.journal.End(t.Context(), entry, results); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, s.Dir)
		p := <-follower(t, s, "test")
		if p.ID != entry || p.Moved() != c.moved || p.EndedAt.IsZero() {
			t.Errorf("a crash %s: followed is %+v, want %s, moved %v", what, p, entry, c.moved)
		}
	}
}

func TestEndsWakeFollowers(t *testing.T) {
	s, r := owned(t)
	one, two := follower(t, s, "one"), follower(t, s, "two")
	for range 3 {
		id, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.journal.End(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		if a, b := <-one, <-two; a.ID != id || b.ID != id {
			t.Errorf("followed are %s and %s, want %s", a.ID, b.ID, id)
		}
	}
}

func TestThePushesThatEveryFollowerIsDoneWithAreSwept(t *testing.T) {
	s, r := owned(t)
	var ids []string
	for range 3 {
		id, err := s.journal.Begin(t.Context(), receive.Entry{RepoID: r.ID})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.journal.End(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	list, err := s.journal.Ended(t.Context(), "", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	s.journal.followers = append(s.journal.followers[:1:1], follow.New(follow.Options{Name: "slow"}))
	later := time.Now().Add(time.Hour)
	for _, c := range []struct {
		follower, position string
		before             time.Time
		swept, left        int
	}{
		{keeps, list[2].Position, later, 0, 3}, // the other one has not begun
		{"slow", list[1].Position, time.Now().Add(-time.Hour), 0, 3},
		{"slow", list[1].Position, later, 2, 1},
		{"slow", list[2].Position, later, 1, 0},
	} {
		if err := s.journal.Move(t.Context(), c.follower, c.position); err != nil {
			t.Fatal(err)
		}
		n, err := s.journal.sweep(t.Context(), c.before)
		if err != nil || n != c.swept {
			t.Errorf("%s at %s: swept %d, want %d, %v", c.follower, c.position, n, c.swept, err)
		}
		if rest, err := s.Pushes(t.Context(), r.ID, "", 10); err != nil || len(rest) != c.left {
			t.Errorf("%s at %s: %d of %v are left, want %d, %v", c.follower, c.position, len(rest), ids, c.left, err)
		}
	}
	s.sweep(t.Context())
}

func TestSweepGoesOnUntilNothingIsLeft(t *testing.T) {
	s, r := owned(t)
	const many = 2*swept + 1
	err := s.db.Write(t.Context(), func(tx *db.Tx) error {
		for range many {
			id, err := tx.Journal().Begin(t.Context(), db.JournalEntry{RepositoryID: r.ID})
			if err != nil {
				return err
			}
			if err := tx.Journal().End(t.Context(), id, "[]", time.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.journal.followers {
		if err := s.journal.Move(t.Context(), f.Name(), "z"); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.journal.sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || n != many {
		t.Errorf("swept %d of %d, %v", n, many, err)
	}
}

func TestTheKeeperLooksAtPushesThatMoved(t *testing.T) {
	s, r := owned(t)
	repo, err := s.Host.Open(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	k := &keeper{packs: 2, log: slog.New(slog.DiscardHandler), open: func(ctx context.Context, id string) (storage.Repository, error) {
		opened++
		return s.Host.Open(ctx, id)
	}}
	packs := func() int {
		view, err := repo.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer view.Close()
		return len(view.Objects.Packs())
	}
	moved := follow.Push{Entry: receive.Entry{RepoID: r.ID}, Results: []storage.RefResult{{Name: "refs/heads/main"}}}
	first := storagetest.Push(t, repo, storagetest.Commit(t, "one"), "refs/heads/main")
	if err := k.look(t.Context(), moved); err != nil || packs() != 1 || opened != 1 {
		t.Errorf("one pack became %d, %v; opened %d times", packs(), err, opened)
	}
	storagetest.Push(t, repo, storagetest.Commit(t, "two", first), "refs/heads/main")
	still := follow.Push{Entry: moved.Entry, Results: []storage.RefResult{{Name: "refs/heads/main", Err: errors.New("no")}}}
	if err := k.look(t.Context(), still); err != nil || packs() != 2 || opened != 1 {
		t.Errorf("after a push that moved nothing there are %d packs, %v; opened %d times", packs(), err, opened)
	}
	if err := k.look(t.Context(), moved); err != nil || packs() != 1 {
		t.Errorf("two packs became %d, %v", packs(), err)
	}
	gone := moved
	gone.RepoID = strings.Repeat("x", 26)
	k.open = func(context.Context, string) (storage.Repository, error) { return nil, host.ErrNotFound }
	if err := k.look(t.Context(), gone); err != nil {
		t.Errorf("a repository that is gone: %v", err)
	}
	k.open = func(context.Context, string) (storage.Repository, error) { return nil, errors.New("disk broken") }
	if err := k.look(t.Context(), moved); err == nil {
		t.Error("what cannot be opened is taken for done")
	}
	k.packs = 0
	if err := k.look(t.Context(), moved); err != nil {
		t.Errorf("switched off: %v", err)
	}
}

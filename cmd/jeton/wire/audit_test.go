package wire

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
)

// pushOf journals a push of n refs, of which the first fails, and reads it back as followers do.
func pushOf(t *testing.T, s *Store, repoID string, n int) follow.Push {
	t.Helper()
	entry := receive.Entry{RepoID: repoID, At: time.Now(), Actor: storage.Actor{ID: "u1", Name: "ada", Credential: "token:t1"}}
	var results []storage.RefResult
	for i := range n {
		name := fmt.Sprintf("refs/heads/b%04d", i)
		entry.Updates = append(entry.Updates, storage.RefUpdate{Name: name, Old: oid.ID{}, New: oid.ID{1, byte(i)}})
		results = append(results, storage.RefResult{Name: name})
	}
	results[0].Err = storage.ErrConflict
	id, err := s.journal.Begin(t.Context(), entry)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.journal.End(t.Context(), id, results); err != nil {
		t.Fatal(err)
	}
	list, err := s.journal.Ended(t.Context(), repoID, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list[len(list)-1]
}

func pushesIn(t *testing.T, s *Store) []audit.Entry {
	t.Helper()
	list, err := s.Record().Find(t.Context(), audit.Query{Action: "repository.push"}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAPushIsRecordedOnceHoweverOftenItIsSeen(t *testing.T) {
	s, r := owned(t)
	p := pushOf(t, s, r.ID, 2*refsInOne+1)
	for range 3 {
		if err := s.recordPush(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	list := pushesIn(t, s)
	if len(list) != 3 {
		t.Fatalf("%d entries, want one for each %d refs", len(list), refsInOne)
	}
	var lines []string
	for _, e := range list {
		lines = append(lines, strings.Split(e.Detail, "\n")...)
		if e.User != "ada" || e.Credential != "token:t1" || e.Resource != r.Path || e.Outcome != "done" || e.UserID != "u1" {
			t.Errorf("got %+v", e)
		}
	}
	if len(lines) != len(p.Updates) {
		t.Fatalf("%d refs are told of %d", len(lines), len(p.Updates))
	}
	for i, u := range p.Updates {
		if want := u.Old.String() + " " + u.New.String() + " " + u.Name; !strings.HasPrefix(lines[i], want) || strings.Contains(lines[i], "failed") != (i == 0) {
			t.Errorf("got %q, want %q", lines[i], want)
		}
	}
	if err := s.recordPush(t.Context(), pushOf(t, s, r.ID, 1)); err != nil {
		t.Fatal(err)
	}
	if list = pushesIn(t, s); len(list) != 4 || list[3].Outcome != "failed" {
		t.Errorf("got %+v", list)
	}
	if _, err := s.Record().Verify(t.Context(), audit.Head{}); err != nil {
		t.Error(err)
	}
}

func TestWhatAPusherWentPastIsRecordedOnce(t *testing.T) {
	s, r := owned(t)
	p := pushOf(t, s, r.ID, 2)
	p.Notes = []string{"zeroPaddedFilemode 1", "secret-skipped 0123456789ab github-pat", "secret-warned ba9876543210 aws-key 1", "secrets: 1 files were too large"}
	for range 2 {
		if err := s.recordPush(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.Record().Find(t.Context(), audit.Query{Action: "repository.secrets"}, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if e := list[0]; e.Detail != strings.Join(p.Notes[1:], "\n") || e.User != "ada" || e.Credential != "token:t1" || e.Resource != r.Path || e.Outcome != "done" {
		t.Errorf("got %+v", e)
	}
}

func TestWhatBelongsToNobodyIsNoPersonInTheRecord(t *testing.T) {
	for a, want := range map[storage.Actor]string{
		{ID: "u1", Credential: "token:t2", Line: "token:t1"}:       "u1",
		{ID: "u1", Credential: "password"}:                         "u1",
		{ID: "token:t1", Credential: "token:t2", Line: "token:t1"}: "",
		{ID: "key:k1", Credential: "key:k1"}:                       "",
		{}:                                                         "",
	} {
		if got := userOf(a); got != want {
			t.Errorf("%+v is %q, want %q", a, got, want)
		}
	}
}

// TestTheFollowerRecordsEachPushOnceThoughItDies ends the follower before its cursor is saved, again and again.
func TestTheFollowerRecordsEachPushOnceThoughItDies(t *testing.T) {
	s, r := owned(t)
	const pushes = 12
	for range pushes {
		pushOf(t, s, r.ID, 1)
	}
	for i := range pushes {
		ctx, die := context.WithCancel(t.Context())
		seen := 0
		f := follow.New(follow.Options{Name: fmt.Sprint("dies", i), Journal: s.journal, Log: s.Log, Handle: func(ctx context.Context, p follow.Push) error {
			err := s.recordPush(ctx, p)
			if seen++; seen > i { // written, and nobody remembers
				die()
			}
			return err
		}})
		if err := f.Run(ctx); err != nil {
			t.Fatal(err)
		}
		die()
	}
	once := map[string]bool{}
	for _, e := range pushesIn(t, s) {
		once[e.Once] = true
	}
	if n := len(pushesIn(t, s)); n != pushes || len(once) != pushes {
		t.Errorf("%d entries about %d pushes, want %d", n, len(once), pushes)
	}
}

func TestTheSweepCutsWhatWasKeptForLongEnough(t *testing.T) {
	s, _ := owned(t)
	old := audit.Event{Action: "old", At: time.Now().Add(-366 * 24 * time.Hour)}
	before, err := s.Record().Find(t.Context(), audit.Query{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	// Everything of today goes first, as if it had been written a year ago.
	err = s.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Audit().CutTo(t.Context(), before[len(before)-1].Seq)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.Append(t.Context(), s.db, old, old, audit.Event{Action: "young", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := s.sweepRecord(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := s.Record().Find(t.Context(), audit.Query{}, 10)
	if err != nil || len(left) != 2 || left[0].Action != "young" || left[1].Action != "audit.cut" {
		t.Fatalf("left %+v, %v", left, err)
	}
	if _, err := s.Record().Verify(t.Context(), audit.Head{}); err != nil {
		t.Error(err)
	}
}

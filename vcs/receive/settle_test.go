package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// trailOf reads steps such as "AB" (known) and "BC?" (open); "-" is a ref that is not there.
func trailOf(steps string) (trail []step) {
	value := func(c byte) oid.ID {
		if c == '-' {
			return oid.Zero
		}
		return oid.ID{c}
	}
	for i, s := range strings.Fields(steps) {
		st := step{entry: fmt.Sprintf("%03d", i), from: value(s[0]), to: value(s[1])}
		if strings.HasSuffix(s, "?") {
			st.result = &storage.RefResult{Err: errNotSeen}
		}
		trail = append(trail, st)
	}
	return trail
}

func TestATrailTellsWhichMovesCameToPass(t *testing.T) {
	for _, c := range []struct {
		what, trail, now string
		want             []int // the open steps that came to pass
	}{
		{"the ref is there", "AB?", "B", []int{0}},
		{"the ref is where it was", "AB?", "A", nil},
		{"the ref is elsewhere", "AB?", "C", nil},
		{"a known move followed", "AB? BC", "C", []int{0}},
		{"two open moves", "AB? BC?", "C", []int{0, 1}},
		{"of two open moves the second did not", "AB? BC?", "B", []int{0}},
		{"the losers of a race", "AB? BC CD? CE?", "E", []int{0, 3}},
		{"a known move followed a race", "AB? AC? AD? CF", "F", []int{1}},
		{"two of the same move", "AB? AB?", "B", []int{0}},
		{"back again, never done", "AB BA?", "B", nil},
		{"back again, done", "AB BA?", "A", []int{1}},
		{"back and forth", "AB? BA? AB?", "B", []int{0, 1, 2}},
		{"round and back where a known move ended", "XA AB? BA?", "A", []int{1, 2}},
		{"made", "-A?", "A", []int{0}},
		{"not made", "-A?", "-", nil},
		{"removed", "A-?", "-", []int{0}},
		{"removed and made again", "A-? -B", "B", []int{0}},
		{"made, removed, made", "-A? A-? -A?", "A", []int{0, 1, 2}},
		{"nothing moves", "AA?", "A", []int{0}},
		{"another program moved it between", "AB? XC", "C", nil},
		{"a long trail", "AB? BC CD? DE? EF FG? FH?", "H", []int{0, 2, 3, 6}},
		{"nothing is open", "AB BC", "C", nil},
	} {
		trail := trailOf(c.trail)
		now := oid.ID{c.now[0]}
		if c.now == "-" {
			now = oid.Zero
		}
		walkBack(trail, now)
		var got []int
		for i, s := range trail {
			if s.result != nil && s.result.Err == nil {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s (%s, now %s): came to pass %v, want %v", c.what, c.trail, c.now, got, c.want)
		}
	}
}

// next pushes a change of what branch main is, and returns the new commit.
func (s *stand) next(parent oid.ID, text string) oid.ID {
	s.t.Helper()
	c := change(parent, text)
	out, err := s.push(request(packOf(c...), line(parent, c[0].id(), "refs/heads/main", "report-status")))
	if err != nil || !strings.Contains(out, "ok refs/heads/main") {
		s.t.Fatalf("%v %q", err, out)
	}
	return c[0].id()
}

func (s *stand) open(context.Context, string) (storage.Repository, error) { return s.repo, nil }

func TestAPushWhoseRefMovedOnIsSettledAsDone(t *testing.T) {
	s := newStand(t, Limits{})
	one := s.first("one")
	s.journal.end = errors.New("database is locked")
	two := s.next(one, "two")
	three := s.next(two, "three")
	s.journal.end = nil
	s.next(three, "four")
	if open, _ := s.journal.Open(ctx); len(open) != 2 {
		t.Fatalf("open are %+v", open)
	}
	again := New(Options{Journal: s.journal}) // the next start
	if err := again.Settle(ctx, s.open); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		if r := s.journal.ended[id]; len(r) != 1 || r[0].Err != nil {
			t.Errorf("a push that was told ok is settled as %v", r)
		}
	}
}

// with looks at the journal, or changes it, while a server's Run goes on.
func (j *journal) with(do func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	do()
}

// counts is how many entries are ended, and how many ends are owed.
func counts(s *Server, j *journal) (ended, owed int) {
	j.with(func() { ended = len(j.ended) })
	s.owed.mu.Lock()
	defer s.owed.mu.Unlock()
	return ended, len(s.owed.list)
}

// TestWhatTheJournalIsOwedIsWrittenLater lets ends fail for a while, and a repository that cannot be opened at the start.
func TestWhatTheJournalIsOwedIsWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{end: errors.New("database is locked")}
		s := New(Options{Journal: j})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		id, err := j.Begin(ctx, Entry{RepoID: "id"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s.owed.add(debt{1, func(ctx context.Context) error { return j.End(ctx, id, nil) }})
		}
		s.owed.add(debt{maxOwed, func(context.Context) error { t.Error("beyond the bound"); return nil }})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ended, owed := counts(s, j); ended != 0 || owed != 2 {
			t.Errorf("%d ended, %d owed while the journal fails", ended, owed)
		}
		j.with(func() { j.end = nil })
		time.Sleep(lastWait)
		synctest.Wait()
		if ended, owed := counts(s, j); ended != 1 || owed != 0 {
			t.Errorf("%d ended, %d owed afterwards", ended, owed)
		}
		broken := errors.New("its disk is away")
		j.with(func() {
			j.begun = append(j.begun, Entry{ID: "x", RepoID: "other", Updates: []storage.RefUpdate{{Name: "refs/heads/main"}}})
		})
		open := func(context.Context, string) (_ storage.Repository, err error) {
			j.with(func() { err = broken })
			return nil, err
		}
		if err := s.Settle(ctx, open); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		j.with(func() { broken = host.ErrNotFound })
		time.Sleep(lastWait)
		synctest.Wait()
		if ended, _ := counts(s, j); ended != 2 {
			t.Error("the entry of a repository that could not be opened for a while is still open")
		}
		s.owed.add(debt{1, func(context.Context) error { return broken }})
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if s.owed.pay(ctx) == nil || len(s.owed.list) > 1 {
			t.Error("what is left at the end is lost")
		}
	})
}

func TestAnEndThatFailsIsOwed(t *testing.T) {
	s := newStand(t, Limits{})
	s.journal.end = errors.New("database is locked")
	s.first("one")
	s.journal.end = nil
	if err := s.server.owed.pay(ctx); err != nil || len(s.journal.ended["0"]) != 1 || s.journal.ended["0"][0].Err != nil {
		t.Errorf("%v; ended %v", err, s.journal.ended)
	}
	s.journal.begun = append(s.journal.begun, Entry{ID: "9", RepoID: "id", Updates: []storage.RefUpdate{{Name: "refs/heads/main"}}})
	s.journal.moved = errors.New("gone")
	if err := s.server.Settle(ctx, s.open); err != nil || len(s.server.owed.list) != 1 || len(s.journal.ended) != 1 {
		t.Errorf("with a journal that cannot be read: %v, %d owed, ended %v", err, len(s.server.owed.list), s.journal.ended)
	}
}

// late is a journal in whose Begin something happens.
type late struct {
	*journal
	then func()
}

func (j late) Begin(ctx context.Context, e Entry) (string, error) {
	j.then()
	return j.journal.Begin(ctx, e)
}

func TestRulesAndPermissionAreAskedWhenNothingCanComeBetween(t *testing.T) {
	for _, c := range []struct {
		name    string
		rule    rules.Rules
		recheck error
		want    string
	}{
		{"nothing", rules.Rules{}, nil, "ok refs/heads/main"},
		{"a rule", rules.Rules{DenyForce: true}, nil, "ng refs/heads/main non-fast-forward"},
		{"a rule that allows it", rules.Rules{DenyDeletes: true}, nil, "ok refs/heads/main"},
		{"the end of a token", rules.Rules{}, &host.Refusal{Status: 401, Sentence: "This token was revoked."}, "ng refs/heads/main This token was revoked."},
	} {
		s := newStand(t, Limits{})
		one := s.first("one")
		other := change(oid.Zero, "other")
		var now rules.Rules
		var revoked error
		s.server.o.Journal = late{s.journal, func() { now, revoked = c.rule, c.recheck }}
		ses := Session{Stateless: true, Repo: s.repo, Recheck: func(context.Context) error { return revoked },
			RulesNow: func(context.Context) (rules.Rules, error) { return now, nil }}
		var out bytes.Buffer
		err := s.server.Serve(ctx, ses, bytes.NewReader(request(packOf(other...), line(one, other[0].id(), "refs/heads/main", "report-status"))), &out)
		if err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s, laid down while the journal was written: %q, %v; want %q", c.name, out.String(), err, c.want)
		}
		moved := strings.Contains(s.refs(), other[0].id().String())
		if len(s.journal.begun) != 2 || len(s.journal.ended["1"]) != 1 || moved != (s.journal.ended["1"][0].Err == nil) || moved != strings.HasPrefix(c.want, "ok") {
			t.Errorf("%s: moved %v, in the journal are %+v, ended %v", c.name, moved, s.journal.begun, s.journal.ended)
		}
		s.clean()
	}
}

// restless is a repository whose Update always finds that objects were dropped meanwhile.
type restless struct{ storage.Repository }

func (restless) Update(context.Context, storage.Basis, storage.Batch) ([]storage.RefResult, error) {
	return nil, storage.ErrRecheck
}

func TestAPushThatIsCheckedAgainStandsInTheJournalOnce(t *testing.T) {
	for what, again := range map[string]bool{"once": false, "again and again": true} {
		s, updates := newStand(t, Limits{}), 0
		var repo storage.Repository = maintained{s.repo, &updates}
		if again {
			repo = restless{s.repo}
		}
		c := change(oid.Zero, "one")
		var out bytes.Buffer
		_ = s.server.Serve(ctx, Session{Stateless: true, Repo: repo, Recheck: func(context.Context) error { return nil }},
			bytes.NewReader(request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/trunk", "report-status"))), &out)
		r := s.journal.ended["0"]
		if len(s.journal.begun) != 1 || len(r) != 2 || r[0].Name != "refs/heads/trunk" || r[1].Name != "HEAD" || (r[0].Err != nil) != again || (r[1].Err != nil) != again {
			t.Errorf("%s: begun %d, ended %v", what, len(s.journal.begun), s.journal.ended)
		}
		if strings.Contains(out.String(), "ok refs/heads/trunk") == again {
			t.Errorf("%s: %q", what, out.String())
		}
	}
}

func TestAPushIntoNothingIsToldWhatIsTrue(t *testing.T) {
	c := change(oid.Zero, "one")
	push := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))
	for _, row := range []struct {
		name         string
		create, drop error
		want         string
	}{
		{"somebody was faster", &host.Refusal{Status: http.StatusConflict, Sentence: "Somebody made this repository\x1b a moment ago."}, nil, `Somebody made this repository\x1b a moment ago.`},
		{"the disk is full", errors.New("no space"), nil, "the server has failed"},
		{"what the push made cannot be let go of", nil, errors.New("disk"), "ok refs/heads/main"},
	} {
		s := newStand(t, Limits{})
		ses := Session{Stateless: true, Recheck: func(context.Context) error { return nil }, Create: func(context.Context) (*host.Unborn, error) {
			if row.create != nil {
				return nil, row.create
			}
			return &host.Unborn{Repo: s.repo, Publish: func(context.Context) error { return nil }, Drop: func(context.Context) error { return row.drop }}, nil
		}}
		var out bytes.Buffer
		err := s.server.Serve(ctx, ses, bytes.NewReader(push), &out)
		if !strings.Contains(out.String(), row.want) {
			t.Errorf("%s: %q, %v; want %q", row.name, out.String(), err, row.want)
		}
		var no *host.Refusal
		if errors.As(row.create, &no) != errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: %v is told to the log as the server's own failure, or the other way round", row.name, err)
		}
	}
}

package audit

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/db"
)

// ledger is a record of n entries and the file it lies in.
type ledger struct {
	t    *testing.T
	d    *db.DB
	path string
}

func newLedger(t *testing.T, n int) *ledger {
	t.Helper()
	l := &ledger{t: t, path: filepath.Join(t.TempDir(), "jeton.db")}
	l.open()
	l.write(n, noon)
	return l
}

func (l *ledger) open() {
	l.t.Helper()
	var err error
	if l.d, err = db.Open(l.t.Context(), db.Options{Path: l.path}); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { l.d.Close() })
}

// write adds entries, a second apart, in transactions of different sizes.
func (l *ledger) write(n int, from time.Time) {
	l.t.Helper()
	for i, size := 0, 1; i < n; size *= 2 {
		var events []Event
		for range min(n-i, size) {
			events = append(events, Event{Action: "test", Resource: fmt.Sprint(i), At: from.Add(time.Duration(i) * time.Second)})
			i++
		}
		if err := Append(l.t.Context(), l.d, events...); err != nil {
			l.t.Fatal(err)
		}
	}
}

// exec changes the file as somebody would who has it.
func (l *ledger) exec(statements ...string) {
	l.t.Helper()
	file, err := sql.Open("sqlite", l.path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer file.Close()
	for _, s := range statements {
		if _, err := file.Exec(s); err != nil {
			l.t.Fatalf("%s: %v", s, err)
		}
	}
}

func (l *ledger) head() Head {
	l.t.Helper()
	h, err := HeadOf(l.t.Context(), l.d)
	if err != nil {
		l.t.Fatal(err)
	}
	return h
}

// wants verifies: seq 0 for a record that is whole, else the number of the first entry that does not fit.
func (l *ledger) wants(kept Head, seq int64, why string) {
	l.t.Helper()
	report, err := Verify(l.t.Context(), l.d, kept)
	if seq == 0 {
		if err != nil {
			l.t.Fatalf("got %v, want a record that is whole", err)
		}
		if report.Head != l.head() {
			l.t.Fatalf("verified up to %s, the head is %s", report.Head, l.head())
		}
		return
	}
	var b *Broken
	if !errors.As(err, &b) || b.Seq != seq || !strings.Contains(b.Why, why) {
		l.t.Fatalf("got %v, want broken at %d: %s", err, seq, why)
	}
}

// rehash makes an entry's hash right again after it was changed.
func (l *ledger) rehash(seq int64) {
	l.t.Helper()
	list, err := l.d.Audit().After(l.t.Context(), seq-1, 1)
	if err != nil || len(list) != 1 {
		l.t.Fatal(list, err)
	}
	l.exec(fmt.Sprintf("UPDATE audit SET hash = '%s' WHERE seq = %d", list[0].Sum(), seq))
}

func TestVerifyNamesTheFirstEntryThatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(l *ledger)
		seq   int64
		why   string
	}{
		"nothing":            {func(*ledger) {}, 0, ""},
		"one removed":        {func(l *ledger) { l.exec("DELETE FROM audit WHERE seq = 70") }, 70, "missing"},
		"many removed":       {func(l *ledger) { l.exec("DELETE FROM audit WHERE seq BETWEEN 40 AND 510") }, 40, "missing"},
		"the first removed":  {func(l *ledger) { l.exec("DELETE FROM audit WHERE seq = 1") }, 2, "without an entry that says so"},
		"the oldest removed": {func(l *ledger) { l.exec("DELETE FROM audit WHERE seq < 508") }, 508, "without an entry that says so"},
		"removed and numbered": {func(l *ledger) {
			l.exec("DELETE FROM audit WHERE seq = 512", "UPDATE audit SET seq = -seq WHERE seq > 512", "UPDATE audit SET seq = -seq - 1 WHERE seq < 0")
		}, 512, "changed"},
		"changed":              {func(l *ledger) { l.exec("UPDATE audit SET detail = 'x' WHERE seq = 3") }, 3, "changed"},
		"another time":         {func(l *ledger) { l.exec("UPDATE audit SET at = '2026-11-24 12:00:09+00:00' WHERE seq = 3") }, 3, "changed"},
		"another id":           {func(l *ledger) { l.exec("UPDATE audit SET id = 'x' WHERE seq = 3") }, 3, "changed"},
		"changed and rehashed": {func(l *ledger) { l.exec("UPDATE audit SET user_name = 'eve' WHERE seq = 3"); l.rehash(3) }, 4, "does not follow"},
		"two changed places": {func(l *ledger) {
			l.exec("UPDATE audit SET seq = -1 WHERE seq = 8", "UPDATE audit SET seq = 8 WHERE seq = 9", "UPDATE audit SET seq = 9 WHERE seq = -1")
		}, 8, "changed"},
		"one put in": {func(l *ledger) {
			l.exec("INSERT INTO audit SELECT 'x', at, user_id, user_name, credential, door, action, resource, outcome, detail, remote, seq + 1, once, hash, hash FROM audit WHERE seq = 520")
		}, 521, "changed"},
		"a field moved over": {func(l *ledger) { l.exec("UPDATE audit SET action = 'tes', resource = 't' || resource WHERE seq = 5") }, 5, "changed"},
		"unchained ones":     {func(l *ledger) { l.exec("UPDATE audit SET seq = 0 WHERE seq = 520") }, 1, "belong to no chain"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, page+20)
			c.spoil(l)
			l.wants(Head{}, c.seq, c.why)
		})
	}
}

func TestAKeptHeadShowsThatTheEndWasCutOff(t *testing.T) {
	l := newLedger(t, 20)
	kept := l.head()
	l.wants(kept, 0, "")
	l.write(5, noon.Add(time.Hour))
	l.wants(kept, 0, "")
	l.exec("DELETE FROM audit WHERE seq > 18")
	l.wants(Head{}, 0, "") // nothing in the record itself can show it
	l.wants(kept, 19, "cut off")
	l.write(5, noon.Add(time.Hour))
	l.wants(kept, 20, "written anew")
	l.exec("DELETE FROM audit")
	l.wants(kept, 1, "cut off")
}

func TestHeadsAreReadAsTheyAreWritten(t *testing.T) {
	l := newLedger(t, 3)
	for _, h := range []Head{{}, l.head()} {
		if got, err := ParseHead(" " + h.String() + "\n"); err != nil || got != h {
			t.Errorf("%s: got %v, %v", h, got, err)
		}
	}
	for _, bad := range []string{"", "3", "x:", "3:ab", ":" + l.head().Hash, "-3:" + l.head().Hash, "0:" + l.head().Hash, "3:" + strings.Repeat("g", 64), "3:" + l.head().Hash + "0"} {
		if got, err := ParseHead(bad); !errors.Is(err, ErrBadHead) {
			t.Errorf("%q: got %v, %v", bad, got, err)
		}
	}
}

func TestWhatIsOldIsCutOffAndTheChainStillHolds(t *testing.T) {
	l := newLedger(t, 3*atOnce/2)
	old := l.head()
	first := Head{}
	if list, err := Find(t.Context(), l.d, Query{}, 1); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	} else {
		first = Head{list[0].Seq, list[0].Hash}
	}
	l.write(10, noon.Add(1000*time.Hour))
	n, err := Cut(t.Context(), l.d, noon.Add(500*time.Hour))
	if err != nil || n != 3*atOnce/2 {
		t.Fatalf("got %d, %v", n, err)
	}
	l.wants(Head{}, 0, "")
	l.wants(old, 0, "") // the last of what was removed is the one that the chain begins behind
	if _, err := Verify(t.Context(), l.d, first); !errors.Is(err, ErrTooOld) {
		t.Errorf("got %v, want that the head is too old", err)
	}
	l.wants(Head{old.Seq, first.Hash}, old.Seq+1, "written anew")
	report, err := Verify(t.Context(), l.d, Head{})
	if err != nil || report.Entries != 12 || report.First != old.Seq+1 { // ten, and two about the removal
		t.Errorf("got %+v, %v", report, err)
	}
	if n, err := Cut(t.Context(), l.d, noon.Add(500*time.Hour)); n != 0 || err != nil {
		t.Errorf("cut %d once more, %v", n, err)
	}
	l.exec(fmt.Sprintf("DELETE FROM audit WHERE seq = %d", report.First))
	l.wants(Head{}, report.First+1, "without an entry that says so")
}

func TestCutKeepsYoungEntriesAndWhatStandsBehindThem(t *testing.T) {
	l := newLedger(t, 10)
	l.write(1, noon.Add(1000*time.Hour))
	l.write(10, noon)
	n, err := Cut(t.Context(), l.d, noon.Add(time.Hour))
	if err != nil || n != 10 {
		t.Fatalf("got %d, %v, want the ten before the young one", n, err)
	}
	l.wants(Head{}, 0, "")
	alone := newLedger(t, 1)
	if n, err := Cut(t.Context(), alone.d, noon.Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("got %d, %v: the last entry stays", n, err)
	}
	alone.wants(Head{}, 0, "")
}

// aged makes a database whose rows are from before there was a chain.
func aged(t *testing.T, n int) *ledger {
	l := newLedger(t, n)
	l.exec("UPDATE audit SET seq = 0, previous = '', hash = ''")
	if err := Seal(t.Context(), l.d); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRowsOlderThanTheChainAreSealed(t *testing.T) {
	l := aged(t, page+7)
	if err := Seal(t.Context(), l.d); err != nil { // the next start
		t.Fatal(err)
	}
	l.write(3, noon.Add(1000*time.Hour))
	report, err := Verify(t.Context(), l.d, Head{})
	if err != nil || report.Older != page+7 || report.Entries != 4 || report.First != 1 {
		t.Fatalf("got %+v, %v", report, err)
	}
	for name, spoil := range map[string]string{
		"changed": "UPDATE audit SET detail = 'x' WHERE resource = '5'", "removed": "DELETE FROM audit WHERE resource = '9' AND seq = 0",
		"one more": "INSERT INTO audit SELECT 'x', at, user_id, user_name, credential, door, action, resource, outcome, detail, remote, 0, '', '', '' FROM audit WHERE seq = 1",
	} {
		l := aged(t, page+7)
		l.exec(spoil)
		_, err := Verify(t.Context(), l.d, Head{})
		if b := new(Broken); !errors.As(err, &b) || b.Seq != 1 || !strings.Contains(b.Why, "seals") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSealedRowsGoWithTheirSeal(t *testing.T) {
	l := aged(t, 20)
	l.write(3, time.Now())
	n, err := Cut(t.Context(), l.d, time.Now().Add(time.Hour))
	if err != nil || n != 23 { // 20, their seal, and two of the three
		t.Fatalf("got %d, %v", n, err)
	}
	report, err := Verify(t.Context(), l.d, Head{})
	if err != nil || report.Older != 0 || report.Entries != 2 {
		t.Fatalf("got %+v, %v", report, err)
	}
}

func TestAnEmptyRecordIsWhole(t *testing.T) {
	l := newLedger(t, 0)
	if err := Seal(t.Context(), l.d); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(t.Context(), l.d, Head{})
	if err != nil || report != (Report{}) || l.head().String() != "0:" {
		t.Errorf("got %+v, %v, head %s", report, err, l.head())
	}
}

func TestWhatIsWrittenOnceIsWrittenOnce(t *testing.T) {
	l := newLedger(t, 2)
	e := Event{Action: "push", Once: "push:1", At: noon}
	for range 3 {
		if err := Append(t.Context(), l.d, e, e, Event{Action: "other"}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Find(t.Context(), l.d, Query{Action: "push"}, 10)
	if err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
	l.wants(Head{}, 0, "")
}

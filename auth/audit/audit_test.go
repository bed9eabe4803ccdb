package audit

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/db"
	"jeton/db/dbtest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *db.DB {
	t.Helper()
	return dbtest.New(t)
}

func entries(t *testing.T, d *db.DB) []db.AuditEntry {
	t.Helper()
	list, err := d.Audit().Since(context.Background(), "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func refusal(from string, at time.Time) Event {
	return Event{Actor: Actor{UserID: "u1", Name: "ada", Credential: "token:t1", Door: "git", Remote: netip.MustParseAddr(from)},
		Action: "repository.read", Resource: "team/app", Outcome: "expired", Detail: "expired", At: at}
}

// stranger is a refusal of a credential that nobody has.
func stranger(from string, at time.Time) Event {
	e := refusal(from, at)
	e.UserID, e.Credential, e.Outcome = "", "", "bad_credential"
	return e
}

func TestDoneIsWrittenWithTheChangeOrNotAtAll(t *testing.T) {
	d := open(t)
	change := func(fail error) error {
		return d.Write(t.Context(), func(tx *db.Tx) error {
			if err := Done(t.Context(), tx, Command("root"), "user.create", "ada", "administrator"); err != nil {
				return err
			}
			return fail
		})
	}
	if err := change(errors.New("boom")); err == nil {
		t.Fatal("got no error")
	}
	if list := entries(t, d); len(list) != 0 {
		t.Fatalf("got %+v of a change that was not made", list)
	}
	if err := change(nil); err != nil {
		t.Fatal(err)
	}
	got := entries(t, d)
	if len(got) != 1 || got[0].UserName != "root" || got[0].Door != "command" || got[0].Outcome != "done" ||
		got[0].Resource != "ada" || got[0].Remote != "" || got[0].At.IsZero() {
		t.Fatalf("got %+v", got)
	}
}

func TestRefusalsAreWrittenWhole(t *testing.T) {
	d := open(t)
	r := New(d, Options{})
	r.Refusal(refusal("192.0.2.1", noon))
	if n := r.Refusals(); n != 1 {
		t.Errorf("%d refusals were counted, want 1", n)
	}
	r.Close()
	got := entries(t, d)
	if len(got) != 1 {
		t.Fatalf("got %d entries, want 1", len(got))
	}
	want := db.AuditEntry{ID: got[0].ID, Seq: 1, Hash: got[0].Sum(), At: noon, UserID: "u1", UserName: "ada", Credential: "token:t1", Door: "git",
		Action: "repository.read", Resource: "team/app", Outcome: "expired", Detail: "expired", Remote: "192.0.2.1"}
	if got[0] != want {
		t.Fatalf("got  %+v\nwant %+v", got[0], want)
	}
}

func TestFloodIsCountedAndNotWritten(t *testing.T) {
	d := open(t)
	r := New(d, Options{PerMinute: 50, PerRemote: 10, Now: func() time.Time { return noon }})
	const sent = 5000
	for i := range sent {
		r.Refusal(stranger("192.0.2.1", noon.Add(time.Duration(i)*time.Millisecond)))
	}
	r.Refusal(stranger("192.0.2.2", noon.Add(10*time.Second)))
	r.Close()
	r.Refusal(stranger("192.0.2.3", noon)) // after the end: lost, and no panic
	r.Close()
	got := entries(t, d)
	if len(got) < 11 || len(got) > 12 {
		t.Fatalf("got %d entries, want 10 of the flood, at most one of another address and the count", len(got))
	}
	last := got[len(got)-1]
	left := sent + 1 - (len(got) - 1)
	if last.Action != "audit.overflow" || !strings.HasPrefix(last.Detail, fmt.Sprint(left)+" ") {
		t.Fatalf("got %+v, want a count of %d", last, left)
	}
}

func TestBudgetIsSharedByAllAddresses(t *testing.T) {
	b := &budget{o: Options{PerMinute: 50, PerRemote: 10}}
	b.turn(noon)
	taken := 0
	for i := range 1000 {
		if b.take(stranger(fmt.Sprintf("192.0.2.%d", i%250), noon)) {
			taken++
		}
	}
	if taken != 50 || b.over != 950 {
		t.Fatalf("took %d and left out %d, want 50 and 950", taken, b.over)
	}
	if n := b.turn(noon.Add(59 * time.Second)); n != 0 {
		t.Fatalf("the minute turned early, with %d", n)
	}
	if n := b.turn(noon.Add(time.Minute)); n != 950 || !b.take(stranger("192.0.2.1", noon)) {
		t.Fatalf("got %d left out at the turn, want 950, and room again", n)
	}
}

func TestBudgetTellsABoundedNumberOfAddressesApart(t *testing.T) {
	b := &budget{o: Options{PerMinute: 1 << 20, PerRemote: 1 << 20}}
	b.turn(noon)
	for i := range 2 * remotes {
		b.take(stranger(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String(), noon))
	}
	if len(b.by) != remotes {
		t.Fatalf("got %d addresses in memory, want %d", len(b.by), remotes)
	}
}

func TestFieldsAreClipped(t *testing.T) {
	e := refusal("192.0.2.1", noon)
	e.Resource, e.Name = strings.Repeat("ü", 400), "a\x00b\xff"
	row := e.row()
	if len(row.Resource) > maxField+len("…")+len("\uFFFD") || row.UserName != "a\uFFFDb\uFFFD" {
		t.Fatalf("got %d bytes, name %q", len(row.Resource), row.UserName)
	}
}

func TestRefusalsDoNotWaitForTheDatabase(t *testing.T) {
	d := open(t)
	r := New(d, Options{})
	release := make(chan struct{})
	held := make(chan struct{})
	go d.Write(context.Background(), func(*db.Tx) error { close(held); <-release; return nil })
	<-held
	for range 3 * queued {
		r.Refusal(stranger("192.0.2.1", noon))
	}
	close(release)
	r.Close()
	if r.dropped.Load() != 0 {
		t.Errorf("%d dropped refusals were not counted into the record", r.dropped.Load())
	}
}

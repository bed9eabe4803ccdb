package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

func TestSharesAreDividedAndGivenBack(t *testing.T) {
	s := newShares(10, 4)
	for _, c := range []struct {
		who  string
		n    int64
		want error
	}{{"ada", 4, nil}, {"ada", 1, errShare}, {"bob", 5, errShare}, {"bob", 4, nil}, {"eve", 3, errBusy}, {"eve", 2, nil}, {"ada", 1, errBusy}} {
		if err := s.take(c.who, c.n); err != c.want {
			t.Errorf("%s takes %d: %v, want %v", c.who, c.n, err, c.want)
		}
	}
	s.give("ada", 4)
	if err := s.take("eve", 2); err != nil {
		t.Errorf("what was given back: %v", err)
	}
	s.give("bob", 4)
	s.give("eve", 4)
	if s.taken != 0 || len(s.by) != 0 {
		t.Errorf("left: %d, %v", s.taken, s.by)
	}
}

func TestOnePusherLeavesPlacesToOthers(t *testing.T) {
	s := newStand(t, Limits{Pushes: 3, PushesPerActor: 2})
	for range 2 {
		if err := s.server.slots.take("ada", 1); err != nil {
			t.Fatal(err)
		}
	}
	c := change(oid.Zero, "one")
	push := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))
	as := func(id string) string {
		var out bytes.Buffer
		ses := Session{Stateless: true, Repo: s.repo, Actor: storage.Actor{ID: id}, Recheck: func(context.Context) error { return nil }}
		_ = s.server.Serve(ctx, ses, bytes.NewReader(push), &out)
		return out.String()
	}
	if out := as("ada"); !strings.Contains(out, "ng refs/heads/main unpacker error") || !strings.Contains(out, "wait for them, or push again") {
		t.Errorf("ada is told %q", out)
	}
	if out := as("bob"); !strings.Contains(out, "ok refs/heads/main") {
		t.Errorf("bob is told %q", out)
	}
}

func TestWhatIsHeldOfCommandsIsBoundedAndGivenBack(t *testing.T) {
	s := newStand(t, Limits{CommandMemory: 1 << 20})
	many := []byte(strings.Join(refs(1000, func(int) oid.ID { return oid.ID{1} }), "") + "0000")
	out, err := s.push(many)
	if !errors.Is(err, ErrBadRequest) || !strings.Contains(out, "ERR you have as many, or as large, pushes") {
		t.Errorf("commands: %q, %v", out, err)
	}
	shallow := strings.Repeat(pkt("shallow "+oid.ID{1}.String()), 20_000)
	if out, err := s.push([]byte(shallow + "0000")); !errors.Is(err, ErrBadRequest) || !strings.Contains(out, "ERR you have") {
		t.Errorf("shallow lines: %q, %v", out, err)
	}
	if s.server.memory.taken != 0 {
		t.Errorf("%d bytes are held for ever", s.server.memory.taken)
	}
	if out, _ := s.push([]byte(line(oid.Zero, oid.ID{1}, "refs/heads/x", "report-status") + "0000")); strings.Contains(out, "ERR") {
		t.Errorf("a small one is told %q", out)
	}
}

func TestWhoIsNotLetInIsHeardOutInLittleMemory(t *testing.T) {
	s := newStand(t, Limits{})
	no := &host.Refusal{Sentence: "You may not."}
	refused := func(n int) string {
		var out bytes.Buffer
		in := strings.Join(refs(n, func(int) oid.ID { return oid.ID{1} }), "") + "0000"
		if err := s.server.Refuse(ctx, no, strings.NewReader(in), &out); n > 100 && !errors.Is(err, ErrBadRequest) {
			t.Errorf("%d refs: %v", n, err)
		}
		return out.String()
	}
	if out := refused(100); strings.Count(out, "You may not.") != 100 {
		t.Errorf("a hundred refs: %.200q", out)
	}
	if out := refused(20_000); !strings.Contains(out, "ERR You may not.") || len(out) > 1000 {
		t.Errorf("twenty thousand refs: %.200q", out)
	}
	if s.server.memory.taken != 0 {
		t.Errorf("%d bytes are held for ever", s.server.memory.taken)
	}
}

func TestAPushEndsWithItsTime(t *testing.T) {
	c := change(oid.Zero, "one")
	whole := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))
	s := newStand(t, Limits{Time: time.Nanosecond})
	if out, err := s.push(whole); !errors.Is(err, ErrBadRequest) || !strings.Contains(out, "ERR the push took longer than 1ns; push fewer refs") {
		t.Errorf("while it asks: %q, %v", out, err)
	}
	// Time ends while the pack comes: the context that the reader waits for is the push's own.
	s = newStand(t, Limits{Time: 50 * time.Millisecond})
	at := bytes.Index(whole, []byte("PACK"))
	slow := readerOf(func(b []byte) (int, error) {
		<-time.After(100 * time.Millisecond)
		b[0] = 'P'
		return 1, nil
	})
	var out bytes.Buffer
	ses := Session{Stateless: true, Repo: s.repo, Recheck: func(context.Context) error { return nil }}
	err := s.server.Serve(ctx, ses, iotest.OneByteReader(io.MultiReader(bytes.NewReader(whole[:at]), slow)), &out)
	if !errors.Is(err, ErrBadRequest) || !strings.Contains(out.String(), "unpack the push took longer than 50ms; push fewer refs") {
		t.Errorf("while the pack comes: %q, %v", out.String(), err)
	}
	s.clean()
	if fmt.Sprint(s.server.slots.by) != "map[]" {
		t.Errorf("a place is held for ever: %v", s.server.slots.by)
	}
}

type readerOf func([]byte) (int, error)

func (f readerOf) Read(b []byte) (int, error) { return f(b) }

func TestTheRestIsDroppedForSoLongAndNoLonger(t *testing.T) {
	s := newStand(t, Limits{DrainTime: time.Nanosecond})
	var out bytes.Buffer
	in := &sender{r: io.MultiReader(strings.NewReader(line(oid.Zero, oid.ID{1}, "refs/jeton/x", "report-status")+"0000"), endless{}), out: &out}
	_ = s.server.Serve(ctx, Session{Repo: s.repo}, in, &out)
	if !strings.Contains(out.String(), "ng refs/jeton/x") || in.taken > 1<<20 {
		t.Errorf("%d bytes were taken, told %q", in.taken, out.String())
	}
}

package receive

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
)

// sender is a client that counts what is taken from it, and notes what it had been answered by then.
type sender struct {
	r      io.Reader
	out    *bytes.Buffer
	taken  int64
	before string // the answer when the last byte was asked for
}

func (s *sender) Read(p []byte) (int, error) {
	s.before = s.out.String()
	n, err := s.r.Read(p)
	s.taken += int64(n)
	return n, err
}

// endless is a pack that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatIsRefusedIsToldWhileTheClientStillSends(t *testing.T) {
	const drain = 1 << 20
	main := oid.ID{1}
	for _, c := range []struct {
		name, head, words string
		rules             rules.Rules
	}{
		{"all refs are refused", line(oid.Zero, main, "refs/jeton/x", "report-status") + "0000", "ng refs/jeton/x", rules.Rules{}},
		{"a rule refuses all", line(oid.Zero, main, "refs/heads/x", "report-status", "side-band-64k") + "0000", "ng refs/heads/x protected branch", rules.Rules{Branches: []rules.Branch{{Pattern: "**", NoCreate: true}}}},
		{"the old value is another", line(main, main, "refs/heads/x", "report-status") + "0000", "ng refs/heads/x stale", rules.Rules{}},
		{"one of an atomic push is refused", line(oid.Zero, main, "refs/heads/x", "report-status", "atomic") + line(oid.Zero, main, "refs/jeton/x") + "0000", "atomic push failure", rules.Rules{}},
		{"too many refs", strings.Repeat(line(oid.Zero, main, "refs/heads/x"), 4), "ERR more than 3 refs", rules.Rules{}},
		{"a broken pack", line(oid.Zero, main, "refs/heads/x", "report-status") + "0000" + strings.Repeat("x", 100), "ng refs/heads/x unpacker error", rules.Rules{}},
	} {
		s := newStand(t, Limits{Commands: 3, Drain: drain})
		var out bytes.Buffer
		in := &sender{r: io.MultiReader(strings.NewReader(c.head), endless{}), out: &out}
		_ = s.server.Serve(ctx, Session{Repo: s.repo, Rules: c.rules}, in, &out)
		if !strings.Contains(in.before, c.words) {
			t.Errorf("%s: while it still sent it had been told %q, and %q in the end; want %q", c.name, in.before, out.String(), c.words)
		}
		if in.taken < drain || in.taken > 2*drain {
			t.Errorf("%s: %d bytes were taken, want about %d", c.name, in.taken, drain)
		}
		s.clean()
	}
}

func TestAGoodPushIsReadToItsEndAndNoFurther(t *testing.T) {
	s := newStand(t, Limits{})
	c := change(oid.Zero, "one")
	var out bytes.Buffer
	in := io.MultiReader(bytes.NewReader(request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))), waits{t})
	ses := Session{Repo: s.repo, Recheck: func(context.Context) error { return nil }}
	if err := s.server.Serve(ctx, ses, in, &out); err != nil || !strings.Contains(out.String(), "ok refs/heads/main") {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	in = io.MultiReader(strings.NewReader(line(c[0].id(), oid.Zero, "refs/heads/main", "report-status")+"0000"), waits{t})
	if err := s.server.Serve(ctx, ses, in, &out); err != nil || !strings.Contains(out.String(), "ng refs/heads/main deletion of the current branch") {
		t.Errorf("a delete: %q, %v", out.String(), err)
	}
}

// waits is a client that has sent all and waits for its answer.
type waits struct{ t *testing.T }

func (w waits) Read([]byte) (int, error) {
	w.t.Error("more was asked for than the push has")
	return 0, io.EOF
}

func TestMorePushesThanAreTakenAtATimeComeAgain(t *testing.T) {
	s := newStand(t, Limits{Pushes: 1})
	if err := s.server.slots.take("somebody", 1); err != nil {
		t.Fatal(err)
	}
	c := change(oid.Zero, "one")
	push := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))
	if out, _ := s.push(push); !strings.Contains(out, "unpack the server is busy") || !strings.Contains(out, "push again in a moment") {
		t.Errorf("%q", out)
	}
	s.server.slots.give("somebody", 1)
	if out, err := s.push(push); err != nil || !strings.Contains(out, "ok refs/heads/main") {
		t.Errorf("%q, %v", out, err)
	}
	if s.server.slots.taken != 0 || len(s.server.slots.by) != 0 {
		t.Error("a place is held for ever")
	}
}

func TestAPushThatIsCutOffAnywhereLeavesNothing(t *testing.T) {
	s := newStand(t, Limits{})
	main := s.first("one")
	next := change(main, "two")
	whole := request(packOf(next...), line(main, next[0].id(), "refs/heads/main", "report-status", "push-options"))
	whole = append(whole[:bytes.Index(whole, []byte("PACK"))], append([]byte(pkt("an option")+"0000"), packOf(next...)...)...)
	before := s.refs()
	for n := range whole {
		out, err := s.push(whole[:n])
		if n > 0 && err == nil && !strings.Contains(out, "unpack ") {
			t.Fatalf("cut at %d: answered %q without an error", n, out)
		}
		if strings.Contains(out, "ok refs") {
			t.Fatalf("cut at %d: %q", n, out)
		}
	}
	if s.refs() != before || len(s.journal.begun) != 1 {
		t.Errorf("something moved, or %d pushes stand in the journal", len(s.journal.begun))
	}
	s.clean()
	if out, err := s.push(whole); err != nil || !strings.Contains(out, "ok refs/heads/main") {
		t.Errorf("the whole: %q, %v", out, err)
	}
}

package receive

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// upload is a pack with one blob that goes on and on, as long as somebody reads it.
func upload(head string) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write(pack.AppendHeader(pack.AppendFileHeader(nil, 1), pack.Header{Type: plumbing.BlobObject, Size: 1 << 40}))
		z := zlib.NewWriter(w)
		for part := make([]byte, 64<<10); ; {
			if _, err := z.Write(part); err != nil {
				return
			}
		}
	}()
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(head), r), r}
}

func TestAPushThatIsNoLongerAdmittedEndsWhileItIsSent(t *testing.T) {
	s := newStand(t, Limits{Drain: 1})
	s.server = New(Options{Journal: s.journal, AskAgain: time.Millisecond, Limits: Limits{Drain: 1}})
	s.server.o.Limits.Pack.Blob = 1 << 41
	s.server.o.Limits.Pack.Inflated = 1 << 42
	s.server.o.Limits.Pack.Pack = 1 << 42
	var asked atomic.Int32
	recheck := func(context.Context) error {
		switch asked.Add(1) {
		case 1:
			return nil
		case 2:
			return errors.New("the database is away") // which ends nothing
		}
		return &host.Refusal{Code: "revoked", Sentence: "This token was revoked.\x1b[31m"}
	}
	in := upload(line(oid.Zero, oid.ID{1}, "refs/heads/x", "report-status", "side-band-64k") + "0000")
	defer in.(io.Closer).Close()
	var out bytes.Buffer
	err := s.server.Serve(ctx, Session{Repo: s.repo, Actor: storage.Actor{Name: "ada"}, Recheck: recheck}, in, &out)
	if !errors.Is(err, ErrBadRequest) || errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want one of the client", err)
	}
	if want := `ng refs/heads/x This token was revoked.\x1b[31m`; !strings.Contains(out.String(), want) {
		t.Errorf("told %q, want %q", out.String(), want)
	}
	if len(s.journal.begun) != 0 || strings.Contains(s.refs(), "refs/heads/x") {
		t.Errorf("something came of it: %v, %s", s.journal.begun, s.refs())
	}
	s.clean()
}

func TestACredentialMayBeNarrowerThanItsOwner(t *testing.T) {
	s := newStand(t, Limits{})
	main := s.first("one")
	next, side := change(main, "two"), change(main, "side")
	two, other := next[0].id(), side[0].id()
	renovate := rules.Writes{Patterns: []string{"refs/heads/renovate/*", "refs/heads/free"}, FastForwardOnly: true, NoDelete: true}
	if out, err := s.push(request(packOf(next...), line(oid.Zero, two, "refs/heads/free", "report-status"))); err != nil || !strings.Contains(out, "ok refs/heads/free") {
		t.Fatalf("%q, %v", out, err)
	}
	for _, c := range []struct {
		name     string
		from, to oid.ID
		ref      string
		want     string
	}{
		{"a ref of its patterns", oid.Zero, main, "refs/heads/renovate/a", "ok refs/heads/renovate/a"},
		{"another ref", oid.Zero, main, "refs/heads/x", "ng refs/heads/x this credential may only write refs/heads/renovate/*, refs/heads/free; push with another"},
		{"a tag", oid.Zero, main, "refs/tags/renovate/x", "ng refs/tags/renovate/x this credential may only write"},
		{"a delete", two, oid.Zero, "refs/heads/free", "ng refs/heads/free this credential may not delete refs"},
		{"no fast-forward", two, other, "refs/heads/free", "ng refs/heads/free non-fast-forward: this credential may only move refs forward"},
	} {
		var out bytes.Buffer
		ses := Session{Stateless: true, Repo: s.repo, Writes: renovate, Recheck: func(context.Context) error { return nil }}
		var body []byte
		if !c.to.IsZero() {
			body = packOf(side...)
		}
		if err := s.server.Serve(ctx, ses, bytes.NewReader(request(body, line(c.from, c.to, c.ref, "report-status", "delete-refs"))), &out); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: told %q, want %q", c.name, out.String(), c.want)
		}
	}
}

func TestANarrowCredentialDoesNotChooseTheDefaultBranch(t *testing.T) {
	for want, patterns := range map[string][]string{"refs/heads/main": {"refs/heads/renovate/*"}, "refs/heads/renovate/x": nil} {
		s := newStand(t, Limits{})
		ses := Session{Stateless: true, Repo: s.repo, Writes: rules.Writes{Patterns: patterns}, Recheck: func(context.Context) error { return nil }}
		c := change(oid.Zero, "one")
		var out bytes.Buffer
		if err := s.server.Serve(ctx, ses, bytes.NewReader(request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/renovate/x", "report-status"))), &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(s.refs(), "HEAD "+want+"\n") {
			t.Errorf("with a credential of %q: %s, want HEAD to stand for %s", patterns, s.refs(), want)
		}
	}
}

func TestANoticeIsToldWhereARefHasMoved(t *testing.T) {
	s := newStand(t, Limits{})
	c := change(oid.Zero, "one")
	for i, want := range []bool{true, false} { // the second time the ref is there already
		var out bytes.Buffer
		ses := Session{Stateless: true, Repo: s.repo, Notice: "your token ends in 3 days\x1b", Recheck: func(context.Context) error { return nil }}
		if err := s.server.Serve(ctx, ses, bytes.NewReader(request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status", "side-band-64k"))), &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "\x02your token ends in 3 days\\x1b\n"); got != want {
			t.Errorf("push %d: told %v, want %v: %q", i, got, want, out.String())
		}
	}
}

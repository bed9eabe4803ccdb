package receive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

func TestMalformedRequests(t *testing.T) {
	s := newStand(t, Limits{Commands: 2})
	z := oid.Zero.String()
	l := line(oid.Zero, oid.ID{1}, "refs/heads/x", "report-status")
	for name, in := range map[string]string{
		"no pkt-line": "GET / HTTP/1.1", "cut length": "00", "cut line": "0050abc", "no flush": l, "too short a command": "0008abcd", "ids of 41 digits": "0066" + z + "1 " + z + " refs/heads/xxxxxxx",
		"delimiter": "0001", "response end": "0002", "push certificate": "000epush-cert", "broken shallow": "0010shallow abcd", "SHA-256": line(oid.Zero, oid.ID{1}, "refs/heads/x", "object-format=sha256") + "0000",
		"too many commands": l + line(oid.Zero, oid.ID{1}, "refs/heads/y") + line(oid.Zero, oid.ID{1}, "refs/heads/z") + "0000", "no space": "0064" + strings.Repeat("0", 96),
	} {
		out, err := s.push([]byte(in))
		if err == nil || !strings.Contains(out, "ERR ") {
			t.Errorf("%s: answered %q, %v; want a clear ERR", name, out, err)
		}
		if !errors.Is(err, ErrBadRequest) && !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v is not the client's fault", name, err)
		}
	}
	if !strings.HasPrefix(s.refs(), "HEAD refs/heads/main\n") || len(s.journal.begun) != 0 {
		t.Error("something was done")
	}
}

func TestFailuresOnTheWayLeaveTheRepositoryAsItWas(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(s *stand)
		want   string
	}{
		{"permission taken away", func(s *stand) { s.recheck = &host.Refusal{Status: 401, Sentence: "this token was revoked"} }, "ng refs/heads/x this token was revoked"},
		{"the door itself fails", func(s *stand) { s.recheck = errors.New("database of tokens is gone") }, "ng refs/heads/x the server has failed"},
		{"journal cannot be written", func(s *stand) { s.journal.begin = errors.New("disk full") }, "ng refs/heads/x the server has failed"},
		{"repository was closed", func(s *stand) { _ = s.repo.Close() }, "unpack the repository was deleted meanwhile"},
	} {
		s := newStand(t, Limits{})
		main := s.first("one")
		before := s.refs()
		c.break_(s)
		next := change(main, "two")
		out, _ := s.push(request(packOf(next...), line(oid.Zero, next[0].id(), "refs/heads/x", "report-status")))
		if !strings.Contains(out, c.want) {
			t.Errorf("%s: want %q in %q", c.name, c.want, out)
		}
		if c.name != "repository was closed" && s.refs() != before {
			t.Errorf("%s: refs moved\n%s", c.name, s.refs())
		}
		if packs, _ := filepath.Glob(filepath.Join(s.repo.Dir(), "objects/pack/*.pack")); len(packs) != 1 {
			t.Errorf("%s: %d packs are there", c.name, len(packs))
		}
		s.clean()
	}
}

func TestJournalIsSettledByWhatTheRefsSay(t *testing.T) {
	s := newStand(t, Limits{})
	main := s.first("one")
	s.journal.end = errors.New("died")
	next := change(main, "two")
	if out, err := s.push(request(packOf(next...), line(main, next[0].id(), "refs/heads/main", "report-status"))); err != nil || !strings.Contains(out, "ok refs/heads/main") {
		t.Fatalf("the push itself: %v %q", err, out)
	}
	s.journal.begun = append(s.journal.begun, Entry{ID: "never", RepoID: "id", Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: main, New: oid.ID{9}}}})
	s.journal.end = nil
	open := func(_ context.Context, id string) (storage.Repository, error) {
		if id == "deleted" {
			return nil, host.ErrNotFound
		}
		return s.repo, nil
	}
	s.journal.begun = append(s.journal.begun, Entry{ID: "deleted", RepoID: "deleted", Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: main}, {Name: "HEAD", Symref: "refs/heads/main"}}})
	if err := s.server.Settle(ctx, open); err != nil {
		t.Fatal(err)
	}
	if r := s.journal.ended["1"]; len(r) != 1 || r[0].Err != nil {
		t.Errorf("a push whose refs moved: %v", r)
	}
	if r := s.journal.ended["deleted"]; len(r) != 2 || r[1].Err == nil {
		t.Errorf("a push into a repository that is gone: %v", r)
	}
	if r := s.journal.ended["never"]; len(r) != 1 || r[0].Err == nil {
		t.Errorf("a push whose refs did not move: %v", r)
	}
}

func TestLimitsNameTheSetting(t *testing.T) {
	next := change(oid.Zero, strings.Repeat("large ", 1000))
	for _, c := range []struct {
		limits ingest.Limits
		want   string
	}{{ingest.Limits{Blob: 100}, "receive.max_blob"}, {ingest.Limits{Pack: 100}, "receive.max_pack"}, {ingest.Limits{Inflated: 100}, "receive.max_inflated"}, {ingest.Limits{Objects: 1}, "receive.max_objects"}} {
		s := newStand(t, Limits{Pack: c.limits})
		out, _ := s.push(request(packOf(next...), line(oid.Zero, next[0].id(), "refs/heads/main", "report-status")))
		if !strings.Contains(out, c.want) || !strings.Contains(out, "ng refs/heads/main unpacker error") {
			t.Errorf("want %q in %q", c.want, out)
		}
		s.clean()
	}
}

func FuzzCommands(f *testing.F) {
	f.Add([]byte(line(oid.Zero, oid.ID{1}, "refs/heads/main", "report-status", "atomic") + "0000"))
	f.Add([]byte("0034shallow 0000000000000000000000000000000000000000" + "0000"))
	f.Add([]byte(line(oid.Zero, oid.ID{1}, "refs/heads/main", "push-options") + "0000" + "000aoption" + "0000"))
	f.Add([]byte("000epush-cert\x00" + "0012push-cert-end\n" + "0000"))
	s := newStand(f, Limits{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &push{room: 1 << 30, s: New(Options{NonceKey: []byte("key")}), ses: Session{Repo: s.repo, Stateless: true}, in: wire.NewReader(bytes.NewReader(b)), out: wire.NewWriter(io.Discard)}
		if p.read() != nil {
			return
		}
		for _, c := range p.commands {
			if c.live() && (rules.Owns(c.Name) || !strings.HasPrefix(c.Name, "refs/")) {
				t.Errorf("%q was let through", c.Name)
			}
		}
	})
}

func TestWhatNobodyHasShownToBeHereIsNotPushedAround(t *testing.T) {
	s := newStand(t, Limits{})
	s.first("one")
	ghost := oid.ID{0xab}
	tree := func(mode string, file oid.ID) entry {
		return entry{plumbing.TreeObject, mode + " file\x00" + string(file[:])}
	}
	other := entry{plumbing.BlobObject, "other"}
	oid2 := other.id()
	shared := "100644 file\x00" + string(ghost[:])
	y := entry{plumbing.TreeObject, shared + "100644 y\x00" + string(oid2[:])}
	x := entry{plumbing.TreeObject, shared + "100644 x\x00" + string(oid2[:])}
	a := commitOf(y.id(), oid.Zero, "a")
	b := commitOf(x.id(), a.id(), "b")
	c := commitOf(y.id(), b.id(), "c")
	link, file := tree("160000", ghost), tree("100644", ghost)
	l := commitOf(link.id(), oid.Zero, "link")
	f := commitOf(file.id(), l.id(), "file")
	for name, p := range map[string][]entry{
		"a tree that comes back, with one between that shares what is missing": {c, b, a, x, y, other},
		"a submodule that becomes a file of the same id":                       {f, l, link, file},
	} {
		out, _ := s.push(request(packOf(p...), line(oid.Zero, p[0].id(), "refs/heads/x", "report-status")))
		if !strings.Contains(out, "ng refs/heads/x missing necessary objects") {
			t.Errorf("%s: answered %q", name, out)
		}
	}
}

package upload

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// parsed is an id as the engine has it.
func (f *fixture) parsed(revision string) oid.ID {
	f.t.Helper()
	id, ok := oid.Parse(f.id(revision))
	if !ok {
		f.t.Fatalf("%s is no id", revision)
	}
	return id
}

func TestPacksSuitTheClient(t *testing.T) {
	f := history(t, 12, Options{})
	git(t, f.dir, "repack", "-q", "-a", "-d")
	f.rescan()
	behind := filepath.Join(t.TempDir(), "behind.git") // a client that has the branch old
	git(t, "", "clone", "-q", "--bare", "--single-branch", "--branch", "old", "--no-tags", f.dir, behind)
	fresh := func() string {
		dir := t.TempDir()
		git(t, dir, "init", "-q", "--bare")
		return dir
	}
	clone := git(t, f.src, "rev-list", "--objects", "main")
	all := strings.Count(clone, "\n") + 1
	for _, row := range []struct {
		name, request, dir string
		objects            int
	}{
		{"64k bands", "want MAIN side-band-64k ofs-delta; 0000; done", fresh(), all},
		{"small bands", "want MAIN side-band ofs-delta; 0000; done", fresh(), all},
		{"bases by id", "want MAIN side-band-64k; 0000; done", fresh(), all},
		{"a thin pack", "want MAIN side-band-64k ofs-delta thin-pack; 0000; have OLD; done", behind, 4},
		{"no thin pack", "want MAIN side-band-64k ofs-delta; 0000; have OLD; done", behind, 4},
		{"the tags too", "want MAIN side-band-64k ofs-delta include-tag; 0000; done", fresh(), all + 2},
		{"no tags of what is not sent", "want MAIN side-band-64k ofs-delta include-tag; 0000; have OLD; done", behind, 4},
		{"a wanted tag is sent once", "want NEST side-band-64k ofs-delta include-tag; 0000; done", fresh(), strings.Count(git(t, f.src, "rev-list", "--objects", "v1-signed"), "\n") + 1},
		{"one blob", "want BLOB side-band-64k ofs-delta; 0000; done", fresh(), 1},
		{"nothing that is not there", "want MAIN side-band-64k ofs-delta; 0000; have MAIN; done", behind, 0},
	} {
		answer, err := f.ask(wire.V0, f.script(row.request))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		packBytes, _, fatal := packOf(t, answer)
		if n := objects(t, row.dir, packBytes); n != row.objects || fatal != "" {
			t.Errorf("%s: %d objects (%s), want %d", row.name, n, fatal, row.objects)
		}
	}
}

func TestABarePackFollowsForClientsWithoutBands(t *testing.T) {
	f := history(t, 3, Options{})
	answer, err := f.ask(wire.V0, pkt("want "+f.id("main")+" ofs-delta", "0000", "done"))
	if err != nil || !strings.HasPrefix(answer, "0008NAK\nPACK") {
		t.Fatalf("got %.20q, %v", answer, err)
	}
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--bare")
	if objects(t, dir, answer[8:]) == 0 {
		t.Error("the pack is empty")
	}
}

func TestProgressIsCountedOnBandTwo(t *testing.T) {
	f := history(t, 3, Options{})
	request := []string{"command=fetch", "0001", "want " + f.id("main"), "done", "0000"}
	answer, err := f.ask(wire.V2, pkt(request...))
	if _, people, _ := packOf(t, answer); err != nil || !strings.HasPrefix(people, "Enumerating objects: ") || !strings.Contains(people, ", done.\nTotal ") {
		t.Errorf("people are told %q, %v", people, err)
	}
	answer, err = f.ask(wire.V2, pkt(append([]string{request[0], "0001", "no-progress"}, request[2:]...)...))
	if _, people, _ := packOf(t, answer); err != nil || people != "" {
		t.Errorf("people are told %q, %v", people, err)
	}
}

// broken is a repository whose pack has been cut short behind the server's back.
func broken(t *testing.T) *fixture {
	f := history(t, 8, Options{})
	git(t, f.dir, "repack", "-q", "-a", "-d")
	f.rescan()
	packs, err := filepath.Glob(filepath.Join(f.dir, "objects/pack/*.pack"))
	if err != nil || len(packs) == 0 {
		t.Fatalf("no pack: %v", err)
	}
	for _, p := range packs {
		if err := os.Chmod(p, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(p, 100); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestErrorsBehindTheBeginningOfThePackGoToBandThree(t *testing.T) {
	f := broken(t)
	answer, err := f.ask(wire.V2, pkt("command=fetch", "0001", "want "+f.id("main"), "done", "0000"))
	_, _, fatal := packOf(t, answer)
	if err == nil || errors.Is(err, ErrBadRequest) || fatal != "the server has failed; its administrator finds the reason in the log\n" {
		t.Errorf("band 3 says %q, %v", fatal, err)
	}
	if strings.HasSuffix(answer, "0000") || strings.Contains(answer, "ERR") || strings.Contains(answer, f.dir) {
		t.Errorf("the answer looks whole, or tells too much: %.300q", answer)
	}
	out, err := try(t, "", "clone", f.url, filepath.Join(t.TempDir(), "clone"))
	if err == nil || !strings.Contains(out, "remote: the server has failed") {
		t.Errorf("git shows %s", out)
	}
}

func TestABarePackIsBrokenOffWithoutWords(t *testing.T) {
	f := broken(t)
	answer, err := f.ask(wire.V0, pkt("want "+f.id("main"), "0000", "done"))
	if err == nil || strings.Contains(answer, "ERR") || strings.Contains(answer, "failed") {
		t.Errorf("got %.200q, %v", answer, err)
	}
}

// hungUp fails once something like a pack is written.
type hungUp struct{ after int }

var errGone = errors.New("client is gone")

func (h *hungUp) Write(p []byte) (int, error) {
	if h.after--; h.after < 0 {
		return 0, errGone
	}
	return len(p), nil
}

func TestAClientThatHangsUpEndsTheWork(t *testing.T) {
	f := history(t, 6, Options{})
	for after := range 3 {
		err := f.server.Serve(t.Context(), f.repo, Session{Version: wire.V2, Stateless: true}, strings.NewReader(pkt("command=fetch", "0001", "want "+f.id("main"), "done", "0000")), &hungUp{after})
		if !errors.Is(err, errGone) {
			t.Errorf("after %d writes: %v", after, err)
		}
	}
}

// talker passes on what is written.
type talker chan string

func (c talker) Write(p []byte) (int, error) { c <- string(p); return len(p), nil }

func TestSilenceIsSpokenInto(t *testing.T) {
	heard := make(talker, 10)
	c := &conversation{s: New(Options{KeepAlive: time.Millisecond})}
	c.band = wire.NewSideBand(wire.NewWriter(heard), wire.SideBand64k)
	stop := c.keepAlive(t.Context(), func() { t.Error("the client was taken for gone") })
	for range 3 {
		if got := <-heard; got != "0005\x01" {
			t.Errorf("heard %q", got)
		}
	}
	go func() { // what is sent until the goroutine has ended
		for range heard {
			continue
		}
	}()
	stop()
	close(heard)
}

func TestSilenceFindsOutThatTheClientIsGone(t *testing.T) {
	c := &conversation{s: New(Options{KeepAlive: time.Millisecond})}
	c.band = wire.NewSideBand(wire.NewWriter(&hungUp{}), wire.SideBand64k)
	ctx, cancel := context.WithCancel(t.Context())
	stop := c.keepAlive(ctx, cancel)
	<-ctx.Done()
	stop()
}

func TestOrdersAreTheSameWhateverTheWayToThem(t *testing.T) {
	f := history(t, 5, Options{})
	view, err := f.repo.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	c := &conversation{s: f.server, ctx: t.Context(), view: view, sight: sight.New(&rules.Rules{}, view.Refs)}
	main, old, tag := f.parsed("main"), f.parsed("old"), f.parsed("v1")
	of := func(q request, common []oid.ID, k cut) [32]byte {
		return c.order(&q, &negotiation{common: common}, k).key()
	}
	one := of(request{wants: []oid.ID{main, old}, thin: true}, []oid.ID{old, tag}, cut{})
	if other := of(request{wants: []oid.ID{old, main, old}, thin: true, noProgress: true, done: true}, []oid.ID{tag, old}, cut{}); one != other {
		t.Error("the same fetch said otherwise is another order")
	}
	if of(request{wants: []oid.ID{main}, thin: true}, nil, cut{}) != of(request{wants: []oid.ID{main}}, nil, cut{}) {
		t.Error("a thin pack of a clone is another order")
	}
	seen := map[[32]byte]int{}
	for i, o := range []order{{}, {wants: []oid.ID{main}}, {haves: []oid.ID{main}}, {shallow: []oid.ID{main}}, {boundary: []oid.ID{main}}, {unshallow: []oid.ID{main}}, {wants: []oid.ID{main, old}}, {wants: []oid.ID{main}, haves: []oid.ID{old}},
		{thin: true}, {ofs: true}, {includeTag: true}, {includeTag: true, tags: storage.Basis("1")}, {filter: newFiltered().filter}} {
		if before, ok := seen[o.key()]; ok {
			t.Errorf("orders %d and %d have one key", before, i)
		}
		seen[o.key()] = i
	}
}

func newFiltered() *request {
	q := newRequest(Limits{})
	_ = q.setFilter("blob:none")
	return q
}

func TestLookingForEnoughHasABudget(t *testing.T) {
	f := history(t, 30, Options{})
	view, err := f.repo.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	c := &conversation{s: f.server, ctx: t.Context(), view: view, sight: sight.New(&rules.Rules{}, view.Refs)}
	n := c.negotiation(&request{wants: []oid.ID{f.parsed("main")}})
	if n.ready() {
		t.Error("ready without anything in common")
	}
	offer := func(revision string) {
		if ok, err := n.offer(f.parsed(revision)); !ok || err != nil {
			t.Fatalf("%s is not common: %v", revision, err)
		}
	}
	n.steps = 10
	offer("main~20")
	if n.ready() || n.steps >= 0 {
		t.Errorf("ready beyond the budget, %d steps left", n.steps)
	}
	left := n.steps
	for range 1000 {
		if n.ready() {
			t.Fatal("ready although nothing has changed")
		}
	}
	if n.steps != left {
		t.Errorf("%d steps for asking again", left-n.steps)
	}
	n = c.negotiation(&request{wants: []oid.ID{f.parsed("main"), f.parsed("main~1"), f.parsed("old")}})
	offer("main~20")
	if !n.ready() || readySteps-n.steps > 30 {
		t.Errorf("%d steps for three wants on one line of 20 commits", readySteps-n.steps)
	}
}

func TestWhatWasSentIsLoggedForThoseWhoAsk(t *testing.T) {
	var b bytes.Buffer
	f := history(t, 2, Options{Log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if _, err := f.ask(wire.V2, pkt("command=fetch", "0001", "want "+f.id("main"), "done", "0000")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "pack sent") || !strings.Contains(b.String(), "wants=1") || !strings.Contains(b.String(), "repository=1") {
		t.Errorf("logged %s", b.String())
	}
}

func TestPrefixesThatOthersCoverAreDropped(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", "b a": "a b", "a ab abc": "a", "refs/tags/ refs/heads/ refs/tags/v1 HEAD": "HEAD refs/heads/ refs/tags/", "a a a": "a"} {
		if got := strings.Join(minimal(strings.Fields(in)), " "); got != want {
			t.Errorf("minimal of %q is %q, want %q", in, got, want)
		}
	}
	if got := minimal([]string{"a", ""}); len(got) != 1 || got[0] != "" {
		t.Errorf("the empty prefix covers all: %q", got)
	}
}

func TestARefWhoseNameFitsNoPacketIsLeftOut(t *testing.T) {
	id := oid.ID{1}
	snap := &storage.Snapshot{Refs: []storage.Ref{{Name: "refs/heads/a", ID: id}, {Name: "refs/heads/" + strings.Repeat("b", 70_000), ID: id}, {Name: "refs/heads/c", ID: id}}}
	var b bytes.Buffer
	out := wire.NewWriter(&b)
	New(Options{}).refs(out, sight.New(&rules.Rules{}, snap), "S")
	_ = out.Send()
	if lines := unframe(t, b.String()); len(lines) != 2 || !strings.Contains(lines[0], "refs/heads/a\x00") || !strings.HasSuffix(lines[1], "refs/heads/c") {
		t.Errorf("got %.200q", lines)
	}
}

// many is a snapshot of n tags, every other one annotated.
func many(n int) *storage.Snapshot {
	snap := &storage.Snapshot{Head: storage.Ref{Name: "HEAD", ID: oid.ID{1}, Target: "refs/heads/main"}}
	for i := range n {
		ref := storage.Ref{Name: "refs/tags/release-" + string(rune('a'+i/10_000)) + strings.Repeat("0", 6) + time.Duration(i).String(), ID: oid.ID{byte(i), byte(i >> 8), 3}}
		if i%2 == 0 {
			ref.Peeled = oid.ID{byte(i), byte(i >> 8), 4}
		}
		snap.Refs = append(snap.Refs, ref)
	}
	return snap
}

func BenchmarkAdvertise50000Refs(b *testing.B) {
	s, snap := New(Options{}), many(50_000)
	b.ReportAllocs()
	for b.Loop() {
		out := wire.NewWriter(io.Discard)
		s.refs(out, sight.New(&rules.Rules{}, snap), "S")
		_ = out.Send()
	}
}

func BenchmarkListRefs50000(b *testing.B) {
	snap := many(50_000)
	l := listing{peel: true, symrefs: true}
	b.ReportAllocs()
	for b.Loop() {
		p := page{out: wire.NewWriter(io.Discard)}
		l.refs(&p, sight.New(&rules.Rules{}, snap), snap.Refs)
		p.send()
	}
}

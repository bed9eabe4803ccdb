package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/wire"
)

func TestMoreRefsThanAreListedAtOnce(t *testing.T) {
	f := history(t, 2, Options{Limits: Limits{Refs: 3}}) // two branches and three tags
	for _, v := range []wire.Version{wire.V0, wire.V1} {
		var b strings.Builder
		err := f.server.Advertise(t.Context(), f.repo, Session{Version: v}, &b)
		if lines := unframe(t, b.String()); !errors.Is(err, ErrBadRequest) || len(lines) != 1 || !strings.HasPrefix(lines[0], "ERR upload-pack: the repository has more than 3 refs") {
			t.Errorf("protocol %d: %q, %v", v, lines, err)
		}
		hidden := Session{Version: v, Rules: rules.Rules{Hidden: []string{"refs/tags"}}}
		if err := f.server.Advertise(t.Context(), f.repo, hidden, io.Discard); err != nil {
			t.Errorf("protocol %d: hidden refs are counted: %v", v, err)
		}
	}
	for args, ok := range map[string]bool{"": false, "ref-prefix refs/": false, "ref-prefix refs/heads/;ref-prefix refs/tags/": false, "ref-prefix refs/tags/": true, "ref-prefix HEAD;ref-prefix refs/heads/": true} {
		lines := []string{"command=ls-refs", "0001"}
		for arg := range strings.SplitSeq(args, ";") {
			lines = append(lines, arg)
		}
		if args == "" {
			lines = lines[:2]
		}
		got, err := f.ask(wire.V2, pkt(append(lines, "0000")...))
		if (err == nil) != ok || strings.Contains(got, "more than 3 refs") == ok {
			t.Errorf("%q: %q, %v", args, got, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "clone")
	if out, err := try(t, "", "-c", "protocol.version=0", "clone", f.url, dir); err == nil || !strings.Contains(out, "remote error: upload-pack: the repository has more than 3 refs") {
		t.Errorf("git says %s, %v", out, err)
	}
	git(t, "", "-c", "protocol.version=2", "clone", "-q", "--single-branch", "--no-tags", f.url, dir)
	fsck(t, dir)
}

func TestMorePrefixesThanAreLookedAtShowEverything(t *testing.T) {
	f := history(t, 2, Options{Limits: Limits{Prefixes: 2}})
	got, err := f.ask(wire.V2, pkt("command=ls-refs", "0001", "ref-prefix a", "ref-prefix b", "ref-prefix c", "ref-prefix d", "0000"))
	if all, _ := f.ask(wire.V2, pkt("command=ls-refs", "0000")); err != nil || got != all {
		t.Errorf("listed %q, %v; want %q", got, err, all)
	}
}

func TestTheBoundOfAWalkIsToldAlikeOfWhatIsThereAndWhatIsNot(t *testing.T) {
	f := history(t, 6, Options{Limits: Limits{Walk: 3}})
	forced, _ := f.hide()
	hear := func(requests ...string) (answers []string) {
		for _, id := range []string{f.id("main~5"), forced, f.id(forced + "^{tree}"), unknown[0]} {
			for _, r := range requests {
				got, _ := f.ask(wire.V2, reframe(t, r, id))
				answers = append(answers, strings.ReplaceAll(got, id, "ID"))
			}
		}
		return answers
	}
	want := pkt("command=fetch", "0001", "want ID", "done", "0000")
	answers := hear(want)
	for _, got := range answers {
		if got != answers[0] || !strings.Contains(got, "upload-pack: not our ref ID: no ref that you see leads to it within the 3 commits and trees") {
			t.Errorf("answered %q, another %q", got, answers[0])
		}
	}
	for _, r := range []string{pkt("command=fetch", "0001", "want "+f.id("main"), "have ID", "0000"), pkt("command=object-info", "0001", "size", "oid ID", "0000"),
		pkt("command=fetch", "0001", "want "+f.id("main"), "want ID", "want "+f.id("main~4"), "done", "0000")} {
		answers := hear(r)
		for _, got := range answers {
			if got != answers[0] {
				t.Errorf("%q: answered %q, another %q", r, got, answers[0])
			}
		}
	}
	f.server = New(Options{})
	if got := hear(want); strings.Contains(got[1]+got[3], "within") || got[1] != got[3] {
		t.Errorf("where the walk has room, git's own words say all: %q", got)
	}
}

func TestAFetchEndsWithItsTime(t *testing.T) {
	f := history(t, 2, Options{Timeout: time.Nanosecond})
	for _, v := range []wire.Version{wire.V0, wire.V2} {
		got, err := f.ask(v, pkt("command=ls-refs", "0000"))
		if !errors.Is(err, ErrBadRequest) || !strings.Contains(got, "ERR upload-pack: the fetch took longer than 1ns; fetch fewer refs") {
			t.Errorf("protocol %d: %q, %v", v, got, err)
		}
	}
}

func TestAConversationThatOutlivesItsTimeIsHungUp(t *testing.T) {
	s := New(Options{Timeout: time.Nanosecond})
	s.o.Timeout = -farewell // so that the clock strikes at once
	over := make(chan struct{})
	ctx, done := s.clock(t.Context(), Session{Hangup: func() { close(over) }})
	<-over
	done()
	if !errors.Is(context.Cause(ctx), ErrBadRequest) {
		t.Errorf("the reason is %v", context.Cause(ctx))
	}
}

func TestSparsePatternsEndWithTheBoundOfAWalk(t *testing.T) {
	f := history(t, 2, Options{Limits: Limits{Visit: 2000}})
	for i := range 20 {
		f.write(fmt.Sprintf("long/%s%d", strings.Repeat("a", 240), i), "x")
	}
	f.commit("patterns", strings.Repeat("*"+strings.Repeat("a", 120)+"b\n", 8000))
	f.push("main")
	got, err := f.ask(wire.V2, pkt("command=fetch", "0001", "want "+f.id("main"), "filter sparse:oid=main:patterns", "done", "0000"))
	if _, _, fatal := packOf(t, got); !errors.Is(err, reach.ErrBudget) || !strings.Contains(fatal, "the walk over the history would be too long for this server") {
		t.Errorf("the client hears %q, %v", fatal, err)
	}
}

func TestTheSameListOfPatternsCountsOnce(t *testing.T) {
	f := history(t, 3, Options{})
	f.commit("patterns", strings.Repeat("#", 600<<10)+"\n/dir0/\n")
	f.commit("other", strings.Repeat("#", 600<<10)+"\n/dir1/\n")
	f.push("main")
	for filter, refused := range map[string]bool{
		"combine:sparse:oid=main:patterns+sparse:oid=main:patterns": false,
		"combine:sparse:oid=main:patterns+sparse:oid=main:other":    true,
	} {
		got, err := f.ask(wire.V2, pkt("command=fetch", "0001", "want "+f.id("main"), "filter "+filter, "done", "0000"))
		if strings.Contains(got, "unable to parse sparse filter data in "+f.id("main:other")+": too many sparse patterns") != refused || (err != nil) != refused {
			t.Errorf("%s: %.200q, %v", filter, got, err)
		}
	}
}

func TestAShallowClientLacksNothingWhereTheWalkIsShort(t *testing.T) {
	f := history(t, 12, Options{})
	shallow, have := f.id("main~4"), f.id("main~1")
	git(t, f.src, "checkout", "-q", "-b", "side", "main~8")
	f.clock -= 3600
	f.commit("new", "new\n")
	f.push("side")
	request := pkt("command=fetch", "0001", "want "+f.id("side"), "shallow "+shallow, "have "+have, "done", "0000")
	for _, walk := range []int{1, 2, 3, 4, 6, 100} {
		f.server = New(Options{Limits: Limits{Walk: walk}})
		client := filepath.Join(t.TempDir(), "client.git") // it has nothing of what lies behind its cut
		git(t, "", "init", "-q", "--bare", client)
		got, err := f.ask(wire.V2, request)
		packBytes, _, fatal := packOf(t, got)
		i := strings.Index(packBytes, "PACK")
		if err != nil || i < 0 {
			t.Fatalf("walk %d: %q, %v", walk, fatal, err)
		}
		if n := objects(t, client, packBytes[i:]); n != 19 {
			t.Errorf("with walks of %d: %d objects, want 19", walk, n)
		}
	}
}

package reach

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// split makes a repository's history into a pack of what is old and one of what is new.
func split(t testing.TB, dir, old, fresh string) (*pack.Pack, *pack.Pack) {
	t.Helper()
	out := t.TempDir()
	name := func(in, base string) string {
		return filepath.Join(out, base) + "-" + strings.TrimSpace(git(t, dir, in, "pack-objects", "--revs", "-q", "--delta-base-offset", filepath.Join(out, base)))
	}
	a := name(old+"\n", "old")
	b := name(fresh+"\n^"+old+"\n", "fresh")
	return openPack(t, a, nil), openPack(t, b, nil)
}

func TestConnectedTellsWholePushesFromBrokenOnes(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(6) {
		dir := random(t, 300+seed, 50)
		oldPack, fresh := split(t, dir, "c25", "c49")
		oldSet := pack.NewSet([]*pack.Pack{oldPack}, 1<<20)
		set := pack.NewSet([]*pack.Pack{fresh, oldPack}, 1<<20)
		visible := func() *Visible { return NewVisible(oldSet, []oid.ID{id(t, dir, "c25")}, Options{}) }
		tip := id(t, dir, "c49")
		roots, err := Connected(ctx, set, fresh, []oid.ID{tip}, visible())
		if err != nil {
			t.Errorf("seed %d: a whole push: %v", seed, err)
		}
		if roots == nil || !slices.Equal(roots.IDs, []oid.ID{tip}) {
			t.Errorf("seed %d: roots %+v, want the tip", seed, roots)
		}
		// Without the old objects, or when no ref shows them, the push is not whole.
		leaves := len(lacking(list(t, dir, "--objects", "c49"), sorted(packed(t, fresh)))) > 0
		alone := pack.NewSet([]*pack.Pack{fresh}, 1<<20)
		if _, err := Connected(ctx, alone, fresh, []oid.ID{tip}, NewVisible(alone, nil, Options{})); leaves && !errors.Is(err, ErrMissing) {
			t.Errorf("seed %d: without the old objects: got %v, want ErrMissing", seed, err)
		}
		if _, err := Connected(ctx, set, fresh, []oid.ID{tip}, NewVisible(oldSet, nil, Options{})); leaves && !errors.Is(err, ErrMissing) {
			t.Errorf("seed %d: old objects that no ref shows: got %v, want ErrMissing", seed, err)
		}
	}
}

func packed(t testing.TB, p *pack.Pack) []oid.ID {
	t.Helper()
	var all []oid.ID
	if err := p.Each(func(id oid.ID, _ pack.Location) error { all = append(all, id); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFirstPushIsClosed(t *testing.T) {
	dir := random(t, 400, 30)
	p := open(t, dir)[0]
	set := pack.NewSet([]*pack.Pack{p}, 1<<20)
	var tips []oid.ID
	for line := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(objectname)")) {
		got, _ := oid.Parse(strings.TrimSpace(line))
		tips = append(tips, got)
	}
	none := NewVisible(pack.NewSet(nil, 1<<20), nil, Options{})
	roots, err := Connected(context.Background(), set, p, tips, none)
	if err != nil || roots == nil || !roots.Closed {
		t.Errorf("all refs: got %+v, %v; want a closed pack", roots, err)
	}
	roots, err = Connected(context.Background(), set, p, tips[:1], none)
	if err != nil || roots == nil || roots.Closed {
		t.Fatalf("one of many refs: got %+v, %v; want a pack that is not closed", roots, err)
	}
	want := lacking(packed(t, p), list(t, dir, "--objects", tips[0].String()))
	if !slices.Equal(sorted(roots.Except), sorted(want)) {
		t.Errorf("%d objects are excepted, want the %d that this ref does not reach", len(roots.Except), len(want))
	}
}

func BenchmarkEnumerate(b *testing.B) {
	dir := random(b, 1, 2000)
	packs := open(b, dir)
	tip := id(b, dir, "c1999")
	for b.Loop() {
		if _, err := Enumerate(context.Background(), pack.NewSet(packs, 16<<20), Request{Wants: []oid.ID{tip}}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestClocksThatGoWrongLoseNothing(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	commit := func(mark, when int, from, file string) string {
		text := fmt.Sprintf("commit refs/heads/c%d\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n%sdeleteall\n", mark, mark, when, from)
		return text + "M 100644 inline same\ndata 4\nsame\nM 100644 inline " + file + "\ndata 1\nx\n\n"
	}
	git(t, dir, commit(9, 2_000_000_000, "", "base")+commit(1, 1_900_000_000, "", "y")+commit(2, 1_200_000_000, "from :1\n", "x")+commit(3, 1_100_000_000, "from :2\n", "y"),
		"fast-import", "--quiet", "--force")
	git(t, dir, "", "repack", "-adq")
	set := pack.NewSet(open(t, dir), 1<<20)
	plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{id(t, dir, "c3")}, Haves: []oid.ID{id(t, dir, "c9")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := list(t, dir, "--objects", "c3", "^c9")
	has := list(t, dir, "--objects", "c9")
	if l := lacking(lacking(list(t, dir, "--objects", "c3"), has), sorted(plan.Objects)); len(l) > 0 {
		t.Errorf("%d of %d objects are not sent", len(l), len(want))
	}
}

func TestParentsComeFirst(t *testing.T) {
	a, b, c, d := oid.ID{1}, oid.ID{2}, oid.ID{3}, oid.ID{4}
	parents := map[oid.ID][]oid.ID{d: {b, c}, c: {a}, b: {a, {9}}}
	for _, in := range [][]oid.ID{{a, b, c, d}, {d, c, b, a}, {b, d, a, c}, {d, d, a, b, c}} {
		got := parentsFirst(in, func(id oid.ID) []oid.ID { return parents[id] })
		at := map[oid.ID]int{}
		for i, id := range got {
			at[id] = i
		}
		if len(got) != 4 || at[a] > at[b] || at[a] > at[c] || at[b] > at[d] || at[c] > at[d] {
			t.Errorf("%v became %v", in, got)
		}
	}
}

func TestPushesToAShallowRepositoryAreWholeUpToItsEnds(t *testing.T) {
	dir := random(t, 31, 30)
	tip := id(t, dir, "c29")
	shallow := t.TempDir()
	git(t, "", "", "clone", "-q", "--bare", "--single-branch", "--no-tags", "-b", "c29", "--depth", "2", "file://"+dir, shallow)
	file, err := os.ReadFile(filepath.Join(shallow, "shallow"))
	if err != nil {
		t.Fatal(err)
	}
	ends := map[oid.ID]struct{}{}
	for hex := range strings.FieldsSeq(string(file)) {
		end, _ := oid.Parse(hex)
		ends[end] = struct{}{}
	}
	packs := open(t, shallow)
	if len(packs) != 1 || len(ends) == 0 {
		t.Fatalf("%d packs, %d ends", len(packs), len(ends))
	}
	for _, known := range []bool{false, true} {
		set := pack.NewSet(packs, 1<<20)
		if known {
			set.CutOff(ends)
		}
		roots, err := Connected(context.Background(), set, packs[0], []oid.ID{tip}, NewVisible(set, nil, Options{}))
		if known && (err != nil || roots == nil || roots.Closed) {
			t.Errorf("up to its ends: %+v, %v; a pack that ends there is never closed", roots, err)
		}
		if !known && !errors.Is(err, ErrMissing) {
			t.Errorf("as a whole history: %v", err)
		}
	}
}

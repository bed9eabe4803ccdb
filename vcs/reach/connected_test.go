package reach

import (
	"context"
	"errors"
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

package browse

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

func TestBroughtIsGits(t *testing.T) {
	t.Parallel()
	dir, all := woven(t, 120)
	set := objects(t, dir)
	r := rand.New(rand.NewPCG(3, 9))
	for range 25 {
		old, tip := all[r.IntN(len(all))], all[r.IntN(len(all))]
		got, follows, err := Brought(t.Context(), set, []oid.ID{old, oid.Zero}, tip, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := ids(t, mustTry(t, dir, "", nil, "rev-list", old.String()+".."+tip.String()))
		slices.SortFunc(got, compareIDs)
		slices.SortFunc(want, compareIDs)
		_, _, no := try(t, dir, "", nil, "merge-base", "--is-ancestor", old.String(), tip.String())
		if !slices.Equal(got, want) || follows != (no == nil) {
			t.Errorf("from %s to %s: %d commits, want %d; follows: %v", old, tip, len(got), len(want), follows)
		}
	}
	tip := all[len(all)-1]
	whole, follows, err := Brought(t.Context(), set, nil, tip, 0)
	if want := ids(t, mustTry(t, dir, "", nil, "rev-list", tip.String())); err != nil || follows || len(whole) != len(want) {
		t.Errorf("of nothing known: %d commits, want %d; %v, %v", len(whole), len(want), follows, err)
	}
	gone, _ := oid.Parse(strings.Repeat("ab", 20))
	if list, follows, err := Brought(t.Context(), set, []oid.ID{gone}, tip, 0); err != nil || follows || len(list) != len(whole) {
		t.Errorf("where the known is gone: %d commits, %v, %v", len(list), follows, err)
	}
	if _, _, err := Brought(t.Context(), set, nil, tip, 3); !errors.Is(err, ErrLimit) {
		t.Errorf("beyond the walk: %v", err)
	}
}

func compareIDs(a, b oid.ID) int { return strings.Compare(a.String(), b.String()) }

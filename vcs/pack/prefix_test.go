package pack

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

func TestIdsAreFoundByHowTheyBegin(t *testing.T) {
	dir := history(t, 60)
	all := ids(t, dir)
	set := NewSet([]*Pack{packed(t, dir), packed(t, dir, "--delta-base-offset")}, 1<<20)
	found := func(digits string) []string {
		prefix, ok := oid.ParsePrefix(digits)
		if !ok {
			t.Fatalf("%q is no prefix", digits)
		}
		var got []string
		err := set.EachWithPrefix(prefix, func(id oid.ID) (bool, error) {
			got = append(got, id.String())
			_, _, err := set.Find(id) // which moves packs about
			return true, err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		return got
	}
	for _, id := range all {
		for _, n := range []int{oid.MinPrefix, 5, oid.HexSize} {
			var want []string
			for _, other := range all {
				if strings.HasPrefix(other.String(), id.String()[:n]) {
					want = append(want, other.String(), other.String()) // once for each pack
				}
			}
			slices.Sort(want)
			if got := found(id.String()[:n]); !slices.Equal(got, want) {
				t.Errorf("%s begins %v, want %v", id.String()[:n], got, want)
			}
		}
	}
	for _, digits := range []string{"0000", "ffff", strings.Repeat("f", oid.HexSize)} {
		for _, got := range found(digits) {
			if !strings.HasPrefix(got, digits) {
				t.Errorf("%s begins %s", digits, got)
			}
		}
	}
}

// crowded is an index of n ids that all begin alike.
func crowded(t *testing.T, n int) *index {
	t.Helper()
	entries := make([]IndexEntry, n)
	for i := range entries {
		id, ok := oid.Parse(fmt.Sprintf("abcd%0*x", oid.HexSize-4, i))
		if !ok {
			t.Fatal("no id")
		}
		entries[i] = IndexEntry{ID: id, Offset: int64(headerSize + i)}
	}
	var b bytes.Buffer
	if err := WriteIndex(&b, entries, oid.Zero); err != nil {
		t.Fatal(err)
	}
	return indexOf(t, b.Bytes(), oid.Zero)
}

func TestALongListOfIdsComesInPiecesAndEndsWhenItIsEnough(t *testing.T) {
	for _, n := range []int{0, 1, prefixBatch - 1, prefixBatch, prefixBatch + 1, 5 * prefixBatch} {
		x := crowded(t, n)
		prefix, _ := oid.ParsePrefix("abcd")
		for _, most := range []int{1, prefixBatch, 1 << 20} {
			count := 0
			more, err := x.eachWithPrefix(prefix, func(oid.ID) (bool, error) { count++; return count < most, nil })
			if err != nil || count != min(n, most) || more != (n < most) {
				t.Errorf("%d ids, %d wanted: got %d, more %v, %v", n, most, count, more, err)
			}
		}
		none, _ := oid.ParsePrefix("abce")
		if more, err := x.eachWithPrefix(none, func(oid.ID) (bool, error) { return false, errors.New("called") }); !more || err != nil {
			t.Errorf("%d ids: what does not begin so is found: %v", n, err)
		}
	}
}

package filter

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

// paid is a meter that ends after so many payments, and how many were made.
func paid(most int) (*Meter, *int) {
	n := 0
	return NewMeter(func() error {
		if n == most {
			return errSpent
		}
		n++
		return nil
	}), &n
}

var errSpent = errors.New("spent")

func TestPatternsArePaidForByTheirLengthsAndThatOfTheName(t *testing.T) {
	const stars = "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n"
	name := strings.Repeat("a", 240)
	for _, row := range []struct {
		list, path string
		least      int // payments
	}{
		{"*" + strings.Repeat("a", 2000) + "b", strings.Repeat("a", 4000), 2000 * 2000 / stepsAtOnce},
		{strings.Repeat(stars, 1000), name, 1000 * 200 * 30 / stepsAtOnce},
		{strings.Repeat("/*/x\n", 1000), strings.Repeat("a/", 2000) + "b", 1000 * 4000 / bytesPerStep / stepsAtOnce},
		{strings.Repeat("nothing\n", 10_000), "x", 10_000 / stepsAtOnce},
	} {
		p, err := ParsePatterns([]byte(row.list))
		if err != nil {
			t.Fatal(err)
		}
		f := Filter{sparse: []sparse{{patterns: p}}}
		base := row.path[strings.LastIndex(row.path, "/")+1:]
		m, n := paid(1 << 30)
		if _, err := f.Names(0, row.path, base, m); err != nil || *n < row.least {
			t.Errorf("%.20q: %d payments, want %d, %v", row.list, *n, row.least, err)
		}
		m, n = paid(row.least / 2)
		for range 3 { // nothing is tried any more
			if _, err := f.Names(0, row.path, base, m); !errors.Is(err, errSpent) || *n != row.least/2 {
				t.Errorf("%.20q: %d payments of %d, %v", row.list, *n, row.least/2, err)
			}
		}
	}
}

func TestALongListOfFoldersCostsLittle(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "/services/team-%d/\n", i)
	}
	p, err := ParsePatterns([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	m, n := paid(100)
	if says := p.match("services/team-17", "team-17", true, m); says != named || *n > 2 {
		t.Errorf("answer %d for %d payments, %v", says, *n, m.err)
	}
}

func TestListsOfOneFilterAreBoundedTogether(t *testing.T) {
	many := func(content string, distinct bool) (Filter, error) {
		f, err := Parse("combine:" + strings.TrimSuffix(strings.Repeat("sparse:oid=main:x+", maxCombined), "+"))
		if err != nil {
			t.Fatal(err)
		}
		id := oid.ID{1}
		err = f.Load(func(string) (oid.ID, []byte, error) {
			if distinct {
				id[0]++
			}
			return id, []byte(content), nil
		})
		return f, err
	}
	bytes, patterns := strings.Repeat("#", MaxPatternBytes/2+1), strings.Repeat("a\n", maxPatterns/2+1)
	for _, content := range []string{bytes, patterns} {
		if _, err := many(content, true); !errors.Is(err, ErrTooLarge) || !strings.HasPrefix(err.Error(), "unable to parse sparse filter data in 03") {
			t.Errorf("%d bytes, %d times: %v", len(content), maxCombined, err)
		}
		if f, err := many(content, false); err != nil || len(f.sparse) != 1 {
			t.Errorf("the same %d bytes: %d lists, %v", len(content), len(f.sparse), err)
		}
	}
}

func TestPatternsTakeLittleMemory(t *testing.T) {
	for _, unit := range []string{"[a]", "a", "/", "a/", "*", "?", "[!a-z]"} {
		content := []byte(strings.Repeat(unit, MaxPatternBytes/len(unit)))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		p, err := ParsePatterns(content)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if live := int64(after.HeapAlloc) - int64(before.HeapAlloc); err != nil || live > 64<<20 {
			t.Errorf("%q over and over takes %d MiB, %v", unit, live>>20, err)
		}
		runtime.KeepAlive(p)
	}
}

package pack

import (
	"fmt"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

func thing(off int64, size int) cached {
	return cached{at: place{nil, off}, kind: plumbing.BlobObject, data: make([]byte, size)}
}

// held tells which offsets a cache holds, from newest to oldest, and sees that it counts right.
func held(t *testing.T, c *cache) string {
	t.Helper()
	s, used, n := "", int64(0), 0
	for i := c.newest; i >= 0; i = c.slots[i].older {
		s += fmt.Sprint(c.slots[i].at.off, " ")
		used += int64(len(c.slots[i].data)) + overhead
		n++
	}
	if used != c.used || n != len(c.at) || used > c.limit {
		t.Errorf("counts %d bytes in %d objects, holds %d in %d of at most %d", c.used, len(c.at), used, n, c.limit)
	}
	return s
}

func TestCacheForgetsWhatWasUsedLeastRecently(t *testing.T) {
	c := newCache(4 * (100 + overhead))
	for off := range int64(4) {
		c.put(thing(off, 100))
	}
	if got := held(t, c); got != "3 2 1 0 " {
		t.Errorf("got %s", got)
	}
	for _, off := range []int64{0, 2, 2} {
		if o, ok := c.get(place{nil, off}); !ok || o.at.off != off {
			t.Errorf("%d is gone", off)
		}
	}
	c.put(thing(4, 100))
	c.put(thing(5, 100))
	c.put(thing(5, 100))
	if got := held(t, c); got != "5 4 2 0 " {
		t.Errorf("got %s", got)
	}
	if _, ok := c.get(place{nil, 1}); ok {
		t.Error("what was put out is still there")
	}
	c.put(thing(6, 1000))
	if got := held(t, c); got != "5 4 2 0 " {
		t.Errorf("too large an object came in: %s", got)
	}
	if n := len(c.slots); n > 4 {
		t.Errorf("%d slots were made for 4 objects", n)
	}
}

func TestCacheOfNothingHoldsNothing(t *testing.T) {
	c := newCache(0)
	c.put(thing(1, 0))
	if got := held(t, c); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestCacheCountsRightThroughMuchUse(t *testing.T) {
	c := newCache(10 * (10 + overhead))
	for off := range int64(1000) {
		c.put(thing(off, int(off%30)))
		c.get(place{nil, off - 3})
		held(t, c)
	}
}

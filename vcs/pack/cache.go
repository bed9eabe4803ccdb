package pack

import "github.com/go-git/go-git/v5/plumbing"

// place names an entry: a pack and an offset in it.
type place struct {
	pack *Pack
	off  int64
}

// cached is an inflated, whole object.
type cached struct {
	at   place
	kind plumbing.ObjectType
	data []byte
}

// slot is one object of a cache and its neighbours in the order of use; -1 where there is none.
type slot struct {
	cached
	newer, older int32
}

// cache keeps inflated objects up to a number of bytes, least recently used out first. Slots are used again, so that a
// cache that is full allocates nothing.
type cache struct {
	limit, used    int64
	at             map[place]int32
	slots          []slot
	newest, oldest int32
	free           []int32
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, at: map[place]int32{}, newest: -1, oldest: -1}
}

func (c *cache) get(at place) (*cached, bool) {
	i, ok := c.at[at]
	if !ok {
		return nil, false
	}
	if i != c.newest {
		c.unlink(i)
		c.link(i)
	}
	return &c.slots[i].cached, true
}

// overhead is what a slot costs besides its data, in bytes, roughly.
const overhead = 150

// put keeps an object, unless it would take a quarter of all room. It invalidates what get has returned.
func (c *cache) put(o cached) {
	size := int64(len(o.data)) + overhead
	if size > c.limit/4 {
		return
	}
	if _, ok := c.at[o.at]; ok {
		return
	}
	for c.used+size > c.limit {
		c.drop(c.oldest)
	}
	i := int32(len(c.slots))
	if n := len(c.free); n > 0 {
		i, c.free = c.free[n-1], c.free[:n-1]
	} else {
		c.slots = append(c.slots, slot{})
	}
	c.slots[i].cached = o
	c.at[o.at] = i
	c.used += size
	c.link(i)
}

func (c *cache) drop(i int32) {
	c.unlink(i)
	s := &c.slots[i]
	c.used -= int64(len(s.data)) + overhead
	delete(c.at, s.at)
	s.cached = cached{}
	c.free = append(c.free, i)
}

// link makes a slot the newest.
func (c *cache) link(i int32) {
	c.slots[i].newer, c.slots[i].older = -1, c.newest
	if c.newest >= 0 {
		c.slots[c.newest].newer = i
	}
	c.newest = i
	if c.oldest < 0 {
		c.oldest = i
	}
}

func (c *cache) unlink(i int32) {
	newer, older := c.slots[i].newer, c.slots[i].older
	if newer >= 0 {
		c.slots[newer].older = older
	} else {
		c.newest = older
	}
	if older >= 0 {
		c.slots[older].newer = newer
	} else {
		c.oldest = newer
	}
}

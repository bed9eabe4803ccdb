package pack

import (
	"container/list"

	"github.com/go-git/go-git/v5/plumbing"
)

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

// cache keeps inflated objects up to a number of bytes, least recently used out first.
type cache struct {
	limit, used int64
	at          map[place]*list.Element
	order       *list.List // of *cached, most recent in front
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, at: map[place]*list.Element{}, order: list.New()}
}

func (c *cache) get(at place) (*cached, bool) {
	e, ok := c.at[at]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached), true
}

// overhead is what an entry costs besides its data, in bytes, roughly.
const overhead = 200

func (c *cache) put(o *cached) {
	size := int64(len(o.data)) + overhead
	if size > c.limit/4 {
		return
	}
	if _, ok := c.at[o.at]; ok {
		return
	}
	c.at[o.at] = c.order.PushFront(o)
	c.used += size
	for c.used > c.limit {
		last := c.order.Back()
		old := last.Value.(*cached)
		c.order.Remove(last)
		delete(c.at, old.at)
		c.used -= int64(len(old.data)) + overhead
	}
}

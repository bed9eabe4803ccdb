package pack

import (
	"bytes"
	"fmt"
	"slices"

	"jeton/vcs/oid"
)

// group is the objects that are taken from one pack, in its order: 8 bytes for each, and 16 for each run of neighbours.
type group struct {
	pack *Pack
	offs []int64 // of the entries, ascending
	runs []run
}

// run says where the entries from one on went in the output: shift bytes behind their offset in the pack.
type run struct {
	first int
	shift int64
}

// locate finds every object and sorts them by pack and place.
func (s *Set) locate(objects []oid.ID) ([]*group, error) {
	var groups []*group
	byPack := map[*Pack]*group{}
	for _, id := range objects {
		at, err := s.find(id)
		if err != nil {
			return nil, fmt.Errorf("write pack: %w", err)
		}
		g := byPack[at.Pack]
		if g == nil {
			g = &group{pack: at.Pack}
			byPack[at.Pack] = g
			groups = append(groups, g)
		}
		g.offs = append(g.offs, at.Offset)
	}
	for _, g := range groups {
		slices.Sort(g.offs)
	}
	return groups, nil
}

// find is the place among the group's entries of the one that begins at off; -1 where that entry is not sent from here.
func (g *group) find(off int64) int {
	if i, ok := slices.BinarySearch(g.offs, off); ok {
		return i
	}
	return -1
}

// begins notes that the i-th entry is written at a place in the output; entries come in their order.
func (g *group) begins(i int, at int64) {
	shift := at - g.offs[i]
	if n := len(g.runs); n == 0 || g.runs[n-1].shift != shift {
		g.runs = append(g.runs, run{i, shift})
	}
}

// out is where an entry that is written already begins in the output.
func (g *group) out(i int) int64 {
	n, ok := slices.BinarySearchFunc(g.runs, i, func(r run, i int) int { return r.first - i })
	if !ok {
		n--
	}
	return g.offs[i] + g.runs[n].shift
}

const (
	batchLen = 256
	// nearby is the distance in bytes up to which it is cheaper to read on than to ask the system again.
	nearby = 4 << 10
)

// batch is what is known of some entries of a group before they are written.
type batch struct {
	// ends are where the entries end in the pack; upto is how far it pays to read in one go when an entry is read.
	ends, upto [batchLen]int64
	pos        [batchLen]uint32
}

// look fills a batch for entries of a group from one on, and returns how many. next is the rank where the first is
// expected; the rank behind the last comes back.
func (g *group) look(b *batch, from int, next uint32) (n int, _ uint32, err error) {
	n = min(len(g.offs)-from, batchLen)
	err = g.pack.inOrder(func(o order) error {
		for i := range n {
			rank, err := o.rank(g.offs[from+i], next)
			if err != nil {
				return err
			}
			if b.pos[i], _, err = o.at(rank); err != nil {
				return err
			}
			next = rank + 1
			if _, b.ends[i], err = o.at(next); err != nil {
				return err
			}
		}
		return nil
	})
	for i := n - 1; i >= 0; i-- {
		b.upto[i] = b.ends[i]
		if i+1 < n && g.offs[from+i+1]-b.ends[i] < nearby {
			b.upto[i] = b.upto[i+1]
		}
	}
	return n, next, err
}

// group writes the objects of one pack in its order.
func (w *packWriter) group(g *group) error {
	c := newCopier(w, g.pack)
	var b batch
	next := uint32(0)
	for from := 0; from < len(g.offs); {
		if err := w.tick(); err != nil {
			return err
		}
		n, behind, err := g.look(&b, from, next)
		if err != nil {
			return err
		}
		for i := range n {
			if err := w.entry(g, c, from+i, &b, i); err != nil {
				return err
			}
			w.done.Objects++
		}
		from, next = from+n, behind
	}
	if err := c.finish(); err != nil {
		return err
	}
	return w.tick()
}

// entry writes the i-th object of a group, the j-th of a batch, by copying its entry where its base is known to the
// reader of the pack.
func (w *packWriter) entry(g *group, c *copier, i int, b *batch, j int) error {
	off, end := g.offs[i], b.ends[j]
	g.begins(i, w.at)
	if w.o.Entry != nil {
		id, err := g.pack.IDAt(b.pos[j])
		if err != nil {
			return err
		}
		w.o.Entry(id, w.at)
	}
	head, err := c.peek(off, min(int64(maxEntryHeader), end-off), b.upto[j])
	if err != nil {
		return err
	}
	e, err := g.pack.parse(head, off)
	if err != nil {
		return err
	}
	h, ok, err := w.header(g, i, e)
	if err != nil {
		return err
	}
	if !ok {
		return w.anew(g, c, off)
	}
	w.done.Reused++
	if h.Type.IsDelta() {
		w.done.Deltas++
	}
	w.head = AppendHeader(w.head[:0], h)
	if bytes.Equal(w.head, head[:e.Data-off]) {
		return c.take(off, end)
	}
	if err := c.finish(); err != nil {
		return err
	}
	if err := w.bytes(w.head); err != nil {
		return err
	}
	return c.take(e.Data, end)
}

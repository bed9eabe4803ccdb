package ingest

import (
	"slices"
	"sort"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// family knows the deltas on each base.
type family struct {
	t    *table
	refs []oid.ID // what a REF_DELTA's base is an index into
	// places are the OFS_DELTAs by their base: those on entry i are places[first[i]:first[i+1]].
	first, places []int32
	// named are the REF_DELTAs, sorted by their base's id.
	named []int32
	// claimed says, where a base's deltas begin in named, that they are being built: an object that is in the pack
	// twice has them but once.
	claimed []atomic.Bool
}

func newFamily(t *table, refs []oid.ID) *family {
	f := &family{t: t, refs: refs, first: make([]int32, t.n+1)}
	deltas := 0
	for i := range int32(t.n) {
		switch e := t.at(i); e.kind {
		case plumbing.OFSDeltaObject:
			f.first[e.base+1]++
			deltas++
		case plumbing.REFDeltaObject:
			f.named = append(f.named, i)
		}
	}
	for i := range t.n {
		f.first[i+1] += f.first[i]
	}
	f.places = make([]int32, deltas)
	next := slices.Clone(f.first)
	for i := range int32(t.n) {
		if e := t.at(i); e.kind == plumbing.OFSDeltaObject {
			f.places[next[e.base]] = i
			next[e.base]++
		}
	}
	f.heaviestLast(next)
	slices.SortFunc(f.named, func(a, b int32) int { return oid.Compare(f.baseID(a), f.baseID(b)) })
	f.claimed = make([]atomic.Bool, len(f.named))
	return f
}

// heaviestLast puts that delta last on which most others stand. A base is let go when its last delta is built: so few
// objects are held at once, however the deltas branch (at most as many as the logarithm of all).
func (f *family) heaviestLast(weight []int32) {
	clear(weight)
	for i := int32(f.t.n) - 1; i >= 0; i-- { // a base comes before its OFS_DELTAs
		weight[i]++
		if e := f.t.at(i); e.kind == plumbing.OFSDeltaObject {
			weight[e.base] += weight[i]
		}
	}
	for i := range f.t.n {
		list := f.places[f.first[i]:f.first[i+1]]
		for k := range list {
			if last := len(list) - 1; weight[list[k]] > weight[list[last]] {
				list[k], list[last] = list[last], list[k]
			}
		}
	}
}

func (f *family) baseID(i int32) oid.ID { return f.refs[f.t.at(i).base] }

// claim are the deltas on an entry whose id is known. Those that name it by its id are given out once.
func (f *family) claim(i int32) (places, named []int32) {
	if int(i) < len(f.first)-1 { // else it was added to a thin pack
		places = f.places[f.first[i]:f.first[i+1]]
	}
	if len(f.named) == 0 {
		return places, nil
	}
	id := f.t.at(i).id
	lo := sort.Search(len(f.named), func(k int) bool { return oid.Compare(f.baseID(f.named[k]), id) >= 0 })
	hi := lo
	for hi < len(f.named) && f.baseID(f.named[hi]) == id {
		hi++
	}
	if lo == hi || !f.claimed[lo].CompareAndSwap(false, true) {
		return places, nil
	}
	return places, f.named[lo:hi]
}

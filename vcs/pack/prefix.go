package pack

import (
	"bytes"
	"fmt"

	"jeton/vcs/oid"
)

// prefixBatch is how many ids are copied out of a map at once.
const prefixBatch = 64

// EachWithPrefix calls fn with the id of every object whose id begins so, until fn answers false; in no order, and once for
// each pack in which an object lies. It costs a look into each index and nothing else, in memory that is bounded; how many
// objects there are is theirs to bound who pushed them, so fn says when it is enough.
func (s *Set) EachWithPrefix(prefix oid.Prefix, fn func(id oid.ID) (more bool, err error)) error {
	for _, p := range s.Packs() { // a copy: fn may look objects up, which changes the order
		more, err := p.index.eachWithPrefix(prefix, fn)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (x *index) eachWithPrefix(prefix oid.Prefix, fn func(id oid.ID) (bool, error)) (more bool, err error) {
	pos, err := x.lowest(prefix.Low())
	if err != nil {
		return false, fmt.Errorf("look for ids by their beginning: %w", err)
	}
	ids := make([]oid.ID, 0, prefixBatch)
	for {
		if ids, err = x.someWithPrefix(prefix, pos, ids[:0]); err != nil {
			return false, fmt.Errorf("look for ids by their beginning: %w", err)
		}
		for _, id := range ids {
			if more, err := fn(id); err != nil || !more {
				return false, err
			}
		}
		if len(ids) < prefixBatch {
			return true, nil
		}
		pos += uint32(len(ids))
	}
}

// lowest is the position of the first id that is not less than one; the count where there is none.
func (x *index) lowest(id oid.ID) (uint32, error) {
	lo, hi := x.fanOut[oid.FirstByte(id)], x.fanOut[int(oid.FirstByte(id))+1]
	err := x.m.Do(func(b []byte) error {
		for lo < hi {
			mid := lo + (hi-lo)/2
			if at := idsAt + int(mid)*oid.Size; bytes.Compare(b[at:at+oid.Size], id[:]) < 0 {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return nil
	})
	return lo, err
}

// someWithPrefix appends ids from a position on as long as they begin so, up to the capacity of ids.
func (x *index) someWithPrefix(prefix oid.Prefix, pos uint32, ids []oid.ID) ([]oid.ID, error) {
	err := x.m.Do(func(b []byte) error {
		for ; pos < x.count && len(ids) < cap(ids); pos++ {
			id := x.id(b, pos)
			if !prefix.Begins(id) {
				return nil
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

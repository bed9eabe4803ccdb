package pack

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

// The head of a .rev file: "RIDX", version 1, the hash (gitformat-pack, "pack-*.rev files").
const (
	revMagic  = "RIDX\x00\x00\x00\x01\x00\x00\x00\x01"
	revHead   = len(revMagic)
	revExtras = revHead + 2*oid.Size
)

// usableRev reports whether a mapped .rev is what it should be for a pack. One that is not is done without.
func usableRev(m *mapped.File, count uint32, trailer oid.ID) (bool, error) {
	if m == nil || m.Len() != int64(revExtras)+4*int64(count) {
		return false, nil
	}
	ok := false
	err := m.Do(func(b []byte) error {
		ok = string(b[:revHead]) == revMagic && oid.FromBytes(b[len(b)-2*oid.Size:]) == trailer
		return nil
	})
	if errors.Is(err, mapped.ErrFault) {
		return false, nil
	}
	return ok, err
}

// sorted is the order of a pack that has no .rev: 4 bytes an object, computed when it is first asked for and kept.
type sorted struct {
	mu    sync.Mutex // guards order while it is computed
	order []uint32
}

func (s *sorted) get(x *index) ([]uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.order != nil || x.count == 0 {
		return s.order, nil
	}
	type at struct {
		off int64
		pos uint32
	}
	all := make([]at, x.count)
	err := x.m.Do(func(b []byte) error {
		for i := range all {
			off, err := x.offset(b, uint32(i))
			if err != nil {
				return err
			}
			all[i] = at{off, uint32(i)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b at) int { return compareOffsets(a.off, b.off) })
	order := make([]uint32, len(all))
	for i, a := range all {
		order[i] = a.pos
	}
	s.order = order
	return order, nil
}

func compareOffsets(a, b int64) int { return int(min(max(a-b, -1), 1)) }

// order is the entries of a pack as they lie one behind the other; it is valid inside of Pack.inOrder alone. An entry's
// rank is its place in this order.
type order struct {
	p     *Pack
	index []byte
	rev   []byte   // the mapped .rev, or nil
	list  []uint32 // else the positions of the index
}

// inOrder runs fn over the order of the pack. Many questions in one call cost one guard against faults.
func (p *Pack) inOrder(fn func(o order) error) error {
	if p.Rev == nil {
		list, err := p.sorted.get(p.index)
		if err != nil {
			return err
		}
		return p.index.m.Do(func(b []byte) error { return fn(order{p: p, index: b, list: list}) })
	}
	return p.Rev.Do(func(rev []byte) error {
		return p.index.m.Do(func(b []byte) error { return fn(order{p: p, index: b, rev: rev}) })
	})
}

// at is the entry of a rank: its position in the index and its offset, which lies in the pack. The entry behind the
// last one is where the trailer begins.
func (o order) at(rank uint32) (pos uint32, off int64, err error) {
	if rank >= o.p.index.count {
		return 0, o.p.end(), nil
	}
	if o.rev != nil {
		pos = binary.BigEndian.Uint32(o.rev[revHead+4*int(rank):])
	} else {
		pos = o.list[rank]
	}
	if pos >= o.p.index.count {
		return 0, 0, corrupt("reverse index of %s points beyond the index", o.p.Name)
	}
	if off, err = o.p.index.offset(o.index, pos); err == nil {
		err = o.p.inside(off)
	}
	return pos, off, err
}

// rank finds the entry that begins at off, which is most likely near the rank from, or behind it. An offset where no
// entry begins is corrupt.
func (o order) rank(off int64, from uint32) (uint32, error) {
	count := o.p.index.count
	lo, hi, err := o.around(off, min(from, count))
	if err != nil {
		return 0, err
	}
	for lo < hi {
		mid := lo + (hi-lo)/2
		_, at, err := o.at(mid)
		if err != nil {
			return 0, err
		}
		if at < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if _, at, err := o.at(lo); err != nil || at != off || lo >= count {
		return 0, corrupt("no entry of %s begins at %d", o.p.Name, off)
	}
	return lo, nil
}

// around finds ranks lo ≤ hi between which the first entry at or behind off lies, in steps that double from from on.
func (o order) around(off int64, from uint32) (lo, hi uint32, err error) {
	count := o.p.index.count
	if _, at, err := o.at(from); err != nil || at > off {
		return 0, from, err
	}
	lo = from
	for step := uint32(1); ; step *= 2 {
		if hi = lo + step; hi >= count || hi < lo {
			return lo, count, nil
		}
		_, at, err := o.at(hi)
		if err != nil || at >= off {
			return lo, hi, err
		}
		lo = hi
	}
}

// idOfOffset is the id of the object whose entry begins at an offset.
func (p *Pack) idOfOffset(off int64) (id oid.ID, err error) {
	err = p.inOrder(func(o order) error {
		rank, err := o.rank(off, p.index.count)
		if err != nil {
			return err
		}
		pos, _, err := o.at(rank)
		id = p.index.id(o.index, pos)
		return err
	})
	return id, err
}

// listed is one entry as Each tells it.
type listed struct {
	id  oid.ID
	pos uint32
	off int64
}

// Each calls fn for every object in the order of the pack, until fn fails.
func (p *Pack) Each(fn func(id oid.ID, at Location) error) error {
	var batch [256]listed
	for from := uint32(0); from < p.Count(); {
		n := min(p.Count()-from, uint32(len(batch)))
		if err := p.list(from, batch[:n]); err != nil {
			return err
		}
		for _, l := range batch[:n] {
			if err := fn(l.id, Location{Pack: p, Pos: l.pos, Offset: l.off}); err != nil {
				return err
			}
		}
		from += n
	}
	return nil
}

// list tells the entries from a rank on.
func (p *Pack) list(from uint32, to []listed) error {
	return p.inOrder(func(o order) error {
		for i := range to {
			pos, off, err := o.at(from + uint32(i))
			if err != nil {
				return err
			}
			to[i] = listed{p.index.id(o.index, pos), pos, off}
		}
		return nil
	})
}

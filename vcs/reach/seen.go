package reach

import (
	"hash/maphash"
	"math/bits"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// marks is a set of objects of some packs: one bit for each place in their indexes, however many objects are in it.
type marks map[*pack.Pack][]uint64

// add puts a location in; false when it was there.
func (m marks) add(at pack.Location) bool {
	words := m[at.Pack]
	if words == nil {
		words = make([]uint64, at.Pack.Count()/64+1)
		m[at.Pack] = words
	}
	word, bit := at.Pos/64, uint64(1)<<(at.Pos%64)
	if words[word]&bit != 0 {
		return false
	}
	words[word] |= bit
	return true
}

// remove takes a location out that is in.
func (m marks) remove(at pack.Location) { m[at.Pack][at.Pos/64] &^= 1 << (at.Pos % 64) }

// has reports whether a location is in.
func (m marks) has(at pack.Location) bool {
	words := m[at.Pack]
	return words != nil && words[at.Pos/64]&(1<<(at.Pos%64)) != 0
}

// seen is the objects of a set of packs that a walk has met. An object that lies in several packs is one object: it is
// marked in all of them, since a set finds it now here, now there.
type seen struct {
	set    *pack.Set
	packs  []*pack.Pack
	marks  marks
	recent recent
}

func newSeen(set *pack.Set) *seen {
	return &seen{set: set, packs: set.Packs(), marks: marks{}, recent: newRecent()}
}

// add puts an object in; false when it was there. ErrMissing when it is in no pack.
func (s *seen) add(id oid.ID) (bool, error) {
	if s.recent.has(id) {
		return false, nil
	}
	at, ok, err := s.set.Find(id)
	if err != nil {
		return false, err
	}
	if !ok {
		return false, missing(id)
	}
	s.recent.add(id)
	if !s.marks.add(at) {
		return false, nil
	}
	for _, p := range s.packs {
		if p == at.Pack {
			continue
		}
		twin, ok, err := p.Find(id)
		if err != nil {
			return false, err
		}
		if ok {
			s.marks.add(twin)
		}
	}
	return true, nil
}

// has reports whether an object is in.
func (s *seen) has(id oid.ID) (bool, error) {
	if s.recent.has(id) {
		return true, nil
	}
	at, ok, err := s.set.Find(id)
	return err == nil && ok && s.marks.has(at), err
}

// each calls fn for every object, in no order; for one that lies in several packs more than once.
func (s *seen) each(fn func(id oid.ID) error) error {
	for p, words := range s.marks {
		for i, word := range words {
			for ; word != 0; word &= word - 1 {
				id, err := p.IDAt(uint32(64*i + bits.TrailingZeros64(word)))
				if err != nil {
					return err
				}
				if err := fn(id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// recent remembers which ids were met last, in room that is bounded: trees that follow each other in a history are alike
// in most of their entries, and a look into an index costs ten times as much. Where two ids share a slot the later one
// stays; the seed keeps anyone from choosing which do.
type recent struct {
	slots []oid.ID // a power of two
	added int
	seed  maphash.Seed
}

// A walk of a few objects needs little room, and none needs more than 1.25 MiB.
const (
	fewSlots = 1 << 6
	maxSlots = 1 << 16
)

func newRecent() recent { return recent{make([]oid.ID, fewSlots), 0, maphash.MakeSeed()} }

func (r *recent) slot(id oid.ID) *oid.ID {
	return &r.slots[maphash.Comparable(r.seed, id)&uint64(len(r.slots)-1)]
}

// has reports whether an id was added and is still remembered. No object has the zero id of an empty slot.
func (r *recent) has(id oid.ID) bool { return *r.slot(id) == id && !id.IsZero() }

func (r *recent) add(id oid.ID) {
	if r.added++; r.added > len(r.slots)/2 && len(r.slots) < maxSlots {
		old := r.slots
		r.slots = make([]oid.ID, 4*len(old))
		for _, id := range old {
			*r.slot(id) = id
		}
	}
	*r.slot(id) = id
}

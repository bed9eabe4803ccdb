package pack

import (
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// maxChain is the longest chain of deltas that is followed, as C git's pack.depth allows at most.
const maxChain = 4096

// Set is the packs that one request sees as one store of objects, with a cache of inflated objects of bounded size.
// One goroutine at a time.
type Set struct {
	steps []step // of the chain that is being read
	packs []*Pack
	cache *cache
}

// NewSet makes a set of packs. The first is asked first, and a hit moves a pack to the front; cacheBytes bounds what is
// kept of inflated objects.
func NewSet(packs []*Pack, cacheBytes int64) *Set {
	return &Set{packs: append([]*Pack(nil), packs...), cache: newCache(cacheBytes)}
}

// Packs are the packs of the set, in the order in which they are asked now.
func (s *Set) Packs() []*Pack { return append([]*Pack(nil), s.packs...) }

// Find looks an object up in all packs.
func (s *Set) Find(id oid.ID) (Location, bool, error) {
	for i, p := range s.packs {
		at, ok, err := p.Find(id)
		if err != nil {
			return Location{}, false, fmt.Errorf("look up %s: %w", id, err)
		}
		if ok {
			if i > 0 {
				copy(s.packs[1:i+1], s.packs[:i])
				s.packs[0] = p
			}
			return at, true, nil
		}
	}
	return Location{}, false, nil
}

// find is Find for those to whom an absent object is an error.
func (s *Set) find(id oid.ID) (Location, error) {
	at, ok, err := s.Find(id)
	if err != nil {
		return at, err
	}
	if !ok {
		return at, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return at, nil
}

// Header is the type of an object and its size in bytes, found without building it. ErrNotFound, ErrCorrupt.
func (s *Set) Header(id oid.ID) (plumbing.ObjectType, int64, error) {
	at, err := s.find(id)
	if err != nil {
		return plumbing.InvalidObject, 0, err
	}
	p, off, size := at.Pack, at.Offset, int64(-1)
	for range maxChain + 1 {
		e, err := p.Entry(off)
		if err != nil {
			return plumbing.InvalidObject, 0, fmt.Errorf("read %s: %w", id, err)
		}
		if size < 0 {
			if size, err = p.resultSize(e); err != nil {
				return plumbing.InvalidObject, 0, fmt.Errorf("read %s: %w", id, err)
			}
		}
		if !e.Type.IsDelta() {
			return e.Type, size, nil
		}
		if off, err = p.baseOf(e); err != nil {
			return plumbing.InvalidObject, 0, fmt.Errorf("read %s: %w", id, err)
		}
	}
	return plumbing.InvalidObject, 0, fmt.Errorf("read %s: %w", id, corrupt("chain of deltas is longer than %d", maxChain))
}

// resultSize is the size of the object at an entry: declared by the header, or by the delta itself.
func (p *Pack) resultSize(e Entry) (int64, error) {
	if !e.Type.IsDelta() {
		return e.Size, nil
	}
	in := inflaters.Get().(*inflater)
	defer in.done()
	_, first, err := p.entryAt(in, e.Offset)
	if err != nil {
		return 0, err
	}
	var head [2 * maxDeltaSize]byte
	b := head[:min(e.Size, int64(len(head)))]
	in.mem.Reset(first)
	if err := in.start(&in.mem); err != nil {
		return 0, corrupt("entry at %d of %s is no zlib stream: %v", e.Offset, p.Name, err)
	}
	if _, err := io.ReadFull(in.z, b); err != nil {
		return 0, corrupt("entry at %d of %s cannot be inflated: %v", e.Offset, p.Name, err)
	}
	_, size, _, err := DeltaSizes(b)
	return size, err
}

// baseOf is the offset of a delta's base, which lies in the same pack: packs on disk are never thin.
func (p *Pack) baseOf(e Entry) (int64, error) {
	if e.Type == plumbing.OFSDeltaObject {
		return e.Base(), p.inside(e.Base())
	}
	at, ok, err := p.Find(e.BaseID)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, corrupt("base %s of the delta at %d is not in %s", e.BaseID, e.Offset, p.Name)
	}
	return at.Offset, nil
}

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
	steps  []step // of the chain that is being read
	blocks blocks
	packs  []*Pack
	cache  *cache
	ends   map[oid.ID]struct{}
}

// NewSet makes a set of packs. The first is asked first, and a hit moves a pack to the front; cacheBytes bounds what is
// kept of inflated objects.
func NewSet(packs []*Pack, cacheBytes int64) *Set {
	return &Set{packs: append([]*Pack(nil), packs...), cache: newCache(cacheBytes)}
}

// Packs are the packs of the set, in the order in which they are asked now.
func (s *Set) Packs() []*Pack { return append([]*Pack(nil), s.packs...) }

// Count is how many objects all packs hold together; one that lies in two of them counts twice.
func (s *Set) Count() int {
	n := 0
	for _, p := range s.packs {
		n += int(p.Count())
	}
	return n
}

// CutOff says which commits the history ends at, of which more is not meant to be here (gitformat-shallow: a commit that
// stands there is one without parents). The map is shared from now on and must not change; nil for a whole history.
func (s *Set) CutOff(ends map[oid.ID]struct{}) { s.ends = ends }

// Ends are the commits that CutOff was told of; nil for a whole history.
func (s *Set) Ends() map[oid.ID]struct{} { return s.ends }

// IsEnd reports whether the parents of a commit are not meant to be here.
func (s *Set) IsEnd(id oid.ID) bool { _, ok := s.ends[id]; return ok }

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
	e, size, err := s.resultSize(at.Pack, at.Offset)
	if err == nil {
		e, err = s.bottom(at.Pack, e)
	}
	if err != nil {
		return plumbing.InvalidObject, 0, fmt.Errorf("read %s: %w", id, err)
	}
	return e.Type, size, nil
}

// bottom follows a chain of deltas down to the whole object that it begins with.
func (s *Set) bottom(p *Pack, e Entry) (Entry, error) {
	in := inflaters.Get().(*inflater)
	defer in.done()
	for range maxChain + 1 {
		if !e.Type.IsDelta() {
			return e, nil
		}
		off, err := p.baseOf(e)
		if err != nil {
			return e, err
		}
		if e, _, err = s.entryAt(in, p, off); err != nil {
			return e, err
		}
	}
	return e, corrupt("chain of deltas is longer than %d", maxChain)
}

// resultSize is the size of the object at an entry: declared by the header, or by the delta itself.
func (s *Set) resultSize(p *Pack, off int64) (Entry, int64, error) {
	in := inflaters.Get().(*inflater)
	defer in.done()
	e, first, err := s.entryAt(in, p, off)
	if err != nil || !e.Type.IsDelta() {
		return e, e.Size, err
	}
	size, err := p.deltaResult(in, e, first)
	return e, size, err
}

// deltaResult is the size of what a delta makes; first is what was read already from e.Data on.
func (p *Pack) deltaResult(in *inflater, e Entry, first []byte) (int64, error) {
	var buf [2 * maxDeltaSize]byte
	head := buf[:min(e.Size, int64(len(buf)))]
	in.mem.Reset(first)
	err := in.start(&in.mem)
	if err == nil {
		_, err = io.ReadFull(in.z, head)
	}
	if err != nil { // most likely first was too short
		s, err := p.stream(in, e)
		if err == nil {
			_, err = io.ReadFull(s, head)
		}
		if err != nil {
			return 0, err
		}
	}
	_, size, _, err := DeltaSizes(head)
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

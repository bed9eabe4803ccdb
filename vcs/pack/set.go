package pack

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

const (
	// DefaultRead is how many bytes Read holds at most where its caller sets no limit.
	DefaultRead = 256 << 20
	// maxChain is the longest chain of deltas that is followed, as C git's pack.depth allows at most.
	maxChain = 4096
)

// Set is the packs that one request sees as one store of objects, with a cache of inflated objects of bounded size.
// One goroutine at a time.
type Set struct {
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
	for range maxChain {
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
	defer inflaters.Put(in)
	if err := in.section(p, e); err != nil {
		return 0, err
	}
	var head [20]byte
	n := 0
	for n < len(head) && int64(n) < e.Size {
		m, err := in.z.Read(head[n:])
		n += m
		if err != nil {
			break
		}
	}
	_, size, _, err := DeltaSizes(head[:n])
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

// Read returns type and whole content of an object of at most limit bytes (0 means DefaultRead); the content is shared
// and must not be changed. ErrNotFound, ErrTooLarge, ErrCorrupt.
func (s *Set) Read(id oid.ID, limit int64) (plumbing.ObjectType, []byte, error) {
	at, err := s.find(id)
	if err != nil {
		return plumbing.InvalidObject, nil, err
	}
	if limit <= 0 {
		limit = DefaultRead
	}
	kind, data, err := s.read(at.Pack, at.Offset, limit)
	if err != nil {
		return plumbing.InvalidObject, nil, fmt.Errorf("read %s: %w", id, err)
	}
	return kind, data, nil
}

// read follows the chain down to a whole object, or to one that is cached, and applies the deltas on the way back.
func (s *Set) read(p *Pack, off, limit int64) (plumbing.ObjectType, []byte, error) {
	in := inflaters.Get().(*inflater)
	defer inflaters.Put(in)
	var deltas [][]byte
	var places []int64
	var whole *cached
	for whole == nil {
		if c, ok := s.cache.get(place{p, off}); ok {
			whole = c
			break
		}
		e, first, err := p.entryAt(in, off)
		if err != nil {
			return 0, nil, err
		}
		if e.Size > limit {
			return 0, nil, ErrTooLarge
		}
		data, err := p.inflate(in, e, first)
		if err != nil {
			return 0, nil, err
		}
		if !e.Type.IsDelta() {
			whole = &cached{at: place{p, off}, kind: e.Type, data: data}
			s.cache.put(whole)
			break
		}
		if len(deltas) == maxChain {
			return 0, nil, corrupt("chain of deltas is longer than %d", maxChain)
		}
		deltas, places = append(deltas, data), append(places, off)
		if off, err = p.baseOf(e); err != nil {
			return 0, nil, err
		}
	}
	return s.apply(p, whole, deltas, places, limit)
}

func (s *Set) apply(p *Pack, whole *cached, deltas [][]byte, places []int64, limit int64) (plumbing.ObjectType, []byte, error) {
	data := whole.data
	for i := len(deltas) - 1; i >= 0; i-- {
		_, size, _, err := DeltaSizes(deltas[i])
		if err != nil {
			return 0, nil, err
		}
		if size > limit {
			return 0, nil, ErrTooLarge
		}
		if data, err = ApplyDelta(nil, data, deltas[i]); err != nil {
			return 0, nil, err
		}
		s.cache.put(&cached{at: place{p, places[i]}, kind: whole.kind, data: data})
	}
	if int64(len(data)) > limit {
		return 0, nil, ErrTooLarge
	}
	return whole.kind, data, nil
}

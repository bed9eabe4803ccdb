package pack

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

const (
	// DefaultRead is how many bytes Read holds at most where its caller sets no limit.
	DefaultRead = 256 << 20
	// inMemory is how large anything that an object is made of may be (a base, a delta, all deltas of a chain) before it
	// is put together in a file. Read may hold as much as its limit even where that is more.
	inMemory = 16 << 20
)

// errSpill says that a chain is too large to be followed in memory.
var errSpill = errors.New("chain of deltas is too large to be held in memory")

// Read returns type and whole content of an object of at most limit bytes (0 means DefaultRead); the content is shared
// and must not be changed. It is not hashed again. ErrNotFound, ErrTooLarge, ErrCorrupt.
func (s *Set) Read(id oid.ID, limit int64) (plumbing.ObjectType, []byte, error) {
	at, err := s.find(id)
	if err != nil {
		return plumbing.InvalidObject, nil, err
	}
	if limit <= 0 {
		limit = DefaultRead
	}
	kind, data, err := s.read(at.Pack, at.Offset, limit)
	if errors.Is(err, errSpill) {
		kind, data, err = s.readLarge(at.Pack, at.Offset, limit)
	}
	if err != nil {
		return plumbing.InvalidObject, nil, fmt.Errorf("read %s: %w", id, err)
	}
	return kind, data, nil
}

// step is one delta on the way down a chain: where its entry is, and its data in the inflater's deltas.
type step struct {
	off      int64
	from, to int
}

// read follows the chain down to a whole object, or to one that is cached, and applies the deltas on the way back.
// errSpill where that would take more memory than the larger of limit and inMemory.
func (s *Set) read(p *Pack, off, limit int64) (plumbing.ObjectType, []byte, error) {
	in := inflaters.Get().(*inflater)
	defer in.done()
	in.deltas, s.steps = in.deltas[:0], s.steps[:0]
	hold := max(limit, inMemory)
	for {
		if c, ok := s.cache.get(place{p, off}); ok {
			return s.apply(in, p, *c, limit)
		}
		e, first, err := s.entryAt(in, p, off)
		if err != nil {
			return plumbing.InvalidObject, nil, err
		}
		switch {
		case !e.Type.IsDelta() && len(s.steps) == 0 && e.Size > limit:
			return plumbing.InvalidObject, nil, ErrTooLarge
		case e.Size > hold-int64(len(in.deltas)):
			return plumbing.InvalidObject, nil, errSpill
		case !e.Type.IsDelta():
			data, err := p.inflate(in, e, first, nil)
			if err != nil {
				return plumbing.InvalidObject, nil, err
			}
			whole := cached{at: place{p, off}, kind: e.Type, data: data}
			s.cache.put(whole)
			return s.apply(in, p, whole, limit)
		}
		if off, err = s.step(in, p, e, first, limit); err != nil {
			return plumbing.InvalidObject, nil, err
		}
	}
}

// step inflates a delta, notes it, and returns where its base is.
func (s *Set) step(in *inflater, p *Pack, e Entry, first []byte, limit int64) (base int64, err error) {
	if len(s.steps) == maxChain {
		return 0, corrupt("chain of deltas is longer than %d", maxChain)
	}
	from := len(in.deltas)
	if in.deltas, err = p.inflate(in, e, first, in.deltas); err != nil {
		return 0, err
	}
	if from == 0 { // the object itself: no need to follow its chain if it is too large
		_, size, _, err := DeltaSizes(in.deltas)
		if err == nil && size > limit {
			err = ErrTooLarge
		}
		if err != nil {
			return 0, err
		}
	}
	s.steps = append(s.steps, step{e.Offset, from, len(in.deltas)})
	return p.baseOf(e)
}

// apply applies the deltas of the steps, last first, to a whole object.
func (s *Set) apply(in *inflater, p *Pack, whole cached, limit int64) (plumbing.ObjectType, []byte, error) {
	data := whole.data
	for i := len(s.steps) - 1; i >= 0; i-- {
		st := s.steps[i]
		delta := in.deltas[st.from:st.to]
		_, size, _, err := DeltaSizes(delta)
		if err != nil {
			return plumbing.InvalidObject, nil, err
		}
		if size > max(limit, inMemory) {
			return plumbing.InvalidObject, nil, errSpill
		}
		if data, err = ApplyDelta(nil, data, delta); err != nil {
			return plumbing.InvalidObject, nil, err
		}
		s.cache.put(cached{at: place{p, st.off}, kind: whole.kind, data: data})
	}
	if int64(len(data)) > limit {
		return plumbing.InvalidObject, nil, ErrTooLarge
	}
	return whole.kind, data, nil
}

// readLarge is read by way of a file.
func (s *Set) readLarge(p *Pack, off, limit int64) (plumbing.ObjectType, []byte, error) {
	o, err := s.open(p, off, max(limit, DefaultRead))
	if err != nil {
		return plumbing.InvalidObject, nil, err
	}
	defer o.Close()
	if o.Size > limit {
		return plumbing.InvalidObject, nil, ErrTooLarge
	}
	data := make([]byte, o.Size)
	if _, err := io.ReadFull(o, data); err != nil {
		return plumbing.InvalidObject, nil, err
	}
	return o.Type, data, nil
}

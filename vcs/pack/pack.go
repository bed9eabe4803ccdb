package pack

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

// Roots says where a pack came from: every object in it but Except is reachable from IDs. Closed says that the pack also
// holds everything that IDs reach, so that the pack is exactly their closure (docs/decisions/002-roots.md).
type Roots struct {
	IDs []oid.ID
	// Except are objects of the pack that nothing is said of: bases that completed a thin pack.
	Except []oid.ID
	Closed bool
}

// Source is what a Pack is read from; a storage provides it and closes it when the pack is no longer used.
type Source struct {
	// Name is the pack's name without ending; opaque.
	Name string
	// Data is read with pread; Size is its length in bytes; File is nil where the pack is not a file of this machine.
	Data io.ReaderAt
	Size int64
	File *os.File
	// Index is the mapped .idx; Rev the mapped .rev, nil where there is none; Roots nil where they are not known.
	Index *mapped.File
	Rev   *mapped.File
	Roots *Roots
}

// Pack is an open, immutable pack; safe for concurrent use.
type Pack struct {
	Source
	index   *index
	trailer oid.ID
	// order is the positions of the index in the order of the offsets, computed once where there is no usable .rev.
	order func() ([]uint32, error)
}

// Location is where an object lies.
type Location struct {
	Pack *Pack
	// Pos is the position in the index, which is sorted by id.
	Pos uint32
	// Offset is that of the entry's header in the pack, in bytes.
	Offset int64
}

// Open checks header, sizes and the head of the index, and that the two belong together; it reads no object.
func Open(src Source) (*Pack, error) {
	p := &Pack{Source: src}
	if src.Size < int64(MinSize) {
		return nil, fmt.Errorf("open %s: %w", src.Name, corrupt("%d bytes are no pack", src.Size))
	}
	var head [headerSize]byte
	if err := readFull(src.Data, head[:], 0); err != nil {
		return nil, fmt.Errorf("open %s: %w", src.Name, err)
	}
	count, err := ParseFileHeader(head[:])
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", src.Name, err)
	}
	if err := readFull(src.Data, p.trailer[:], src.Size-int64(oid.Size)); err != nil {
		return nil, fmt.Errorf("open %s: %w", src.Name, err)
	}
	p.index, err = openIndex(src.Index, p.trailer)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", src.Name, err)
	}
	if p.index.count != count {
		return nil, fmt.Errorf("open %s: %w", src.Name, corrupt("index has %d objects, the pack %d", p.index.count, count))
	}
	if src.Rev != nil && src.Rev.Len() != int64(revExtras)+4*int64(count) {
		p.Rev = nil
	}
	p.order = sync.OnceValues(p.sortOrder)
	return p, nil
}

// readFull reads exactly len(b) bytes at off; a file that ends before is corrupt.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		return corrupt("pack ends at %d", off+int64(n))
	}
	return fmt.Errorf("read pack at %d: %w", off, err)
}

// Count is how many objects the pack holds.
func (p *Pack) Count() uint32 { return p.index.count }

// Trailer is the hash that the pack ends with.
func (p *Pack) Trailer() oid.ID { return p.trailer }

// Find looks an object up.
func (p *Pack) Find(id oid.ID) (Location, bool, error) {
	pos, off, ok, err := p.index.find(id)
	if err != nil || !ok {
		return Location{}, false, err
	}
	if err := p.inside(off); err != nil {
		return Location{}, false, err
	}
	return Location{Pack: p, Pos: pos, Offset: off}, true, nil
}

func (p *Pack) inside(off int64) error {
	if off < headerSize || off >= p.Size-int64(oid.Size) {
		return corrupt("offset %d lies outside of %s", off, p.Name)
	}
	return nil
}

// IDAt is the id at a position of the index.
func (p *Pack) IDAt(pos uint32) (oid.ID, error) { return p.index.idAt(pos) }

const revHead, revExtras = 12, 12 + 2*oid.Size

func (p *Pack) sortOrder() ([]uint32, error) {
	type at struct {
		off int64
		pos uint32
	}
	all := make([]at, p.index.count)
	for i := range all {
		off, err := p.index.offsetAt(uint32(i))
		if err != nil {
			return nil, err
		}
		all[i] = at{off, uint32(i)}
	}
	slices.SortFunc(all, func(a, b at) int { return int(min(max(a.off-b.off, -1), 1)) })
	order := make([]uint32, len(all))
	for i, a := range all {
		order[i] = a.pos
	}
	return order, nil
}

// atRank is the entry that comes rank-th in the pack: its position in the index and its offset. The entry behind the
// last one is where the trailer begins.
func (p *Pack) atRank(rank uint32) (pos uint32, off int64, err error) {
	if rank >= p.index.count {
		return 0, p.Size - int64(oid.Size), nil
	}
	if p.Rev == nil {
		order, err := p.order()
		if err != nil {
			return 0, 0, err
		}
		pos = order[rank]
	} else {
		err = p.Rev.Do(func(b []byte) error {
			pos = binary.BigEndian.Uint32(b[revHead+4*int(rank):])
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
	}
	off, err = p.index.offsetAt(pos)
	return pos, off, err
}

// rank finds which entry begins at an offset; an offset where none begins is corrupt.
func (p *Pack) rank(off int64) (uint32, error) {
	var failed error
	n := sort.Search(int(p.index.count), func(i int) bool {
		_, o, err := p.atRank(uint32(i))
		if err != nil {
			failed = err
			return true
		}
		return o >= off
	})
	if failed != nil {
		return 0, failed
	}
	if _, o, err := p.atRank(uint32(n)); err != nil || o != off || uint32(n) == p.index.count {
		return 0, corrupt("no entry of %s begins at %d", p.Name, off)
	}
	return uint32(n), nil
}

// idOfOffset is the id of the object whose entry begins at an offset.
func (p *Pack) idOfOffset(off int64) (oid.ID, error) {
	rank, err := p.rank(off)
	if err != nil {
		return oid.Zero, err
	}
	pos, _, err := p.atRank(rank)
	if err != nil {
		return oid.Zero, err
	}
	return p.index.idAt(pos)
}

// Each calls fn for every object in the order of the pack, until fn fails.
func (p *Pack) Each(fn func(id oid.ID, at Location) error) error {
	for rank := range p.index.count {
		pos, off, err := p.atRank(rank)
		if err != nil {
			return err
		}
		id, err := p.index.idAt(pos)
		if err != nil {
			return err
		}
		if err := fn(id, Location{Pack: p, Pos: pos, Offset: off}); err != nil {
			return err
		}
	}
	return nil
}

// Entry is an entry's header where it lies: the type may be a delta, Size is that of the inflated data, Data is where
// the compressed bytes begin.
type Entry struct {
	Header
	Offset, Data int64
}

// Base is the offset of an OFS_DELTA's base.
func (e Entry) Base() int64 { return e.Offset - e.Back }

// Entry reads the header of the entry at an offset.
func (p *Pack) Entry(off int64) (Entry, error) {
	var buf [maxEntryHeader]byte
	b := buf[:min(int64(len(buf)), p.Size-int64(oid.Size)-off)]
	if err := p.inside(off); err != nil {
		return Entry{}, err
	}
	if err := readFull(p.Data, b, off); err != nil {
		return Entry{}, err
	}
	return p.parse(b, off)
}

// parse reads an entry's header from bytes that were read at off.
func (p *Pack) parse(b []byte, off int64) (Entry, error) {
	h, n, err := ParseHeader(b)
	if err != nil {
		return Entry{}, fmt.Errorf("%s at %d: %w", p.Name, off, err)
	}
	if h.Type == plumbing.OFSDeltaObject && h.Back > off-headerSize {
		return Entry{}, corrupt("delta at %d of %s has its base before the pack", off, p.Name)
	}
	return Entry{Header: h, Offset: off, Data: off + int64(n)}, nil
}

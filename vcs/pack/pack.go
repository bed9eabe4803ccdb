package pack

import (
	"fmt"
	"io"
	"os"

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
	// sorted stands in for a .rev that is not there or not usable.
	sorted sorted
}

// Location is where an object lies.
type Location struct {
	Pack *Pack
	// Pos is the position in the index, which is sorted by id.
	Pos uint32
	// Offset is that of the entry's header in the pack, in bytes.
	Offset int64
}

// Open checks header, sizes and the head of the index, and that the two belong together; it reads no object, and the
// files' own hashes are not computed: that would cost as much as reading them. ErrCorrupt, or what reading failed with.
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
	usable, err := usableRev(src.Rev, count, p.trailer)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", src.Name, err)
	}
	if !usable {
		p.Rev = nil
	}
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

// Find looks an object up. ErrCorrupt where the index points outside of the pack, mapped.ErrFault where it cannot be read.
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

// end is where the entries end and the trailer begins.
func (p *Pack) end() int64 { return p.Size - int64(oid.Size) }

// inside makes sure that an entry can begin at an offset.
func (p *Pack) inside(off int64) error {
	if off < headerSize || off >= p.end() {
		return corrupt("offset %d lies outside of %s", off, p.Name)
	}
	return nil
}

// IDAt is the id at a position of the index.
func (p *Pack) IDAt(pos uint32) (oid.ID, error) { return p.index.idAt(pos) }

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
	if err := p.inside(off); err != nil {
		return Entry{}, err
	}
	var buf [maxEntryHeader]byte
	b := buf[:min(int64(len(buf)), p.end()-off)]
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

package pack

import (
	"bufio"
	"encoding/binary"
	"hash"
	"io"
	"slices"

	"jeton/vcs/oid"
)

// IndexEntry is one object of a pack as its index lists it.
type IndexEntry struct {
	ID     oid.ID
	CRC    uint32
	Offset int64
}

// WriteIndex writes a version 2 index of a pack (gitformat-pack, "version 2 pack-*.idx"). It sorts the entries by id.
func WriteIndex(w io.Writer, entries []IndexEntry, trailer oid.ID) error {
	slices.SortFunc(entries, func(a, b IndexEntry) int { return oid.Compare(a.ID, b.ID) })
	f := newSummed(w)
	f.write([]byte(indexMagic))
	i := 0
	for first := range 256 {
		for i < len(entries) && int(oid.FirstByte(entries[i].ID)) <= first {
			i++
		}
		f.uint32(uint32(i))
	}
	for i := range entries {
		f.write(entries[i].ID[:])
	}
	for i := range entries {
		f.uint32(entries[i].CRC)
	}
	var large []int64
	for i := range entries {
		off := entries[i].Offset
		if off < 1<<31 {
			f.uint32(uint32(off))
			continue
		}
		f.uint32(1<<31 | uint32(len(large)))
		large = append(large, off)
	}
	for _, off := range large {
		f.uint32(uint32(off >> 32))
		f.uint32(uint32(off))
	}
	f.write(trailer[:])
	return f.close()
}

// WriteRev writes the reverse index (gitformat-pack, "pack-*.rev files") of entries that WriteIndex has sorted.
func WriteRev(w io.Writer, entries []IndexEntry, trailer oid.ID) error {
	order := make([]uint32, len(entries))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return compareOffsets(entries[a].Offset, entries[b].Offset) })
	f := newSummed(w)
	f.write([]byte(revMagic))
	for _, pos := range order {
		f.uint32(pos)
	}
	f.write(trailer[:])
	return f.close()
}

// summed writes a file that ends in the hash of all before.
type summed struct {
	b   *bufio.Writer
	to  io.Writer
	sum hash.Hash
	err error
}

func newSummed(w io.Writer) *summed {
	f := &summed{to: w, sum: oid.NewSum()}
	f.b = bufio.NewWriterSize(io.MultiWriter(w, f.sum), 64<<10)
	return f
}

func (f *summed) write(b []byte) {
	if f.err == nil {
		_, f.err = f.b.Write(b)
	}
}

func (f *summed) uint32(v uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v)
	f.write(b[:])
}

func (f *summed) close() error {
	if f.err != nil {
		return f.err
	}
	if err := f.b.Flush(); err != nil {
		return err
	}
	id := oid.SumID(f.sum)
	_, err := f.to.Write(id[:])
	return err
}

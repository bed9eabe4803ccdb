package ingest

import (
	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// entry is one object of the pack, 56 bytes. Its id is zero while it is a delta that is not resolved.
type entry struct {
	off   int64 // where the header begins
	size  int64 // of the inflated data: of a delta, not of its result
	id    oid.ID
	crc   uint32
	base  int32               // the base: index of an entry for OFS_DELTA, into refs for REF_DELTA; else -1
	kept  uint32              // of a delta: its place in the keep, plus 1; 0 when it is only in the file
	head  uint8               // the header's length in bytes
	kind  plumbing.ObjectType // as in the pack
	final plumbing.ObjectType // resolved
}

const (
	chunkBits = 12
	chunkLen  = 1 << chunkBits
)

// table is the entries in the order of the pack. It grows in chunks, which stay where they are: a pointer to an entry
// is good for ever, and nothing is copied.
type table struct {
	chunks [][]entry
	n      int
}

func (t *table) add(e entry) *entry {
	if t.n>>chunkBits == len(t.chunks) {
		t.chunks = append(t.chunks, make([]entry, 0, chunkLen))
	}
	c := &t.chunks[t.n>>chunkBits]
	*c = append(*c, e)
	t.n++
	return &(*c)[len(*c)-1]
}

func (t *table) at(i int32) *entry { return &t.chunks[i>>chunkBits][i&(chunkLen-1)] }

// find is the entry whose header begins at off, or -1.
func (t *table) find(off int64) int32 {
	lo, hi := 0, t.n
	for lo < hi {
		if mid := (lo + hi) / 2; t.at(int32(mid)).off < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == t.n || t.at(int32(lo)).off != off {
		return -1
	}
	return int32(lo)
}

const (
	keepBits = 20
	keepLen  = 1 << keepBits
	// keepMax is the size up to which a delta is kept; larger ones are few.
	keepMax = 64 << 10
)

// keep holds the small deltas of a pack from when they are read to when they are resolved, as far as memory goes, so
// that they need not be read and inflated a second time.
type keep struct {
	chunks [][]byte
	budget int // chunks that may still come
}

// room makes room for a delta of n bytes, or is nil when there is none. The place is valid for get.
func (k *keep) room(n int64) (b []byte, place uint32) {
	if n > keepMax {
		return nil, 0
	}
	last := len(k.chunks) - 1
	if last < 0 || int64(len(k.chunks[last]))+n > int64(cap(k.chunks[last])) {
		if k.budget == 0 {
			return nil, 0
		}
		k.budget--
		last++
		// The first is small, because most packs are.
		k.chunks = append(k.chunks, make([]byte, 0, keepLen>>max(0, 4-last)))
	}
	c := k.chunks[last]
	k.chunks[last] = c[:int64(len(c))+n]
	return k.chunks[last][len(c):], uint32(last<<keepBits|len(c)) + 1
}

func (k *keep) get(place uint32, n int64) []byte {
	place--
	from := int64(place & (keepLen - 1))
	return k.chunks[place>>keepBits][from : from+n : from+n]
}

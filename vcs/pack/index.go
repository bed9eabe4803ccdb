package pack

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

const (
	indexMagic  = "\377tOc\x00\x00\x00\x02"
	fanOutAt    = len(indexMagic)
	idsAt       = fanOutAt + 256*4
	indexExtras = idsAt + 2*oid.Size
)

// index is a version 2 index read in place.
type index struct {
	m      *mapped.File
	count  uint32
	large  int // how many 8-byte offsets there are
	fanOut [257]uint32
}

// openIndex checks what can be checked without reading it all: magic, fan-out, size, the pack's hash.
func openIndex(m *mapped.File, trailer oid.ID) (*index, error) {
	x := &index{m: m}
	err := m.Do(func(b []byte) error {
		if len(b) < indexExtras || string(b[:fanOutAt]) != indexMagic {
			return corrupt("index is too short or not of version 2")
		}
		for i := range 256 {
			x.fanOut[i+1] = binary.BigEndian.Uint32(b[fanOutAt+4*i:])
			if x.fanOut[i+1] < x.fanOut[i] {
				return corrupt("fan-out of the index is out of order")
			}
		}
		x.count = x.fanOut[256]
		rest := int64(len(b)) - int64(indexExtras) - int64(x.count)*int64(oid.Size+8)
		if rest < 0 || rest%8 != 0 || rest/8 > int64(x.count) {
			return corrupt("index has the wrong size for %d objects", x.count)
		}
		x.large = int(rest / 8)
		if !bytes.Equal(b[len(b)-2*oid.Size:len(b)-oid.Size], trailer[:]) {
			return corrupt("index belongs to another pack")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	return x, nil
}

func (x *index) crcAt() int     { return idsAt + int(x.count)*oid.Size }
func (x *index) offsetsAt() int { return x.crcAt() + int(x.count)*4 }
func (x *index) largeAt() int   { return x.offsetsAt() + int(x.count)*4 }

// find looks an id up and returns its position and offset.
func (x *index) find(id oid.ID) (pos uint32, offset int64, ok bool, err error) {
	first := oid.FirstByte(id)
	lo, hi := x.fanOut[first], x.fanOut[int(first)+1]
	if lo == hi {
		return 0, 0, false, nil
	}
	err = x.m.Do(func(b []byte) error {
		for lo < hi {
			mid := lo + (hi-lo)/2
			at := idsAt + int(mid)*oid.Size
			switch c := bytes.Compare(id[:], b[at:at+oid.Size]); {
			case c < 0:
				hi = mid
			case c > 0:
				lo = mid + 1
			default:
				pos, ok = mid, true
				offset, err = x.offset(b, mid)
				return err
			}
		}
		return nil
	})
	return pos, offset, ok, err
}

// offset reads the offset at a position; b is the map.
func (x *index) offset(b []byte, pos uint32) (int64, error) {
	v := binary.BigEndian.Uint32(b[x.offsetsAt()+4*int(pos):])
	if v < 1<<31 {
		return int64(v), nil
	}
	i := int(v &^ (1 << 31))
	if i >= x.large {
		return 0, corrupt("index points beyond its large offsets")
	}
	large := binary.BigEndian.Uint64(b[x.largeAt()+8*i:])
	if large >= 1<<62 {
		return 0, corrupt("index holds an impossible offset")
	}
	return int64(large), nil
}

// id reads the id at a position; b is the map.
func (x *index) id(b []byte, pos uint32) oid.ID {
	if pos >= x.count {
		return oid.Zero
	}
	return oid.FromBytes(b[idsAt+int(pos)*oid.Size:])
}

// idAt is the id at a position of the index.
func (x *index) idAt(pos uint32) (id oid.ID, err error) {
	if pos >= x.count {
		return id, corrupt("position %d is beyond the index", pos)
	}
	err = x.m.Do(func(b []byte) error {
		id = x.id(b, pos)
		return nil
	})
	return id, err
}

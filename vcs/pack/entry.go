package pack

import (
	"encoding/binary"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

const (
	headerSize = 12
	// MinSize is the size of an empty pack in bytes: header and trailer.
	MinSize = headerSize + oid.Size
	// maxEntryHeader is an upper bound of an entry's header in bytes: type and size, then a base.
	maxEntryHeader = 10 + max(oid.Size, 10)
)

// Header is the header of one entry: what it is, how long its inflated data is, and the base of a delta.
type Header struct {
	Type plumbing.ObjectType
	// Size is that of the inflated data: for a delta, of the delta and not of its result.
	Size int64
	// Back is, for OFS_DELTA, how many bytes before this entry its base begins.
	Back int64
	// BaseID is, for REF_DELTA, the base.
	BaseID oid.ID
}

// ParseHeader reads an entry's header from the beginning of b and returns how many bytes it takes
// (gitformat-pack, "pack entry"). An error wraps ErrCorrupt.
func ParseHeader(b []byte) (Header, int, error) {
	var h Header
	if len(b) == 0 {
		return h, 0, corrupt("entry header is cut off")
	}
	h.Type = plumbing.ObjectType(b[0] >> 4 & 7)
	size, shift, n := uint64(b[0]&15), 4, 1
	for c := b[0]; c&0x80 != 0; n++ {
		if n == len(b) || shift > 60 {
			return h, 0, corrupt("entry header is cut off or its size too large")
		}
		c = b[n]
		part := uint64(c & 0x7f)
		if part<<shift>>shift != part {
			return h, 0, corrupt("entry header is cut off or its size too large")
		}
		size |= part << shift
		shift += 7
	}
	if size > 1<<62 {
		return h, 0, corrupt("entry declares an impossible size")
	}
	h.Size = int64(size)
	switch h.Type {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		return h, n, nil
	case plumbing.OFSDeltaObject:
		back, m, err := parseBack(b[n:])
		h.Back = back
		return h, n + m, err
	case plumbing.REFDeltaObject:
		if len(b) < n+oid.Size {
			return h, 0, corrupt("entry header is cut off")
		}
		h.BaseID = oid.FromBytes(b[n:])
		return h, n + oid.Size, nil
	}
	return h, 0, corrupt("entry of unknown type %d", h.Type)
}

// maxBackSize is how many bytes a distance takes at most: 56 bits, more than any file has, and no overflow.
const maxBackSize = 8

// parseBack reads the distance to the base of an OFS_DELTA: 7 bits a byte, each further byte adds one first.
func parseBack(b []byte) (int64, int, error) {
	var back int64
	for n, c := range b {
		if n == maxBackSize {
			break
		}
		if n > 0 {
			back++
		}
		back = back<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			if back == 0 {
				return 0, 0, corrupt("delta is its own base")
			}
			return back, n + 1, nil
		}
	}
	return 0, 0, corrupt("distance to a delta's base is cut off or too large")
}

// AppendHeader appends the header in its encoded form to b.
func AppendHeader(b []byte, h Header) []byte {
	size := uint64(h.Size)
	c := byte(h.Type)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, c|0x80)
		c = byte(size & 0x7f)
	}
	b = append(b, c)
	switch h.Type {
	case plumbing.OFSDeltaObject:
		var tmp [10]byte
		i := len(tmp) - 1
		tmp[i] = byte(h.Back & 0x7f)
		for back := h.Back >> 7; back > 0; back >>= 7 {
			back--
			i--
			tmp[i] = 0x80 | byte(back&0x7f)
		}
		b = append(b, tmp[i:]...)
	case plumbing.REFDeltaObject:
		b = append(b, h.BaseID[:]...)
	}
	return b
}

// AppendFileHeader appends the header of a pack of count entries to b.
func AppendFileHeader(b []byte, count uint32) []byte {
	b = append(b, "PACK\x00\x00\x00\x02"...)
	return binary.BigEndian.AppendUint32(b, count)
}

// ParseFileHeader reads the header of a pack and returns how many entries it declares.
func ParseFileHeader(b []byte) (uint32, error) {
	if len(b) < headerSize || string(b[:4]) != "PACK" {
		return 0, corrupt("no pack: it does not begin with PACK")
	}
	if v := binary.BigEndian.Uint32(b[4:]); v != 2 && v != 3 {
		return 0, corrupt("pack version %d is not supported", v)
	}
	return binary.BigEndian.Uint32(b[8:]), nil
}

// corruptError says what is wrong; it wraps ErrCorrupt.
type corruptError string

func corrupt(format string, args ...any) error { return corruptError(fmt.Sprintf(format, args...)) }

func (e corruptError) Error() string { return "corrupt pack: " + string(e) }
func (e corruptError) Unwrap() error { return ErrCorrupt }

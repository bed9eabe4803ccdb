// Package inflate decodes zlib streams from memory to memory (RFC 1950, RFC 1951).
//
// Most objects of a pack are a few hundred bytes: what they cost is starting a decompressor, not running it. This one
// has nothing to start: the input lies in memory, and the output's size is known before, since every entry of a pack
// declares it. It writes matches straight into the output, which is its own window, and holds no state from one stream
// to the next but the tables of the fixed code.
//
//	CMF FLG ┃ block ┃ … ┃ last block ┃ Adler-32
//	            │
//	            ├─ stored:  length, its complement, bytes
//	            └─ symbols: a code (fixed, or described first), then literals and (length, distance) pairs up to the end mark
//
// It accepts what zlib accepts and nothing else, so that git can read what was accepted. Streams that do not lie in
// memory whole are for klauspost/compress. The package imports nothing of ours.
package inflate

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
)

var (
	// ErrMore says that the stream goes on behind the input.
	ErrMore = errors.New("the stream is cut off")
	// ErrLength says that the stream holds more or fewer bytes than there is room for.
	ErrLength = errors.New("it is longer or shorter than it declares")
	// ErrStream says that the input is no zlib stream.
	ErrStream = errors.New("invalid zlib stream")
	// ErrSum says that what was decoded has another checksum than the stream ends in.
	ErrSum = errors.New("its checksum is wrong")
)

// maxWidth is how many bits of the input index a code's table at the most; longer symbols go on in a subtable.
const maxWidth = 10

// Decoder decodes streams, one after the other; its zero value is ready. It is used by one goroutine at a time.
type Decoder struct {
	in  []byte
	pos int
	// hold are the next count bits of the input, lowest first; count is below zero when more was used than there is.
	hold  uint64
	count int
	out   []byte
	at    int

	literals, distances code
	fixed               bool // they are those of the fixed code
	lens                [320]uint8
}

// Decode decodes the stream at the beginning of in to exactly all of out and returns how long the stream is, in bytes.
// The errors are ErrMore, ErrLength, ErrStream and ErrSum; the content of out is then undefined.
func (z *Decoder) Decode(in, out []byte) (int, error) {
	z.in, z.pos, z.hold, z.count, z.out, z.at = in, 0, 0, 0, out, 0
	defer func() { z.in, z.out = nil, nil }()
	if len(in) < 2 {
		return 0, ErrMore
	}
	// RFC 1950, 2.2: method 8 with a window of up to 32 KiB, no preset dictionary.
	if in[0]&15 != 8 || in[0]>>4 > 7 || in[1]&0x20 != 0 || binary.BigEndian.Uint16(in)%31 != 0 {
		return 0, ErrStream
	}
	z.pos = 2
	for last := false; !last; {
		head := z.take(3)
		last = head&1 != 0
		if err := z.block(head >> 1); err != nil {
			return 0, err
		}
	}
	if z.at != len(out) {
		return 0, ErrLength
	}
	z.align()
	if len(in)-z.pos < 4 {
		return 0, ErrMore
	}
	if binary.BigEndian.Uint32(in[z.pos:]) != adler32.Checksum(out) {
		return 0, ErrSum
	}
	return z.pos + 4, nil
}

// block decodes one block (RFC 1951, 3.2.3).
func (z *Decoder) block(kind uint32) error {
	if z.count < 0 {
		return ErrMore
	}
	switch kind {
	case 0:
		return z.stored()
	case 1:
		z.fixedCode()
		return z.symbols()
	case 2:
		z.fixed = false
		if err := z.dynamicCode(); err != nil {
			return err
		}
		return z.symbols()
	}
	return ErrStream
}

// refill makes at least 56 bits available, as far as the input goes.
func (z *Decoder) refill() {
	if len(z.in)-z.pos >= 8 {
		z.hold |= binary.LittleEndian.Uint64(z.in[z.pos:]) << (z.count & 63)
		z.pos += (63 - z.count) >> 3
		z.count |= 56
		return
	}
	for z.count <= 56 && z.pos < len(z.in) {
		z.hold |= uint64(z.in[z.pos]) << (z.count & 63)
		z.pos++
		z.count += 8
	}
}

// take uses n ≤ 16 bits of the input; the caller looks at count afterwards.
func (z *Decoder) take(n int) uint32 {
	if z.count >= 0 && z.count < n {
		z.refill()
	}
	v := uint32(z.hold) & (1<<n - 1)
	z.hold >>= n
	z.count -= n
	return v
}

// align goes to the next whole byte and gives back what is held.
func (z *Decoder) align() {
	z.pos -= z.count >> 3
	z.hold, z.count = 0, 0
}

func (z *Decoder) stored() error {
	z.align()
	if len(z.in)-z.pos < 4 {
		return ErrMore
	}
	n := int(binary.LittleEndian.Uint16(z.in[z.pos:]))
	if n != int(^binary.LittleEndian.Uint16(z.in[z.pos+2:])) {
		return ErrStream
	}
	z.pos += 4
	if n > len(z.out)-z.at {
		return ErrLength
	}
	if n > len(z.in)-z.pos {
		return ErrMore
	}
	copy(z.out[z.at:], z.in[z.pos:z.pos+n])
	z.at += n
	z.pos += n
	return nil
}

// symbols decodes a block's literals and matches. The state lives in local variables, which is what makes it fast.
func (z *Decoder) symbols() error {
	in, out, pos, at, hold, count := z.in, z.out, z.pos, z.at, z.hold, z.count
	literals, distances := &z.literals, &z.distances
	literalMask, distanceMask := literals.mask, distances.mask
	for {
		if count < 48 { // the most that one length with its distance takes
			if len(in)-pos >= 8 {
				hold |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
				pos += (63 - count) >> 3
				count |= 56
			} else {
				for ; count <= 56 && pos < len(in); pos++ {
					hold |= uint64(in[pos]) << (count & 63)
					count += 8
				}
			}
		}
		e := literals.table[hold&literalMask&(1<<maxWidth-1)]
		if e&further != 0 {
			hold >>= maxWidth
			count -= maxWidth
			e = literals.sub[uint64(e>>16)+hold&(1<<(e>>8&31)-1)]
		}
		hold >>= e & 31
		count -= int(e & 31)
		if count < 0 {
			return ErrMore
		}
		if e&literal != 0 {
			if at == len(out) {
				return ErrLength
			}
			out[at] = byte(e >> 16)
			at++
			continue
		}
		if e&(end|bad) != 0 {
			z.pos, z.at, z.hold, z.count = pos, at, hold, count
			if e&end != 0 {
				return nil
			}
			return ErrStream
		}
		length := int(e>>16) + int(hold&(1<<(e>>8&31)-1))
		hold >>= e >> 8 & 31
		count -= int(e >> 8 & 31)

		e = distances.table[hold&distanceMask&(1<<maxWidth-1)]
		if e&further != 0 {
			hold >>= maxWidth
			count -= maxWidth
			e = distances.sub[uint64(e>>16)+hold&(1<<(e>>8&31)-1)]
		}
		hold >>= e & 31
		back := int(e>>16) + int(hold&(1<<(e>>8&31)-1))
		hold >>= e >> 8 & 31
		count -= int(e&31) + int(e>>8&31)
		switch {
		case count < 0:
			return ErrMore
		case e&bad != 0 || back > at:
			return ErrStream
		case length > len(out)-at:
			return ErrLength
		}
		repeat(out, at, back, length)
		at += length
	}
}

// repeat copies length bytes that lie back bytes behind at to at, where they may run into one another. There is room.
func repeat(out []byte, at, back, length int) {
	if back >= 8 && len(out)-at >= length+8 {
		for i := 0; i < length; i += 8 {
			binary.LittleEndian.PutUint64(out[at+i:], binary.LittleEndian.Uint64(out[at-back+i:]))
		}
		return
	}
	if back >= length {
		copy(out[at:at+length], out[at-back:])
		return
	}
	to, from := out[at:at+length], out[at-back:]
	for i := range to {
		to[i] = from[i]
	}
}

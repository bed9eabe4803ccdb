package ingest

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"jeton/vcs/pack"
)

// patch applies a delta that is too large to be held, or whose base or result is: the delta is read and the result
// written as it goes, the base read where it is asked for (gitformat-pack, "deltified representation").
type patch struct {
	ctx   context.Context
	delta *bufio.Reader
	base  *held
	to    io.Writer
	left  int64 // of the result
	buf   []byte
}

// run applies all of the delta, whose result must be exactly size bytes.
func (p *patch) run(size int64) error {
	base, err := p.varint()
	if err != nil {
		return err
	}
	result, err := p.varint()
	if err != nil {
		return err
	}
	if base != p.base.size || result != size {
		return fmt.Errorf("delta is for a base of %d bytes, its base has %d: %w", base, p.base.size, pack.ErrCorrupt)
	}
	p.left = size
	for {
		op, err := p.delta.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := p.step(op); err != nil {
			return err
		}
	}
	if p.left != 0 {
		return fmt.Errorf("delta makes less than it declares: %w", pack.ErrCorrupt)
	}
	return nil
}

// varint reads a size: 7 bits a byte, the lowest first.
func (p *patch) varint() (int64, error) {
	var v int64
	for shift := 0; shift < 63; shift += 7 {
		c, err := p.delta.ReadByte()
		if err != nil {
			return 0, p.cut(err)
		}
		v |= int64(c&0x7f) << shift
		if c&0x80 == 0 {
			return v, nil
		}
	}
	return 0, fmt.Errorf("size in a delta is too large: %w", pack.ErrCorrupt)
}

// step carries out one instruction.
func (p *patch) step(op byte) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if op == 0 {
		return fmt.Errorf("delta uses the reserved instruction: %w", pack.ErrCorrupt)
	}
	if op&0x80 == 0 {
		b := p.buf[:op]
		if _, err := io.ReadFull(p.delta, b); err != nil {
			return p.cut(err)
		}
		return p.write(b)
	}
	var operands int64 // four bytes of offset, three of length, each there or not
	for i := range 7 {
		if op>>i&1 == 0 {
			continue
		}
		c, err := p.delta.ReadByte()
		if err != nil {
			return p.cut(err)
		}
		operands |= int64(c) << (8 * i)
	}
	off, length := operands&(1<<32-1), operands>>32
	if length == 0 {
		length = 1 << 16
	}
	if off > p.base.size || length > p.base.size-off {
		return fmt.Errorf("delta copies from beyond its base: %w", pack.ErrCorrupt)
	}
	return p.copy(off, length)
}

func (p *patch) copy(off, length int64) error {
	for length > 0 {
		b := p.buf[:min(length, int64(len(p.buf)))]
		if _, err := p.base.ReadAt(b, off); err != nil {
			return fmt.Errorf("read base: %w", err)
		}
		if err := p.write(b); err != nil {
			return err
		}
		off += int64(len(b))
		length -= int64(len(b))
	}
	return nil
}

func (p *patch) write(b []byte) error {
	p.left -= int64(len(b))
	if p.left < 0 {
		return fmt.Errorf("delta makes more than it declares: %w", pack.ErrCorrupt)
	}
	_, err := p.to.Write(b)
	return err
}

func (p *patch) cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("delta is cut off: %w", pack.ErrCorrupt)
	}
	return err
}

package pack

import (
	"bufio"
	"fmt"
	"io"
)

// mender applies a delta that is streamed, for objects that are not held in memory.
type mender struct {
	delta    *bufio.Reader
	base     io.ReaderAt
	baseSize int64
	to       io.Writer
	expect   func(size int64) // is told how large the result is said to be, before any of it is written; nil: nobody asks
	left     int64            // what is still to come of the result
	buf      []byte
}

// run applies all of the delta. ErrTooLarge where the result has more than limit bytes; other errors wrap ErrCorrupt or
// are those of reading and writing.
func (m *mender) run(limit int64) error {
	base, err := m.size()
	if err != nil {
		return err
	}
	if m.left, err = m.size(); err != nil {
		return err
	}
	if base != m.baseSize {
		return corrupt("delta is for a base of %d bytes, its base has %d", base, m.baseSize)
	}
	if m.left > limit {
		return ErrTooLarge
	}
	if m.expect != nil {
		m.expect(m.left)
	}
	m.buf = make([]byte, 64<<10)
	for {
		op, err := m.delta.ReadByte()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = m.step(op)
		}
		if err != nil {
			return err
		}
	}
	if m.left != 0 {
		return corrupt("delta makes less than it declares")
	}
	return nil
}

// size reads one of the two sizes that a delta begins with.
func (m *mender) size() (int64, error) {
	b, err := m.delta.Peek(maxDeltaSize)
	if err != nil && err != io.EOF {
		return 0, err
	}
	size, n, err := deltaSize(b)
	if err == nil {
		_, err = m.delta.Discard(n)
	}
	return size, err
}

// step carries out one instruction.
func (m *mender) step(op byte) error {
	switch {
	case op == 0:
		return corrupt("delta uses the reserved instruction")
	case op&0x80 == 0:
		b := m.buf[:op]
		if _, err := io.ReadFull(m.delta, b); err != nil {
			return cutOff(err)
		}
		return m.write(b)
	}
	var operands [7]byte
	n := 0
	for i := range operands {
		if op>>i&1 == 0 {
			continue
		}
		c, err := m.delta.ReadByte()
		if err != nil {
			return cutOff(err)
		}
		operands[n] = c
		n++
	}
	off, length, _ := copyRange(op, operands[:n])
	if int64(off) > m.baseSize || int64(length) > m.baseSize-int64(off) {
		return corrupt("delta copies from beyond its base")
	}
	return m.copy(int64(off), int64(length))
}

// copy takes a range of the base over.
func (m *mender) copy(off, length int64) error {
	for length > 0 {
		b := m.buf[:min(length, int64(len(m.buf)))]
		if n, err := m.base.ReadAt(b, off); n < len(b) {
			return fmt.Errorf("read base: %w", err)
		}
		if err := m.write(b); err != nil {
			return err
		}
		off, length = off+int64(len(b)), length-int64(len(b))
	}
	return nil
}

func (m *mender) write(b []byte) error {
	if m.left -= int64(len(b)); m.left < 0 {
		return corrupt("delta makes more than it declares")
	}
	_, err := m.to.Write(b)
	return err
}

// cutOff says what the end of a delta in the middle of an instruction is.
func cutOff(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("delta is cut off")
	}
	return err
}

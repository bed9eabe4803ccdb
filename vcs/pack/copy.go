package pack

import (
	"fmt"
	"io"
)

const (
	// copyBuffer is how much of a pack is read at once while it is copied.
	copyBuffer = 256 << 10
	// rangeFrom is how long a range must be to be handed to a RangeWriter, rangeStep the most that it is handed at once,
	// so that a context can end it.
	rangeFrom = 1 << 20
	rangeStep = 32 << 20
)

// copier takes ranges of one pack over to the output, neighbours as one. What it has taken stands behind what was
// written before and in front of what is written after finish.
//
//	pack:  ──────┬───────────────┬─────────┬──────
//	             from         summed       to          summed is from where there is no RangeWriter
type copier struct {
	w    *packWriter
	pack *Pack
	buf  []byte // bytes of the pack from off on
	off  int64
	// from is where the bytes begin that are to be written, summed where those begin that are not in the checksum yet.
	from, summed, to int64
	byRange          bool
}

func newCopier(w *packWriter, p *Pack) *copier {
	return &copier{w: w, pack: p, byRange: w.ranges != nil && p.File != nil}
}

// peek returns n bytes of the pack from off on, valid until the next call; upto is how far more will be asked for.
func (c *copier) peek(off, n, upto int64) ([]byte, error) {
	if n <= 0 {
		return nil, corrupt("two entries of %s begin at %d", c.pack.Name, off)
	}
	if off < c.off || off+n > c.off+int64(len(c.buf)) {
		if err := c.settle(); err != nil {
			return nil, err
		}
		if err := c.fill(off, max(n, upto-off)); err != nil {
			return nil, err
		}
	}
	return c.buf[off-c.off:][:n], nil
}

// fill reads up to n bytes at off into the buffer.
func (c *copier) fill(off, n int64) error {
	n = min(n, copyBuffer, c.pack.Size-off)
	if int64(cap(c.buf)) < n {
		c.buf = make([]byte, n)
	}
	c.buf, c.off = c.buf[:n], off
	if err := readFull(c.pack.Data, c.buf, off); err != nil {
		c.buf = c.buf[:0]
		return err
	}
	return nil
}

// take takes a range. What was taken before is written first, unless this one follows it.
func (c *copier) take(from, to int64) error {
	if c.to != from || c.from == c.to {
		if err := c.finish(); err != nil {
			return err
		}
		c.from, c.summed = from, from
	}
	c.to = to
	c.w.at += to - from
	return nil
}

// each runs fn over the bytes of a range, a piece at a time; ctx ends it between two reads.
func (c *copier) each(from, to int64, fn func(b []byte) error) error {
	for from < to {
		if from < c.off || from >= c.off+int64(len(c.buf)) {
			if err := c.w.ctx.Err(); err != nil {
				return err
			}
			if err := c.fill(from, to-from); err != nil {
				return err
			}
		}
		b := c.buf[from-c.off:]
		b = b[:min(int64(len(b)), to-from)]
		if err := fn(b); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}

// settle is to be called before the buffer is filled anew: the range is written, or, where it may become long enough for
// a RangeWriter, at least summed.
func (c *copier) settle() error {
	if !c.byRange {
		return c.finish()
	}
	if err := c.each(c.summed, c.to, c.sum); err != nil {
		return err
	}
	c.summed = c.to
	return nil
}

func (c *copier) sum(b []byte) error {
	if c.w.sum != nil {
		_, _ = c.w.sum.Write(b)
	}
	return nil
}

// finish writes what was taken.
func (c *copier) finish() error {
	var err error
	switch {
	case c.from == c.to:
		return nil
	case c.summed == c.from && (!c.byRange || c.to-c.from < rangeFrom):
		err = c.each(c.from, c.to, func(b []byte) error {
			_ = c.sum(b)
			return c.write(b)
		})
	default:
		if err = c.each(c.summed, c.to, c.sum); err == nil {
			err = c.send(c.from, c.to)
		}
	}
	c.from, c.summed = c.to, c.to
	return err
}

func (c *copier) write(b []byte) error {
	_, err := c.w.out.Write(b)
	return err
}

// send sends a range that is in the checksum already, or needs none.
func (c *copier) send(from, to int64) error {
	if !c.byRange || to-from < rangeFrom {
		return c.each(from, to, c.write)
	}
	if err := c.w.out.Flush(); err != nil {
		return err
	}
	for from < to {
		if err := c.w.ctx.Err(); err != nil {
			return err
		}
		n := min(to-from, rangeStep)
		err := c.w.ranges.CopyRange(c.pack.File, from, n)
		if err == io.ErrUnexpectedEOF {
			return corrupt("%s ends before %d", c.pack.Name, from+n)
		}
		if err != nil {
			return fmt.Errorf("send a range: %w", err)
		}
		from += n
	}
	return nil
}

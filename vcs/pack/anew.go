package pack

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// countingWriter counts what passes.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// anew writes an object whole, deflated: its entry could not be copied because the base does not go along.
func (w *packWriter) anew(g *group, it *item) error {
	kind, data, err := w.set.read(g.pack, it.off, DefaultRead)
	if err != nil {
		return fmt.Errorf("deflate the object at %d: %w", it.off, err)
	}
	w.head = AppendHeader(w.head[:0], Header{Type: kind, Size: int64(len(data))})
	if err := w.bytes(w.head); err != nil {
		return err
	}
	to := &countingWriter{w: w.out}
	z := zlib.NewWriter(to)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.at += to.n
	return nil
}

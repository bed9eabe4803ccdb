package pack

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// anew writes an object whole, deflated: its entry could not be copied because the base does not go along. It is
// streamed, however large it is.
func (w *packWriter) anew(g *group, c *copier, off int64) error {
	if err := c.finish(); err != nil {
		return err
	}
	o, err := w.set.open(g.pack, off, 1<<62)
	if err != nil {
		return fmt.Errorf("deflate the object at %d: %w", off, err)
	}
	defer o.Close()
	w.head = AppendHeader(w.head[:0], Header{Type: o.Type, Size: o.Size})
	if err := w.bytes(w.head); err != nil {
		return err
	}
	if w.deflater == nil {
		w.deflater = zlib.NewWriter(deflating{w})
	} else {
		w.deflater.Reset(deflating{w})
	}
	if _, err := io.Copy(w.deflater, o); err != nil {
		return fmt.Errorf("deflate the object at %d: %w", off, err)
	}
	return w.deflater.Close()
}

// deflating is where a deflater writes to.
type deflating struct{ w *packWriter }

// Write implements io.Writer.
func (d deflating) Write(b []byte) (int, error) {
	if err := d.w.ctx.Err(); err != nil {
		return 0, err
	}
	return len(b), d.w.bytes(b)
}

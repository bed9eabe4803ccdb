package ingest

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"jeton/vcs/oid"
)

// held is an inflated object while deltas are resolved: in memory, or, where it is large, in a file without a name.
// (A mapped file would be simpler to use, but a failing disk is then a fault that ends the process.)
type held struct {
	b    []byte
	file *os.File
	size int64
}

// ReadAt implements io.ReaderAt.
func (h *held) ReadAt(p []byte, off int64) (int, error) {
	if h.file != nil {
		return h.file.ReadAt(p, off)
	}
	if off >= h.size {
		return 0, io.EOF
	}
	n := copy(p, h.b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// cost is what it counts against Limits.Memory: a byte on disk is a sixteenth of one in memory.
func (h *held) cost() int64 {
	if h.file != nil {
		return h.size / 16
	}
	return int64(cap(h.b))
}

// free lets go of it; nil is none.
func (h *held) free() {
	if h != nil && h.file != nil {
		_ = h.file.Close() // it has no name: nothing is lost
	}
}

// spill makes a held object of exactly size bytes in a file of Dir from what fill writes. Where hasher is not nil, all
// goes through it as well.
func (in *intake) spill(size int64, hasher *oid.Hasher, fill func(w io.Writer) error) (*held, error) {
	f, err := os.CreateTemp(in.o.Dir, "object-")
	if err != nil {
		return nil, fmt.Errorf("spill object: %w", err)
	}
	h := &held{file: f, size: size}
	if err := os.Remove(f.Name()); err != nil {
		h.free()
		return nil, fmt.Errorf("spill object: %w", err)
	}
	w := bufio.NewWriterSize(f, 64<<10)
	to := io.Writer(w)
	if hasher != nil {
		to = io.MultiWriter(w, hasher)
	}
	err = fill(to)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		h.free()
		return nil, fmt.Errorf("spill object of %d bytes: %w", size, err)
	}
	return h, nil
}

package ingest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// spill is the size from which an inflated object lives in a mapped file of the quarantine instead of the heap.
const spill = 16 << 20

// buffer is an inflated object while deltas are resolved.
type buffer struct {
	b      []byte
	mapped bool
}

// allocate makes a buffer of size bytes: on the heap, or a large one in an unlinked file, whose pages the system can
// write out. The file's room is reserved first, because a full disk would otherwise be a fault in the map.
func (in *intake) allocate(size int64) (*buffer, error) {
	if size < spill {
		return &buffer{b: make([]byte, size)}, nil
	}
	f, err := os.CreateTemp(in.o.Dir, "object-")
	if err != nil {
		return nil, fmt.Errorf("spill object: %w", err)
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("spill object: %w", err)
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, size); err != nil {
		return nil, fmt.Errorf("spill object of %d bytes: %w", size, err)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("spill object: %w", err)
	}
	return &buffer{b: b, mapped: true}, nil
}

// free lets go of a buffer; nil is none.
func (b *buffer) free() {
	if b != nil && b.mapped {
		_ = unix.Munmap(b.b)
		b.b = nil
	}
}

package pack

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// spool is bytes that are written once and then read anywhere: in memory up to inMemory of them, then in a file that has
// no name any more, so that nothing is left whatever happens.
type spool struct {
	dirs  []string // where the file may be, the best first
	buf   []byte   // all bytes, or those that are not in the file yet
	file  *os.File
	size  int64
	large bool // it is known to come to more than inMemory
}

// newSpool makes one beside the pack, where there is room for large things; /tmp is often memory.
func (p *Pack) newSpool() *spool {
	s := &spool{dirs: []string{os.TempDir()}}
	if p.File != nil {
		s.dirs = []string{filepath.Dir(p.File.Name()), os.TempDir()}
	}
	return s
}

// expect says beforehand how large it will be, as far as is known: what is large goes into the file from its first byte on,
// and memory does not grow in vain.
func (s *spool) expect(size int64) { s.large = size > inMemory }

// spoolWrite is how much is written to the file at once.
const spoolWrite = 256 << 10

// Write implements io.Writer.
func (s *spool) Write(b []byte) (int, error) {
	if s.file == nil && (s.large || len(s.buf)+len(b) > inMemory) {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	s.buf = append(s.buf, b...)
	s.size += int64(len(b))
	if s.file != nil && len(s.buf) >= spoolWrite {
		return len(b), s.flush()
	}
	return len(b), nil
}

// spill goes over from memory to a file.
func (s *spool) spill() error {
	var failed error
	for _, dir := range s.dirs {
		// git's own cleaning knows tmp_ and takes such a file away if this dies before the next line.
		f, err := os.CreateTemp(dir, "tmp_obj_*")
		if err != nil {
			failed = err
			continue
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("make a file for a large object: %w", err)
		}
		err = s.flush()
		s.buf = nil // it was large
		return err
	}
	return fmt.Errorf("make a file for a large object: %w", failed)
}

// flush brings what was written to the file, if there is one.
func (s *spool) flush() error {
	if s.file == nil {
		return nil
	}
	_, err := s.file.Write(s.buf)
	s.buf = s.buf[:0]
	if err != nil {
		return fmt.Errorf("write a large object to its file: %w", err)
	}
	return nil
}

// ReadAt implements io.ReaderAt over what was flushed.
func (s *spool) ReadAt(b []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(b, off)
	}
	if off >= int64(len(s.buf)) {
		return 0, io.EOF
	}
	n := copy(b, s.buf[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Close lets go of the bytes.
func (s *spool) Close() error {
	s.buf = nil
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

package sshcert

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// maxFile bounds a file, in bytes.
const maxFile = 16 << 20

// file is what stands in a file, read anew when the file has changed. A file that cannot be read any more is an error
// until it can: what was in it before is not gone back to, since it may have been taken out.
type file[T any] struct {
	path  string
	parse func([]byte) (T, error)

	// mu guards what follows.
	mu    sync.Mutex
	seen  os.FileInfo
	value T
	err   error
}

func newFile[T any](path string, parse func([]byte) (T, error)) *file[T] {
	return &file[T]{path: path, parse: parse}
}

// get is what stands in the file now; the zero value where there is no file at all.
func (f *file[T]) get() (T, error) {
	if f.path == "" {
		return f.value, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(f.path)
	if err != nil {
		f.seen = nil
		var none T
		return none, err
	}
	if f.seen == nil || !os.SameFile(f.seen, now) || f.seen.Size() != now.Size() || !f.seen.ModTime().Equal(now.ModTime()) {
		f.seen = now
		f.value, f.err = f.read()
	}
	return f.value, f.err
}

func (f *file[T]) read() (T, error) {
	var none T
	in, err := os.Open(f.path)
	if err != nil {
		return none, err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	switch {
	case err != nil:
		return none, err
	case len(text) > maxFile:
		return none, fmt.Errorf("%s is longer than %d bytes", f.path, maxFile)
	}
	value, err := f.parse(text)
	if err != nil {
		return none, fmt.Errorf("%s: %w", f.path, err)
	}
	return value, nil
}

// Package mapped reads files through memory maps that cannot kill the process.
//
// A read of a mapped page whose file was cut short, or whose disk failed, raises a fault, and a fault ends a Go
// program. Here every read runs inside Do, where the fault becomes ErrFault and ends one request. Index-like files are
// read this way, and only through this package; pack data is read with pread instead. It imports nothing of ours.
package mapped

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

var (
	// ErrFault says that pages of a map could not be read: the file was cut short, or the disk failed.
	ErrFault = errors.New("mapped file cannot be read (cut short, or the disk fails)")
	// ErrClosed says that the map was closed before the read began.
	ErrClosed = errors.New("mapped file is closed")
)

// File is a read-only memory map of a whole file; safe for concurrent use.
type File struct {
	b []byte
	// users counts the opener (until Close) and each running Do; whoever brings it to zero unmaps.
	users  atomic.Int64
	closed atomic.Bool
}

// Open maps the file at path as it is now; what is appended later is not seen.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m := &File{}
	m.users.Store(1)
	if st.Size() == 0 {
		return m, nil
	}
	m.b, err = unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return m, nil
}

// Len is the size of the map in bytes.
func (f *File) Len() int64 { return int64(len(f.b)) }

// Do runs fn over the mapped bytes, which must not be kept or changed. It returns fn's error, ErrFault when pages could
// not be read, or ErrClosed. fn must not start goroutines that read the bytes: a fault there could not be caught.
func (f *File) Do(fn func(b []byte) error) (err error) {
	if !f.enter() {
		return ErrClosed
	}
	defer f.leave()
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			if !isFault(r) {
				panic(r)
			}
			err = ErrFault
		}
	}()
	return fn(f.b)
}

// isFault tells a memory fault, which carries its address, from every other panic.
func isFault(r any) bool {
	fault, ok := r.(interface {
		error
		Addr() uintptr
	})
	return ok && fault.Addr() != 0
}

func (f *File) enter() bool {
	for {
		n := f.users.Load()
		if n == 0 || f.closed.Load() {
			return false
		}
		if f.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (f *File) leave() {
	if f.users.Add(-1) == 0 && f.b != nil {
		_ = unix.Munmap(f.b)
	}
}

// Close lets go of the map: at once, or when the last Do that still runs has ended. A second Close does nothing.
func (f *File) Close() error {
	if f.closed.CompareAndSwap(false, true) {
		f.leave()
	}
	return nil
}

// Package mapped reads files through memory maps that cannot kill the process.
//
// A read of a mapped page whose file was cut short, or whose disk failed, raises a fault, and a fault ends a Go
// program. Here every read runs inside Do, where the fault becomes ErrFault and ends one request. Index-like files are
// read this way, and only through this package; pack data is read with pread instead. It imports nothing of ours.
//
//	Open ──► map, users = 1
//	Do   ──► users + 1 ── SetPanicOnFault ── fn(bytes) ── a fault in these bytes? ErrFault ── users - 1
//	Close ─► no new Do, users - 1            whoever brings users to zero unmaps
//
// A Do costs about as much as a call through a mutex (BenchmarkDo), so that every look-up can have its own.
package mapped

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

var (
	// ErrFault says that pages of a map could not be read: the file was cut short, or the disk failed.
	ErrFault = errors.New("mapped file cannot be read (cut short, or the disk fails)")
	// ErrClosed says that the map was closed before the read began.
	ErrClosed = errors.New("mapped file is closed")
	// ErrNotMappable says that the path is no regular file, or one that is larger than the address space.
	ErrNotMappable = errors.New("not a regular file of a size that can be mapped")
)

// File is a read-only memory map of a whole file; safe for concurrent use.
type File struct {
	b []byte
	// users counts the opener (until Close) and each running Do; whoever brings it to zero unmaps.
	users  atomic.Int64
	closed atomic.Bool
}

// Open maps the file at path as it is now; what is appended later is not seen. ErrNotMappable, or the system's error.
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
	if !st.Mode().IsRegular() || st.Size() > math.MaxInt {
		return nil, fmt.Errorf("map %s: %w", path, ErrNotMappable)
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
			if !f.faulted(r) {
				panic(r)
			}
			err = ErrFault
		}
	}()
	return fn(f.b)
}

// faulted tells a fault in this map from every other panic, which is a bug or another map's matter and goes on.
// Only memory faults carry an address (runtime/debug, SetPanicOnFault).
func (f *File) faulted(r any) bool {
	fault, ok := r.(interface {
		error
		Addr() uintptr
	})
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(f.b)))
	return ok && fault.Addr() >= begin && fault.Addr()-begin < uintptr(len(f.b))
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

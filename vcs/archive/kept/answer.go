package kept

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"time"
)

// Answer is an archive for one client. Not for concurrent use.
type Answer struct {
	s        *Store
	ctx      context.Context
	key      Key
	assemble Assemble

	// What it is read from: a kept file, one that grows, or what is assembled for this client alone.
	file   *os.File
	sum    [sha256.Size]byte
	flight *flight
	alone  *alone
	off    int64
}

// Kept is the kept file and its SHA-256; false where it is being assembled. The file is closed with the answer.
func (a *Answer) Kept() (*os.File, [sha256.Size]byte, bool) { return a.file, a.sum, a.file != nil }

// Whole waits until the archive is kept whole, and reports whether it is: it may turn out too large, or fail, which reading
// tells.
func (a *Answer) Whole() bool {
	if a.file != nil || a.flight == nil || a.off > 0 {
		return a.file != nil
	}
	select {
	case <-a.flight.ended:
	case <-a.ctx.Done():
		return false
	}
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.file, a.sum = a.s.open(a.key.place())
	return a.file != nil
}

// Read implements io.Reader: io.EOF comes when the archive is whole, and not before.
func (a *Answer) Read(p []byte) (n int, err error) {
	switch {
	case a.file != nil:
		n, err = a.file.Read(p)
	case a.alone == nil && a.flight != nil:
		n, err = a.along(p)
	default:
		n, err = a.single(p)
	}
	a.off += int64(n)
	return n, err
}

// along reads from a file while it grows.
func (a *Answer) along(p []byte) (int, error) {
	fl := a.flight
	for {
		fl.mu.Lock()
		size, whole, err, file, changed := fl.size, fl.whole, fl.err, fl.file, fl.changed
		fl.mu.Unlock()
		switch {
		case a.off < size:
			return file.ReadAt(p[:min(int64(len(p)), size-a.off)], a.off)
		case whole:
			return 0, io.EOF
		case errors.Is(err, errFull) || errors.Is(err, errDisk):
			return a.single(p)
		case err != nil:
			return 0, err
		}
		select {
		case <-changed:
		case <-a.ctx.Done():
			return 0, context.Cause(a.ctx)
		}
	}
}

// alone is an archive that is assembled for one client.
type alone struct {
	*io.PipeReader
	cancel context.CancelFunc
	ended  chan struct{}
}

// single reads what is assembled for this client alone, from where it has come to.
func (a *Answer) single(p []byte) (int, error) {
	if a.alone == nil {
		wait := a.s.o.Wait
		if a.off > 0 {
			wait = time.Hour // the client has begun already: ctx ends it
		}
		if err := a.begin(wait); err != nil {
			return 0, err
		}
		if _, err := io.CopyN(io.Discard, a.alone, a.off); err != nil {
			return 0, err
		}
	}
	return a.alone.Read(p)
}

func (a *Answer) begin(wait time.Duration) error {
	if err := a.s.seat(a.ctx, wait); err != nil {
		return err
	}
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(a.ctx)
	a.alone = &alone{r, cancel, make(chan struct{})}
	ended := a.alone.ended
	a.s.group.Go(func() {
		defer close(ended)
		defer a.s.leave()
		defer context.AfterFunc(a.s.done, cancel)()
		out := bufio.NewWriterSize(w, buffered)
		err := a.assemble(ctx, out)
		if err == nil {
			err = out.Flush()
		}
		_ = w.CloseWithError(err) // nil is io.EOF for the reader
	})
	return nil
}

// Close ends the reading; where nobody else reads along, it ends the assembly too.
func (a *Answer) Close() error {
	if a.alone != nil {
		a.alone.cancel()
		_ = a.alone.Close()
		<-a.alone.ended
	}
	if fl := a.flight; fl != nil {
		a.s.mu.Lock()
		if fl.readers--; fl.readers == 0 && a.s.flights[fl.place] == fl && !fl.complete() {
			delete(a.s.flights, fl.place) // whoever asks from now on begins anew
			fl.cancel(errNobody)
		}
		a.s.mu.Unlock()
		fl.let()
	}
	if a.file != nil {
		return a.file.Close()
	}
	return nil
}

var errNobody = errors.New("nobody waits for it any more")

func (fl *flight) complete() bool {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	return fl.whole
}

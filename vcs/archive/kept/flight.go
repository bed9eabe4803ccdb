package kept

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// errFull: what is assembled has grown larger than what may be kept.
var errFull = errors.New("too large to be kept")

// errDisk: the folder takes nothing. Clients are served without it.
var errDisk = errors.New("the folder of kept archives cannot be written to")

// buffered is how much of what is assembled is handed on at a time, in bytes.
const buffered = 256 << 10

// flight is an archive that is being assembled into a file, for all who read along.
type flight struct {
	s      *Store
	place  string
	ctx    context.Context
	cancel context.CancelCauseFunc

	// readers and forgotten are guarded by the store's mutex. Who is forgotten is not kept.
	readers   int
	forgotten bool

	mu      sync.Mutex // guards what follows
	file    *os.File   // nil until it was begun
	size    int64      // how much of it can be read
	whole   bool       // nothing comes any more
	err     error      // why nothing comes any more, where it is not whole
	changed chan struct{}
	ended   chan struct{} // closed when nothing changes any more, and what is kept is kept
	holders int           // the assembly and those who read; the last one closes the file
}

// start assembles an archive from now on. s.mu is held.
func (s *Store) start(place string, assemble Assemble) *flight {
	fl := &flight{s: s, place: place, changed: make(chan struct{}), ended: make(chan struct{}), holders: 1}
	fl.ctx, fl.cancel = context.WithCancelCause(s.done)
	s.flights[place] = fl
	s.group.Go(func() {
		defer fl.cancel(nil)
		err := fl.run(assemble)
		if cause := context.Cause(fl.ctx); err != nil && fl.ctx.Err() != nil {
			err = errors.Join(ErrGone, cause)
		}
		fl.land(err)
	})
	return fl
}

// seat waits for a place among those who assemble.
func (s *Store) seat(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case s.seats <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Store) leave() { <-s.seats }

// run assembles into a file, and renames it when it is whole and on disk.
func (fl *flight) run(assemble Assemble) error {
	if err := fl.s.seat(fl.ctx, fl.s.o.Wait); err != nil {
		return err
	}
	defer fl.s.leave()
	dir := filepath.Join(fl.s.o.Dir, filepath.Dir(fl.place))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	f, err := os.CreateTemp(dir, partial)
	if err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	fl.mu.Lock()
	fl.file = f
	fl.mu.Unlock()
	w := &growing{fl: fl, sum: sha256.New()}
	out := bufio.NewWriterSize(w, buffered)
	if err = assemble(fl.ctx, out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		fl.change(func() { fl.whole = true })
		err = fl.keep(f, w.sum)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		fl.s.release(w.size)
	}
	return err
}

// keep makes a whole file one that is kept. Those who read along need not wait for it.
func (fl *flight) keep(f *os.File, sum hash.Hash) error {
	if err := f.Sync(); err != nil { // else a crash of the machine could leave a name with less behind it
		return fmt.Errorf("keep an archive: %w", err)
	}
	one := &file{place: fl.place, size: fl.size, used: time.Now()}
	sum.Sum(one.sum[:0])
	s := fl.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if fl.forgotten {
		return ErrGone
	}
	if s.files[fl.place] != nil { // nobody was waiting any more when somebody came and began anew
		s.used -= fl.size
		return os.Remove(f.Name())
	}
	if err := os.Rename(f.Name(), s.path(one)); err != nil {
		return fmt.Errorf("keep archive %s: %w", hex.EncodeToString(one.sum[:8]), err)
	}
	s.add(one)
	return nil
}

// land ends the flight.
func (fl *flight) land(err error) {
	s := fl.s
	s.mu.Lock()
	if s.flights[fl.place] == fl {
		delete(s.flights, fl.place)
	}
	if errors.Is(err, errFull) {
		if len(s.large) >= maxLarge {
			clear(s.large)
		}
		s.large[fl.place] = true
	}
	s.mu.Unlock()
	fl.change(func() {
		if fl.err = err; err != nil && fl.whole || errors.Is(err, errDisk) {
			s.o.Log.Error("an archive could not be kept", "error", err)
		}
	})
	close(fl.ended)
	fl.let()
}

// hold keeps the file open until let.
func (fl *flight) hold() {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	fl.holders++
}

// let gives up one hold on the file.
func (fl *flight) let() {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if fl.holders--; fl.holders == 0 && fl.file != nil {
		_ = fl.file.Close()
	}
}

// change tells all who wait that something is new.
func (fl *flight) change(what func()) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	what()
	close(fl.changed)
	fl.changed = make(chan struct{})
}

func (s *Store) release(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= n
}

// growing writes into the file of a flight.
type growing struct {
	fl   *flight
	sum  hash.Hash
	size int64 // what room was made for
}

// Write implements io.Writer. errFull where there is no room.
func (g *growing) Write(p []byte) (int, error) {
	s := g.fl.s
	s.mu.Lock()
	ok := s.reserve(int64(len(p)))
	s.mu.Unlock()
	if !ok {
		return 0, errFull
	}
	g.size += int64(len(p))
	n, err := g.fl.file.Write(p)
	if err != nil {
		return n, fmt.Errorf("%w: %w", errDisk, err)
	}
	_, _ = g.sum.Write(p)
	g.fl.change(func() { g.fl.size += int64(n) })
	return n, nil
}

var _ io.Writer = (*growing)(nil)

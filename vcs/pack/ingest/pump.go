package ingest

import (
	"sync/atomic"
)

// pump carries bytes to a goroutine that does something slow with them, such as writing or hashing, in large pieces.
// Its methods are for one goroutine; stop must be called.
type pump struct {
	buf    []byte
	full   chan []byte
	free   chan []byte   // as many as there are, so that the goroutine never waits
	done   chan struct{} // closed when all was done
	failed atomic.Bool
	err    error // read after failed or done
}

const (
	pumpPieces = 3
	pumpSize   = 64 << 10
)

// newPump starts the goroutine; do is called with one piece after the other, and no more after its first error.
func newPump(do func([]byte) error) *pump {
	p := &pump{full: make(chan []byte, pumpPieces), free: make(chan []byte, pumpPieces), done: make(chan struct{})}
	for range pumpPieces {
		p.free <- nil // made when it is needed
	}
	full := p.full // stop forgets it
	go func() {
		defer close(p.done)
		for b := range full {
			if p.err == nil {
				if err := caught(func() error { return do(b) }); err != nil {
					p.err = err
					p.failed.Store(true)
				}
			}
			p.free <- b[:0]
		}
	}()
	return p
}

// write hands over a copy of b.
func (p *pump) write(b []byte) error {
	for len(b) > 0 {
		if len(p.buf) == cap(p.buf) {
			if err := p.turn(); err != nil {
				return err
			}
		}
		n := copy(p.buf[len(p.buf):cap(p.buf)], b)
		p.buf = p.buf[:len(p.buf)+n]
		b = b[n:]
	}
	return nil
}

// Write implements io.Writer.
func (p *pump) Write(b []byte) (int, error) { return len(b), p.write(b) }

// turn sends a full piece and takes an empty one.
func (p *pump) turn() error {
	if len(p.buf) > 0 {
		p.full <- p.buf
	}
	p.buf = <-p.free
	if p.buf == nil {
		p.buf = make([]byte, 0, pumpSize)
	}
	if p.failed.Load() {
		return p.err
	}
	return nil
}

// stop sends what is left and waits until all is done. A second call only returns the same.
func (p *pump) stop() error {
	if p.full != nil {
		if len(p.buf) > 0 {
			p.full <- p.buf
		}
		close(p.full)
		p.full, p.buf = nil, nil
	}
	<-p.done
	return p.err
}

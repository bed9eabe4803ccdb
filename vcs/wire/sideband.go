package wire

import (
	"os"
	"sync"
)

// Payloads of side-band packets in bytes, the band's byte left out (gitprotocol-capabilities, "side-band").
const (
	SideBand64k = MaxPayload - 1
	SideBandOld = 1000 - 4 - 1
)

// The bands.
const (
	bandPack     = 1
	bandProgress = 2
	bandFatal    = 3
)

// SideBand multiplexes a pack, progress and a fatal error. It may be used by several goroutines: one writes the pack,
// another keeps the connection alive.
type SideBand struct {
	mu      sync.Mutex // guards w and quiet
	w       *Writer
	payload int
	quiet   bool // nothing was written since KeepAlive looked
}

// NewSideBand frames what is written into packets of at most payload bytes (SideBand64k or SideBandOld).
func NewSideBand(w *Writer, payload int) *SideBand { return &SideBand{w: w, payload: payload} }

// Write writes bytes of the pack, or of the report of a push.
func (s *SideBand) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		part := p[:min(len(p), s.payload)]
		if err := s.packet(bandPack, part); err != nil {
			return 0, err
		}
		p = p[len(part):]
	}
	return n, nil
}

func (s *SideBand) packet(band byte, p []byte) error {
	s.quiet = false
	s.w.head(len(p) + 1)
	s.w.raw([]byte{band})
	s.w.raw(p)
	return s.w.err
}

// CopyRange writes a range of a file in packets as large as may be.
func (s *SideBand) CopyRange(f *os.File, off, n int64) error {
	buf := make([]byte, s.payload)
	for n > 0 {
		b := buf[:min(n, int64(len(buf)))]
		if _, err := f.ReadAt(b, off); err != nil {
			return err
		}
		if _, err := s.Write(b); err != nil {
			return err
		}
		off, n = off+int64(len(b)), n-int64(len(b))
	}
	return nil
}

// Progress tells people something, at once. What a client sent is escaped by whoever puts it into text.
func (s *SideBand) Progress(text string) error { return s.say(bandProgress, text) }

// Fatal tells that there will be no more, and why.
func (s *SideBand) Fatal(text string) error { return s.say(bandFatal, text) }

func (s *SideBand) say(band byte, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for b := []byte(text); len(b) > 0; {
		part := b[:min(len(b), s.payload)]
		if err := s.packet(band, part); err != nil {
			return err
		}
		b = b[len(part):]
	}
	return s.w.Send()
}

// KeepAlive sends an empty packet of band 1 where nothing was sent since it was last called, so that proxies and
// impatient clients see that somebody is there.
func (s *SideBand) KeepAlive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.quiet {
		s.quiet = true
		return s.w.err
	}
	if err := s.packet(bandPack, nil); err != nil {
		return err
	}
	s.quiet = true
	return s.w.Send()
}

// Close writes the flush packet that ends the bands and sends everything.
func (s *SideBand) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.w.Flush()
	return s.w.Send()
}

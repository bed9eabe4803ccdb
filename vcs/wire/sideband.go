package wire

import (
	"io"
	"os"
	"sync"
)

// Payloads of side-band packets in bytes, the band's byte left out (gitprotocol-capabilities, "side-band").
const (
	SideBand64k = MaxPayload - 1
	SideBandOld = 1000 - headSize - 1
)

// The bands.
const (
	bandPack     = 1
	bandProgress = 2
	bandFatal    = 3
)

// bandHead is what stands before the payload: the length and the band.
const bandHead = headSize + 1

// SideBand multiplexes a pack, progress and a fatal error. It may be used by several goroutines: one writes the pack,
// another keeps the connection alive. The Writer below it is not to be used by anybody else until Close.
//
// What goes to band 1 is collected into full packets; Progress, Fatal, KeepAlive, Send and Close send what was collected.
type SideBand struct {
	payload int
	idle    byte // the band of an empty packet that says that nobody has gone away

	mu    sync.Mutex // guards what follows
	w     *Writer
	buf   []byte // a packet of band 1 that is not full yet, with room for its head; nil before the first
	quiet bool   // nothing was written since KeepAlive looked
	over  bool   // Close was called
}

// NewSideBand frames what is written into packets of at most payload bytes (SideBand64k or SideBandOld).
func NewSideBand(w *Writer, payload int) *SideBand {
	return &SideBand{w: w, payload: payload, idle: bandPack}
}

// NewSideBandAll is for an answer that is in bands from its first line on (gitprotocol-v2, "sideband-all"). A client
// takes an empty packet of band 1 for an empty line there, so signs of life are of band 2.
func NewSideBandAll(w *Writer) *SideBand {
	return &SideBand{w: w, payload: SideBand64k, idle: bandProgress}
}

// Write writes bytes of the pack, or of the report of a push.
func (s *SideBand) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = false
	if s.buf == nil {
		s.buf = s.newPacket()
	}
	written := 0
	for len(p) > 0 {
		n := copy(s.buf[len(s.buf):cap(s.buf)], p)
		s.buf = s.buf[:len(s.buf)+n]
		p = p[n:]
		if len(s.buf) == cap(s.buf) {
			s.pass()
		}
		if s.w.err != nil {
			return written, s.w.err
		}
		written += n
	}
	return written, s.w.err
}

// newPacket is an empty packet with room for head and payload.
func (s *SideBand) newPacket() []byte { return make([]byte, bandHead, bandHead+s.payload) }

// pass hands the collected packet on, if there is one.
func (s *SideBand) pass() {
	if len(s.buf) > bandHead {
		s.packet(s.buf)
		s.buf = s.buf[:bandHead]
	}
}

// Line writes a text and an LF as one packet of band 1. It must fit a packet.
func (s *SideBand) Line(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = false
	s.pass()
	b := append(make([]byte, bandHead, bandHead+len(text)+1), text...)
	s.packet(append(b, '\n'))
	return s.w.err
}

// Delim writes a delimiter packet, which is in no band.
func (s *SideBand) Delim() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = false
	s.pass()
	return s.w.Delim()
}

// packet passes on a packet of band 1 whose payload stands behind room for the head.
func (s *SideBand) packet(b []byte) {
	putLength(b, len(b))
	b[headSize] = bandPack
	s.w.raw(b)
}

// ReadFrom implements io.ReaderFrom: it reads straight into packets. Whoever keeps the connection alive is not held up
// while r is slow.
func (s *SideBand) ReadFrom(r io.Reader) (int64, error) {
	packet := s.newPacket()
	packet = packet[:cap(packet)]
	var total int64
	for {
		n, err := io.ReadFull(r, packet[bandHead:])
		if n > 0 {
			if err := s.sendPacket(packet[:bandHead+n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// sendPacket is packet for one who does not hold the lock; what was collected goes first.
func (s *SideBand) sendPacket(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = false
	s.pass()
	s.packet(b)
	return s.w.err
}

// CopyRange writes n bytes of a file from off on. A file that ends before is io.ErrUnexpectedEOF.
func (s *SideBand) CopyRange(f *os.File, off, n int64) error {
	copied, err := s.ReadFrom(io.NewSectionReader(f, off, n))
	if err == nil && copied < n {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Progress tells people something, at once. What a client sent is escaped by whoever puts it into text.
func (s *SideBand) Progress(text string) error { return s.say(bandProgress, text) }

// Fatal tells that there will be no more, and why.
func (s *SideBand) Fatal(text string) error { return s.say(bandFatal, text) }

func (s *SideBand) say(band byte, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return s.w.err
	}
	s.quiet = false
	s.pass()
	for len(text) > 0 {
		part := text[:min(len(text), s.payload)]
		s.w.begin(len(part) + 1)
		s.w.raw([]byte{band})
		s.w.text(part)
		text = text[len(part):]
	}
	return s.w.Send()
}

// KeepAlive is to be called from time to time. Where nothing was written since it was last called, it sends what was
// collected, or an empty packet, so that proxies and impatient clients see that somebody is there.
func (s *SideBand) KeepAlive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || !s.quiet {
		s.quiet = true
		return s.w.err
	}
	if len(s.buf) > bandHead {
		s.pass()
	} else {
		s.w.begin(1)
		s.w.raw([]byte{s.idle})
	}
	return s.w.Send()
}

// Send sends what was written so far.
func (s *SideBand) Send() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	return s.w.Send()
}

// Close writes the flush packet that ends the bands and sends everything. People are told nothing from then on, and there are
// no more signs of life: what a client reads behind the flush is another answer.
func (s *SideBand) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.pass()
	_ = s.w.Flush()
	return s.w.Send()
}

package smarthttp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// incoming is a request's body as it comes, before anything is unpacked. One goroutine at a time.
type incoming struct {
	io.ReadCloser
	begun  bool
	ended  bool
	broken bool // it ended before its end
}

// Read implements io.Reader.
func (s *incoming) Read(p []byte) (int, error) {
	s.begun = true
	n, err := s.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		s.ended = true
	case err != nil:
		s.broken = true
	}
	return n, err
}

// small is how large a request may be, in bytes, to be taken in before it is answered: so that a connection is of use
// after a refusal too. taken bounds how many of them lie in memory at a time, since anybody may send one; more are answered
// without having been taken in.
const (
	small = 64 << 10
	taken = 512
)

// takeIn reads a small request, and returns what gives its memory back. The error is the connection's.
func (h *Handler) takeIn(w http.ResponseWriter, r *http.Request, s *incoming) (release func(), err error) {
	s.ended = r.ContentLength == 0
	if r.ContentLength > small || r.ContentLength <= 0 || r.Header.Get("Expect") != "" {
		return func() {}, nil
	}
	select {
	case h.taken <- struct{}{}:
	default:
		return func() {}, nil
	}
	release = func() { <-h.taken }
	return release, s.buffer(w, r.ContentLength, min(asking, h.o.Patience))
}

// buffer reads a body of a known length within a time.
func (s *incoming) buffer(w http.ResponseWriter, length int64, within time.Duration) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(within))
	b := make([]byte, length)
	if _, err := io.ReadFull(s.ReadCloser, b); err != nil {
		s.broken = true
		return err
	}
	s.ended = true
	s.ReadCloser = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(b), s.ReadCloser}
	return nil
}

// early is the answer to a request that may not have come whole. The connection is then closed behind it: what is left of
// the request must not be taken for another one, which net/http sees to only where it reads the rest by itself.
type early struct {
	http.ResponseWriter
	in   *incoming
	http int // the major version
	done bool
}

// Unwrap is for http.ResponseController.
func (e *early) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (e *early) WriteHeader(status int) {
	if !e.done && status >= http.StatusOK {
		e.done = true
		if !e.in.ended && e.http == 1 {
			e.Header().Set("Connection", "close")
		}
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (e *early) Write(p []byte) (int, error) {
	if !e.done {
		e.WriteHeader(http.StatusOK)
	}
	return e.ResponseWriter.Write(p)
}

// draining is how many connections may be drained at a time; more are closed at once.
const draining = 64

// drain reads and drops what a client still sends when it has its answer, within bounds of bytes and time. A client that
// is cut off while it sends tells its user of a broken pipe, or over HTTP/2 of a stream that was reset; one that was heard
// to the end shows the answer. A client that waits for "100 Continue" sends nothing (RFC 9110 section 10.1.1).
func (h *Handler) drain(w http.ResponseWriter, r *http.Request, in *incoming) {
	if in.ended || r.ContentLength == 0 || r.Header.Get("Expect") != "" && !in.begun {
		return
	}
	select {
	case h.drains <- struct{}{}:
		defer func() { <-h.drains }()
	default:
		return
	}
	control := http.NewResponseController(w)
	if control.Flush() != nil { // the answer goes out first: it may end the sending
		return
	}
	_ = control.SetReadDeadline(time.Now().Add(h.o.DrainTime))
	_, _ = io.CopyN(io.Discard, in, h.o.Drain) // how it ends is the client's matter
}

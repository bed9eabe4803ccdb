package smarthttp

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// incoming is a request's body as it comes, before anything is unpacked. One goroutine at a time.
type incoming struct {
	io.ReadCloser
	ended bool
}

// Read implements io.Reader.
func (s *incoming) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		s.ended = true
	}
	return n, err
}

// draining is how many connections may be drained at a time; more are closed at once.
const draining = 64

// drain reads and drops what a client still sends when it has its answer, within bounds of bytes and time. A client that
// is cut off while it sends tells its user of a broken pipe; one that was heard to the end shows the answer, and its
// connection can be used again.
//
// HTTP/2 needs none of it: there an answer ends a request. A client that waits for "100 Continue" sends nothing (RFC 9110
// section 10.1.1).
func (h *Handler) drain(w http.ResponseWriter, r *http.Request, in *incoming) {
	if in.ended || r.ContentLength == 0 || r.ProtoMajor > 1 || r.Header.Get("Expect") != "" {
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

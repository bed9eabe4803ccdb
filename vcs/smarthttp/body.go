package smarthttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"jeton/vcs/host"
)

var (
	errEncoding = errors.New("unknown Content-Encoding")
	errGzip     = errors.New("broken gzip")
	errTooLarge = errors.New("request is too large")
)

// body is what a client sends, inflated where it was compressed. The time for it begins anew with every byte.
type body struct {
	r        io.Reader
	patience time.Duration
	control  *http.ResponseController
	extended time.Time
	left     int64 // bytes that may still come; negative: no bound
	taken    int64 // bytes that came, inflated
	gzipped  bool
	head     []byte // what was prefetched and is not yet read
	// failed is the first error that is the request's own fault.
	failed error
}

// body opens a request's body. errEncoding and errGzip before anything was read.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, service string) (*body, error) {
	b := &body{r: r.Body, patience: h.o.Patience, control: http.NewResponseController(w), left: -1}
	b.extend()
	switch strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")) {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errGzip, err)
		}
		z.Multistream(false)
		b.r, b.gzipped = z, true
	default:
		return nil, errEncoding
	}
	if service != ReceivePack {
		b.left = h.o.MaxRequest
	}
	return b, nil
}

// The request of a fetch is small: most of it, prefetched bytes, must come within asking.
const (
	prefetched = 256 << 10
	asking     = time.Minute
)

// hurry gives the client no more than asking, whatever it sends meanwhile.
func (b *body) hurry() {
	_ = b.control.SetReadDeadline(time.Now().Add(min(asking, b.patience)))
	b.extended = time.Now().Add(asking)
}

// prefetch reads a fetch's request into memory, or its first part where it is large.
func (b *body) prefetch() error {
	b.hurry()
	head, err := io.ReadAll(io.LimitReader(readerFunc(b.read), prefetched))
	if err != nil {
		return err
	}
	b.head = head
	b.extended = time.Time{}
	b.extend()
	return nil
}

// readerFunc is a function as an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// extend gives the client its patience anew; not for every read, since a deadline costs a system call's worth. The time to
// answer begins anew too: HTTP/2 resets a stream whose deadline passes even if nothing is being written.
func (b *body) extend() {
	now := time.Now()
	if now.Sub(b.extended) > b.patience/20 {
		b.extended = now
		_ = b.control.SetReadDeadline(now.Add(b.patience))
		_ = b.control.SetWriteDeadline(now.Add(b.patience))
	}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	return b.read(p)
}

func (b *body) read(p []byte) (int, error) {
	if b.left == 0 {
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 {
			return 0, err
		}
		b.failed = errTooLarge
		return 0, errTooLarge
	}
	if b.left > 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	b.taken += int64(n)
	if n > 0 {
		b.extend()
	}
	if err != nil && err != io.EOF && b.gzipped {
		err = fmt.Errorf("%w: %w", errGzip, err)
		b.failed = err
	}
	return n, err
}

// bodyError answers a request whose body is at fault, or may not be read now.
func (h *Handler) bodyError(w http.ResponseWriter, r *http.Request, service string, err error) {
	if refusal := (*host.Refusal)(nil); errors.As(err, &refusal) {
		h.refuse(w, r, service, refusal)
		return
	}
	if errors.Is(err, errTooLarge) {
		h.refuse(w, r, service, &host.Refusal{Status: http.StatusRequestEntityTooLarge, Code: "too_large",
			Sentence: fmt.Sprintf("The request is larger than %d bytes; fetch fewer refs at a time.", h.o.MaxRequest)})
		return
	}
	switch {
	case errors.Is(err, errEncoding):
		w.Header().Set("Accept-Encoding", "gzip, x-gzip")
		text(w, http.StatusUnsupportedMediaType, "The request's Content-Encoding is not known; use gzip or none.")
	default:
		text(w, http.StatusBadRequest, "The request's body is broken: it is no gzip, or was cut off.")
	}
}

// answer is what goes to the client: flushed when the engine says so, with the time for it beginning anew.
type answer struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	extended time.Time
	begun    bool
	in       *body
}

func (h *Handler) answer(w http.ResponseWriter, in *body) *answer {
	return &answer{w: w, control: http.NewResponseController(w), patience: h.o.Patience, in: in}
}

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun && a.in.failed != nil {
		return len(p), nil // HTTP's own status says what is wrong with the request, instead of the engine
	}
	a.begun = true
	if now := time.Now(); now.Sub(a.extended) > a.patience/20 {
		a.extended = now
		_ = a.control.SetWriteDeadline(now.Add(a.patience))
		// The server watches for a client that hangs up by reading: that must not end a long answer.
		_ = a.control.SetReadDeadline(now.Add(a.patience))
	}
	return a.w.Write(p)
}

// Flush pushes what was written out to the client.
func (a *answer) Flush() error {
	if !a.begun {
		return nil
	}
	err := a.control.Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

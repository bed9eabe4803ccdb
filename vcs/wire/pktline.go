// Package wire is the alphabet in which git's protocols are written: pkt-line, side-band, capabilities, versions.
//
//	pkt-line   0032git-upload-pack …      four hexadecimal digits count themselves and what follows (gitprotocol-common)
//	           0000 flush   0001 delim   0002 response-end                                     (the last two: protocol 2)
//	side-band  pkt-line whose first byte is the band: 1 pack, 2 progress for people, 3 fatal error (gitprotocol-pack)
//
// It frames and unframes, bounds what it reads, and makes safe what is echoed; when to speak and what to say is the
// business of upload and receive. It imports nothing of ours.
package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxPayload is the largest payload of a pkt-line in bytes (LARGE_PACKET_MAX less its four digits).
const MaxPayload = 65520 - 4

// ErrMalformed is wrapped by errors that say a client does not speak pkt-line.
var ErrMalformed = errors.New("malformed pkt-line")

// Kind tells pkt-lines with data from the special ones.
type Kind int

// The kinds of pkt-line.
const (
	Data Kind = iota
	Flush
	Delim
	ResponseEnd
)

// Packet is one pkt-line. Data is valid until the next one is read.
type Packet struct {
	Kind Kind
	Data []byte
}

// Line is the payload as text, without the one LF that it may end with.
func (p Packet) Line() string {
	d := p.Data
	if n := len(d); n > 0 && d[n-1] == '\n' {
		d = d[:n-1]
	}
	return string(d)
}

// Reader reads pkt-lines.
type Reader struct {
	b   *bufio.Reader
	buf []byte
}

// NewReader reads pkt-lines from r, through a buffer.
func NewReader(r io.Reader) *Reader {
	return &Reader{b: bufio.NewReaderSize(r, 64<<10)}
}

// Next reads one pkt-line. io.EOF where the input ends between two; a wrapped ErrMalformed where it ends within one or
// the digits are none; the reader's own error else.
func (r *Reader) Next() (Packet, error) {
	var head [4]byte
	if n, err := io.ReadFull(r.b, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			return Packet{}, fmt.Errorf("%w: input ends after %d bytes of a length", ErrMalformed, n)
		}
		return Packet{}, err
	}
	n, ok := length(head)
	switch {
	case !ok:
		return Packet{}, fmt.Errorf("%w: %s is no length", ErrMalformed, Escape(string(head[:])))
	case n == 0:
		return Packet{Kind: Flush}, nil
	case n == 1:
		return Packet{Kind: Delim}, nil
	case n == 2:
		return Packet{Kind: ResponseEnd}, nil
	case n == 3 || n > MaxPayload+4:
		return Packet{}, fmt.Errorf("%w: %d is no length", ErrMalformed, n)
	}
	n -= 4
	if cap(r.buf) < n {
		r.buf = make([]byte, max(n, 1<<10))
	}
	b := r.buf[:n]
	if _, err := io.ReadFull(r.b, b); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return Packet{}, fmt.Errorf("%w: input ends within a packet of %d bytes", ErrMalformed, n)
		}
		return Packet{}, err
	}
	return Packet{Kind: Data, Data: b}, nil
}

func length(head [4]byte) (int, bool) {
	n := 0
	for _, c := range head {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | int(c)
	}
	return n, true
}

// Rest is what follows the last packet, as it is: the pack behind the commands of a push.
func (r *Reader) Rest() *bufio.Reader { return r.b }

// Writer writes pkt-lines through a buffer. The first error stays, and every later call returns it.
type Writer struct {
	to  io.Writer
	b   *bufio.Writer
	err error
}

// NewWriter writes pkt-lines to w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{to: w, b: bufio.NewWriterSize(w, 64<<10)}
}

const hexDigits = "0123456789abcdef"

// head writes the four digits for a payload of n bytes.
func (w *Writer) head(n int) {
	n += 4
	w.raw([]byte{hexDigits[n>>12&15], hexDigits[n>>8&15], hexDigits[n>>4&15], hexDigits[n&15]})
}

func (w *Writer) raw(b []byte) {
	if w.err == nil {
		_, w.err = w.b.Write(b)
	}
}

// Data writes a payload; one that is longer than MaxPayload is an error of the caller's.
func (w *Writer) Data(p []byte) error {
	if len(p) > MaxPayload && w.err == nil {
		w.err = fmt.Errorf("payload of %d bytes does not fit a pkt-line", len(p))
	}
	w.head(len(p))
	w.raw(p)
	return w.err
}

// Line writes a text and an LF.
func (w *Writer) Line(s string) error {
	if len(s)+1 > MaxPayload {
		return w.Data([]byte(s))
	}
	w.head(len(s) + 1)
	if w.err == nil {
		_, w.err = w.b.WriteString(s)
	}
	w.raw([]byte{'\n'})
	return w.err
}

// Linef is Line with fmt's verbs.
func (w *Writer) Linef(format string, args ...any) error { return w.Line(fmt.Sprintf(format, args...)) }

// Flush writes a flush packet; it does not push the buffer out (Send).
func (w *Writer) Flush() error { return w.special("0000") }

// Delim writes a delimiter packet.
func (w *Writer) Delim() error { return w.special("0001") }

// ResponseEnd writes a response-end packet.
func (w *Writer) ResponseEnd() error { return w.special("0002") }

func (w *Writer) special(s string) error {
	w.raw([]byte(s))
	return w.err
}

// Err is the first error.
func (w *Writer) Err() error { return w.err }

// Send pushes the buffer out, and flushes what it writes to where that can be flushed.
func (w *Writer) Send() error {
	if w.err == nil {
		w.err = w.b.Flush()
	}
	if f, ok := w.to.(interface{ Flush() error }); ok && w.err == nil {
		w.err = f.Flush()
	}
	return w.err
}

// Err tells a client on the protocol's own channel why there is no answer (gitprotocol-pack, "ERR"), and sends it.
func Err(w *Writer, sentence string) error {
	_ = w.Line("ERR " + sentence)
	return w.Send()
}

// Write writes bytes without a frame: a pack for a client that takes no side-band.
func (w *Writer) Write(p []byte) (int, error) {
	w.raw(p)
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Package wire is the alphabet in which git's protocols are written: pkt-line, side-band, capabilities, versions.
//
//	pkt-line   0032git-upload-pack …      four hexadecimal digits count themselves and what follows (gitprotocol-common)
//	           0000 flush   0001 delim   0002 response-end                                     (the last two: protocol 2)
//	side-band  0009\x01PACK   a pkt-line whose first byte is the band: 1 pack, 2 progress for people, 3 fatal error
//	           0005\x01       an empty band 1: nobody has gone away                      (gitprotocol-pack, "Packfile Data")
//	caps       <first line> NUL multi_ack agent=git/2.39.5 …                               (gitprotocol-capabilities)
//
// It frames and unframes, bounds what it reads, and makes safe what is echoed; when to speak and what to say is the
// business of upload and receive. Reading copies nothing and allocates nothing for a packet of usual size; writing
// collects small packets and passes large ones on at once. The package imports nothing of ours.
package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// headSize is the width of the length that begins a pkt-line.
const headSize = 4

// MaxPayload is the largest payload of a pkt-line in bytes (LARGE_PACKET_MAX less its four digits).
const MaxPayload = 65520 - headSize

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

// Text is the payload without the one LF that it may end with; valid as long as Data is.
func (p Packet) Text() []byte {
	if n := len(p.Data); n > 0 && p.Data[n-1] == '\n' {
		return p.Data[:n-1]
	}
	return p.Data
}

// Line is Text as a string of its own.
func (p Packet) Line() string { return string(p.Text()) }

const (
	// readBuffer holds a packet of usual size; a want or a have takes some 50 bytes.
	readBuffer = 8 << 10
	// restBuffer is for what follows the packets: the pack of a push.
	restBuffer = 64 << 10
)

// Reader reads pkt-lines. One goroutine at a time.
type Reader struct {
	b     *bufio.Reader
	shown int    // bytes at the front of b that the last packet's Data shows, and its head
	large []byte // holds a packet that does not fit b
}

// NewReader reads pkt-lines from r, through a buffer: more may be taken from r than was returned.
func NewReader(r io.Reader) *Reader {
	return &Reader{b: bufio.NewReaderSize(r, readBuffer)}
}

// Next reads one pkt-line. io.EOF where the input ends between two; a wrapped ErrMalformed where it ends within one or
// the digits are none; the reader's own error else.
func (r *Reader) Next() (Packet, error) {
	r.release()
	head, err := r.b.Peek(headSize)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			return Packet{}, fmt.Errorf("%w: input ends after %d bytes of a length", ErrMalformed, len(head))
		}
		return Packet{}, err
	}
	n, ok := length(head)
	if !ok {
		return Packet{}, fmt.Errorf("%w: %s is no length", ErrMalformed, Escape(string(head)))
	}
	if n < headSize {
		r.shown = headSize
		return special(n)
	}
	if n > MaxPayload+headSize {
		return Packet{}, fmt.Errorf("%w: %d is no length", ErrMalformed, n)
	}
	data, err := r.payload(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return Packet{}, fmt.Errorf("%w: input ends within a packet of %d bytes", ErrMalformed, n-headSize)
	}
	if err != nil {
		return Packet{}, err
	}
	return Packet{Kind: Data, Data: data}, nil
}

// release gives up what the last packet showed.
func (r *Reader) release() {
	_, _ = r.b.Discard(r.shown) // it was peeked, so it is there
	r.shown = 0
}

// special is the packet whose length says that it has no payload.
func special(n int) (Packet, error) {
	switch n {
	case 0:
		return Packet{Kind: Flush}, nil
	case 1:
		return Packet{Kind: Delim}, nil
	case 2:
		return Packet{Kind: ResponseEnd}, nil
	}
	return Packet{}, fmt.Errorf("%w: %d is no length", ErrMalformed, n)
}

// payload shows the payload of a packet of n bytes, its head among them: in the buffer itself where it fits.
func (r *Reader) payload(n int) ([]byte, error) {
	if n <= readBuffer {
		b, err := r.b.Peek(n)
		if err != nil {
			return nil, err
		}
		r.shown = n
		return b[headSize:], nil
	}
	if r.large == nil {
		r.large = make([]byte, MaxPayload)
	}
	_, _ = r.b.Discard(headSize)
	b := r.large[:n-headSize]
	_, err := io.ReadFull(r.b, b)
	return b, err
}

// length reads the digits of a head; both cases are met in the wild.
func length(head []byte) (int, bool) {
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

// Rest is what follows the last packet, as it is: the pack behind the commands of a push. Packets and Rest may be read
// in turn; the last packet's Data is gone.
func (r *Reader) Rest() *bufio.Reader {
	r.release()
	r.b = bufio.NewReaderSize(r.b, restBuffer) // the same one when it is called again
	return r.b
}

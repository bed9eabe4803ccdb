package wire

import (
	"bufio"
	"fmt"
	"io"
)

// writeBuffer collects lines. It is smaller than a full packet, which passes it by.
const writeBuffer = 16 << 10

// Writer writes pkt-lines through a buffer. The first error stays, and every later call returns it. One goroutine at a
// time.
type Writer struct {
	to   io.Writer
	b    *bufio.Writer
	head [headSize]byte // here and not in a variable, which would be allocated for each packet
	err  error
}

// NewWriter writes pkt-lines to w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{to: w, b: bufio.NewWriterSize(w, writeBuffer)}
}

const hexDigits = "0123456789abcdef"

// putLength writes the digits of a packet of n bytes, its head among them.
func putLength(b []byte, n int) {
	_ = b[headSize-1]
	b[0], b[1], b[2], b[3] = hexDigits[n>>12&15], hexDigits[n>>8&15], hexDigits[n>>4&15], hexDigits[n&15]
}

// Begin appends room for the head of a packet to b; its payload is then appended by whoever called, and End closes it.
// That is how long lists of lines are encoded without a copy.
func Begin(b []byte) []byte { return append(b, "0000"...) }

// End writes the head of the packet that was begun at b[at:]. A payload that does not fit a packet is dropped with its
// head, and ok is false.
func End(b []byte, at int) (_ []byte, ok bool) {
	if len(b)-at > MaxPayload+headSize {
		return b[:at], false
	}
	putLength(b[at:], len(b)-at)
	return b, true
}

// begin writes the head for a payload of n bytes.
func (w *Writer) begin(n int) {
	putLength(w.head[:], n+headSize)
	w.raw(w.head[:])
}

func (w *Writer) raw(b []byte) {
	if w.err == nil {
		_, w.err = w.b.Write(b)
	}
}

func (w *Writer) text(s string) {
	if w.err == nil {
		_, w.err = w.b.WriteString(s)
	}
}

// Data writes a payload; one that is longer than MaxPayload is an error of the caller's.
func (w *Writer) Data(p []byte) error {
	if len(p) > MaxPayload && w.err == nil {
		w.err = fmt.Errorf("payload of %d bytes does not fit a pkt-line", len(p))
	}
	w.begin(len(p))
	w.raw(p)
	return w.err
}

// Line writes a text and an LF.
func (w *Writer) Line(s string) error {
	if len(s) >= MaxPayload {
		return w.Data([]byte(s))
	}
	w.begin(len(s) + 1)
	w.text(s)
	w.text("\n")
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
	w.text(s)
	return w.err
}

// Write writes bytes as they are: packets that were framed already, or a pack for a client that takes no side-band.
func (w *Writer) Write(p []byte) (int, error) {
	w.raw(p)
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
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

// maxSentence is how many bytes of an explanation are sent; a longer one repeats what a client sent.
const maxSentence = 4 << 10

// Err tells a client on the protocol's own channel why there is no answer (gitprotocol-pack, "ERR"), and sends it.
// What of the sentence came from a client is escaped (Escape) by whoever puts it there.
func Err(w *Writer, sentence string) error {
	if len(sentence) > maxSentence {
		sentence = sentence[:maxSentence] + "..."
	}
	_ = w.Line("ERR " + sentence)
	return w.Send()
}

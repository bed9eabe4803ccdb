package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest/inflate"
)

// maxHeader is the most that an entry's header takes, in bytes: a size of 63 bits, then a base.
const maxHeader = 10 + oid.Size

// source is the pack as it arrives. What is consumed goes to the file and into the pack's hash and the entry's CRC.
//
// It asks the reader for no byte of which it does not know that it belongs to the pack, so that whatever follows the
// trailer stays in the caller's bufio.Reader, and a client that waits for its answer is never waited for. Entries that
// lie in the buffer whole are inflated there; the others byte by byte as they come.
type source struct {
	ctx   context.Context
	br    *bufio.Reader
	to    *pump
	at    int64 // bytes consumed
	limit int64
	crc   uint32
	dec   inflate.Decoder
	flow  flow
	z     io.ReadCloser // over flow
}

// single makes a bufio.Reader above it read byte by byte, for readers that give single bytes and cannot take one back.
type single struct{ r io.ByteReader }

// Read implements io.Reader.
func (s single) Read(p []byte) (int, error) {
	c, err := s.r.ReadByte()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

func newSource(ctx context.Context, r io.Reader, to *pump, limit int64) *source {
	s := &source{ctx: ctx, to: to, limit: limit}
	s.flow.s = s
	br, buffered := r.(*bufio.Reader)
	bytewise, ok := r.(io.ByteReader)
	switch {
	case buffered && br.Size() >= 2*maxHeader:
		s.br = br
	case ok:
		s.br = bufio.NewReaderSize(single{bytewise}, 2*maxHeader)
	default:
		s.br = bufio.NewReaderSize(r, 256<<10)
	}
	return s
}

// peek waits for n bytes.
func (s *source) peek(n int) ([]byte, error) {
	b, err := s.br.Peek(n)
	if err != nil {
		return nil, cutOff(s.at+int64(len(b)), err)
	}
	return b, nil
}

// ahead is what has arrived and was not consumed.
func (s *source) ahead() []byte {
	b, _ := s.br.Peek(s.br.Buffered()) // it is there: no error
	return b
}

// take consumes n bytes.
func (s *source) take(n int) error {
	b, err := s.peek(n)
	if err != nil {
		return err
	}
	s.at += int64(n)
	if s.at+int64(oid.Size) > s.limit {
		return &LimitError{What: "pack is too large", Setting: "receive.max_pack", Limit: s.limit}
	}
	s.crc = crc32.Update(s.crc, crc32.IEEETable, b)
	if err := s.to.write(b); err != nil {
		return fmt.Errorf("store pack: %w", err)
	}
	_, err = s.br.Discard(n)
	return err
}

// header reads an entry's header without consuming it, and returns how long it is.
func (s *source) header() (pack.Header, int, error) {
	for n := 1; ; n++ {
		n = max(n, min(s.br.Buffered(), maxHeader))
		b, err := s.peek(n)
		if err != nil {
			return pack.Header{}, 0, err
		}
		if t := plumbing.ObjectType(b[0] >> 4 & 7); t == 0 || t == 5 { // more bytes would not help
			return pack.Header{}, 0, fmt.Errorf("entry at byte %d of the pack has the unknown type %d: %w", s.at, t, pack.ErrCorrupt)
		}
		h, used, err := pack.ParseHeader(b)
		if err == nil {
			return h, used, nil
		}
		if n >= maxHeader {
			return h, 0, fmt.Errorf("entry at byte %d of the pack: %w", s.at, err)
		}
	}
}

// inflate reads an entry's data, which must be exactly as long as out.
func (s *source) inflate(out []byte) error {
	// Where the buffer ends in the entry's middle it was in vain, and is tried again with what comes next; not often,
	// so that a sender of single bytes does not have each of them inflate all before it.
	for range 3 {
		b := s.ahead()
		n, err := s.dec.Decode(b, out)
		if err == nil {
			return s.take(n)
		}
		if err != inflate.ErrMore {
			return badData(s.at, err)
		}
		if len(b) == s.br.Size() || len(out) > 16*s.br.Size() {
			break
		}
		if _, err := s.peek(len(b) + 1); err != nil {
			return err
		}
	}
	return s.stream(int64(len(out)), func(z io.Reader) error {
		_, err := io.ReadFull(z, out)
		return err
	})
}

// copyTo inflates an entry's data of exactly size bytes to w, piece by piece.
func (s *source) copyTo(w io.Writer, size int64) error {
	return s.stream(size, func(z io.Reader) error {
		buf := make([]byte, 32<<10)
		for left := size; left > 0; {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			n, err := io.ReadFull(z, buf[:min(left, int64(len(buf)))])
			if err != nil {
				return err
			}
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			left -= int64(n)
		}
		return nil
	})
}

// stream has read take exactly size bytes from the inflated entry and makes sure that it ends there.
func (s *source) stream(size int64, read func(io.Reader) error) error {
	s.flow.win, s.flow.used, s.flow.err = nil, 0, nil
	err := s.open()
	if err == nil && size > 0 {
		err = read(s.z)
	}
	if err == nil {
		var one [1]byte
		if n, end := s.z.Read(one[:]); n > 0 {
			err = inflate.ErrLength
		} else if end != io.EOF {
			err = end
		}
	}
	switch {
	case err == nil:
		return s.flow.commit()
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case s.flow.err != nil:
		return s.flow.err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = inflate.ErrLength // of the entry, since the pack goes on
	}
	return badData(s.at, err)
}

// open readies the streaming inflater.
func (s *source) open() error {
	if s.z != nil {
		return s.z.(zlib.Resetter).Reset(&s.flow, nil)
	}
	z, err := zlib.NewReader(&s.flow)
	s.z = z
	if err != nil {
		s.z = nil
	}
	return err
}

// flow gives the streaming inflater the pack's bytes, not one more than it asks for.
type flow struct {
	s    *source
	win  []byte // what has arrived; its first used bytes are not consumed yet
	used int
	err  error // of the reader, the file or a limit; not the entry's fault
}

// commit consumes what was used.
func (f *flow) commit() error {
	n := f.used
	f.win, f.used = nil, 0
	return f.s.take(n)
}

func (f *flow) more() error {
	if f.err == nil {
		f.err = f.commit()
	}
	if f.err == nil {
		_, f.err = f.s.peek(1)
	}
	if f.err == nil {
		f.win = f.s.ahead()
	}
	return f.err
}

// ReadByte implements io.ByteReader, by which the inflater knows that it need not read ahead.
func (f *flow) ReadByte() (byte, error) {
	if f.used == len(f.win) {
		if err := f.more(); err != nil {
			return 0, err
		}
	}
	c := f.win[f.used]
	f.used++
	return c, nil
}

// Read implements io.Reader.
func (f *flow) Read(p []byte) (int, error) {
	if f.used == len(f.win) {
		if err := f.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.win[f.used:])
	f.used += n
	return n, nil
}

func badData(at int64, err error) error {
	return fmt.Errorf("entry at byte %d of the pack cannot be inflated: %w: %w", at, err, pack.ErrCorrupt)
}

// cutOff is a pack that ends too early; the reader's own failure, such as a client that hung up, stays in sight.
func cutOff(at int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("pack is cut off at byte %d: %w", at, pack.ErrCorrupt)
	}
	return fmt.Errorf("read pack at byte %d: %w", at, err)
}

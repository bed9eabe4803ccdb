package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// source is what arrives: a buffer over the reader, from which consumed bytes go to the file and into the pack's hash.
// Small entries are inflated straight from the buffer, which is several times faster than byte by byte.
type source struct {
	r     io.Reader
	file  *os.File
	sum   hash.Hash
	buf   []byte // buf[from:] was read and not consumed
	from  int
	at    int64 // how many bytes were consumed
	limit int64
	mem   bytes.Reader
	z     io.ReadCloser
	taken func([]byte) // told consumed bytes, for the entry's CRC
	err   error        // of r, once it came
}

const bufferSize = 1 << 20

func newSource(r io.Reader, file *os.File, limit int64) *source {
	return &source{r: r, file: file, sum: oid.NewSum(), buf: make([]byte, 0, bufferSize), limit: limit}
}

// more reads once from the reader, behind what the buffer holds; it makes room by dropping what was consumed.
// io.EOF when there is no more, io.ErrShortBuffer when the buffer is full.
func (s *source) more() error {
	if s.err != nil {
		return s.err
	}
	if s.from > 0 {
		n := copy(s.buf[:cap(s.buf)], s.buf[s.from:])
		s.buf, s.from = s.buf[:n], 0
	}
	if len(s.buf) == cap(s.buf) {
		return io.ErrShortBuffer
	}
	for range 100 {
		n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf, s.err = s.buf[:len(s.buf)+n], err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// peek makes n bytes available, fewer at the end of what arrives.
func (s *source) peek(n int) ([]byte, error) {
	for len(s.buf)-s.from < n {
		if err := s.more(); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read pack: %w", err)
		}
	}
	return s.buf[s.from:min(s.from+n, len(s.buf))], nil
}

// take consumes n bytes of the buffer.
func (s *source) take(n int) error {
	b := s.buf[s.from : s.from+n]
	s.from += n
	s.at += int64(n)
	if s.at > s.limit {
		return &LimitError{What: "pack is too large", Setting: "receive.max_pack", Limit: s.limit}
	}
	if s.taken != nil {
		s.taken(b)
	}
	s.sum.Write(b)
	if _, err := s.file.Write(b); err != nil {
		return fmt.Errorf("store pack: %w", err)
	}
	return nil
}

// zlib readies the inflater over src.
func (s *source) zlib(src io.Reader) (io.Reader, error) {
	if s.z == nil {
		z, err := zlib.NewReader(src)
		s.z = z
		return z, err
	}
	return s.z, s.z.(zlib.Resetter).Reset(src, nil)
}

// inflate reads an entry's data of exactly len(out) bytes from the buffer; where the buffer ends in its middle it is
// begun again with more.
func (s *source) inflate(out []byte) error {
	for {
		s.mem.Reset(s.buf[s.from:])
		err := s.whole(&s.mem, out)
		if err == nil {
			return s.take(int(s.mem.Size()) - s.mem.Len())
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return badData(s.at, err)
		}
		// At least as much again, so that a sender of single bytes does not have each of them inflate all before it.
		had := len(s.buf) - s.from
		for len(s.buf)-s.from < 2*had || had == 0 {
			err := s.more()
			if err != nil && len(s.buf)-s.from == had {
				return cutOff(s.at, err)
			}
			if err != nil || had == 0 {
				break
			}
		}
	}
}

// whole inflates exactly len(out) bytes and makes sure that the stream ends there.
func (s *source) whole(src io.Reader, out []byte) error {
	z, err := s.zlib(src)
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(z, out); err != nil {
		if err == io.EOF && len(out) > 0 || err == io.ErrUnexpectedEOF {
			// The stream itself may have ended too early, or only the buffer.
			if src.(*bytes.Reader).Len() > 0 {
				return errLength
			}
			return io.ErrUnexpectedEOF
		}
		return err
	}
	var one [1]byte
	if n, err := z.Read(one[:]); n > 0 {
		return errLength
	} else if err != io.EOF {
		return err
	}
	return nil
}

var errLength = errors.New("it is longer or shorter than it declares")

// stream inflates a large entry piece by piece to w.
func (s *source) stream(w io.Writer, size int64) error {
	z, err := s.zlib(byteSource{s})
	if err != nil {
		return s.blame(err)
	}
	n, err := io.CopyN(w, z, size)
	if err != nil {
		if err == io.EOF && n < size && s.err == nil {
			err = errLength
		}
		return s.blame(err)
	}
	var one [1]byte
	if n, err := z.Read(one[:]); n > 0 {
		return badData(s.at, errLength)
	} else if err != io.EOF {
		return s.blame(err)
	}
	return nil
}

// blame tells a pack that was cut off, or a limit, from bad data.
func (s *source) blame(err error) error {
	var limit *LimitError
	switch {
	case errors.As(err, &limit):
		return err
	case s.err != nil:
		return cutOff(s.at, s.err)
	}
	return badData(s.at, err)
}

func badData(at int64, err error) error {
	return fmt.Errorf("entry before byte %d of the pack cannot be inflated: %v: %w", at, err, pack.ErrCorrupt)
}

// cutOff is a pack that ends too early; the reader's own failure, such as a client that hung up, stays in sight.
func cutOff(at int64, err error) error {
	if err == io.EOF || err == io.ErrShortBuffer {
		return fmt.Errorf("pack is cut off at byte %d: %w", at, pack.ErrCorrupt)
	}
	return fmt.Errorf("pack is cut off at byte %d: %w", at, err)
}

// byteSource reads from the buffer and consumes as it goes, not a byte more than it is asked for.
type byteSource struct{ s *source }

// ReadByte implements io.ByteReader, by which the inflater knows that it need not read ahead.
func (b byteSource) ReadByte() (byte, error) {
	s := b.s
	for s.from == len(s.buf) {
		if err := s.more(); err != nil {
			return 0, err
		}
	}
	c := s.buf[s.from]
	return c, s.take(1)
}

// Read implements io.Reader.
func (b byteSource) Read(p []byte) (int, error) {
	s := b.s
	for s.from == len(s.buf) {
		if err := s.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.buf[s.from:])
	return n, s.take(n)
}

package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/klauspost/compress/zlib"

	"jeton/vcs/pack/ingest/inflate"
)

const (
	// window is how much is read at an entry that does not lie in a block: most commits and trees lie in it whole.
	window = 4 << 10
	// atOnce is the size up to which an entry is inflated from memory to memory; larger ones are streamed.
	atOnce = 1 << 20
)

// inflater holds what reading one entry needs, to be used again.
type inflater struct {
	// fixed decodes streams that use the code that is part of the format, own those that bring their own: one decoder for
	// both would build the fixed one again and again.
	fixed, own inflate.Decoder
	near       [window]byte
	far        []byte // for entries that do not lie in near whole
	deltas     []byte // of the chain that is being read, one behind the other
	mem        bytes.Reader
	buf        *bufio.Reader
	z          io.ReadCloser
}

// inflaters are shared by all packs; each is used by one goroutine at a time.
var inflaters = sync.Pool{New: func() any { return &inflater{} }}

// done puts an inflater back, without what few would need again.
func (in *inflater) done() {
	if cap(in.deltas) > atOnce {
		in.deltas = nil
	}
	inflaters.Put(in)
}

// bound is the most that n bytes take when they are deflated by anyone who means well.
func bound(n int64) int64 { return n + n>>8 + 64 }

// entryAt reads the header at off together with some of what lies behind it.
func (s *Set) entryAt(in *inflater, p *Pack, off int64) (Entry, []byte, error) {
	if err := p.inside(off); err != nil {
		return Entry{}, nil, err
	}
	b, err := s.blocks.from(p, off)
	if err != nil {
		return Entry{}, nil, err
	}
	if len(b) < maxEntryHeader {
		b = in.near[:min(window, p.end()-off)]
		if err := readFull(p.Data, b, off); err != nil {
			return Entry{}, nil, err
		}
	}
	e, err := p.parse(b, off)
	if err != nil {
		return Entry{}, nil, err
	}
	return e, b[e.Data-off:], nil
}

// inflate appends the whole data of an entry to out: exactly e.Size bytes, which the caller has compared with a limit.
// first is what was read already from e.Data on. Memory grows with what really comes out, not with what is declared.
func (p *Pack) inflate(in *inflater, e Entry, first, out []byte) ([]byte, error) {
	if e.Size > atOnce {
		return p.inflateLarge(in, e, out)
	}
	if need := min(bound(e.Size), p.end()-e.Data); int64(len(first)) < need {
		if int64(cap(in.far)) < need {
			in.far = make([]byte, need, bound(need))
		}
		first = in.far[:need]
		if err := readFull(p.Data, first, e.Data); err != nil {
			return out, err
		}
	}
	at := len(out)
	out = room(out, int(e.Size))
	_, err := in.decoder(first).Decode(first, out[at:])
	if errors.Is(err, inflate.ErrMore) && e.Data+int64(len(first)) < p.end() {
		return p.inflateLarge(in, e, out[:at]) // deflated so badly that it became longer
	}
	if err != nil {
		return out, corrupt("entry at %d of %s cannot be inflated: %v", e.Offset, p.Name, err)
	}
	return out, nil
}

// start readies the streaming decompressor at src.
func (in *inflater) start(src io.Reader) (err error) {
	if in.z == nil {
		in.z, err = zlib.NewReader(src)
		return err
	}
	return in.z.(zlib.Resetter).Reset(src, nil)
}

// decoder chooses by the kind of the stream's first block (RFC 1951, 3.2.3), which stands behind two bytes of header.
func (in *inflater) decoder(b []byte) *inflate.Decoder {
	if len(b) > 2 && b[2]>>1&3 == 1 {
		return &in.fixed
	}
	return &in.own
}

// room makes b longer by n bytes, whose content is undefined.
func room(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b[:len(b)+n]
	}
	grown := make([]byte, len(b)+n, max(len(b)+n, 2*len(b)))
	copy(grown, b)
	return grown
}

// inflateLarge is inflate for entries that are streamed.
func (p *Pack) inflateLarge(in *inflater, e Entry, out []byte) ([]byte, error) {
	s, err := p.stream(in, e)
	if err != nil {
		return out, err
	}
	for s.left > 0 {
		at := len(out)
		out = room(out, int(min(s.left, max(atOnce, int64(at)))))
		if _, err := io.ReadFull(s, out[at:]); err != nil {
			return out, err
		}
	}
	return out, s.failed
}

// stream is the inflated data of an entry. It ends in io.EOF when it was exactly as long as declared.
type stream struct {
	in     *inflater
	p      *Pack
	e      Entry
	left   int64
	failed error
}

// stream begins to inflate the entry from the pack itself.
func (p *Pack) stream(in *inflater, e Entry) (*stream, error) {
	src := io.NewSectionReader(p.Data, e.Data, p.end()-e.Data)
	if in.buf == nil {
		in.buf = bufio.NewReaderSize(src, 64<<10)
	} else {
		in.buf.Reset(src)
	}
	if err := in.start(in.buf); err != nil {
		return nil, corrupt("entry at %d of %s is no zlib stream: %v", e.Offset, p.Name, err)
	}
	s := &stream{in: in, p: p, e: e, left: e.Size}
	if s.left == 0 {
		s.finish()
	}
	return s, nil
}

// Read implements io.Reader. What is wrong with the end is found as soon as the last byte is read.
func (s *stream) Read(b []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.in.z.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	if s.left == 0 {
		s.finish()
		return n, s.failed
	}
	if err != nil {
		s.failed = s.broken(err)
		return n, s.failed
	}
	return n, nil
}

// broken tells a disk that fails from a stream that is wrong.
func (s *stream) broken(err error) error {
	if disk := (*fs.PathError)(nil); errors.As(err, &disk) {
		return fmt.Errorf("read pack: %w", err)
	}
	return corrupt("entry at %d of %s cannot be inflated, %d bytes are missing: %v", s.e.Offset, s.p.Name, s.left, err)
}

// finish makes sure that nothing comes behind the declared size and that the checksum is right.
func (s *stream) finish() {
	var one [1]byte
	if n, err := s.in.z.Read(one[:]); n != 0 || err != io.EOF {
		s.failed = corrupt("entry at %d of %s is longer than it declares or its checksum is wrong", s.e.Offset, s.p.Name)
	}
}

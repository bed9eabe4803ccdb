package pack

import (
	"bufio"
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
)

// window is how much is read at once at an entry: most commits and trees lie in it whole, header included.
const window = 4 << 10

// inflater holds what reading one entry needs, to be used again.
type inflater struct {
	buf  []byte
	mem  bytes.Reader
	buf2 *bufio.Reader
	z    io.ReadCloser
}

// inflaters are shared by all packs; each is used by one goroutine at a time.
var inflaters = sync.Pool{New: func() any { return &inflater{buf: make([]byte, window)} }}

// start readies the zlib reader at src.
func (in *inflater) start(src io.Reader) error {
	if in.z == nil {
		z, err := zlib.NewReader(src)
		if err != nil {
			return corrupt("entry is no zlib stream: %v", err)
		}
		in.z = z
		return nil
	}
	if err := in.z.(zlib.Resetter).Reset(src, nil); err != nil {
		return corrupt("entry is no zlib stream: %v", err)
	}
	return nil
}

// bound is the most that n bytes take when they are deflated, however badly.
func bound(n int64) int64 { return n + n>>8 + 64 }

// entryAt reads the header at off together with the window behind it.
func (p *Pack) entryAt(in *inflater, off int64) (Entry, []byte, error) {
	if err := p.inside(off); err != nil {
		return Entry{}, nil, err
	}
	b := in.buf[:min(int64(window), p.Size-int64(oid.Size)-off)]
	if err := readFull(p.Data, b, off); err != nil {
		return Entry{}, nil, err
	}
	e, err := p.parse(b, off)
	if err != nil {
		return Entry{}, nil, err
	}
	return e, b[e.Data-off:], nil
}

// inflate reads the whole data of an entry: exactly e.Size bytes, which the caller has compared with a limit. first is
// what was read already from e.Data on. Memory grows with what really comes out, not with what is declared.
func (p *Pack) inflate(in *inflater, e Entry, first []byte) ([]byte, error) {
	if need := bound(e.Size); int64(len(first)) < need {
		n := min(need, p.Size-int64(oid.Size)-e.Data)
		if n > int64(len(first)) && n <= 1<<20 {
			big := make([]byte, n)
			if err := readFull(p.Data, big, e.Data); err != nil {
				return nil, err
			}
			first = big
		} else if n > 1<<20 {
			return p.inflateLarge(in, e)
		}
	}
	in.mem.Reset(first)
	if err := in.start(&in.mem); err != nil {
		return nil, err
	}
	out := make([]byte, e.Size)
	if _, err := io.ReadFull(in.z, out); err != nil {
		return nil, corrupt("entry at %d of %s cannot be inflated: %v", e.Offset, p.Name, err)
	}
	return out, in.finish(p, e)
}

func (p *Pack) inflateLarge(in *inflater, e Entry) ([]byte, error) {
	if err := in.section(p, e); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	n, err := io.CopyN(&out, in.z, e.Size)
	if err != nil {
		return nil, corrupt("entry at %d of %s cannot be inflated after %d bytes: %v", e.Offset, p.Name, n, err)
	}
	return out.Bytes(), in.finish(p, e)
}

// section readies the zlib reader over the pack itself, from e.Data on.
func (in *inflater) section(p *Pack, e Entry) error {
	src := io.NewSectionReader(p.Data, e.Data, p.Size-int64(oid.Size)-e.Data)
	if in.buf2 == nil {
		in.buf2 = bufio.NewReaderSize(src, 64<<10)
	} else {
		in.buf2.Reset(src)
	}
	return in.start(in.buf2)
}

// finish makes sure that nothing comes behind the declared size and that the checksum is right.
func (in *inflater) finish(p *Pack, e Entry) error {
	var one [1]byte
	n, err := in.z.Read(one[:])
	if n != 0 || err != io.EOF {
		return corrupt("entry at %d of %s is longer than it declares or its checksum is wrong", e.Offset, p.Name)
	}
	return nil
}

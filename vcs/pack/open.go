package pack

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// Object is an object whose content is streamed. It is read to io.EOF, where its length and checksum have been found to
// be right, and closed. It may be read beside other work of the Set.
type Object struct {
	Type plumbing.ObjectType
	Size int64 // in bytes
	io.ReadCloser
}

// Open streams an object of any size in bounded memory: an entry that is whole straight from the pack, one that is a
// delta from memory, or, where it or something it is made of is larger than 16 MiB, from a file without a name. limit
// bounds in bytes what such a file may take, and the object; 0 means none. ErrNotFound, ErrTooLarge, ErrCorrupt.
func (s *Set) Open(id oid.ID, limit int64) (*Object, error) {
	at, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = 1 << 62
	}
	o, err := s.open(at.Pack, at.Offset, limit)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", id, err)
	}
	return o, nil
}

func (s *Set) open(p *Pack, off, limit int64) (*Object, error) {
	e, size, err := s.resultSize(p, off)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, ErrTooLarge
	}
	if !e.Type.IsDelta() && size > atOnce {
		return openWhole(p, e)
	}
	if size <= inMemory {
		kind, data, err := s.read(p, off, inMemory)
		if err == nil {
			return &Object{kind, size, io.NopCloser(bytes.NewReader(data))}, nil
		}
		if err != errSpill {
			return nil, err
		}
	}
	return p.build(off, limit)
}

// pooled gives its inflater back when it is closed.
type pooled struct{ *stream }

// Close implements io.Closer.
func (o *pooled) Close() error {
	if o.stream.in != nil {
		o.in.done()
		o.stream = &stream{failed: io.ErrClosedPipe}
	}
	return nil
}

func openWhole(p *Pack, e Entry) (*Object, error) {
	in := inflaters.Get().(*inflater)
	s, err := p.stream(in, e)
	if err != nil {
		in.done()
		return nil, err
	}
	return &Object{e.Type, e.Size, &pooled{s}}, nil
}

// build makes an object out of its chain, one delta after the other, each streamed over the result of the one before.
func (p *Pack) build(off, limit int64) (*Object, error) {
	chain, err := p.chain(off)
	if err != nil {
		return nil, err
	}
	in := inflaters.Get().(*inflater)
	defer in.done()
	var base *spool
	for i := len(chain) - 1; i >= 0; i-- {
		result, err := p.buildOne(in, chain[i], base, limit)
		if base != nil {
			_ = base.Close()
		}
		if err != nil {
			return nil, err
		}
		base = result
	}
	content := io.NewSectionReader(base, 0, base.size)
	return &Object{chain[len(chain)-1].Type, base.size, struct {
		io.Reader
		io.Closer
	}{content, base}}, nil
}

// chain lists the entries from a delta down to the whole object it begins with.
func (p *Pack) chain(off int64) ([]Entry, error) {
	var chain []Entry
	for {
		e, err := p.Entry(off)
		if err != nil {
			return nil, err
		}
		chain = append(chain, e)
		if !e.Type.IsDelta() {
			return chain, nil
		}
		if len(chain) > maxChain {
			return nil, corrupt("chain of deltas is longer than %d", maxChain)
		}
		if off, err = p.baseOf(e); err != nil {
			return nil, err
		}
	}
}

// buildOne makes the object of one entry; base is nil for the first, which is whole.
func (p *Pack) buildOne(in *inflater, e Entry, base *spool, limit int64) (_ *spool, err error) {
	data, err := p.stream(in, e)
	if err != nil {
		return nil, err
	}
	to := p.newSpool()
	defer func() {
		if err != nil {
			_ = to.Close()
		}
	}()
	if base == nil {
		if e.Size > limit {
			return nil, ErrTooLarge
		}
		to.expect(e.Size)
		if _, err := io.Copy(to, data); err != nil {
			return nil, err
		}
		return to, to.flush()
	}
	m := mender{delta: bufio.NewReaderSize(data, 32<<10), base: base, baseSize: base.size, to: to, expect: to.expect}
	if err := m.run(limit); err != nil {
		return nil, fmt.Errorf("apply the delta at %d: %w", e.Offset, err)
	}
	return to, to.flush()
}

package ingest

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest/inflate"
)

// maker makes objects from the entries of the stored pack, for one worker.
type maker struct {
	ctx    context.Context
	in     *intake
	limit  int64 // up to this size an object is made in memory, in bytes
	hasher *oid.Hasher
	dec    inflate.Decoder
	br     *bufio.Reader
	z      io.ReadCloser
	packed []byte // as it lies in the file
	delta  []byte
	spare  []byte // an object's memory, to be used again
}

func newMaker(ctx context.Context, in *intake, limit int64) maker {
	return maker{ctx: ctx, in: in, limit: limit, hasher: oid.NewHasher()}
}

// base makes an object that is no delta.
func (m *maker) base(i int32) (*held, error) {
	e := m.in.table.at(i)
	if e.size > m.limit && e.kind == plumbing.BlobObject {
		return m.in.spill(e.size, nil, func(w io.Writer) error { return m.copyTo(w, i) })
	}
	b := m.memory(e.size)
	if err := m.inflate(b, i); err != nil {
		return nil, err
	}
	return &held{b: b, size: e.size}, nil
}

// first makes the object of a delta for the first time: its type and id become known, and it is checked.
func (m *maker) first(base *entry, data *held, child int32) (*held, error) {
	e := m.in.table.at(child)
	e.final = base.final
	made, err := m.apply(data, child)
	if err != nil {
		return nil, err
	}
	if made.file == nil {
		e.id, err = m.in.name(m.hasher, e.final, made.b)
	} else {
		e.id, err = m.hasher.Sum()
		if err == nil {
			err = m.in.view(e.id, made)
		}
	}
	if err != nil {
		made.free()
		return nil, err
	}
	return made, nil
}

// view shows a blob that lies in a file to whoever looks at blobs.
func (in *intake) view(id oid.ID, made *held) error {
	if in.o.Blobs == nil {
		return nil
	}
	to := in.o.Blobs.Large(made.size)
	if _, err := io.Copy(to, io.NewSectionReader(made.file, 0, made.size)); err != nil {
		return fmt.Errorf("read object of %d bytes again: %w", made.size, err)
	}
	to.Done(id)
	return nil
}

// apply makes the object of a delta. Where it comes to lie in a file it has gone through the hasher.
func (m *maker) apply(base *held, child int32) (*held, error) {
	e := m.in.table.at(child)
	if e.size > m.limit {
		return m.large(base, child)
	}
	delta := m.in.keep.deltaOf(e)
	if delta == nil {
		m.delta = grown(m.delta, e.size)
		delta = m.delta
		if err := m.inflate(delta, child); err != nil {
			return nil, err
		}
	}
	_, size, _, err := pack.DeltaSizes(delta)
	if err != nil {
		return nil, err
	}
	if base.file != nil || size > m.limit {
		return m.large(base, child)
	}
	if err := m.in.o.Limits.size(e.final, size); err != nil {
		return nil, err
	}
	b := m.memory(size)
	if _, err := pack.ApplyDelta(b[:0], base.b, delta); err != nil {
		return nil, fmt.Errorf("delta at byte %d of the pack: %w", e.off, err)
	}
	return &held{b: b, size: size}, nil
}

// large makes the object of a delta piece by piece.
func (m *maker) large(base *held, child int32) (*held, error) {
	e := m.in.table.at(child)
	var head prefix
	if err := m.read(child, func(z io.Reader) error {
		_, err := io.CopyN(&head, z, min(e.size, int64(len(head.b))))
		return err
	}); err != nil {
		return nil, err
	}
	_, size, _, err := pack.DeltaSizes(head.b[:head.n])
	if err != nil {
		return nil, err
	}
	if err := m.in.o.Limits.size(e.final, size); err != nil {
		return nil, err
	}
	patched := func(w io.Writer) error {
		return m.read(child, func(z io.Reader) error {
			delta := bufio.NewReaderSize(io.LimitReader(z, e.size), 32<<10)
			return (&patch{ctx: m.ctx, delta: delta, base: base, to: w, buf: make([]byte, 64<<10)}).run(size)
		})
	}
	if size > m.limit && e.final == plumbing.BlobObject {
		m.hasher.Reset(e.final, size)
		return m.in.spill(size, m.hasher, patched)
	}
	b := m.memory(size)
	if err := patched(&filler{b}); err != nil {
		return nil, fmt.Errorf("delta at byte %d of the pack: %w", e.off, err)
	}
	return &held{b: b, size: size}, nil
}

// filler writes to the memory that it has; its writers do not write more.
type filler struct{ rest []byte }

// Write implements io.Writer.
func (f *filler) Write(b []byte) (int, error) {
	n := copy(f.rest, b)
	f.rest = f.rest[n:]
	return n, nil
}

// deltaOf is the kept data of a delta, or nil.
func (k *keep) deltaOf(e *entry) []byte {
	if e.kept == 0 {
		return nil
	}
	return k.get(e.kept, e.size)
}

// memory is size bytes, used again where it fits; a small object must not hold much memory.
func (m *maker) memory(size int64) []byte {
	if b := m.spare; int64(cap(b)) >= size && int64(cap(b)) <= 4*size+1<<10 {
		m.spare = nil
		return b[:size]
	}
	return make([]byte, size, size+size>>3)
}

// give takes back an object that nobody holds any more.
func (m *maker) give(h *held) {
	if c := cap(h.b); c > cap(m.spare) && c <= 1<<20 {
		m.spare = h.b
	}
	h.free()
}

func grown(b []byte, n int64) []byte {
	if int64(cap(b)) < n {
		return make([]byte, n, n+n>>2)
	}
	return b[:n]
}

// inflate reads an entry's data, which is exactly as long as out.
func (m *maker) inflate(out []byte, i int32) error {
	from, to := m.in.extent(i)
	if n := to - from; n <= 2*int64(len(out))+1<<10 && n <= 1<<20 {
		m.packed = grown(m.packed, n)
		if _, err := m.in.file.ReadAt(m.packed, from); err != nil {
			return fmt.Errorf("read stored pack at byte %d: %w", from, err)
		}
		if _, err := m.dec.Decode(m.packed, out); err != nil {
			return badData(from, err)
		}
		return nil
	}
	return m.read(i, func(z io.Reader) error {
		_, err := io.ReadFull(z, out)
		return err
	})
}

// copyTo inflates an entry's data to w.
func (m *maker) copyTo(w io.Writer, i int32) error {
	return m.read(i, func(z io.Reader) error {
		size := m.in.table.at(i).size
		for done := int64(0); done < size; {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			n, err := io.CopyN(w, z, min(size-done, 1<<20))
			done += n
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// read has an entry's data read piece by piece. How long it is was seen when it came in.
func (m *maker) read(i int32, do func(z io.Reader) error) error {
	from, to := m.in.extent(i)
	src := io.NewSectionReader(m.in.file, from, to-from)
	if m.br == nil {
		m.br = bufio.NewReaderSize(src, 32<<10)
	}
	m.br.Reset(src)
	var err error
	if m.z == nil {
		m.z, err = zlib.NewReader(m.br)
	} else {
		err = m.z.(zlib.Resetter).Reset(m.br, nil)
	}
	if err != nil {
		m.z = nil
		return badData(from, err)
	}
	if err := do(m.z); err != nil {
		return fmt.Errorf("entry at byte %d of the pack: %w", m.in.table.at(i).off, err)
	}
	return nil
}

// extent is where the compressed data of an entry lies in the file.
func (in *intake) extent(i int32) (from, to int64) {
	e := in.table.at(i)
	to = in.size
	if int(i)+1 < in.table.n {
		to = in.table.at(i + 1).off
	}
	return e.off + int64(e.head), to
}

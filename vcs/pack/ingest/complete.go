package ingest

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// complete makes a thin pack whole: each base that deltas name and the pack lacks is asked of Options.Bases, appended
// to the pack, and what stands on it is resolved. It returns how many were added.
//
// The deltas are tried in the order of the pack, one base after the other, because a delta's base may itself be a delta
// on what is missing, and is not to be added then; writers put bases first.
func (r *resolver) complete() (uint32, error) {
	in := r.in
	if in.o.Bases == nil || len(in.refs) == 0 {
		return 0, nil
	}
	var added uint32
	var w *worker
	absent := make(map[oid.ID]bool)
	to := &appender{in: in}
	for i, n := int32(0), int32(in.table.n); i < n; i++ {
		e := in.table.at(i)
		if e.kind != plumbing.REFDeltaObject || !e.id.IsZero() || absent[in.refs[e.base]] {
			continue
		}
		id := in.refs[e.base]
		kind, data, err := in.o.Bases.Base(id)
		if errors.Is(err, pack.ErrNotFound) {
			absent[id] = true
			continue
		}
		if err != nil {
			return added, fmt.Errorf("read base %s of a thin pack: %w", id, err)
		}
		if err := in.genuine(id, kind, data); err != nil {
			return added, err
		}
		if err := to.append(kind, id, data); err != nil {
			return added, fmt.Errorf("complete thin pack: %w", err)
		}
		added++
		if w == nil {
			w = newWorker(in.ctx, r)
		}
		if err := w.tree(int32(in.table.n - 1)); err != nil {
			return added, err
		}
	}
	return added, nil
}

// genuine makes sure that a base is what its id says, before others are built on it.
func (in *intake) genuine(id oid.ID, kind plumbing.ObjectType, data []byte) error {
	got, err := oid.Of(kind, data)
	if err != nil {
		return fmt.Errorf("base %s of a thin pack: %w", id, err)
	}
	if got != id {
		return fmt.Errorf("base %s of a thin pack: the repository's own object has the id %s", id, got)
	}
	return in.spent.add(int64(len(data)), in.o.Limits.Inflated)
}

// appender writes further entries over the trailer of the stored pack.
type appender struct {
	in *intake
	z  *zlib.Writer
}

// append adds one whole object.
func (a *appender) append(kind plumbing.ObjectType, id oid.ID, data []byte) error {
	in := a.in
	head := pack.AppendHeader(nil, pack.Header{Type: kind, Size: int64(len(data))})
	to := &tail{to: io.NewOffsetWriter(in.store, in.size)}
	if _, err := to.Write(head); err != nil {
		return err
	}
	if a.z == nil {
		a.z = zlib.NewWriter(to)
	}
	a.z.Reset(to)
	if _, err := a.z.Write(data); err != nil {
		return err
	}
	if err := a.z.Close(); err != nil {
		return err
	}
	in.table.add(entry{
		off: in.size, size: int64(len(data)), id: id, crc: to.crc, base: -1, head: uint8(len(head)), kind: kind, final: kind,
	})
	in.size += to.n
	return nil
}

// tail counts and sums what is appended.
type tail struct {
	to  io.Writer
	n   int64
	crc uint32
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	n, err := t.to.Write(p)
	t.n += int64(n)
	t.crc = crc32.Update(t.crc, crc32.IEEETable, p[:n])
	return n, err
}

// rehash puts the true count into the header of a pack that was completed, and a new trailer behind it.
func (in *intake) rehash() error {
	if _, err := in.store.WriteAt(pack.AppendFileHeader(nil, uint32(in.table.n)), 0); err != nil {
		return err
	}
	sum := oid.NewSum()
	if _, err := io.Copy(sum, io.NewSectionReader(in.store, 0, in.size)); err != nil {
		return err
	}
	in.trailer = oid.SumID(sum)
	_, err := in.store.WriteAt(in.trailer[:], in.size)
	return err
}

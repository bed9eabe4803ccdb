package pack

import (
	"bufio"
	"context"
	"fmt"
	"hash"
	"io"
	"math"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
)

// WriteOptions govern Write.
type WriteOptions struct {
	// OfsDelta: the reader understands OFS_DELTA; else bases are named by id.
	OfsDelta bool
	// ClientHas, when not nil, makes a thin pack: a delta whose base is not sent may go out when ClientHas(base).
	ClientHas func(oid.ID) bool
	// Whole packs are sent entire, as ranges of their files, before Objects; none of Objects lies in them. They may hold
	// OFS_DELTAs: for a reader without OfsDelta the caller names their objects instead (Pack.Each).
	Whole []*Pack
	// Progress is told how many of the objects are written, from time to time.
	Progress func(done, total uint32)
	// Entry, when not nil, is told each of Objects as it is written: its id and where its entry begins in the output.
	Entry func(id oid.ID, at int64)
}

// Written says what Write sent.
type Written struct {
	// Objects is how many objects went out, Reused how many of them as they lay in a pack, Deltas how many as deltas.
	Objects, Reused, Deltas uint32
	Bytes                   int64
	// Checksum is the pack's trailer.
	Checksum oid.ID
}

// RangeWriter is a writer that can send a range of a file by itself: Write hands it ranges from 1 MiB on. It must have
// sent n bytes from off on when it returns without an error, in the order of the calls of Write around it.
type RangeWriter interface {
	CopyRange(f *os.File, off, n int64) error
}

// Write sends a pack of these objects, of which none is named twice, to w. Entries are copied compressed as they lie
// in a pack, deltas included where their base goes along or the client has it; else the object is deflated anew. The
// order is that of the packs. One pack of Whole and no objects go out as the file they are, trailer included. ctx ends it
// between two ranges. ErrNotFound for an object that no pack has; ErrCorrupt.
func (s *Set) Write(ctx context.Context, w io.Writer, objects []oid.ID, o WriteOptions) (Written, error) {
	if len(objects) == 0 && len(o.Whole) == 1 {
		return sendFile(ctx, w, o.Whole[0])
	}
	groups, err := s.locate(objects)
	if err != nil {
		return Written{}, err
	}
	total := uint64(len(objects))
	for _, p := range o.Whole {
		total += uint64(p.Count())
	}
	if total > math.MaxUint32 {
		return Written{}, fmt.Errorf("write pack: %d objects are more than a pack can hold", total)
	}
	pw := &packWriter{ctx: ctx, set: s, o: o, total: uint32(total), out: bufio.NewWriterSize(w, 64<<10), sum: oid.NewSum()}
	pw.ranges, _ = w.(RangeWriter)
	if err := pw.write(groups); err != nil {
		return Written{}, err
	}
	pw.done.Checksum = oid.SumID(pw.sum)
	if _, err := w.Write(pw.done.Checksum[:]); err != nil {
		return Written{}, fmt.Errorf("write trailer: %w", err)
	}
	pw.done.Bytes = pw.at + int64(oid.Size)
	return pw.done, nil
}

// sendFile sends a pack as the file it is: nothing need be hashed.
func sendFile(ctx context.Context, w io.Writer, p *Pack) (Written, error) {
	pw := &packWriter{ctx: ctx, out: bufio.NewWriterSize(w, 16)}
	pw.ranges, _ = w.(RangeWriter)
	c := newCopier(pw, p)
	err := c.send(0, p.Size)
	if err == nil {
		err = pw.out.Flush()
	}
	if err != nil {
		return Written{}, fmt.Errorf("send %s: %w", p.Name, err)
	}
	return Written{Objects: p.Count(), Reused: p.Count(), Bytes: p.Size, Checksum: p.trailer}, nil
}

// packWriter writes one pack.
type packWriter struct {
	ctx      context.Context
	set      *Set
	o        WriteOptions
	out      *bufio.Writer
	ranges   RangeWriter // the same destination as out; nil where it cannot send ranges
	sum      hash.Hash
	at       int64 // bytes written so far, with what a copier has taken and not passed on yet
	total    uint32
	done     Written
	head     []byte
	deflater *zlib.Writer
}

func (w *packWriter) write(groups []*group) error {
	if err := w.bytes(AppendFileHeader(nil, w.total)); err != nil {
		return fmt.Errorf("write header: %w", err)
	}
	for _, p := range w.o.Whole {
		c := newCopier(w, p)
		err := c.take(headerSize, p.end())
		if err == nil {
			err = c.finish()
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", p.Name, err)
		}
		w.done.Objects += p.Count()
		w.done.Reused += p.Count()
	}
	for _, g := range groups {
		if err := w.group(g); err != nil {
			return fmt.Errorf("copy from %s: %w", g.pack.Name, err)
		}
	}
	return w.out.Flush()
}

// bytes writes what does not come from a pack.
func (w *packWriter) bytes(b []byte) error {
	w.at += int64(len(b))
	_, _ = w.sum.Write(b)
	_, err := w.out.Write(b)
	return err
}

// tick is the place where a write is told of and ended.
func (w *packWriter) tick() error {
	if w.o.Progress != nil {
		w.o.Progress(w.done.Objects, w.total)
	}
	return w.ctx.Err()
}

// header is what the entry's header becomes in the output; false where the object cannot go out as it lies.
func (w *packWriter) header(g *group, i int, e Entry) (Header, bool, error) {
	h := e.Header
	if !h.Type.IsDelta() {
		return h, true, nil
	}
	baseAt, err := g.pack.baseOf(e)
	if err != nil {
		return h, false, err
	}
	base := g.find(baseAt)
	if base >= 0 && base < i && w.o.OfsDelta {
		h.Type, h.Back, h.BaseID = plumbing.OFSDeltaObject, w.at-g.out(base), oid.Zero
		return h, true, nil
	}
	if h.Type == plumbing.OFSDeltaObject {
		if h.BaseID, err = g.pack.idOfOffset(baseAt); err != nil {
			return h, false, err
		}
		h.Type, h.Back = plumbing.REFDeltaObject, 0
	}
	return h, base >= 0 || w.o.ClientHas != nil && w.o.ClientHas(h.BaseID), nil
}

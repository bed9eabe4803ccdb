package pack

import (
	"bufio"
	"context"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// WriteOptions govern Write.
type WriteOptions struct {
	// OfsDelta: the reader understands OFS_DELTA; else bases are named by id.
	OfsDelta bool
	// ClientHas, when not nil, makes a thin pack: a delta whose base is not sent may go out when ClientHas(base).
	ClientHas func(oid.ID) bool
	// Whole packs are sent entire, as ranges of their files, before Objects; none of Objects lies in them.
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

// RangeWriter is a writer that can send a range of a file by itself, without its bytes passing through this process.
type RangeWriter interface {
	CopyRange(f *os.File, off, n int64) error
}

// Write sends a pack of these objects, of which none is named twice, to w. Entries are copied compressed as they lie
// in a pack, deltas included where their base goes along or the client has it; else the object is deflated anew.
func (s *Set) Write(ctx context.Context, w io.Writer, objects []oid.ID, o WriteOptions) (Written, error) {
	if len(objects) == 0 && len(o.Whole) == 1 {
		return sendFile(ctx, w, o.Whole[0])
	}
	groups, err := s.locate(objects)
	if err != nil {
		return Written{}, err
	}
	total := uint32(len(objects))
	for _, p := range o.Whole {
		total += p.Count()
	}
	pw := &packWriter{ctx: ctx, set: s, o: o, total: total, out: bufio.NewWriterSize(nil, 128<<10), sum: oid.NewSum()}
	pw.out.Reset(io.MultiWriter(w, pw.sum))
	if err := pw.write(groups); err != nil {
		return Written{}, err
	}
	pw.done.Checksum = oid.SumID(pw.sum)
	if _, err := w.Write(pw.done.Checksum[:]); err != nil {
		return Written{}, err
	}
	pw.done.Bytes = pw.at + int64(oid.Size)
	return pw.done, nil
}

// sendFile sends a pack as the file it is.
func sendFile(ctx context.Context, w io.Writer, p *Pack) (Written, error) {
	done := Written{Objects: p.Count(), Reused: p.Count(), Bytes: p.Size, Checksum: p.trailer}
	if rw, ok := w.(RangeWriter); ok && p.File != nil {
		return done, rw.CopyRange(p.File, 0, p.Size)
	}
	return done, copyRangeOf(ctx, w, p, 0, p.Size)
}

// copyRangeOf copies bytes of a pack in large steps.
func copyRangeOf(ctx context.Context, w io.Writer, p *Pack, off, n int64) error {
	buf := make([]byte, min(n, 256<<10))
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(n, int64(len(buf)))]
		if err := readFull(p.Data, b, off); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		off, n = off+int64(len(b)), n-int64(len(b))
	}
	return nil
}

// item is one object to write: where it lies, and where its entry begins in the output (0 while it is not written).
type item struct {
	off, out int64
	pos      uint32
}

// group is the objects that are taken from one pack, in its order.
type group struct {
	pack  *Pack
	items []item
}

// find is the item whose entry begins at off; nil where that entry is not sent from this pack.
func (g *group) find(off int64) *item {
	i, ok := slices.BinarySearchFunc(g.items, off, func(it item, off int64) int { return int(min(max(it.off-off, -1), 1)) })
	if !ok {
		return nil
	}
	return &g.items[i]
}

// locate finds every object and sorts them by pack and place.
func (s *Set) locate(objects []oid.ID) ([]*group, error) {
	var groups []*group
	byPack := map[*Pack]*group{}
	for _, id := range objects {
		at, err := s.find(id)
		if err != nil {
			return nil, fmt.Errorf("write pack: %w", err)
		}
		g := byPack[at.Pack]
		if g == nil {
			g = &group{pack: at.Pack}
			byPack[at.Pack] = g
			groups = append(groups, g)
		}
		g.items = append(g.items, item{off: at.Offset, pos: at.Pos})
	}
	for _, g := range groups {
		slices.SortFunc(g.items, func(a, b item) int { return int(min(max(a.off-b.off, -1), 1)) })
	}
	return groups, nil
}

// packWriter writes one pack.
type packWriter struct {
	ctx   context.Context
	set   *Set
	o     WriteOptions
	out   *bufio.Writer
	sum   hash.Hash
	at    int64 // bytes written so far
	total uint32
	done  Written
	head  []byte
}

func (w *packWriter) write(groups []*group) error {
	if err := w.bytes(AppendFileHeader(nil, w.total)); err != nil {
		return err
	}
	for _, p := range w.o.Whole {
		n := p.Size - headerSize - int64(oid.Size)
		if err := copyRangeOf(w.ctx, w.out, p, headerSize, n); err != nil {
			return fmt.Errorf("copy %s: %w", p.Name, err)
		}
		w.at += n
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

func (w *packWriter) bytes(b []byte) error {
	w.at += int64(len(b))
	_, err := w.out.Write(b)
	return err
}

// group writes the objects of one pack in its order.
func (w *packWriter) group(g *group) error {
	r := &reader{pack: g.pack}
	next := uint32(0) // rank behind the entry last written: most entries follow their neighbour
	for i := range g.items {
		it := &g.items[i]
		if w.done.Objects%1024 == 0 {
			if err := w.tick(); err != nil {
				return err
			}
		}
		rank, err := g.pack.rankNear(it.off, next)
		if err != nil {
			return err
		}
		_, end, err := g.pack.atRank(rank + 1)
		if err != nil {
			return err
		}
		next = rank + 1
		it.out = w.at
		if err := w.entry(g, r, it, end); err != nil {
			return err
		}
		w.done.Objects++
	}
	return w.tick()
}

func (w *packWriter) tick() error {
	if w.o.Progress != nil {
		w.o.Progress(w.done.Objects, w.total)
	}
	return w.ctx.Err()
}

// rankNear is rank with a guess.
func (p *Pack) rankNear(off int64, guess uint32) (uint32, error) {
	if _, o, err := p.atRank(guess); err == nil && o == off && guess < p.index.count {
		return guess, nil
	}
	return p.rank(off)
}

// entry writes one object, by copying its entry where its base is known to the reader of the pack.
func (w *packWriter) entry(g *group, r *reader, it *item, end int64) error {
	if w.o.Entry != nil {
		id, err := g.pack.IDAt(it.pos)
		if err != nil {
			return err
		}
		w.o.Entry(id, w.at)
	}
	b, err := r.at(it.off, int(min(int64(maxEntryHeader), end-it.off)))
	if err != nil {
		return err
	}
	e, err := g.pack.parse(b, it.off)
	if err != nil {
		return err
	}
	if e.Data > end {
		return corrupt("entry at %d of %s runs into the next one", it.off, g.pack.Name)
	}
	h, ok, err := w.header(g, it, e)
	if err != nil {
		return err
	}
	if !ok {
		return w.anew(g, it)
	}
	w.done.Reused++
	if h.Type.IsDelta() {
		w.done.Deltas++
	}
	w.head = AppendHeader(w.head[:0], h)
	if err := w.bytes(w.head); err != nil {
		return err
	}
	w.at += end - e.Data
	return r.copy(w.out, e.Data, end)
}

// header is what the entry's header becomes in the output; false where the object cannot go out as it lies.
func (w *packWriter) header(g *group, it *item, e Entry) (Header, bool, error) {
	h := e.Header
	if !h.Type.IsDelta() {
		return h, true, nil
	}
	baseAt, err := g.pack.baseOf(e)
	if err != nil {
		return h, false, err
	}
	base := g.find(baseAt)
	if base != nil && base.out > 0 && base.off < it.off && w.o.OfsDelta {
		h.Type, h.Back = plumbing.OFSDeltaObject, it.out-base.out
		return h, true, nil
	}
	if h.Type == plumbing.OFSDeltaObject {
		if h.BaseID, err = g.pack.idOfOffset(baseAt); err != nil {
			return h, false, err
		}
		h.Type = plumbing.REFDeltaObject
	}
	return h, base != nil || w.o.ClientHas != nil && w.o.ClientHas(h.BaseID), nil
}

// reader reads a pack forward through one buffer, so that neighbours cost one system call together.
type reader struct {
	pack *Pack
	buf  []byte
	off  int64 // of buf[0]
}

// at returns n bytes from off on, valid until the next call.
func (r *reader) at(off int64, n int) ([]byte, error) {
	if off >= r.off && off+int64(n) <= r.off+int64(len(r.buf)) {
		return r.buf[off-r.off:][:n], nil
	}
	if r.buf == nil {
		r.buf = make([]byte, 64<<10)
	}
	b := r.buf[:min(int64(cap(r.buf)), r.pack.Size-off)]
	if err := readFull(r.pack.Data, b, off); err != nil {
		return nil, err
	}
	r.buf, r.off = b, off
	if n > len(b) {
		return nil, corrupt("entry at %d of %s is cut off", off, r.pack.Name)
	}
	return b[:n], nil
}

// copy writes the bytes [from, end) of the pack to w.
func (r *reader) copy(w io.Writer, from, end int64) error {
	for from < end {
		n := min(end-from, 32<<10)
		b, err := r.at(from, int(n))
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		from += n
	}
	return nil
}

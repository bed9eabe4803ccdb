package ingest

import (
	"errors"
	"fmt"
	"hash"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sync/errgroup"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// streamed is the size from which an entry is inflated piece by piece, and never held whole where it need not be.
const streamed = 512 << 10

// errStopped ends the reading when a worker has failed, whose error is the one that counts.
var errStopped = errors.New("receiving was stopped")

// spent adds up what is inflated, before it is.
type spent struct{ n atomic.Int64 }

func (s *spent) add(n, limit int64) error {
	if n > limit || s.n.Add(n) > limit {
		return &LimitError{What: "pack holds too much when it is inflated", Setting: "receive.max_inflated", Limit: limit}
	}
	return nil
}

// scanner is the goroutine that reads.
type scanner struct {
	in     *intake
	src    *source
	to     *pump
	sum    hash.Hash // of the pack, on the pump's goroutine
	crew   *crew
	hasher *oid.Hasher
	buf    []byte // for deltas that are inflated only to find their end and their declared sizes
}

// scan reads the pack to its trailer. Afterwards every entry is known, and the id of each that is no delta.
func (in *intake) scan(src func(to *pump) *source) error {
	sum := oid.NewSum()
	to := newPump(func(b []byte) error {
		sum.Write(b)
		if in.store == nil {
			return nil
		}
		_, err := in.store.Write(b)
		return err
	})
	work, ctx := errgroup.WithContext(in.ctx)
	s := &scanner{in: in, src: src(to), to: to, sum: sum, crew: newCrew(ctx, in.o.Workers), hasher: oid.NewHasher()}
	for range in.o.Workers {
		work.Go(func() error { return caught(func() error { return s.crew.work(in) }) })
	}
	err := s.run()
	s.crew.dismiss()
	if werr := work.Wait(); werr != nil && (err == nil || errors.Is(err, errStopped)) {
		err = werr
	}
	if perr := to.stop(); err == nil && perr != nil {
		err = fmt.Errorf("store pack: %w", perr)
	}
	return err
}

func (s *scanner) run() error {
	head, err := s.src.peek(12)
	if err != nil {
		return err
	}
	count, err := pack.ParseFileHeader(head)
	if err != nil {
		return err
	}
	if limit := s.in.o.Limits.Objects; count > limit {
		return &LimitError{What: fmt.Sprintf("pack declares %d objects", count), Setting: "receive.max_objects", Limit: int64(limit)}
	}
	if err := s.src.take(12); err != nil {
		return err
	}
	for i := range count {
		if i%512 == 0 {
			s.progress(i, count)
		}
		if err := s.entry(); err != nil {
			return err
		}
	}
	if err := s.crew.send(); err != nil {
		return err
	}
	s.progress(count, count)
	return s.finish()
}

func (s *scanner) progress(done, total uint32) {
	if s.in.o.Progress != nil {
		s.in.o.Progress("Receiving objects", done, total)
	}
}

// finish compares the trailer with what was hashed, and stores it.
func (s *scanner) finish() error {
	b, err := s.src.peek(oid.Size)
	if err != nil {
		return err
	}
	in := s.in
	in.trailer = oid.FromBytes(b)
	if _, err := s.src.br.Discard(oid.Size); err != nil {
		return err
	}
	if err := s.to.stop(); err != nil {
		return fmt.Errorf("store pack: %w", err)
	}
	if want := oid.SumID(s.sum); in.trailer != want {
		return fmt.Errorf("the pack's checksum is %s and should be %s: it was damaged on its way: %w", in.trailer, want, pack.ErrCorrupt)
	}
	in.size, in.received = s.src.at, s.src.at+int64(oid.Size)
	if in.store == nil {
		return nil
	}
	if _, err := in.store.Write(in.trailer[:]); err != nil {
		return fmt.Errorf("store pack: %w", err)
	}
	return nil
}

// entry reads one entry: its header, then its data by size.
func (s *scanner) entry() error {
	if err := s.crew.alive(); err != nil {
		return err
	}
	h, n, err := s.src.header()
	if err != nil {
		return err
	}
	if err := s.in.allowed(h.Type, h.Size); err != nil {
		return err
	}
	e := entry{off: s.src.at, size: h.Size, base: -1, head: uint8(n), kind: h.Type, final: h.Type}
	if err := s.base(&e, h); err != nil {
		return err
	}
	s.src.crc = 0
	if err := s.src.take(n); err != nil {
		return err
	}
	kept := s.in.table.add(e)
	if e.kind.IsDelta() {
		err = s.delta(kept)
	} else {
		err = s.whole(kept)
	}
	kept.crc = s.src.crc
	return err
}

// allowed compares a declared size with the limits. What a delta becomes is known later; until then it is any object.
func (in *intake) allowed(kind plumbing.ObjectType, size int64) error {
	if err := in.o.Limits.size(kind, size); err != nil {
		return err
	}
	return in.spent.add(size, in.o.Limits.Inflated)
}

// base notes what a delta stands on.
func (s *scanner) base(e *entry, h pack.Header) error {
	switch h.Type {
	case plumbing.OFSDeltaObject:
		e.base = s.in.table.find(e.off - h.Back)
		if e.base < 0 {
			return fmt.Errorf("delta at byte %d of the pack has no base where it says: %w", e.off, pack.ErrCorrupt)
		}
	case plumbing.REFDeltaObject:
		e.base = int32(len(s.in.refs))
		s.in.refs = append(s.in.refs, h.BaseID)
	default:
		return nil
	}
	s.in.deltas++
	return nil
}

// delta reads a delta and compares the size that it declares for its result with the limits: before anything is built.
func (s *scanner) delta(e *entry) error {
	if e.size > streamed {
		var first prefix
		if err := s.src.copyTo(&first, e.size); err != nil {
			return err
		}
		return s.result(e, first.b[:first.n])
	}
	b, place := s.in.keep.room(e.size)
	if b == nil {
		if int64(cap(s.buf)) < e.size {
			s.buf = make([]byte, e.size)
		}
		b = s.buf[:e.size]
	}
	e.kept = place
	if err := s.src.inflate(b); err != nil {
		return err
	}
	return s.result(e, b)
}

func (s *scanner) result(e *entry, delta []byte) error {
	_, size, _, err := pack.DeltaSizes(delta)
	if err != nil {
		return fmt.Errorf("delta at byte %d of the pack: %w", e.off, err)
	}
	return s.in.allowed(plumbing.BlobObject, size)
}

// prefix holds the first bytes that are written to it, enough for the sizes in a delta's header.
type prefix struct {
	b [20]byte
	n int
}

// Write implements io.Writer.
func (p *prefix) Write(b []byte) (int, error) {
	p.n += copy(p.b[p.n:], b)
	return len(b), nil
}

// whole reads an object that is no delta: small ones for the crew, large blobs piece by piece into a hash.
func (s *scanner) whole(e *entry) error {
	if e.size <= streamed {
		b, err := s.crew.room(int(e.size))
		if err != nil {
			return err
		}
		if err := s.src.inflate(b); err != nil {
			return err
		}
		s.crew.add(e)
		return nil
	}
	if e.kind != plumbing.BlobObject { // the check wants it in one piece
		b := make([]byte, e.size)
		if err := s.src.inflate(b); err != nil {
			return err
		}
		id, err := s.in.name(s.hasher, e.kind, b)
		e.id = id
		return err
	}
	s.hasher.Reset(e.kind, e.size)
	var viewing Large
	if s.in.o.Blobs != nil {
		viewing = s.in.o.Blobs.Large(e.size)
	}
	hashing := newPump(func(b []byte) error {
		if viewing != nil {
			_, _ = viewing.Write(b)
		}
		_, err := s.hasher.Write(b)
		return err
	})
	err := s.src.copyTo(hashing, e.size)
	if err := errors.Join(err, hashing.stop()); err != nil {
		return err
	}
	if e.id, err = s.hasher.Sum(); err == nil && viewing != nil {
		viewing.Done(e.id)
	}
	return err
}

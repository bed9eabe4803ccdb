package ingest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sync/errgroup"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// streamed is the size from which an entry is inflated piece by piece and never held whole, in bytes.
const streamed = 512 << 10

// spent adds up what was inflated.
type spent struct{ n atomic.Int64 }

func (s *spent) add(n, limit int64) error {
	if s.n.Add(n) > limit {
		return &LimitError{What: "pack holds too much when it is inflated", Setting: "receive.max_inflated", Limit: limit}
	}
	return nil
}

// job is an object whose id is to be computed by a worker.
type job struct {
	i    int
	kind plumbing.ObjectType
	data []byte
}

// scan reads the pack to its trailer and returns the bases that deltas name by id.
func (in *intake) scan(r io.Reader) ([]oid.ID, error) {
	work, ctx := errgroup.WithContext(in.ctx)
	jobs := make(chan []job, 2*in.o.Workers)
	ids := make(chan []named, 2*in.o.Workers)
	for range in.o.Workers {
		work.Go(func() error { return in.hash(jobs, ids) })
	}
	collected := make(chan struct{})
	var computed []named
	go func() {
		defer close(collected)
		for n := range ids {
			computed = append(computed, n...)
		}
	}()
	s := &scanner{in: in, src: newSource(r, in.file, in.o.Limits.Pack), jobs: jobs, hasher: oid.NewHasher(), gone: ctx.Done()}
	err := s.run()
	close(jobs)
	if werr := work.Wait(); werr != nil {
		err = werr
	}
	close(ids)
	<-collected
	if err != nil {
		return nil, err
	}
	for _, n := range computed {
		in.entries[n.i].id = n.id
	}
	in.trailer, in.size, in.received = s.trailer, s.src.at, s.src.at+int64(oid.Size)
	return s.refs, nil
}

// named is an id that a worker computed.
type named struct {
	i  int
	id oid.ID
}

// hash is one worker: ids and checks of whole objects.
func (in *intake) hash(jobs <-chan []job, ids chan<- []named) error {
	h := oid.NewHasher()
	var failed error
	for batch := range jobs {
		if failed != nil {
			continue // drained, so that the reader does not wait for ever
		}
		out := make([]named, 0, len(batch))
		for _, j := range batch {
			id, err := in.name(h, j.kind, j.data)
			if err != nil {
				failed = err
				break
			}
			out = append(out, named{j.i, id})
		}
		ids <- out
	}
	return failed
}

// name computes an object's id and has the caller check it.
func (in *intake) name(h *oid.Hasher, kind plumbing.ObjectType, data []byte) (oid.ID, error) {
	h.Reset(kind, int64(len(data)))
	_, _ = h.Write(data)
	id, err := h.Sum()
	if err != nil {
		return id, err
	}
	if in.o.Check != nil && kind != plumbing.BlobObject {
		if err := in.o.Check(kind, id, data); err != nil {
			return id, fmt.Errorf("%s %s: %w", kind, id, err)
		}
	}
	return id, nil
}

// scanner is the goroutine that reads.
type scanner struct {
	in      *intake
	src     *source
	jobs    chan<- []job
	batch   []job
	pending int // bytes in batch
	hasher  *oid.Hasher
	refs    []oid.ID
	trailer oid.ID
	gone    <-chan struct{} // closed when a worker has failed
	buf     []byte          // for deltas, which are inflated here to find their end and checked later
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
		if i%1024 == 0 {
			if err := s.pause(i, count); err != nil {
				return err
			}
		}
		if err := s.entry(int(i)); err != nil {
			return err
		}
	}
	s.send()
	s.progress(count, count)
	return s.finish()
}

func (s *scanner) pause(done, total uint32) error {
	s.progress(done, total)
	select {
	case <-s.gone:
		return fmt.Errorf("receive pack: %w", io.ErrClosedPipe) // the worker's own error comes before this one
	default:
		return s.in.ctx.Err()
	}
}

func (s *scanner) progress(done, total uint32) {
	if s.in.o.Progress != nil {
		s.in.o.Progress("Receiving objects", done, total)
	}
}

// finish compares the trailer with what was hashed.
func (s *scanner) finish() error {
	want := oid.SumID(s.src.sum)
	b, err := s.src.peek(oid.Size)
	if err != nil {
		return err
	}
	if len(b) < oid.Size {
		return cutOff(s.src.at, io.EOF)
	}
	s.trailer = oid.FromBytes(b)
	if s.trailer != want {
		return fmt.Errorf("the pack's checksum is %s and should be %s: it was damaged on its way: %w", s.trailer, want, pack.ErrCorrupt)
	}
	s.src.from += oid.Size
	if _, err := s.in.file.Write(s.trailer[:]); err != nil {
		return fmt.Errorf("store pack: %w", err)
	}
	return nil
}

// entry reads one entry: its header, then its data by size.
func (s *scanner) entry(i int) error {
	b, err := s.src.peek(64)
	if err != nil {
		return err
	}
	h, n, err := pack.ParseHeader(b)
	if err != nil {
		if len(b) < 64 && s.src.err == io.EOF {
			return cutOff(s.src.at, io.EOF)
		}
		return err
	}
	if err := s.in.allowed(h.Type, h.Size); err != nil {
		return err
	}
	e := entry{off: s.src.at, data: s.src.at + int64(n), size: h.Size, base: -1, kind: h.Type, final: h.Type}
	if err := s.base(&e, h); err != nil {
		return err
	}
	crc := crc32.NewIEEE()
	s.src.taken = func(b []byte) { _, _ = crc.Write(b) }
	if err := s.src.take(n); err != nil {
		return err
	}
	if err := s.data(i, &e); err != nil {
		return err
	}
	e.crc = crc.Sum32()
	s.in.entries = append(s.in.entries, e)
	return nil
}

// allowed compares a declared size with the limits.
func (in *intake) allowed(kind plumbing.ObjectType, size int64) error {
	if size > in.o.Limits.Blob {
		return &LimitError{What: fmt.Sprintf("object of %d bytes is too large", size), Setting: "receive.max_blob", Limit: in.o.Limits.Blob}
	}
	if size > maxChecked && (kind == plumbing.CommitObject || kind == plumbing.TreeObject || kind == plumbing.TagObject) {
		return fmt.Errorf("%s of %d bytes: more than %d are not accepted: %w", kind, size, maxChecked, pack.ErrTooLarge)
	}
	return in.spent.add(size, in.o.Limits.Inflated)
}

// base notes what a delta stands on.
func (s *scanner) base(e *entry, h pack.Header) error {
	switch h.Type {
	case plumbing.OFSDeltaObject:
		at, ok := slices.BinarySearchFunc(s.in.entries, e.off-h.Back, func(e entry, off int64) int { return int(min(max(e.off-off, -1), 1)) })
		if !ok {
			return fmt.Errorf("delta at byte %d of the pack has no base where it says: %w", e.off, pack.ErrCorrupt)
		}
		e.base = int32(at)
	case plumbing.REFDeltaObject:
		e.base = int32(len(s.refs))
		s.refs = append(s.refs, h.BaseID)
	default:
		return nil
	}
	s.in.deltas++
	return nil
}

// data inflates an entry: small ones for the workers, large ones piece by piece here.
func (s *scanner) data(i int, e *entry) error {
	if e.size > streamed && (e.kind == plumbing.BlobObject || e.kind.IsDelta()) {
		if e.kind.IsDelta() {
			return s.src.stream(io.Discard, e.size)
		}
		s.hasher.Reset(e.kind, e.size)
		if err := s.src.stream(s.hasher, e.size); err != nil {
			return err
		}
		var err error
		e.id, err = s.hasher.Sum()
		return err
	}
	if e.kind.IsDelta() {
		s.buf = slices.Grow(s.buf[:0], int(e.size))[:e.size]
		return s.src.inflate(s.buf)
	}
	if e.size > streamed { // a huge tree, commit or tag: memory grows with what comes
		var b bytes.Buffer
		if err := s.src.stream(&b, e.size); err != nil {
			return err
		}
		s.queue(job{i, e.kind, b.Bytes()})
		return nil
	}
	out := make([]byte, e.size)
	if err := s.src.inflate(out); err != nil {
		return err
	}
	s.queue(job{i, e.kind, out})
	return nil
}

// queue gives objects to the workers in batches, since a channel costs more than a small object's hash.
func (s *scanner) queue(j job) {
	s.batch = append(s.batch, j)
	s.pending += len(j.data)
	if len(s.batch) == 64 || s.pending > 1<<20 {
		s.send()
	}
}

func (s *scanner) send() {
	if len(s.batch) > 0 {
		s.jobs <- s.batch
		s.batch, s.pending = nil, 0
	}
}

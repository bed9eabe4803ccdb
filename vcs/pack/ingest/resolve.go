package ingest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// resolver is the work of building the deltas; its workers share it.
type resolver struct {
	in     *intake
	family *family
	// limit and budget are for each worker: the size up to which an object is held in memory, and all that it may hold.
	limit, budget int64
	total         int
	done          atomic.Int64
	again         atomic.Int64 // bytes of objects that were built anew
	mu            sync.Mutex   // guards told, and calls of Progress
	told          int64
}

// resolve builds every delta, base by base on all cores, and completes a thin pack. It returns how many bases were
// added to it.
func (in *intake) resolve() (uint32, error) {
	if in.deltas == 0 {
		return 0, nil
	}
	r := &resolver{in: in, family: newFamily(&in.table, in.refs), total: in.deltas}
	// Fewer workers where the memory would not be worth dividing.
	workers := int(max(1, min(int64(in.o.Workers), in.o.Limits.Memory>>23)))
	r.budget = max(in.o.Limits.Memory-int64(len(in.keep.chunks))<<keepBits, in.o.Limits.Memory/2) / int64(workers)
	r.limit = r.budget / 4
	if err := r.roots(workers); err != nil {
		return 0, err
	}
	completed, err := r.complete()
	if err != nil {
		return 0, err
	}
	if left := in.deltas - int(r.done.Load()); left > 0 {
		return 0, fmt.Errorf("pack has %d %w (thin pack against objects that this repository does not have)", left, ErrUnresolved)
	}
	return completed, nil
}

// roots resolves all that stands on the objects which the pack brings whole.
func (r *resolver) roots(workers int) error {
	const share = 64 // entries that a worker takes at once
	var next atomic.Int64
	n := int64(r.in.table.n)
	g, ctx := errgroup.WithContext(r.in.ctx)
	for range workers {
		g.Go(func() error {
			return caught(func() error {
				w := newWorker(ctx, r)
				for from := next.Add(share) - share; from < n; from = next.Add(share) - share {
					if err := w.trees(from, min(from+share, n)); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	return g.Wait()
}

// trees resolves all that stands on the whole objects of a part of the table.
func (w *worker) trees(from, to int64) error {
	for i := from; i < to; i++ {
		if w.r.in.table.at(int32(i)).kind.IsDelta() {
			continue
		}
		if err := w.tree(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// rebuilt counts an object that is built again because it had to be let go. Packs that git makes hardly need it; one
// made to need it for ever ends here.
func (r *resolver) rebuilt(n int64) error {
	if limit := r.in.o.Limits.Inflated; r.again.Add(n) > limit {
		return &LimitError{What: "pack's deltas are built from too much", Setting: "receive.max_inflated", Limit: limit}
	}
	return nil
}

// built counts a resolved delta.
func (r *resolver) built() {
	n := r.done.Add(1)
	if r.in.o.Progress == nil || n%256 != 0 && n != int64(r.total) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > r.told {
		r.told = n
		r.in.o.Progress("Resolving deltas", uint32(n), uint32(r.total))
	}
}

package ingest

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"
	"golang.org/x/sync/errgroup"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// family knows the deltas on each base: indexes of entries, sorted by their base's entry or by its id.
type family struct {
	byEntry []int32
	byID    []int32
	ids     []oid.ID // entry.base of a REF_DELTA is an index into these
}

func (in *intake) family(ids []oid.ID) *family {
	f := &family{ids: ids}
	for i := range in.entries {
		switch in.entries[i].kind {
		case plumbing.OFSDeltaObject:
			f.byEntry = append(f.byEntry, int32(i))
		case plumbing.REFDeltaObject:
			f.byID = append(f.byID, int32(i))
		}
	}
	sort.Slice(f.byEntry, func(a, b int) bool { return in.entries[f.byEntry[a]].base < in.entries[f.byEntry[b]].base })
	sort.Slice(f.byID, func(a, b int) bool { return oid.Compare(f.id(in, f.byID[a]), f.id(in, f.byID[b])) < 0 })
	return f
}

func (f *family) id(in *intake, i int32) oid.ID { return f.ids[in.entries[i].base] }

// children are the deltas on an entry, by its place and by its id.
func (f *family) children(in *intake, i int32) (places, named []int32) {
	lo := sort.Search(len(f.byEntry), func(k int) bool { return in.entries[f.byEntry[k]].base >= i })
	hi := lo
	for hi < len(f.byEntry) && in.entries[f.byEntry[hi]].base == i {
		hi++
	}
	return f.byEntry[lo:hi], f.named(in, in.entries[i].id)
}

func (f *family) named(in *intake, id oid.ID) []int32 {
	lo := sort.Search(len(f.byID), func(k int) bool { return oid.Compare(f.id(in, f.byID[k]), id) >= 0 })
	hi := lo
	for hi < len(f.byID) && f.id(in, f.byID[hi]) == id {
		hi++
	}
	return f.byID[lo:hi]
}

// resolveAll builds every delta, base by base on all cores, and completes a thin pack. It returns how many bases were
// added to it.
func (in *intake) resolveAll(ids []oid.ID) (uint32, error) {
	if in.deltas == 0 {
		return 0, nil
	}
	r := &resolver{in: in, family: in.family(ids), total: in.deltas}
	var roots []int32
	for i := range in.entries {
		if !in.entries[i].kind.IsDelta() {
			roots = append(roots, int32(i))
		}
	}
	if err := r.roots(roots); err != nil {
		return 0, err
	}
	completed, err := r.complete()
	if err != nil {
		return 0, err
	}
	if left := in.deltas - int(r.done.Load()); left > 0 {
		return 0, fmt.Errorf("pack has %d deltas whose bases it does not bring and this repository does not have: %w", left, ErrUnresolved)
	}
	return completed, nil
}

// resolver is the work of resolving; its workers share it.
type resolver struct {
	in     *intake
	family *family
	total  int
	done   atomic.Int64
	mu     sync.Mutex // guards told, and calls of Progress
	told   int64
}

// roots resolves all that stands on these entries.
func (r *resolver) roots(list []int32) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(r.in.ctx)
	for range r.in.o.Workers {
		g.Go(func() error {
			w := &worker{r: r, hasher: oid.NewHasher(), budget: r.in.o.Limits.Memory / int64(r.in.o.Workers)}
			for {
				k := next.Add(1) - 1
				if k >= int64(len(list)) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := w.tree(list[k]); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// worker resolves the tree of deltas over one base at a time.
type worker struct {
	r      *resolver
	hasher *oid.Hasher
	z      io.ReadCloser
	br     *bufio.Reader
	budget int64
	held   int64
}

// frame is an object on the way down, and the deltas on it that are still to be built.
type frame struct {
	i             int32
	data          *buffer
	places, named []int32
}

// tree walks the deltas over base depth first, without recursion. What is held in memory are the objects on the way
// down that still have deltas to come; over the budget the upper ones are dropped and built again when their turn comes.
func (w *worker) tree(base int32) error {
	in := w.r.in
	places, named := w.r.family.children(in, base)
	if len(places)+len(named) == 0 {
		return nil
	}
	stack := []frame{{i: base, places: places, named: named}}
	defer func() {
		for _, f := range stack {
			w.drop(&f)
		}
	}()
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		child, ok := top.next()
		if !ok {
			w.drop(top)
			stack = stack[:len(stack)-1]
			continue
		}
		if len(stack) > in.o.Limits.DeltaChain {
			return &LimitError{What: "chain of deltas is too long", Setting: "receive.max_delta_chain", Limit: int64(in.o.Limits.DeltaChain)}
		}
		if err := in.ctx.Err(); err != nil {
			return err
		}
		if err := w.have(stack); err != nil {
			return err
		}
		data, err := w.build(top, child)
		if err != nil {
			return err
		}
		w.r.built()
		next := frame{i: child, data: data}
		next.places, next.named = w.r.family.children(in, child)
		w.held += int64(len(data.b))
		if len(top.places)+len(top.named) == 0 { // its last delta is built: it is needed no more
			w.drop(top)
		}
		stack = append(stack, next)
		w.trim(stack)
	}
	return nil
}

func (f *frame) next() (int32, bool) {
	if len(f.places) > 0 {
		i := f.places[0]
		f.places = f.places[1:]
		return i, true
	}
	if len(f.named) > 0 {
		i := f.named[0]
		f.named = f.named[1:]
		return i, true
	}
	return 0, false
}

func (w *worker) drop(f *frame) {
	if f.data != nil {
		w.held -= int64(len(f.data.b))
		f.data.free()
		f.data = nil
	}
}

// trim drops objects from the top of the way down while too much is held.
func (w *worker) trim(stack []frame) {
	for i := 0; i < len(stack)-1 && w.held > w.budget; i++ {
		w.drop(&stack[i])
	}
}

// have makes sure that the last frame's object is in memory, by building the way down to it again where it was dropped.
func (w *worker) have(stack []frame) error {
	k := len(stack) - 1
	for k > 0 && stack[k].data == nil {
		k--
	}
	if stack[k].data == nil {
		data, err := w.inflate(&w.r.in.entries[stack[0].i])
		if err != nil {
			return err
		}
		stack[k].data = data
		w.held += int64(len(data.b))
	}
	for ; k < len(stack)-1; k++ {
		data, err := w.apply(stack[k].data, &w.r.in.entries[stack[k+1].i])
		if err != nil {
			return err
		}
		stack[k+1].data = data
		w.held += int64(len(data.b))
		w.trim(stack[:k+2])
	}
	return nil
}

// build makes the object of a delta for the first time: its id and type are set, and it is checked.
func (w *worker) build(base *frame, child int32) (*buffer, error) {
	in := w.r.in
	e := &in.entries[child]
	e.final = in.entries[base.i].final
	data, err := w.apply(base.data, e)
	if err != nil {
		return nil, err
	}
	if err := in.spent.add(int64(len(data.b)), in.o.Limits.Inflated); err == nil {
		e.id, err = in.name(w.hasher, e.final, data.b)
		if err == nil {
			return data, nil
		}
		data.free()
		return nil, err
	} else {
		data.free()
		return nil, err
	}
}

// apply inflates a delta and applies it to its base. The declared size of the result is compared with the limits first.
func (w *worker) apply(base *buffer, e *entry) (*buffer, error) {
	in := w.r.in
	delta, err := w.inflate(e)
	if err != nil {
		return nil, err
	}
	defer delta.free()
	_, size, _, err := pack.DeltaSizes(delta.b)
	if err != nil {
		return nil, err
	}
	if size > in.o.Limits.Blob {
		return nil, &LimitError{What: fmt.Sprintf("object of %d bytes is too large", size), Setting: "receive.max_blob", Limit: in.o.Limits.Blob}
	}
	if size > maxChecked && e.final != plumbing.BlobObject {
		return nil, fmt.Errorf("%s of %d bytes: more than %d are not accepted: %w", e.final, size, maxChecked, pack.ErrTooLarge)
	}
	data, err := in.allocate(size)
	if err != nil {
		return nil, err
	}
	if _, err := pack.ApplyDelta(data.b[:0], base.b, delta.b); err != nil {
		data.free()
		return nil, fmt.Errorf("delta at byte %d of the pack: %w", e.off, err)
	}
	return data, nil
}

// inflate reads an entry's data from the file; what it holds was checked when it came in.
func (w *worker) inflate(e *entry) (*buffer, error) {
	src := io.NewSectionReader(w.r.in.file, e.data, w.r.in.size-e.data)
	if w.br == nil {
		w.br = bufio.NewReaderSize(src, 16<<10)
	} else {
		w.br.Reset(src)
	}
	var err error
	if w.z == nil {
		w.z, err = zlib.NewReader(w.br)
	} else {
		err = w.z.(zlib.Resetter).Reset(w.br, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("read stored pack at byte %d: %w", e.off, err)
	}
	data, err := w.r.in.allocate(e.size)
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(w.z, data.b); err != nil {
		data.free()
		return nil, fmt.Errorf("read stored pack at byte %d: %w", e.off, err)
	}
	return data, nil
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

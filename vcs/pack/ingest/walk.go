package ingest

import "context"

// worker resolves the tree of deltas over one base at a time.
type worker struct {
	r *resolver
	maker
	stack []frame
	held  int64 // what the frames hold, by cost
}

// frame is an object on the way down, and the deltas on it that are still to be built.
type frame struct {
	i             int32
	data          *held
	places, named []int32
}

func newWorker(ctx context.Context, r *resolver) *worker {
	return &worker{r: r, maker: newMaker(ctx, r.in, r.limit)}
}

// tree walks the deltas over base depth first, without recursion. What is held are the objects on the way down that
// still have deltas to come; over the budget the upper ones are dropped and built again when their turn comes.
func (w *worker) tree(base int32) error {
	places, named := w.r.family.claim(base)
	if len(places)+len(named) == 0 {
		return nil
	}
	w.stack = append(w.stack[:0], frame{i: base, places: places, named: named})
	defer func() {
		for i := range w.stack {
			w.drop(&w.stack[i])
		}
	}()
	for len(w.stack) > 0 {
		top := &w.stack[len(w.stack)-1]
		child, ok := top.next()
		if !ok {
			w.drop(top)
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		if err := w.descend(child); err != nil {
			return err
		}
	}
	return nil
}

// descend builds a delta on the last frame's object and makes it the last frame.
func (w *worker) descend(child int32) error {
	if limit := w.r.in.o.Limits.DeltaChain; len(w.stack) > limit {
		return &LimitError{What: "chain of deltas is too long", Setting: "receive.max_delta_chain", Limit: int64(limit)}
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := w.have(); err != nil {
		return err
	}
	top := &w.stack[len(w.stack)-1]
	data, err := w.first(w.r.in.table.at(top.i), top.data, child)
	if err != nil {
		return err
	}
	w.r.built()
	if len(top.places)+len(top.named) == 0 { // its last delta is built: it is needed no more
		w.drop(top)
	}
	next := frame{i: child}
	next.places, next.named = w.r.family.claim(child)
	w.stack = append(w.stack, next)
	w.hold(len(w.stack)-1, data)
	return nil
}

// next is the delta to build now. Those named by id come first: how much stands on them is not known, and the heaviest
// should be last.
func (f *frame) next() (int32, bool) {
	list := &f.named
	if len(*list) == 0 {
		list = &f.places
	}
	if len(*list) == 0 {
		return 0, false
	}
	i := (*list)[0]
	*list = (*list)[1:]
	return i, true
}

// hold gives a frame its object, and drops objects further up while too much is held.
func (w *worker) hold(k int, data *held) {
	w.stack[k].data = data
	w.held += data.cost()
	for i := 0; i < k && w.held > w.r.budget; i++ {
		w.drop(&w.stack[i])
	}
}

func (w *worker) drop(f *frame) {
	if f.data != nil {
		w.held -= f.data.cost()
		w.give(f.data)
		f.data = nil
	}
}

// have makes sure that the last frame's object is held, by building the way down to it again where it was dropped.
func (w *worker) have() error {
	last := len(w.stack) - 1
	k := last
	for k > 0 && w.stack[k].data == nil {
		k--
	}
	if w.stack[k].data == nil {
		data, err := w.base(w.stack[0].i)
		if err != nil {
			return err
		}
		w.hold(0, data)
	}
	for ; k < last; k++ {
		data, err := w.apply(w.stack[k].data, w.stack[k+1].i)
		if err != nil {
			return err
		}
		if len(w.stack[k].places)+len(w.stack[k].named) == 0 {
			w.drop(&w.stack[k])
		}
		w.hold(k+1, data)
		if err := w.r.rebuilt(data.size); err != nil {
			return err
		}
	}
	return nil
}

package disk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/storage"
)

// manyUpdates is from how many updates on a batch goes into packed-refs at once instead of a file for each ref.
const manyUpdates = 100

// errSymbolic says that an update would move a symbolic ref other than HEAD, by its own name.
var errSymbolic = errors.New("it is a symbolic ref; update the ref that it names")

// Update implements storage.Repository: staged packs are moved in, then refs move under git's own lock files. An atomic
// batch of several updates is one rename of packed-refs, so that a crash leaves all of it or none. When no ref moves,
// the packs stay out: nothing would ever refer to them.
func (r *Repository) Update(ctx context.Context, basis storage.Basis, b storage.Batch) ([]storage.RefResult, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now, packs, err := r.current(ctx, basis)
	if err != nil {
		return nil, err
	}
	results := check(now.snap, b, r.folds)
	if b.Atomic && failed(results) {
		return abandon(results), nil
	}
	if !live(results) {
		return results, nil
	}
	if err := r.settled(); err != nil {
		return nil, fmt.Errorf("update refs of %s: %w", r.id, err)
	}
	if b.Admit != nil {
		if err := b.Admit(ctx); err != nil {
			return nil, err
		}
	}
	next, moved, err := r.take(packs, b)
	if err != nil {
		return nil, fmt.Errorf("update refs of %s: %w", r.id, err)
	}
	t := &transaction{r: r, now: now.snap, b: b, results: results}
	set := next.set(r.o.cache())
	t.peeled = r.peelNew(set, b.Updates)
	t.run()
	if !slices.Contains(t.done, true) {
		next.release()
		return nothing(results, r.takeBack(moved))
	}
	if err := r.concluded(); err != nil {
		r.o.log().Error("announcement of a push cannot be removed", "repository", r.id, "error", err)
	}
	r.install(next, t.after(now))
	return results, nil
}

// current is the refs and packs of the moment for a writer whose proofs were made at basis; writing is held.
func (r *Repository) current(ctx context.Context, basis storage.Basis) (state, *generation, error) {
	if err := r.warmLocked(ctx); err != nil {
		return state{}, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return state{}, nil, ErrClosed
	}
	if _, at, _ := strings.Cut(string(basis), "."); at != fmt.Sprint(r.dropped) {
		return state{}, nil, storage.ErrRecheck
	}
	return r.refs, r.packs, nil
}

// nothing is the answer when no update was done: an error about the whole, unless each has its own reason.
func nothing(results []storage.RefResult, err error) ([]storage.RefResult, error) {
	for _, res := range results {
		if !errors.Is(res.Err, storage.ErrConflict) && !errors.Is(res.Err, storage.ErrBadName) &&
			!errors.Is(res.Err, storage.ErrNameClash) && !errors.Is(res.Err, storage.ErrNotApplied) {
			return nil, errors.Join(res.Err, err)
		}
	}
	return results, err
}

// install makes packs and refs those of the moment.
func (r *Repository) install(packs *generation, refs state) {
	r.mu.Lock()
	old := r.packs
	r.packs = packs
	r.publish(refs)
	r.mu.Unlock()
	if old != packs && old != nil {
		old.release()
	}
}

// peelNew finds what the new values of tags peel to, before they are seen.
func (r *Repository) peelNew(set *pack.Set, updates []storage.RefUpdate) map[oid.ID]oid.ID {
	peeled := map[oid.ID]oid.ID{}
	for _, u := range updates {
		ref := storage.Ref{Name: u.Name, ID: u.New}
		if _, known := peeled[u.New]; known || u.Symref != "" || u.New.IsZero() || !peelable(ref) {
			continue
		}
		peeled[u.New] = r.peel(set, ref)
	}
	return peeled
}

// check decides, against the refs of the moment, which updates may be done.
func check(now *storage.Snapshot, b storage.Batch, folds caseFolding) []storage.RefResult {
	results := make([]storage.RefResult, len(b.Updates))
	after := newNames(now, folds)
	for _, u := range b.Updates {
		if u.Symref == "" && u.New.IsZero() && allowed(now, after, u) == nil {
			after.remove(u.Name)
		}
	}
	seen := make(map[string]bool, len(b.Updates))
	for i, u := range b.Updates {
		err := allowed(now, after, u)
		if err == nil && seen[u.Name] {
			err = fmt.Errorf("%w: it is named twice in one batch", storage.ErrConflict)
		}
		seen[u.Name] = true
		results[i].Name = u.Name
		if err != nil {
			results[i].Err = storage.UpdateError(u.Name, err)
		} else if u.Symref == "" && !u.New.IsZero() {
			after.add(u.Name)
		}
	}
	return results
}

func allowed(now *storage.Snapshot, after *names, u storage.RefUpdate) error {
	if u.Symref != "" {
		if u.Name != "HEAD" || !name.Ref(u.Symref) {
			return storage.ErrBadName
		}
		return nil
	}
	if err := fits(u.Name); err != nil {
		return err
	}
	ref, _ := now.Lookup(u.Name)
	switch {
	case ref.ID != u.Old:
		return storage.ErrConflict
	case ref.Target != "" && !u.New.IsZero():
		return fmt.Errorf("%w: %w", storage.ErrConflict, errSymbolic)
	case !u.New.IsZero() && after.clash(u.Name):
		return storage.ErrNameClash
	}
	return nil
}

func failed(results []storage.RefResult) bool {
	return slices.ContainsFunc(results, func(r storage.RefResult) bool { return r.Err != nil })
}

func live(results []storage.RefResult) bool {
	return slices.ContainsFunc(results, func(r storage.RefResult) bool { return r.Err == nil })
}

// abandon marks the updates that were well as not done.
func abandon(results []storage.RefResult) []storage.RefResult {
	for i := range results {
		if results[i].Err == nil {
			results[i].Err = storage.ErrNotApplied
		}
	}
	return results
}

// after is the refs after a transaction; those updates count that were done. It costs a copy of the sorted refs.
func (t *transaction) after(now state) state {
	moved := map[string]bool{}
	var fresh []storage.Ref
	head := now.snap.Head
	for i, u := range t.b.Updates {
		switch {
		case !t.done[i]:
		case u.Symref != "":
			head = storage.Ref{Name: "HEAD", Target: u.Symref}
		default:
			moved[u.Name] = true
			if !u.New.IsZero() {
				ref := storage.Ref{Name: u.Name, ID: u.New}
				if peelable(ref) {
					ref.Peeled = t.peeled[u.New]
				}
				fresh = append(fresh, ref)
			}
		}
	}
	slices.SortFunc(fresh, byName)
	before := now.snap.Refs
	if len(now.dangling) > 0 {
		before = slices.Concat(before, now.dangling)
		slices.SortFunc(before, byName)
	}
	return arrange(head, merge(before, fresh, moved))
}

// merge puts fresh refs into sorted ones, without those that have moved.
func merge(before, fresh []storage.Ref, moved map[string]bool) []storage.Ref {
	refs := make([]storage.Ref, 0, len(before)+len(fresh))
	for _, ref := range before {
		for len(fresh) > 0 && fresh[0].Name < ref.Name {
			refs, fresh = append(refs, fresh[0]), fresh[1:]
		}
		if !moved[ref.Name] {
			refs = append(refs, ref)
		}
	}
	return append(refs, fresh...)
}

// PackRefs puts every ref that has a file of its own into packed-refs, as `git pack-refs --all` does: a large number
// of files is slow to read. Values do not change.
func (r *Repository) PackRefs(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.warmLocked(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	now, closed := r.refs, r.closed
	r.mu.Unlock()
	if closed {
		return ErrClosed
	}
	t := &transaction{r: r, now: now.snap, peeled: map[oid.ID]oid.ID{}}
	for _, ref := range now.snap.Refs {
		if _, ok, err := r.readRef(ref.Name); ref.Target == "" && err == nil && ok {
			t.b.Updates = append(t.b.Updates, storage.RefUpdate{Name: ref.Name, Old: ref.ID, New: ref.ID})
			t.peeled[ref.ID] = ref.Peeled
		}
	}
	t.results, t.done = make([]storage.RefResult, len(t.b.Updates)), make([]bool, len(t.b.Updates))
	list := make([]int, len(t.b.Updates))
	for i := range list {
		list[i] = i
	}
	if err := t.pack(list); err != nil {
		return fmt.Errorf("pack refs of %s: %w", r.id, err)
	}
	return nil
}

package disk

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/storage"
)

// manyUpdates is from how many updates on a batch goes into packed-refs at once instead of a file for each ref.
const manyUpdates = 100

// Update implements storage.Repository: staged packs are moved in, then refs move under git's own lock files. An atomic
// batch of several updates is one rename of packed-refs, so that a crash leaves all of it or none.
func (r *Repository) Update(ctx context.Context, basis storage.Basis, b storage.Batch) ([]storage.RefResult, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.warmLocked(ctx); err != nil {
		return nil, err
	}
	r.mu.Lock()
	now, dropped, closed := r.refs, r.dropped, r.closed
	r.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	if _, at, _ := strings.Cut(string(basis), "."); at != fmt.Sprint(dropped) {
		return nil, storage.ErrRecheck
	}
	results := check(now, b)
	if b.Atomic && failed(results) {
		return abandon(results), nil
	}
	packs, err := r.take(b.Staged)
	if err != nil {
		return nil, err
	}
	t := &transaction{r: r, now: now, b: b, results: results}
	err = t.run()
	r.mu.Lock()
	old := r.packs
	r.packs = packs
	next := t.next()
	if err == nil {
		err = peelAll(packs.set(r.o.cache()), next, now)
	}
	r.publish(next)
	r.mu.Unlock()
	old.release()
	if err != nil {
		return nil, fmt.Errorf("update refs of %s: %w", r.id, err)
	}
	return results, nil
}

// check decides, against the refs of the moment, which updates may be done.
func check(now *storage.Snapshot, b storage.Batch) []storage.RefResult {
	results := make([]storage.RefResult, len(b.Updates))
	after := newNames(now)
	for _, u := range b.Updates {
		if u.Symref == "" && u.New.IsZero() {
			after.remove(u.Name)
		}
	}
	for i, u := range b.Updates {
		results[i] = storage.RefResult{Name: u.Name, Err: allowed(now, after, u)}
		if results[i].Err == nil && u.Symref == "" && !u.New.IsZero() {
			after.add(u.Name)
		}
	}
	return results
}

func allowed(now *storage.Snapshot, after *names, u storage.RefUpdate) error {
	if u.Symref != "" {
		if u.Name != "HEAD" || !name.Ref(u.Symref) {
			return storage.UpdateError(u.Name, storage.ErrBadName)
		}
		return nil
	}
	if !name.Ref(u.Name) || !strings.HasPrefix(u.Name, "refs/") {
		return storage.UpdateError(u.Name, storage.ErrBadName)
	}
	ref, _ := now.Lookup(u.Name)
	if ref.ID != u.Old || ref.Target != "" {
		return storage.UpdateError(u.Name, storage.ErrConflict)
	}
	if !u.New.IsZero() && after.clash(u.Name) {
		return storage.UpdateError(u.Name, storage.ErrNameClash)
	}
	return nil
}

func failed(results []storage.RefResult) bool {
	return slices.ContainsFunc(results, func(r storage.RefResult) bool { return r.Err != nil })
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

// names tells whether a new ref can stand beside those that are there: no ref may be a folder of another.
type names struct {
	now           *storage.Snapshot
	added, folder map[string]bool // names added; folders that added names stand in
	removed       map[string]bool
}

func newNames(now *storage.Snapshot) *names {
	return &names{now: now, added: map[string]bool{}, folder: map[string]bool{}, removed: map[string]bool{}}
}

func (n *names) remove(ref string) { n.removed[ref] = true }

func (n *names) add(ref string) {
	n.added[ref] = true
	delete(n.removed, ref)
	for dir := filepath.Dir(ref); dir != "refs" && dir != "."; dir = filepath.Dir(dir) {
		n.folder[dir] = true
	}
}

func (n *names) clash(ref string) bool {
	if n.folder[ref] {
		return true
	}
	for _, below := range n.now.WithPrefix(ref + "/") {
		if !n.removed[below.Name] {
			return true
		}
	}
	for dir := filepath.Dir(ref); dir != "refs" && dir != "."; dir = filepath.Dir(dir) {
		if n.added[dir] {
			return true
		}
		if _, ok := n.now.Lookup(dir); ok && !n.removed[dir] {
			return true
		}
	}
	return false
}

// next is the snapshot after a transaction; those updates count that were done.
func (t *transaction) next() *storage.Snapshot {
	refs := make([]storage.Ref, 0, len(t.now.Refs)+len(t.b.Updates))
	moved := map[string]storage.RefUpdate{}
	head := t.now.Head
	for i, u := range t.b.Updates {
		if !t.done[i] {
			continue
		}
		if u.Symref != "" {
			head = storage.Ref{Name: "HEAD", Target: u.Symref}
			continue
		}
		moved[u.Name] = u
	}
	for _, ref := range t.now.Refs {
		if _, ok := moved[ref.Name]; !ok {
			refs = append(refs, ref)
		}
	}
	for _, u := range moved {
		if !u.New.IsZero() {
			refs = append(refs, storage.Ref{Name: u.Name, ID: u.New})
		}
	}
	slices.SortFunc(refs, func(a, b storage.Ref) int { return strings.Compare(a.Name, b.Name) })
	snap := &storage.Snapshot{Head: head, Refs: refs}
	for i := range refs {
		if refs[i].Target != "" {
			to, _ := snap.Lookup(refs[i].Target)
			refs[i].ID = to.ID
		}
	}
	if head.Target != "" {
		to, _ := snap.Lookup(head.Target)
		snap.Head.ID = to.ID
	}
	return snap
}

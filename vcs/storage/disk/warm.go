package disk

import (
	"container/list"
	"sync"
)

// Warm is the one budget for what all repositories together keep between requests: maps of indexes, open files, refs.
// Beyond it the repository that was longest not asked for lets go of all (Cool) and reads it again when it is asked, so
// that ten thousand repositories cost nothing until they are used. Safe for concurrent use.
type Warm struct {
	bytes        int64
	repositories int

	// mu guards what follows. No lock of a repository is taken while it is held.
	mu    sync.Mutex
	order *list.List // of *warmth, last asked for in front
	of    map[*Repository]*list.Element
	total int64
}

// warmth is what one repository keeps.
type warmth struct {
	repo *Repository
	cost int64
}

// NewWarm makes a budget of so many bytes (0 means 256 MiB) and repositories (0 means 512).
func NewWarm(bytes int64, repositories int) *Warm {
	if bytes <= 0 {
		bytes = 256 << 20
	}
	if repositories <= 0 {
		repositories = 512
	}
	return &Warm{bytes: bytes, repositories: repositories, order: list.New(), of: map[*Repository]*list.Element{}}
}

// touch says that a repository was asked for and what it keeps, and cools those that the budget has no room for.
func (w *Warm) touch(r *Repository, cost int64) {
	if w == nil {
		return
	}
	for _, cold := range w.note(r, cost) {
		cold.Cool()
	}
}

// note keeps the account, and returns those that should let go; what is used right now is never among them.
func (w *Warm) note(r *Repository, cost int64) []*Repository {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.of[r]; ok {
		w.total += cost - e.Value.(*warmth).cost
		e.Value.(*warmth).cost = cost
		w.order.MoveToFront(e)
	} else {
		w.of[r] = w.order.PushFront(&warmth{r, cost})
		w.total += cost
	}
	var cold []*Repository
	total, count := w.total, w.order.Len()
	for e := w.order.Back(); e != nil && e != w.order.Front() && (total > w.bytes || count > w.repositories); e = e.Prev() {
		cold = append(cold, e.Value.(*warmth).repo)
		total -= e.Value.(*warmth).cost
		count--
	}
	return cold
}

// forget says that a repository keeps nothing any more.
func (w *Warm) forget(r *Repository) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.of[r]; ok {
		w.total -= e.Value.(*warmth).cost
		w.order.Remove(e)
		delete(w.of, r)
	}
}

package browse

import (
	"container/heap"
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// defaultWalk is how many commits a walk visits where its caller sets no bound.
const defaultWalk = 200_000

// history reads the links of commits, within a bound.
type history struct {
	ctx  context.Context
	set  *pack.Set
	left int // commits that may still be read
}

func newHistory(ctx context.Context, set *pack.Set, walk int) *history {
	if walk <= 0 {
		walk = defaultWalk
	}
	return &history{ctx: ctx, set: set, left: walk}
}

// links reads tree, parents and time of a commit. ErrLimit when the bound is met.
func (h *history) links(id oid.ID) (object.Commit, error) {
	if err := h.ctx.Err(); err != nil {
		return object.Commit{}, err
	}
	if h.left--; h.left < 0 {
		return object.Commit{}, ErrLimit
	}
	kind, data, err := h.set.Read(id, maxCommit)
	if err != nil {
		return object.Commit{}, fmt.Errorf("read commit: %w", err)
	}
	if kind != plumbing.CommitObject {
		return object.Commit{}, fmt.Errorf("%s is a %s: %w", id, kind, ErrNoCommit)
	}
	c, err := object.ParseCommit(data)
	if err != nil {
		return c, fmt.Errorf("commit %s: %w", id, err)
	}
	if h.set.IsEnd(id) {
		c.Parents = nil
	}
	return c, nil
}

// waiting is a commit in a queue.
type waiting struct {
	id    oid.ID
	links object.Commit
	turn  int // among commits of one second: who came first
}

// queue gives the newest commit first, and of several of one second the one that was put first, as git's walk does.
type queue struct {
	items []waiting
	turns int
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (q *queue) Len() int { return len(q.items) }
func (q *queue) Less(i, j int) bool {
	a, b := q.items[i], q.items[j]
	if a.links.When != b.links.When {
		return a.links.When > b.links.When
	}
	return a.turn < b.turn
}
func (q *queue) Swap(i, j int) { q.items[i], q.items[j] = q.items[j], q.items[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { q.items = append(q.items, x.(waiting)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	return last
}

func (q *queue) put(id oid.ID, links object.Commit) {
	q.turns++
	heap.Push(q, waiting{id, links, q.turns})
}

func (q *queue) take() waiting { return heap.Pop(q).(waiting) }

package reach

import (
	"container/heap"

	"jeton/vcs/oid"
)

// dated is a commit that waits to be walked.
type dated struct {
	id   oid.ID
	when int64
}

// queue gives the newest commit first.
type queue []dated

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].when > q[j].when }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(dated)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// parentsFirst orders commits so that each comes behind all its parents that are among them, whatever their dates say:
// what a commit's tree shares with those of its parents counts as settled, so those must be settled before.
func parentsFirst(commits []oid.ID, parents func(oid.ID) []oid.ID) []oid.ID {
	const fresh, open, placed = 0, 1, 2
	state := make(map[oid.ID]int, len(commits))
	for _, id := range commits {
		state[id] = fresh
	}
	order := make([]oid.ID, 0, len(commits))
	for _, id := range commits {
		for stack := []oid.ID{id}; len(stack) > 0; {
			top := stack[len(stack)-1]
			switch at, ours := state[top]; {
			case !ours || at == placed:
				stack = stack[:len(stack)-1]
			case at == open:
				stack = stack[:len(stack)-1]
				state[top] = placed
				order = append(order, top)
			default:
				state[top] = open
				for _, p := range parents(top) {
					if s, ours := state[p]; ours && s == fresh {
						stack = append(stack, p)
					}
				}
			}
		}
	}
	return order
}

func (q *queue) put(id oid.ID, when int64) { heap.Push(q, dated{id, when}) }
func (q *queue) take() dated               { return heap.Pop(q).(dated) }

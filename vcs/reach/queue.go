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

func (q *queue) put(id oid.ID, when int64) { heap.Push(q, dated{id, when}) }
func (q *queue) take() dated               { return heap.Pop(q).(dated) }

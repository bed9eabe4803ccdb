package browse

import (
	"context"
	"slices"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Order lists all commits that are reachable from some, parents before children and else the oldest first, as
// git rev-list --date-order --reverse does: the place of a commit in it is its number, for whoever counts commits.
// walk bounds how many there may be (0: 200,000); ErrLimit beyond. ErrNoCommit, pack.ErrNotFound.
func Order(ctx context.Context, set *pack.Set, from []oid.ID, walk int) ([]oid.ID, error) {
	h := newHistory(ctx, set, walk)
	nodes := map[oid.ID]*counted{}
	for open := slices.Clone(from); len(open) > 0; {
		id := open[len(open)-1]
		if open = open[:len(open)-1]; nodes[id] != nil {
			continue
		}
		links, err := h.links(id)
		if err != nil {
			return nil, err
		}
		nodes[id] = &counted{links: links}
		open = append(open, links.Parents...)
	}
	for _, n := range nodes {
		for _, p := range n.links.Parents {
			nodes[p].children++
		}
	}
	var q queue
	for _, id := range from {
		if n := nodes[id]; n.children == 0 && !n.queued {
			n.queued = true
			q.put(id, n.links)
		}
	}
	list := make([]oid.ID, 0, len(nodes))
	for q.Len() > 0 {
		at := q.take()
		list = append(list, at.id)
		for _, p := range at.links.Parents {
			if n := nodes[p]; n.children > 1 {
				n.children--
			} else if !n.queued {
				n.queued = true
				q.put(p, n.links)
			}
		}
	}
	slices.Reverse(list)
	return list, nil
}

// counted is a commit with how many children it has that were not told yet.
type counted struct {
	links    object.Commit
	children int
	queued   bool
}

// Since lists a commit and those that came after it among what is reachable from some, the oldest first, at most n. Unlike
// Order it looks at what is newer than the commit alone; commits of one second, and those of clocks that were wrong, may
// stand elsewhere than there. found is false where the commit is not reachable. walk is as Order's.
func Since(ctx context.Context, set *pack.Set, from []oid.ID, commit oid.ID, n, walk int) (list []oid.ID, found bool, err error) {
	l := log{history: newHistory(ctx, set, walk), seen: map[oid.ID]bool{}, ahead: map[oid.ID]object.Commit{}}
	for _, id := range from {
		if err := l.meet(id); err != nil {
			return nil, false, err
		}
	}
	last := make([]oid.ID, 0, n) // a ring of the n that were met last
	for met := 0; l.queue.Len() > 0; met++ {
		at := l.queue.take()
		if len(last) < n {
			last = append(last, at.id)
		} else {
			last[met%n] = at.id
		}
		if at.id == commit {
			for i := range last {
				list = append(list, last[(met-i)%n])
			}
			return list, true, nil
		}
		for _, p := range at.links.Parents {
			if err := l.meet(p); err != nil {
				return nil, false, err
			}
		}
	}
	return nil, false, nil
}

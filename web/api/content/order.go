package content

import (
	"crypto/sha256"
	"errors"
	"slices"
	"sync"

	"jeton/vcs/browse"
	"jeton/vcs/oid"
)

// orders are the commits of histories in the order in which they are counted, kept for who asks again. A history is told
// by its repository and by the tips that its reader sees, of which everything follows that is kept; nobody gets another's.
type orders struct {
	most int64 // bytes

	mu   sync.Mutex // guards what follows
	kept []order    // used last comes last
	size int64
}

// order is one history.
type order struct {
	key  string
	list []oid.ID
	// long tells that it has more commits than are counted; list is nil then.
	long bool
}

func (o order) bytes() int64 { return int64(len(o.list)*oid.Size) + 256 }

func (o *orders) get(key string) (order, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.kept, func(k order) bool { return k.key == key })
	if i < 0 {
		return order{}, false
	}
	found := o.kept[i]
	o.kept = append(slices.Delete(o.kept, i, i+1), found)
	return found, true
}

func (o *orders) put(found order) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.ContainsFunc(o.kept, func(k order) bool { return k.key == found.key }) {
		return
	}
	o.kept, o.size = append(o.kept, found), o.size+found.bytes()
	for o.size > o.most && len(o.kept) > 0 {
		o.size -= o.kept[0].bytes()
		o.kept = slices.Delete(o.kept, 0, 1)
	}
}

// order lists the commits of the branches and tags that the reader sees, the oldest first; whole is false where these are
// more than are counted.
func (s *server) order(q *query) (list []oid.ID, whole bool, err error) {
	tips, err := q.tips()
	if err != nil {
		return nil, false, err
	}
	key := historyKey(q.Repo.ID, tips)
	if kept, ok := s.orders.get(key); ok {
		return kept.list, !kept.long, nil
	}
	list, err = browse.Order(q.ctx, q.set, tips, q.limits.Count)
	found := order{key: key, list: list, long: errors.Is(err, browse.ErrLimit)}
	if err != nil && !found.long {
		return nil, false, err
	}
	s.orders.put(found)
	return list, !found.long, nil
}

func historyKey(repoID string, tips []oid.ID) string {
	h := sha256.New()
	var hex [oid.HexSize]byte
	for _, id := range tips {
		h.Write(oid.Append(hex[:0], id))
	}
	return repoID + " " + string(h.Sum(nil))
}

// place is the number of a commit; -1, as RhodeCode answers, where it has none.
func (s *server) place(q *query, id oid.ID) (int64, error) {
	list, whole, err := s.order(q)
	if err != nil || !whole {
		return -1, err
	}
	return int64(slices.Index(list, id)), nil
}

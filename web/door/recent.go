package door

import "container/list"

// maxRemembered is how many networks, or names, are told apart, some 300 bytes each; the one that came longest ago is forgotten.
const maxRemembered = 10_000

// recent remembers something of each that came lately, by network or by name. It is not safe for concurrent use.
type recent[K comparable, T any] struct {
	known map[K]*list.Element
	order *list.List // of known, the last one first
}

// remembered is one of them in the list.
type remembered[K comparable, T any] struct {
	at    K
	value *T
}

func newRecent[K comparable, T any]() recent[K, T] {
	return recent[K, T]{known: map[K]*list.Element{}, order: list.New()}
}

// find is what is remembered of one; nil for nothing.
func (r recent[K, T]) find(at K) *T {
	if e, ok := r.known[at]; ok {
		return e.Value.(remembered[K, T]).value
	}
	return nil
}

// of is what is remembered of one, or what begin begins with; it has come just now.
func (r recent[K, T]) of(at K, begin func() *T) *T {
	if e, ok := r.known[at]; ok {
		r.order.MoveToFront(e)
		return e.Value.(remembered[K, T]).value
	}
	if r.order.Len() >= maxRemembered {
		oldest := r.order.Back()
		delete(r.known, oldest.Value.(remembered[K, T]).at)
		r.order.Remove(oldest)
	}
	v := begin()
	r.known[at] = r.order.PushFront(remembered[K, T]{at, v})
	return v
}

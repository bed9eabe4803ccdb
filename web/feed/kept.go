package feed

import (
	"bytes"
	"compress/gzip"
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// answer is a finished feed; it is not changed any more.
type answer struct {
	// tag is the entity tag of the plain form, without quotes.
	tag         string
	plain, gzip []byte
}

// pressed makes an answer of a text.
func pressed(tag string, text []byte) (*answer, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return nil, fmt.Errorf("compress a feed: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress a feed: %w", err)
	}
	return &answer{tag: tag, plain: text, gzip: bytes.Clone(b.Bytes())}, nil
}

// cost is what something takes of memory, about, in bytes.
func (a *answer) cost() int64 { return int64(len(a.plain)+len(a.gzip)) + 256 }

// costly is what can be kept.
type costly interface{ cost() int64 }

// kept is what was worked out, by all that it depends on, in bounded memory: what was not asked for the longest goes
// first. What several ask for at once is worked out once.
type kept struct {
	most int64
	// mu guards what follows.
	mu    sync.Mutex
	size  int64
	byKey map[string]*list.Element
	order *list.List // of *keptEntry, the latest use first
	going map[string]*going
}

type keptEntry struct {
	key   string
	value costly
}

// going is something that is being worked out; done is closed when value or err is set.
type going struct {
	done  chan struct{}
	value costly
	err   error
}

func newKept(most int64) *kept {
	return &kept{most: most, byKey: map[string]*list.Element{}, order: list.New(), going: map[string]*going{}}
}

// get is what is kept under a key; where there is nothing, build makes it. An error is not kept.
func (k *kept) get(ctx context.Context, key string, build func() (costly, error)) (costly, error) {
	k.mu.Lock()
	if at := k.byKey[key]; at != nil {
		k.order.MoveToFront(at)
		k.mu.Unlock()
		return at.Value.(*keptEntry).value, nil
	}
	g, others := k.going[key]
	if !others {
		g = &going{done: make(chan struct{}), err: errUnfinished}
		k.going[key] = g
	}
	k.mu.Unlock()
	if others {
		select {
		case <-g.done:
			return g.value, g.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer k.end(key, g) // also where build panics: nobody must wait for ever
	g.value, g.err = build()
	return g.value, g.err
}

// errUnfinished is what those are told who waited for somebody whose work ended in a fault.
var errUnfinished = fmt.Errorf("working out a feed ended in a fault")

func (k *kept) end(key string, g *going) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.going, key)
	close(g.done)
	if g.err != nil || g.value.cost() > k.most {
		return
	}
	k.byKey[key] = k.order.PushFront(&keptEntry{key, g.value})
	for k.size += g.value.cost(); k.size > k.most; {
		last := k.order.Back()
		e := k.order.Remove(last).(*keptEntry)
		delete(k.byKey, e.key)
		k.size -= e.value.cost()
	}
}

// moments remembers since when an address has had the answer that it has: what Last-Modified says. The times of commits
// say it not: a branch that was set back, or a rename, changes a feed and makes its newest entry no newer.
type moments struct {
	// mu guards what follows.
	mu sync.Mutex
	of map[string]moment
	// floor is later than any moment that was told and is forgotten.
	floor time.Time
}

type moment struct {
	tag string
	at  time.Time
}

// maxMoments is how many addresses are remembered.
const maxMoments = 4096

func newMoments(begin time.Time) *moments {
	return &moments{of: map[string]moment{}, floor: begin.Truncate(time.Second)}
}

// since is when the answer under an address became the one with a tag; false where that is too short ago to be told: in
// the same second it may have been another, and may yet become one.
func (m *moments) since(address, tag string, now time.Time) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, known := m.of[address]
	switch {
	case known && was.tag == tag:
	case known:
		at := now.Truncate(time.Second)
		if !at.After(was.at) { // twice in a second, or the clock was set back
			at = was.at.Add(time.Second)
		}
		was = moment{tag, at}
		m.of[address] = was
	default:
		if len(m.of) >= maxMoments {
			for _, told := range m.of {
				m.floor = later(m.floor, told.at)
			}
			m.floor = later(m.floor, now.Truncate(time.Second)).Add(time.Second)
			clear(m.of)
		}
		was = moment{tag, m.floor}
		m.of[address] = was
	}
	return was.at, !now.Before(was.at.Add(time.Second))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

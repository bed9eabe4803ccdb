package door

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Budget bounds how many calls a minute each of many may make: tokens, or networks, by a name that says which. They may
// all be made one after the other, and are given back evenly. It is safe for concurrent use.
type Budget struct {
	minute int
	now    func() time.Time

	mu  sync.Mutex // guards what follows
	who recent[string, rate.Limiter]
}

// Standing is what is left of a budget.
type Standing struct {
	// Limit is how many calls a minute there are, and may come one after the other; 0 where there is no bound, and then
	// nothing else counts. Left is how many may come now.
	Limit, Left int
	// Reset is after how long all of them may come again.
	Reset time.Duration
	// Wait is how long to wait before the next; 0 where this one is within the budget.
	Wait time.Duration
}

// NewBudget bounds calls to so many a minute; 0 or less bounds nothing. now is the clock; nil means time.Now.
func NewBudget(minute int, now func() time.Time) *Budget {
	if now == nil {
		now = time.Now
	}
	return &Budget{minute: minute, now: now, who: newRecent[string, rate.Limiter]()}
}

// Take takes one call out of somebody's budget, and says what is left.
func (b *Budget) Take(name string) Standing {
	if b.minute <= 0 {
		return Standing{}
	}
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	each := time.Minute / time.Duration(b.minute)
	l := b.who.of(name, func() *rate.Limiter { return rate.NewLimiter(rate.Limit(float64(b.minute)/60), b.minute) })
	s := Standing{Limit: b.minute}
	if !l.AllowN(now, 1) {
		s.Wait = max(each, time.Second)
	}
	left := max(l.TokensAt(now), 0)
	s.Left = int(left)
	s.Reset = time.Duration(math.Ceil((float64(b.minute)-left)*float64(each)/float64(time.Second))) * time.Second
	return s
}

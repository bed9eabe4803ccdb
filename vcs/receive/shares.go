package receive

import (
	"context"
	"io"
	"sync"
)

// shares divide something that is bounded among pushers: each may hold so much, and all together so much. It may be used by
// several goroutines.
type shares struct {
	all, each int64

	mu    sync.Mutex // guards what follows
	taken int64
	by    map[string]int64 // nobody stands here who holds nothing
}

func newShares(all, each int64) *shares {
	return &shares{all: all, each: min(all, each), by: map[string]int64{}}
}

// What is told where there is nothing left.
var (
	errBusy  = refuse("the server is busy with as many pushes as it takes at a time; push again in a moment")
	errShare = refuse("you have as many, or as large, pushes under way as one may have at a time; wait for them, or push again in a moment")
)

// take takes n more for a pusher: errBusy, or errShare, where that is too much, and then nothing is taken.
func (s *shares) take(who string, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken+n > s.all:
		return errBusy
	case s.by[who]+n > s.each:
		return errShare
	}
	s.taken += n
	s.by[who] += n
	return nil
}

// give gives back what was taken.
func (s *shares) give(who string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken -= n
	if s.by[who] -= n; s.by[who] == 0 {
		delete(s.by, who)
	}
}

// piece is how many bytes of memory are accounted for at a time.
const piece = 64 << 10

// keep accounts for n bytes of what a client sent before the pack.
func (p *push) keep(n int) error {
	p.kept += int64(n)
	if p.kept <= p.held {
		return nil
	}
	if p.kept > p.room {
		return errShare
	}
	more := p.kept - p.held + piece
	if err := p.s.memory.take(p.ses.Actor.ID, more); err != nil {
		return err
	}
	p.held += more
	return nil
}

// forget gives the memory of a push back.
func (p *push) forget() {
	p.s.memory.give(p.ses.Actor.ID, p.held)
	p.held = 0
}

// inTime ends the reading of what a client sends when the time of its push is over: at the next byte, or when the
// transport's patience ends.
type inTime struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (t *inTime) Read(b []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	return t.r.Read(b)
}

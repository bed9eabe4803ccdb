package notice

import (
	"fmt"
	"sync"
	"time"
)

// Bounds of folding: how many like messages go out within a time, and how many kinds of likeness are told apart.
const (
	foldTime = 10 * time.Minute
	foldMost = 3
	foldKept = 4096
)

// folds keeps whoever can cause a message, such as a stranger with a decoy, from causing thousands.
type folds struct {
	// mu guards of, by Message.Like.
	mu sync.Mutex
	of map[string]*fold
}

// fold is what was sent of like messages since a moment, and what was held back.
type fold struct {
	since      time.Time
	sent, held int
}

// take asks whether a message goes out. One that does first says how many like it were held back before.
func (f *folds) take(m *Message, now time.Time) bool {
	if m.Like == "" {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]*fold{}
	}
	last := f.of[m.Like]
	if last == nil || now.Sub(last.since) >= foldTime {
		next := &fold{since: now}
		if last != nil && last.held > 0 {
			m.Text = fmt.Sprintf("%s\n%d more messages like this one were held back since %s.\n", m.Text, last.held,
				last.since.UTC().Format("2006-01-02 15:04 MST"))
		}
		f.makeRoom(now)
		f.of[m.Like], last = next, next
	}
	if last.sent >= foldMost {
		last.held++
		return false
	}
	last.sent++
	return true
}

// makeRoom forgets what is over; where all is fresh, one of them.
func (f *folds) makeRoom(now time.Time) {
	if len(f.of) < foldKept {
		return
	}
	for like, last := range f.of {
		if now.Sub(last.since) >= foldTime {
			delete(f.of, like)
		}
	}
	for like := range f.of {
		if len(f.of) < foldKept {
			return
		}
		delete(f.of, like)
	}
}

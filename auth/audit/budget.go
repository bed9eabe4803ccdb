package audit

import "time"

// remotes is how many addresses are told apart within a minute.
const remotes = 4096

// budget is what may be written in the minute that began at since. One goroutine owns it.
type budget struct {
	o       Options
	since   time.Time
	written int
	by      map[string]int
	over    int64
}

// turn begins another minute where the last is over, and returns how many refusals that one left out.
func (b *budget) turn(at time.Time) int64 {
	if b.by != nil && at.Sub(b.since) < time.Minute {
		return 0
	}
	n := b.over
	b.since, b.written, b.by, b.over = at, 0, map[string]int{}, 0
	return n
}

// take asks for room for one more.
func (b *budget) take(e Event) bool {
	from := e.Remote.String()
	_, known := b.by[from]
	if b.written >= b.o.PerMinute || b.by[from] >= b.o.PerRemote || !known && len(b.by) >= remotes {
		b.over++
		return false
	}
	b.written++
	b.by[from]++
	return true
}

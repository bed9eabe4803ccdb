package audit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"jeton/db"
)

// Options of a Record; the zero value is good.
type Options struct {
	// PerMinute is how many refusals are written a minute, PerRemote how many of them from one address;
	// 0 means 300 and 30. The rest is counted.
	PerMinute, PerRemote int
	// Log gets what could not be written; nil means slog.Default.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const (
	queued   = 1024             // refusals that wait for the writer
	batch    = 256              // refusals in one transaction
	remotes  = 4096             // addresses that are told apart within a minute
	patience = 10 * time.Second // for one transaction
)

// Record writes refusals in the background. It is safe for concurrent use.
type Record struct {
	db      *db.DB
	o       Options
	queue   chan Event
	dropped atomic.Int64
	once    sync.Once
	end     chan struct{} // closed by Close
	done    chan struct{} // closed when the writer has written what was queued
}

// New starts a record. It is ended by Close.
func New(d *db.DB, o Options) *Record {
	if o.PerMinute <= 0 {
		o.PerMinute = 300
	}
	if o.PerRemote <= 0 {
		o.PerRemote = 30
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Record{db: d, o: o, queue: make(chan Event, queued), end: make(chan struct{}), done: make(chan struct{})}
	go r.run()
	return r
}

// Refusal notes that something was refused. It never waits: what does not fit is counted.
func (r *Record) Refusal(e Event) {
	if e.At.IsZero() {
		e.At = r.o.Now()
	}
	select {
	case r.queue <- e:
	default:
		r.dropped.Add(1)
	}
}

// Close writes what is queued and waits for it. Refusals that come later are lost.
func (r *Record) Close() error {
	r.once.Do(func() { close(r.end) })
	<-r.done
	return nil
}

func (r *Record) run() {
	defer close(r.done)
	b := &budget{o: r.o}
	for {
		select {
		case e := <-r.queue:
			r.write(b, r.collect(e))
		case <-r.end:
			r.finish(b)
			return
		}
	}
}

// finish writes what waits, and how much was left out since the minute began.
func (r *Record) finish(b *budget) {
	for len(r.queue) > 0 {
		r.write(b, r.collect(<-r.queue))
	}
	if n := b.over + r.dropped.Swap(0); n > 0 {
		r.append([]db.AuditEntry{leftOut(n, r.o.Now())})
	}
}

// collect takes what waits already, up to one batch.
func (r *Record) collect(first Event) []Event {
	events := []Event{first}
	for len(events) < batch {
		select {
		case e := <-r.queue:
			events = append(events, e)
		default:
			return events
		}
	}
	return events
}

func (r *Record) write(b *budget, events []Event) {
	var rows []db.AuditEntry
	for _, e := range events {
		if n := b.turn(e.At); n > 0 {
			rows = append(rows, leftOut(n, e.At))
		}
		if b.take(e) {
			rows = append(rows, e.row())
		}
	}
	b.over += r.dropped.Swap(0)
	r.append(rows)
}

func (r *Record) append(rows []db.AuditEntry) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.db.Audit().Append(ctx, rows...); err != nil {
		r.o.Log.Error("audit entries were not written", "entries", len(rows), "error", err)
	}
}

func leftOut(n int64, at time.Time) db.AuditEntry {
	return Event{Action: "audit.overflow", Outcome: "done", At: at,
		Detail: fmt.Sprintf("%d more refusals were not written one by one", n)}.row()
}

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

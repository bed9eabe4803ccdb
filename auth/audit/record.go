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
	queued   = 1024             // entries of one sort that wait for the writer
	batch    = 256              // entries in one transaction
	patience = 10 * time.Second // for one transaction
	looks    = 5 * time.Second  // between two looks for counts that are due
)

// Record writes entries in the background. It is safe for concurrent use.
type Record struct {
	db *db.DB
	o  Options
	// refusals and events wait apart, so that a flood of refusals pushes out no sign-in.
	refusals, events chan item
	dropped          atomic.Int64
	refused          atomic.Int64
	once             sync.Once
	end              chan struct{} // closed by Close
	done             chan struct{} // closed when the writer has written what was queued
}

// sort says how an entry is bounded.
type sort int

const (
	refused  sort = iota // folded where the credential is genuine, else within the budget
	signedIn             // folded
	happened             // written as it is
)

// item is an entry that waits.
type item struct {
	Event
	sort sort
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
	r := &Record{db: d, o: o, refusals: make(chan item, queued), events: make(chan item, queued),
		end: make(chan struct{}), done: make(chan struct{})}
	go r.run()
	return r
}

// Refusal notes that something was refused. It never waits: what does not fit is counted. Refusals of one credential with
// one outcome are one line a minute, with a count; a credential that nobody has is not folded but bounded by address.
func (r *Record) Refusal(e Event) {
	r.refused.Add(1)
	r.put(r.refusals, item{e, refused})
}

// Refusals is how many there were since the record was opened, whatever became of them.
func (r *Record) Refusals() int64 { return r.refused.Load() }

// SignIn notes that somebody signed in, with Action and Outcome as they are given. It never waits. Sign-ins with one
// credential from one address are one line a minute, with a count.
func (r *Record) SignIn(e Event) { r.put(r.events, item{e, signedIn}) }

// Event notes something that came to pass, such as a pull. It never waits: what does not fit is counted.
func (r *Record) Event(e Event) { r.put(r.events, item{e, happened}) }

func (r *Record) put(queue chan item, e item) {
	if e.At.IsZero() {
		e.At = r.o.Now()
	}
	select {
	case queue <- e:
	default:
		r.dropped.Add(1)
	}
}

// Close writes what is queued and what was counted, and waits for it. What comes later is lost.
func (r *Record) Close() error {
	r.once.Do(func() { close(r.end) })
	<-r.done
	return nil
}

func (r *Record) run() {
	defer close(r.done)
	w := &writer{r: r, budget: budget{o: r.o}, folds: folds{by: map[key]*fold{}}}
	look := time.NewTicker(looks)
	defer look.Stop()
	for {
		select {
		case e := <-r.refusals:
			w.write(r.collect(e))
		case e := <-r.events:
			w.write(r.collect(e))
		case <-look.C:
			w.append(w.folds.due(r.o.Now()))
		case <-r.end:
			w.finish()
			return
		}
	}
}

// collect takes what waits already, up to one batch.
func (r *Record) collect(first item) []item {
	items := []item{first}
	for len(items) < batch {
		select {
		case e := <-r.events:
			items = append(items, e)
		case e := <-r.refusals:
			items = append(items, e)
		default:
			return items
		}
	}
	return items
}

// writer is what the one goroutine of a Record holds.
type writer struct {
	r      *Record
	budget budget
	folds  folds
}

func (w *writer) write(items []item) {
	var rows []db.AuditEntry
	for _, e := range items {
		if n := w.budget.turn(e.At); n > 0 {
			rows = append(rows, leftOut(n, e.At))
		}
		rows = append(rows, w.folds.due(e.At)...)
		if w.takes(e) {
			rows = append(rows, e.row())
		}
	}
	w.budget.over += w.r.dropped.Swap(0)
	w.append(rows)
}

// takes asks whether an entry is written now, by itself. The first refusal of a genuine credential in a minute is, whatever
// the budget: whoever sends made-up ones by the thousand must not hide that somebody tries a real one.
func (w *writer) takes(e item) bool {
	switch e.sort {
	case refused:
		was := alone
		if e.Credential != "" {
			was = w.folds.hold(e.Event, "")
		}
		return was == begun || was == alone && w.budget.take(e.Event)
	case signedIn:
		return w.folds.hold(e.Event, e.Remote.String()) != counted
	}
	return true
}

// finish writes what waits, what was folded, and how much was left out since the minute began.
func (w *writer) finish() {
	for len(w.r.refusals)+len(w.r.events) > 0 {
		select {
		case e := <-w.r.refusals:
			w.write(w.r.collect(e))
		case e := <-w.r.events:
			w.write(w.r.collect(e))
		}
	}
	rows := w.folds.all(w.r.o.Now())
	if n := w.budget.over + w.r.dropped.Swap(0); n > 0 {
		rows = append(rows, leftOut(n, w.r.o.Now()))
	}
	w.append(rows)
}

func (w *writer) append(rows []db.AuditEntry) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.r.db.Audit().Append(ctx, rows...); err != nil {
		w.r.o.Log.Error("audit entries were not written", "entries", len(rows), "error", err)
	}
}

func leftOut(n int64, at time.Time) db.AuditEntry {
	return Event{Action: "audit.overflow", Outcome: "done", At: at,
		Detail: fmt.Sprintf("%d more entries were not written one by one", n)}.row()
}

package token

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"jeton/db"
)

const (
	// quiet is how long a token's use is not written again.
	quiet = time.Minute
	// patience bounds one transaction of the writer.
	patience = 10 * time.Second
)

// usage is what changes with every use of a token. All states of the token's entry share it.
type usage struct {
	// mu guards the rest.
	mu         sync.Mutex
	at         time.Time
	from, door string
	times      int64 // all uses
	unwritten  int64 // those of times that the database does not know
	written    time.Time
}

func newUsage(t Token) *usage {
	return &usage{at: t.LastUsedAt, from: t.LastUsedFrom, door: t.LastUsedDoor, times: t.Uses, written: t.LastUsedAt}
}

// learn adds what was written before the server started.
func (u *usage) learn(use db.TokenUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.times += use.Times
	if use.At.After(u.at) {
		u.at, u.from, u.door, u.written = use.At, use.From, use.Door, use.At
	}
}

// learn adds what the database knows of a token's uses.
func (s *Store) learn(use db.TokenUse) {
	s.mu.RLock()
	e := s.byID[use.ID]
	s.mu.RUnlock()
	if e != nil {
		e.used.learn(use)
	}
}

// on fills in a token's latest use.
func (u *usage) on(t Token) Token {
	u.mu.Lock()
	defer u.mu.Unlock()
	t.LastUsedAt, t.LastUsedFrom, t.LastUsedDoor, t.Uses = u.at, u.from, u.door, u.times
	return t
}

// note counts a use, and tells whether it is time to write.
func (u *usage) note(at time.Time, from, door string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.at, u.from, u.door = at, from, door
	u.times++
	u.unwritten++
	if at.Sub(u.written) < quiet {
		return false
	}
	u.written = at
	return true
}

// take hands out what is not written yet; ok tells whether there is anything.
func (u *usage) take(id string) (use db.TokenUse, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	use = db.TokenUse{ID: id, At: u.at, From: u.from, Door: u.door, Times: u.unwritten}
	u.unwritten = 0
	return use, use.Times > 0
}

// giveBack returns uses that could not be written.
func (u *usage) giveBack(times int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.unwritten += times
}

// Used notes that a token opened a door, for a client at the address from. It only touches memory; the writer does
// the rest, at most once a minute for each token, and once more at Close.
func (s *Store) Used(id, door, from string) {
	s.mu.RLock()
	e := s.byID[id]
	s.mu.RUnlock()
	if e == nil {
		return
	}
	if e.used.note(s.now(), from, door) {
		s.uses.hurry(id, e.used)
		return
	}
	s.uses.remember(id, e.used)
}

// recorder writes uses in the background.
type recorder struct {
	db   *db.DB
	log  *slog.Logger
	wake chan struct{} // holds one wish to write
	end  chan struct{} // closed by close
	done chan struct{} // closed when the writer has ended
	// known is closed when what was written before is known, before anything is written.
	known chan struct{}
	once  sync.Once

	// mu guards the tokens with uses that are not written yet: those of due are written now, those of later when
	// they become due, or at the end.
	mu         sync.Mutex
	due, later map[string]*usage
}

func startRecorder(d *db.DB, log *slog.Logger, learn func(db.TokenUse)) *recorder {
	r := &recorder{db: d, log: log, wake: make(chan struct{}, 1), end: make(chan struct{}), done: make(chan struct{}),
		known: make(chan struct{}), due: map[string]*usage{}, later: map[string]*usage{}}
	go r.run(learn)
	return r
}

// remember keeps a token with uses for later.
func (r *recorder) remember(id string, u *usage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due[id] == nil {
		r.later[id] = u
	}
}

// hurry has a token's uses written now.
func (r *recorder) hurry(id string, u *usage) {
	r.mu.Lock()
	delete(r.later, id)
	r.due[id] = u
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default: // the writer is about to look anyway
	}
}

// takeDue hands out the tokens that are due.
func (r *recorder) takeDue() map[string]*usage {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := r.due
	r.due = map[string]*usage{}
	return due
}

// takeAll hands out every token with uses.
func (r *recorder) takeAll() map[string]*usage {
	all := r.takeDue()
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(all, r.later)
	r.later = map[string]*usage{}
	return all
}

func (r *recorder) close() error {
	r.once.Do(func() { close(r.end) })
	<-r.done
	return nil
}

func (r *recorder) run(learn func(db.TokenUse)) {
	defer close(r.done)
	if err := r.db.Tokens().EachUse(context.Background(), learn); err != nil {
		r.log.Error("the last use of tokens was not read; lists show those from now on", "error", err)
	}
	close(r.known)
	for {
		select {
		case <-r.wake:
			r.write(r.takeDue())
		case <-r.end:
			r.write(r.takeAll())
			return
		}
	}
}

// write stores what tokens have gathered, in one transaction. What cannot be written waits for the next time.
func (r *recorder) write(used map[string]*usage) {
	var rows []db.TokenUse
	for id, u := range used {
		if row, ok := u.take(id); ok {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := r.db.Tokens().RecordUses(ctx, rows)
	if err == nil {
		return
	}
	r.log.Error("the last use of tokens was not written", "tokens", len(rows), "error", err)
	for _, row := range rows {
		used[row.ID].giveBack(row.Times)
		r.remember(row.ID, used[row.ID])
	}
}

package hook

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Server writes what hooks are to be sent, and sends it while Run runs. It is safe for concurrent use.
type Server struct {
	o     Options
	lanes *lanes
	// decoys holds back repeated alarms.
	decoys folds
	// alarms are events that nobody waits for; Run writes them.
	alarms chan Event
}

// New makes a server.
func New(o Options) *Server {
	o = o.withDefaults()
	return &Server{o: o, lanes: newLanes(o.Workers, o.PerHost), alarms: make(chan Event, 256)}
}

// batch is how many deliveries one transaction writes: pushes write between two.
const batch = 200

// post writes an event for some hooks, and has workers look.
func (s *Server) post(ctx context.Context, e Event, hooks []Hook) error {
	for some := range slices.Chunk(hooks, batch) {
		ids, err := s.withRoom(ctx, e, some)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		if err := s.o.Rows.Post(ctx, e, ids); err != nil {
			return fmt.Errorf("write the deliveries of event %s: %w", e.ID, err)
		}
	}
	now := s.o.Now()
	for _, h := range hooks {
		s.lanes.mark(h.ID, HostOf(h.URL), now)
	}
	return nil
}

// withRoom are the ids of those hooks for which another delivery may wait. Of a hook that fails no more than so many do, and ten
// times as many of one that is merely slow.
func (s *Server) withRoom(ctx context.Context, e Event, hooks []Hook) ([]string, error) {
	ids := make([]string, len(hooks))
	for i, h := range hooks {
		ids[i] = h.ID
	}
	waiting, err := s.o.Rows.Waiting(ctx, ids)
	if err != nil {
		return nil, err
	}
	ids = ids[:0]
	for _, h := range hooks {
		most := int64(s.o.MaxWaiting)
		if h.Failures == 0 {
			most *= 10
		}
		if waiting[h.ID] >= most {
			s.o.Log.WarnContext(ctx, "a web hook is not told of an event, since too much waits for it already", "hook", h.ID, "event", e.ID)
			continue
		}
		ids = append(ids, h.ID)
	}
	return ids, nil
}

// Tell implements Events.
func (s *Server) Tell(ctx context.Context, e Event) error {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.At.IsZero() {
		e.At = s.o.Now()
	}
	e.At = e.At.UTC()
	repoID, groups := "", []string(nil)
	switch {
	case e.Repo != nil:
		repoID, groups = e.Repo.ID, e.Repo.Groups
	case e.GroupID != "":
		if _, above, ok := s.o.Facts.Group(e.GroupID); ok {
			groups = append([]string{e.GroupID}, above...)
		}
	}
	hooks, err := s.o.Rows.Told(ctx, repoID, groups)
	if err != nil {
		return err
	}
	var to []Hook
	for _, h := range hooks {
		if h.wants(e.Kind) {
			to = append(to, h)
		}
	}
	if len(to) == 0 {
		return nil
	}
	return s.post(ctx, e, to)
}

// TellOnce tells of an event by its ID, unless it was told of in the last days.
func (s *Server) TellOnce(ctx context.Context, e Event) error {
	known, err := s.o.Rows.Known(ctx, e.ID)
	if err != nil || known {
		return err
	}
	return s.Tell(ctx, e)
}

// Alarm tells of a decoy that was tried, without waiting for anything: the event is lost where the process is killed right
// then (the audit record has it too). Of one token it tells once a minute.
func (s *Server) Alarm(e Event) {
	if e.Token == nil || !s.decoys.take(e.Token.ID, s.o.Now()) {
		return
	}
	e.Kind = Decoy
	facts := *e.Token
	facts.Resource = clip(facts.Resource, 300) // the client chose it
	e.Token = &facts
	select {
	case s.alarms <- e:
	default:
		s.o.Log.Error("web hooks are not told of a decoy that was tried: too many wait to be told", "token", e.Token.ID)
	}
}

// folds lets one alarm of a token pass in a while.
type folds struct {
	// mu guards last, by token.
	mu   sync.Mutex
	last map[string]time.Time
}

const (
	foldTime = time.Minute
	foldKept = 4096
)

func (f *folds) take(id string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.last[id]; ok && now.Sub(at) < foldTime {
		return false
	}
	if len(f.last) >= foldKept || f.last == nil {
		f.last = map[string]time.Time{}
	}
	f.last[id] = now
	return true
}

// looks is how often the rows are asked for what waits, besides when something is written.
const looks = time.Minute

// Run sends until ctx ends; its error is nil. What is under way then is broken off, and sent again at the next start.
func (s *Server) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { s.runAlarms(ctx) })
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		for {
			l, ok := s.lanes.take(s.o.Now())
			if !ok {
				break
			}
			all.Go(func() { s.work(ctx, l) })
		}
		due := time.NewTimer(s.lanes.wait(s.o.Now()))
		select {
		case <-ctx.Done():
			due.Stop()
			return nil
		case <-s.lanes.woken:
		case <-due.C:
		case <-look.C:
			s.load(ctx)
			look.Reset(looks)
		}
		due.Stop()
	}
}

func (s *Server) runAlarms(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.alarms:
			if err := s.Tell(ctx, e); err != nil && ctx.Err() == nil {
				s.o.Log.ErrorContext(ctx, "web hooks could not be told of a decoy that was tried", "error", err)
			}
		}
	}
}

// load marks all hooks for which something waits.
func (s *Server) load(ctx context.Context) {
	due, err := s.o.Rows.Due(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.o.Log.ErrorContext(ctx, "what waits for web hooks cannot be read; it is tried again", "in", looks, "error", err)
		}
		return
	}
	for _, d := range due {
		s.lanes.mark(d.HookID, HostOf(d.URL), d.At)
	}
}

// hold is how long a hook is left alone whose rows could not be read or written.
const hold = 10 * time.Second

// work sends what is due for a hook next, where anything is.
func (s *Server) work(ctx context.Context, l taken) {
	defer func() {
		if r := recover(); r != nil {
			s.o.Log.ErrorContext(ctx, "panic while a web hook is told", "hook", l.hook, "panic", r)
			s.lanes.done(l, s.o.Now().Add(looks))
		}
	}()
	d, e, h, err := s.o.Rows.Next(ctx, l.hook, s.o.Now(), l.busy)
	if err != nil {
		s.lanes.done(l, s.after(ctx, l, err))
		return
	}
	l.repo, l.holds = d.RepoID, true
	// Others of this hook may go on meanwhile, about other repositories.
	soonest, err := s.o.Rows.Soonest(ctx, l.hook, append(l.busy, d.RepoID))
	if err != nil || soonest.IsZero() {
		soonest = s.o.Now().Add(looks)
	}
	s.lanes.begin(l, soonest)
	err = s.try(ctx, h, d, e)
	at := s.o.Now()
	if err != nil {
		if ctx.Err() == nil {
			s.o.Log.ErrorContext(ctx, "a web hook could not be told; it is tried again", "hook", h.ID, "in", hold, "error", err)
		}
		at = at.Add(hold)
	}
	s.lanes.done(l, at)
}

// after is when to look at a hook again for which nothing was found, or could not be read; zero for never.
func (s *Server) after(ctx context.Context, l taken, err error) time.Time {
	if isNotFound(err) {
		var at time.Time
		if at, err = s.o.Rows.Soonest(ctx, l.hook, l.busy); err == nil {
			return at
		}
	}
	if ctx.Err() == nil {
		s.o.Log.ErrorContext(ctx, "what waits for a web hook cannot be read; it is tried again", "hook", l.hook, "in", hold, "error", err)
	}
	return s.o.Now().Add(hold)
}

// Sweep removes what is old: events of which no delivery is left. Tokens that end soon are told of once, which their events
// remember for a while.
func (s *Server) Sweep(ctx context.Context) error {
	return s.o.Rows.Sweep(ctx, s.o.Now().Add(-remembered))
}

// remembered is how long events stay at least.
const remembered = 15 * 24 * time.Hour

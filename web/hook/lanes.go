package hook

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// lanes say which hook is looked at next. A hook has a lane while something waits for it, and lanes stand by host, so that a
// host that is slow or has a thousand hooks keeps nobody else waiting: hosts take turns, and of each only so many deliveries
// are under way. The memory that lanes take is bounded by the number of hooks.
type lanes struct {
	workers, perHost int
	// woken holds one token where something has changed since it was looked at last.
	woken chan struct{}

	// mu guards what follows.
	mu    sync.Mutex
	of    map[string]*lane // by hook
	hosts map[string]*lineup
	// turn is the names of hosts in the order in which they are looked at.
	turn []string
	busy int
}

// lane is one hook.
type lane struct {
	hook, host string
	// due is when something is to be sent; zero where nothing is known to wait.
	due time.Time
	// out: a worker looks for what is due, and nobody else may.
	out bool
	// again is the earliest time that was marked while it was out; zero where none was.
	again time.Time
	// repos are the repositories about which a delivery is under way.
	repos []string
}

// lineup is the lanes of one host.
type lineup struct {
	lanes []*lane
	busy  int
}

// taken is a lane in the hands of a worker.
type taken struct {
	hook string
	// busy are the repositories about which deliveries of this hook are under way.
	busy []string
	// repo is what this worker's is about, where holds is set.
	repo  string
	holds bool
}

func newLanes(workers, perHost int) *lanes {
	return &lanes{workers: workers, perHost: perHost, woken: make(chan struct{}, 1), of: map[string]*lane{}, hosts: map[string]*lineup{}}
}

func (ls *lanes) wake() {
	select {
	case ls.woken <- struct{}{}:
	default:
	}
}

// mark says that something is due for a hook at a moment.
func (ls *lanes) mark(hook, host string, at time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.of[hook]
	if l == nil {
		l = &lane{hook: hook, host: host}
		ls.of[hook] = l
		ls.join(l)
	} else if l.host != host && !l.out && len(l.repos) == 0 {
		ls.part(l)
		l.host = host
		ls.join(l)
	}
	if l.out {
		l.again = earlier(l.again, at)
	} else {
		l.due = earlier(l.due, at)
	}
	ls.wake()
}

func (ls *lanes) join(l *lane) {
	h := ls.hosts[l.host]
	if h == nil {
		h = &lineup{}
		ls.hosts[l.host] = h
		ls.turn = append(ls.turn, l.host)
	}
	h.lanes = append(h.lanes, l)
}

// part takes a lane from its host; one without lanes is forgotten.
func (ls *lanes) part(l *lane) {
	h := ls.hosts[l.host]
	h.lanes = slices.DeleteFunc(h.lanes, func(o *lane) bool { return o == l })
	if len(h.lanes) == 0 && h.busy == 0 {
		delete(ls.hosts, l.host)
		ls.turn = slices.DeleteFunc(ls.turn, func(name string) bool { return name == l.host })
	}
}

// earlier is the earlier of two moments, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// take hands out the lane that is due, of the host whose turn it is; false where there is none, or all workers are busy.
func (ls *lanes) take(now time.Time) (taken, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.busy >= ls.workers {
		return taken{}, false
	}
	for i, name := range ls.turn {
		h := ls.hosts[name]
		if h.busy >= ls.perHost {
			continue
		}
		at := slices.IndexFunc(h.lanes, func(l *lane) bool { return !l.out && !l.due.IsZero() && !l.due.After(now) })
		if at < 0 {
			continue
		}
		l := h.lanes[at]
		l.out = true
		h.busy++
		ls.busy++
		// Both go to the end of their lines.
		h.lanes = append(slices.Delete(h.lanes, at, at+1), l)
		ls.turn = append(slices.Delete(ls.turn, i, i+1), name)
		return taken{hook: l.hook, busy: slices.Clone(l.repos)}, true
	}
	return taken{}, false
}

// begin says that a worker has found what it sends, and when the next about another repository is due.
func (ls *lanes) begin(t taken, soonest time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.of[t.hook]
	l.repos = append(l.repos, t.repo)
	l.out, l.due, l.again = false, earlier(soonest, l.again), time.Time{}
	ls.wake()
}

// done gives a lane back, which is due again at a moment; zero where nothing waits.
func (ls *lanes) done(t taken, at time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.of[t.hook]
	if l == nil {
		return
	}
	ls.busy--
	ls.hosts[l.host].busy--
	if t.holds {
		if i := slices.Index(l.repos, t.repo); i >= 0 {
			l.repos = slices.Delete(l.repos, i, i+1)
		}
		if l.out {
			l.again = earlier(l.again, at)
		} else {
			l.due = earlier(l.due, at)
		}
	} else {
		l.out, l.due, l.again = false, earlier(at, l.again), time.Time{}
	}
	if l.due.IsZero() && !l.out && len(l.repos) == 0 {
		delete(ls.of, l.hook)
		ls.part(l)
	}
	ls.wake()
}

// wait is how long until a lane is due that may be taken.
func (ls *lanes) wait(now time.Time) time.Duration {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.busy >= ls.workers {
		return looks
	}
	var first time.Time
	for _, h := range ls.hosts {
		if h.busy >= ls.perHost {
			continue
		}
		for _, l := range h.lanes {
			if !l.out && !l.due.IsZero() {
				first = earlier(first, l.due)
			}
		}
	}
	if first.IsZero() {
		return looks
	}
	return max(0, min(looks, first.Sub(now)))
}

// HostOf is under what name the deliveries to an address are counted together.
func HostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

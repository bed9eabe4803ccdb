package browse

import (
	"context"
	"errors"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// LogOptions bound a log; zeros mean the defaults that stand behind them.
type LogOptions struct {
	// Path, where set, is one file or folder: only commits that changed it are told, as `git log -- PATH` does.
	Path string
	// Max is how many commits are told (100).
	Max int
	// Walk is how many commits are looked at (200,000).
	Walk int
	// Message is how long a message may be, in bytes (64 KiB); longer ones are cut and end in "…".
	Message int
}

func (o LogOptions) withDefaults() LogOptions {
	if o.Max <= 0 {
		o.Max = 100
	}
	if o.Walk <= 0 {
		o.Walk = defaultWalk
	}
	if o.Message <= 0 {
		o.Message = 64 << 10
	}
	return o
}

// Log lists the commits that are reachable from some, newest first, in git's order (by the committer's time, a child
// before its parents unless clocks were wrong). With a path a merge that equals one of its parents there is passed by
// and only that parent followed, so that what was merged away is not told (git-log, "History Simplification").
// ErrLimit comes with the commits found within the bound; ErrNoCommit, pack.ErrNotFound.
func Log(ctx context.Context, set *pack.Set, from []oid.ID, o LogOptions) ([]Commit, error) {
	o = o.withDefaults()
	l := log{history: newHistory(ctx, set, o.Walk), path: pathOf(o.Path), seen: map[oid.ID]bool{}, ahead: map[oid.ID]object.Commit{}}
	for _, id := range from {
		if err := l.meet(id); err != nil {
			return nil, err
		}
	}
	var told []Commit
	for l.queue.Len() > 0 && len(told) < o.Max {
		at := l.queue.take()
		tell, follow, err := l.look(at.links)
		if err == nil && tell {
			var c Commit
			if c, err = readCommit(set, at.id); err == nil {
				c.makeValid(o.Message)
				told = append(told, c)
			}
		}
		for i := 0; err == nil && i < len(follow) && len(told) < o.Max; i++ {
			err = l.meet(follow[i])
		}
		if errors.Is(err, ErrLimit) {
			return told, err
		}
		if err != nil {
			return nil, err
		}
	}
	return told, nil
}

// log is a walk over a history, newest first.
type log struct {
	*history
	path  []string
	seen  map[oid.ID]bool
	ahead map[oid.ID]object.Commit // read as a parent, not yet met
	queue queue
}

func (l *log) meet(id oid.ID) error {
	if l.seen[id] {
		return nil
	}
	l.seen[id] = true
	links, err := l.once(id)
	if err != nil {
		return err
	}
	delete(l.ahead, id)
	l.queue.put(id, links)
	return nil
}

// once is links for a commit that was perhaps read already, as somebody's parent.
func (l *log) once(id oid.ID) (object.Commit, error) {
	if c, ok := l.ahead[id]; ok {
		return c, nil
	}
	c, err := l.links(id)
	if err == nil {
		l.ahead[id] = c
	}
	return c, err
}

// look reports whether a commit is told, and which of its parents are followed.
func (l *log) look(c object.Commit) (tell bool, follow []oid.ID, err error) {
	if len(l.path) == 0 {
		return true, c.Parents, nil
	}
	if len(c.Parents) == 0 {
		same, err := l.same(c.Tree, oid.Zero)
		return !same, nil, err
	}
	for _, p := range c.Parents {
		links, err := l.once(p)
		if err != nil {
			return false, nil, err
		}
		same, err := l.same(c.Tree, links.Tree)
		if err != nil {
			return false, nil, err
		}
		if same {
			return false, []oid.ID{p}, nil
		}
	}
	return true, c.Parents, nil
}

// same reports whether two trees are equal at the path; zero is the empty tree.
func (l *log) same(a, b oid.ID) (bool, error) {
	x, y := object.Entry{Mode: folder, ID: a}, object.Entry{Mode: folder, ID: b}
	for _, name := range l.path {
		if x.ID == y.ID && x.Mode == y.Mode {
			return true, nil
		}
		var err error
		if x, err = inFolder(l.set, x, name); err == nil {
			y, err = inFolder(l.set, y, name)
		}
		if err != nil {
			return false, err
		}
	}
	return x.ID == y.ID && x.Mode == y.Mode, nil
}

package secrets

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// Tokens knows the tokens of this server.
type Tokens interface {
	// Live is the id of the token of this text, where it is one that opens something now.
	Live(ctx context.Context, text string) (id string, ok bool)
	// Revoke ends tokens, since they were found in a push.
	Revoke(ctx context.Context, ids []string) error
}

// Options govern a Scanner; zeros mean the defaults that stand behind them.
type Options struct {
	// Tokens is asked of what looks like a token of this server; nil: it is not looked for.
	Tokens Tokens
	// Key makes the ids of findings tell nothing of what was found.
	Key []byte
	// MaxBlob is up to which size in bytes files are looked through for other people's secrets (1 MiB; never more than 16).
	// Tokens of this server are found in files of any size.
	MaxBlob int64
	// Time is how long one push may be looked through for other people's secrets, the time of all processors together (30
	// seconds).
	Time time.Duration
}

// Scanner looks through pushes; it may be shared.
type Scanner struct {
	o    Options
	book func() (*Book, error)
}

// New makes a scanner. The rules are read when they are first needed.
func New(o Options) *Scanner {
	if o.MaxBlob <= 0 {
		o.MaxBlob = 1 << 20
	}
	o.MaxBlob = min(o.MaxBlob, 16<<20)
	if o.Time <= 0 {
		o.Time = 30 * time.Second
	}
	return &Scanner{o: o, book: sync.OnceValues(Load)}
}

// Revoke ends tokens of this server that were found.
func (s *Scanner) Revoke(ctx context.Context, ids []string) error { return s.o.Tokens.Revoke(ctx, ids) }

// Kinds are what is looked for.
type Kinds uint8

// The kinds: this server's live tokens, and what the rules take for other people's secrets.
const (
	OwnTokens Kinds = 1 << iota
	Others
)

// Bounds of what is kept of one push.
const (
	maxFindings = 20_000
	maxAsked    = 1 << 20 // texts that look like tokens of this server
	// minName is how long a name of a file must be to be taken for a secret.
	minName = 20
	// sniffed is how much of a file is looked at for a zero byte, by which git tells binary files.
	sniffed = 8000
)

// Scan is the looking through one push. Its methods may be called by several goroutines.
type Scan struct {
	s     *Scanner
	ctx   context.Context
	kinds Kinds
	book  *Book        // nil where Others is not looked for
	spent atomic.Int64 // nanoseconds
	asked atomic.Int64

	mu    sync.Mutex // guards what follows
	found map[oid.ID][]Finding
	count int
	left  Left
}

// Left is what was not looked through to its end for other people's secrets, and why.
type Left struct {
	// Late is how many objects came when the time was over, Large how many files were too large.
	Late, Large int
	// More says that more was found than is kept, Unasked that not everything could be asked for that looks like a token of
	// this server.
	More, Unasked bool
}

// Begin begins to look through a push. An error is a fault of the program.
func (s *Scanner) Begin(ctx context.Context, kinds Kinds) (*Scan, error) {
	if s.o.Tokens == nil {
		kinds &^= OwnTokens
	}
	n := &Scan{s: s, ctx: ctx, kinds: kinds, found: map[oid.ID][]Finding{}}
	var err error
	if kinds&Others != 0 {
		n.book, err = s.book()
	}
	return n, err
}

// Blob looks through a file; with Large it implements ingest.Viewer.
func (n *Scan) Blob(id oid.ID, content []byte) { n.Object(plumbing.BlobObject, id, content) }

// Object looks through an object, whose content is not kept.
func (n *Scan) Object(kind plumbing.ObjectType, id oid.ID, content []byte) {
	switch kind {
	case plumbing.TreeObject:
		n.tree(id, content)
	case plumbing.BlobObject:
		n.keep(id, n.own(content, 0))
		switch {
		case n.book == nil || bytes.IndexByte(content[:min(len(content), sniffed)], 0) >= 0:
		case int64(len(content)) > n.s.o.MaxBlob:
			n.leave(func(l *Left) { l.Large++ })
		default:
			n.keep(id, n.others(content, 0))
		}
	default:
		from := message(content)
		n.keep(id, append(n.own(content, from), n.others(content, from)...))
	}
}

// tree looks through the names of a tree.
func (n *Scan) tree(id oid.ID, content []byte) {
	t := object.NewTree(content)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		if len(e.Name) < minName {
			continue
		}
		list := append(n.own(e.Name, 0), n.others(e.Name, 0)...)
		for i := range list {
			list[i].Line, list[i].name = 0, string(e.Name)
		}
		n.keep(id, list)
	}
}

// Text looks through what is no object, such as the name of a ref, and answers what was found.
func (n *Scan) Text(text string) []Finding {
	return append(n.own([]byte(text), 0), n.others([]byte(text), 0)...)
}

// own finds live tokens of this server; from is where the lines begin to count.
func (n *Scan) own(text []byte, from int) (list []Finding) {
	if n.kinds&OwnTokens == 0 {
		return nil
	}
	count := lines{text: text[from:]}
	eachOwn(text, func(token string, at int) {
		if f, ok := n.live(token); ok {
			if at >= from {
				f.Line = count.of(at - from)
			}
			list = append(list, f)
		}
	})
	return list
}

// live asks for a token.
func (n *Scan) live(token string) (Finding, bool) {
	if n.asked.Add(1) > maxAsked {
		n.leave(func(l *Left) { l.Unasked = true })
		return Finding{}, false
	}
	id, ok := n.s.o.Tokens.Live(n.ctx, token)
	return Finding{ID: n.s.id(OwnRule, []byte(token)), Token: id, Rule: OwnRule, What: ownHint(token)}, ok
}

// others finds what the rules take for secrets.
func (n *Scan) others(text []byte, from int) (list []Finding) {
	if n.book == nil {
		return nil
	}
	begun := time.Now()
	left := n.s.o.Time - time.Duration(n.spent.Load())
	count := lines{text: text[from:]}
	stop := func() bool { return time.Since(begun) >= left }
	whole := left > 0 && n.book.each(text, stop, func(m *match) {
		f := Finding{ID: n.s.id(m.rule.id, m.secret), Rule: m.rule.id, What: m.rule.what, rule: m.rule, unless: m.unless, book: n.book}
		if m.from >= from {
			f.Line = count.of(m.from - from)
		}
		list = append(list, f)
	})
	n.spent.Add(int64(time.Since(begun)))
	if !whole {
		n.leave(func(l *Left) { l.Late++ })
	}
	return list
}

func (n *Scan) leave(note func(*Left)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	note(&n.left)
}

func (n *Scan) keep(id oid.ID, list []Finding) {
	if len(list) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.count += len(list); n.count > maxFindings {
		n.left.More = true
		n.left.Unasked = n.left.Unasked || slices.ContainsFunc(list, func(f Finding) bool { return f.Own() })
		return
	}
	n.found[id] = append(n.found[id], list...)
}

// Found is what was found, by object. It is a copy, but for its lists.
func (n *Scan) Found() map[oid.ID][]Finding {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.found)
}

// Left is what was not looked through.
func (n *Scan) Left() Left {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.left
}

// Masked is whether a text, such as a path, holds a secret, so that it must not be told.
func (n *Scan) Masked(text string) bool { return len(text) >= minName && len(n.Text(text)) > 0 }

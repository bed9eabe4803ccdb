// Package feed serves what was pushed to those who follow it with a reader: RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1.
//
//	request ─► selection ─► what the answer depends on ─► ETag ─► 304
//	 (admitted)                       │
//	                                  └─► Feed ─► rss | atom | json ─► kept, plain and compressed ─► 200
//
// There are three: of a repository (the commits of a branch, or its tags), of a person (the pushes to what they watch),
// and of everybody (the pushes to public repositories). Who may ask was decided at the door (web/door); what of it may be
// seen is asked at each answer: a repository's rules hide refs, and of a journal every push to a repository is left out
// that the reader may not read at this moment.
//
// The feed of a repository is a function of what stands in its ETag: the branch's commit, the repository's path and what
// was asked. So a reader who has it is answered without anything being read. Nothing here outlives a request but finished
// answers, under keys that name all that they depend on, in bounded memory.
//
// The package knows no SQL; it reads repositories over vcs/storage and vcs/browse.
package feed

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"jeton/auth/gate"
	"jeton/vcs/receive/follow"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// Repositories opens repositories and knows their rules; *host.Host does.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Pushes is the journal of pushes, of those that have ended, the last first.
type Pushes interface {
	// Of is those to some repositories, at most limit.
	Of(ctx context.Context, repoIDs []string, limit int) ([]follow.Push, error)
	// Public is those to public repositories, at most limit.
	Public(ctx context.Context, limit int) ([]follow.Push, error)
	// Mark is another text whenever a journal may have become another: after a push, and after a change of repositories,
	// people, permissions, rules or watches.
	Mark(ctx context.Context) (string, error)
}

// Readers knows who may read what, and who watches what, at this moment.
type Readers interface {
	// Readable is the path of a repository that somebody may read; false where they may not. The zero identity is a guest.
	Readable(id gate.Identity, repoID string) (path string, ok bool)
	// Watched is the ids of the repositories that somebody watches, whether they may still read them or not.
	Watched(ctx context.Context, userID string) ([]string, error)
	// Named is what somebody is called now who was recorded under an id and a name.
	Named(userID, recorded string) string
}

// Options are what New needs; zero numbers and durations mean the defaults that stand behind them.
type Options struct {
	Repositories Repositories
	Pushes       Pushes
	Readers      Readers
	// URL is the address that clients use, with which all links begin.
	URL *url.URL
	// Entries is how many entries a feed has at most (50).
	Entries int
	// TTL is how long readers are asked to wait before they come again (15 minutes).
	TTL time.Duration
	// Memory bounds the finished answers that are kept, in bytes (32 MiB).
	Memory int64
	// Walk is how many commits are looked at for one feed (100,000).
	Walk int
	// Diff is how long the diff of one entry may be, in bytes (16 KiB).
	Diff int64
	// Patience is how long one answer may be waited for and worked at (30 seconds); Builders how many are worked at at a time
	// (2): one for each client, and half of them for guests.
	Patience time.Duration
	Builders int
	Log      *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server answers requests for feeds; it is safe for concurrent use.
type Server struct {
	o       Options
	base    string
	kept    *kept
	moments *moments
	// places are for those whose answers are being worked at.
	places *workshop
}

// New makes a server.
func New(o Options) *Server {
	def := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	def(&o.Entries, 50)
	def(&o.Walk, 100_000)
	def(&o.Builders, 2)
	if o.TTL <= 0 {
		o.TTL = 15 * time.Minute
	}
	if o.Memory <= 0 {
		o.Memory = 32 << 20
	}
	if o.Diff <= 0 {
		o.Diff = 16 << 10
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{o: o, base: strings.TrimSuffix(o.URL.String(), "/"), kept: newKept(o.Memory), moments: newMoments(o.Now()),
		places: newWorkshop(o.Builders)}
}

// Feed is a feed, in no format yet. Its texts may be any valid UTF-8.
type Feed struct {
	// Name is what its id is made of. It outlives renames.
	Name string
	// Title and About are plain text.
	Title, About string
	// Home is the address of what it is about, Self its own, without a token.
	Home, Self string
	// Updated is when its newest entry changed, or some instant in the past where it has none.
	Updated time.Time
	Entries []Entry
}

// Entry is a commit, a tag, or a push.
type Entry struct {
	// Name is what its id is made of; no other entry of the feed has it.
	Name string
	// Title is one line of plain text.
	Title, Link, Author string
	Published, Updated  time.Time
	// HTML is the content, Text the same without marks.
	HTML, Text string
	// Kind is commit, merge, tag or push.
	Kind string
}

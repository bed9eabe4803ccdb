// Package upload serves fetches: it shows refs, finds out what a client has, and sends the pack of what it lacks.
//
//	protocol 0, 1   advertisement ─► want… shallow… deepen ─► shallow… ─► have… ─► ACK… NAK ─► have… done ─► ACK, pack
//	protocol 2      capabilities  ─► command=ls-refs         ─► refs
//	                              ─► command=fetch           ─► acknowledgments │ shallow-info, wanted-refs, packfile
//	                              ─► command=object-info     ─► sizes
//	                              ─► command=bundle-uri      ─► where a clone may begin
//
// (gitprotocol-pack, gitprotocol-v2). Over HTTP each request brings everything that was agreed before, and is answered
// alone; over SSH it is one conversation. Both run through the same code, and come to the same thing in the end: an order,
// the normal form of what is to be sent, from which the pack is made.
//
//	request ─► wants visible? ─► haves common? enough? ─► depth ─► order ─► reach.Enumerate ─► pack.Set.Write
//
// A want must be reachable from a ref that the client sees, a have counts only when it is: what is hidden and what is
// not there are answered alike (package sight, reach.Visible). Whatever asks for nothing, or cannot be read, is answered in words.
// The package decides nothing about who may read; it imports storage, sight, reach, filter, pack, wire, rules, object and oid.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"jeton/vcs/deadline"
	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// Limits bound what one request may ask; a zero means the default that stands behind it.
type Limits struct {
	// Request is how large a request may be, in bytes after decompression (64 MiB): over SSH one command of protocol 2,
	// or a whole conversation of protocols 0 and 1.
	Request int64
	// Refs is how many refs are listed at a time (1 million).
	Refs int
	// Wants is how many distinct objects may be wanted (100,000), Haves how many may be offered, and how many shallow
	// lines sent (1 million).
	Wants, Haves int
	// Prefixes is how many ref-prefix lines ls-refs looks at (65,536); beyond that it shows all refs, as C git does.
	Prefixes int
	// ServerOptions is how many options a request may bring along (1000).
	ServerOptions int
	// Walk is how many commits and trees may be walked to decide whether objects are reachable, and how many commits to
	// find out where a depth ends (reach.DefaultBudget).
	Walk int
	// Visit is how many commits and trees may be read to list what is sent (100 million).
	Visit int
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Refs, 1_000_000)
	set(&l.Wants, 100_000)
	set(&l.Haves, 1_000_000)
	set(&l.Prefixes, 65_536)
	set(&l.ServerOptions, 1000)
	set(&l.Walk, reach.DefaultBudget)
	set(&l.Visit, 100_000_000)
	if l.Request <= 0 {
		l.Request = 64 << 20
	}
	return l
}

// Options govern a Server.
type Options struct {
	// KeepAlive is after how much silence an empty packet is sent; 0 means 5 seconds.
	KeepAlive time.Duration
	// Timeout is how long one fetch may take in all; 0 means 6 hours. Over SSH that is a whole conversation.
	Timeout time.Duration
	// Agent is what the server calls itself, such as "jeton/1.0".
	Agent  string
	Limits Limits
	// Log is told at level debug what was sent; nil means nowhere.
	Log *slog.Logger
}

// Server serves fetches of any repository; safe for concurrent use.
type Server struct{ o Options }

// New makes a server.
func New(o Options) *Server {
	if o.KeepAlive <= 0 {
		o.KeepAlive = 5 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 6 * time.Hour
	}
	if o.Agent == "" {
		o.Agent = "jeton"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.withDefaults()
	return &Server{o}
}

// Session says how a client speaks.
type Session struct {
	Version wire.Version
	// Stateless is one HTTP request and its answer; else a whole conversation, as over SSH.
	Stateless bool
	// Rules are those of the repository.
	Rules rules.Rules
	// Notice is a line for people behind a pack, on band 2, where the client takes that; "" for none.
	Notice string
	// ID names the session to the client, which may put it into its own log (NewSessionID); "" for a new one each time.
	ID string
	// Sent is told of each pack that was sent whole, in some words; nil: nobody wants to know.
	Sent func(detail string)
	// Hangup breaks the connection where a fetch outlives its time and its client neither takes nor sends anything; nil
	// where the transport ends such silence itself.
	Hangup func()
}

// Serve answers one HTTP request, or holds a conversation after the advertisement. What went wrong was told to the
// client, except where its request could not be read to the end; the error is for the log. ErrBadRequest is wrapped where
// the client is at fault. w is flushed where it implements interface{ Flush() error }.
func (s *Server) Serve(ctx context.Context, repo storage.Repository, ses Session, r io.Reader, w io.Writer) error {
	ctx, done := s.clock(ctx, ses)
	defer done()
	view, err := repo.View(ctx)
	if err != nil {
		told := wire.Err(wire.NewWriter(w), "upload-pack: the repository cannot be read; its administrator finds the reason in the log")
		return errors.Join(fmt.Errorf("open view: %w", err), told)
	}
	defer view.Close()
	src := &input{ctx: ctx, r: r}
	c := &conversation{s: s, ctx: ctx, ses: ses, repo: repo.ID(), view: view, sight: sight.New(&ses.Rules, view.Refs), src: src, in: wire.NewReader(src), out: wire.NewWriter(w)}
	c.allow()
	if ses.Version == wire.V2 {
		err = c.commands()
	} else {
		err = c.classic()
	}
	return c.tell(deadline.Reason(ctx, err))
}

// conversation is one client being served over one view.
type conversation struct {
	s    *Server
	ctx  context.Context
	ses  Session
	repo string
	view *storage.View
	// sight is which of the view's refs the client sees.
	sight sight.Sight
	src   *input
	in    *wire.Reader
	out   *wire.Writer
	// seen answers what the client may know of; nil until somebody asks (visible).
	seen *reach.Visible
	// sending says that the pack has begun. band is where it goes then, and errors too, nil for a client without bands; a
	// client of protocol 2 may have everything in bands before. alive says that somebody sends signs of life meanwhile.
	sending bool
	band    *wire.SideBand
	alive   bool
	asked   asked
}

// visible is asked what the client may know of. It costs a look at every ref, so ls-refs never asks.
func (c *conversation) visible() *reach.Visible {
	if c.seen == nil {
		c.seen = reach.NewVisible(c.view.Objects, c.sight.Tips(), reach.Options{Budget: c.s.o.Limits.Walk})
	}
	return c.seen
}

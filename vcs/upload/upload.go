// Package upload serves fetches: it shows refs, finds out what a client has, and sends the pack of what it lacks.
//
//	protocol 0, 1   advertisement ─► want… deepen… have… done ─► shallow…, ACK/NAK ─► pack
//	protocol 2      capabilities  ─► command=ls-refs         ─► refs
//	                              ─► command=fetch           ─► acknowledgments │ shallow-info, packfile
//
// (gitprotocol-pack, gitprotocol-v2). One exchange over HTTP is stateless: each request brings everything that was agreed
// before. Over SSH it is one conversation. Both run through the same code.
//
// A want must be reachable from a ref that the client sees, a have counts only when it is: what is hidden and what is
// not there are answered alike. refs/jeton/ is the server's own and never shown. The package decides nothing about who
// may read; it imports storage, reach, pack, wire, object and oid.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// Limits bound what one request may ask; a zero means the default that stands behind it.
type Limits struct {
	// Wants is how many distinct objects may be wanted (100,000), Haves how many may be offered (1 million).
	Wants, Haves int
	// Prefixes is how many ref-prefix lines ls-refs takes (65,536).
	Prefixes int
	// Walk is how many commits and trees may be walked to decide whether objects are reachable (reach.DefaultBudget).
	Walk int
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Wants, 100_000)
	set(&l.Haves, 1_000_000)
	set(&l.Prefixes, 65_536)
	set(&l.Walk, reach.DefaultBudget)
	return l
}

// Options govern a Server.
type Options struct {
	// KeepAlive is after how much silence an empty packet is sent; 0 means 5 seconds.
	KeepAlive time.Duration
	// Agent is what the server calls itself, such as "jeton/1.0".
	Agent  string
	Limits Limits
	Log    *slog.Logger
}

// Server serves fetches of any repository; safe for concurrent use.
type Server struct{ o Options }

// New makes a server.
func New(o Options) *Server {
	if o.KeepAlive <= 0 {
		o.KeepAlive = 5 * time.Second
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
}

// ErrBadRequest is wrapped by errors that are the client's: it was told on the protocol's channel.
var ErrBadRequest = errors.New("bad request")

// refusal is an error whose text is for the client.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string { return string(r) }
func (r refusal) Unwrap() error { return ErrBadRequest }

// Serve answers one HTTP request, or holds a conversation after the advertisement. What went wrong was told to the
// client; the error is for the log. w is flushed where it implements interface{ Flush() error }.
func (s *Server) Serve(ctx context.Context, repo storage.Repository, ses Session, r io.Reader, w io.Writer) error {
	view, err := repo.View(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("open view: %w", err), wire.Err(wire.NewWriter(w), "upload-pack: the repository cannot be read; its administrator finds the reason in the log"))
	}
	defer view.Close()
	c := &conversation{s: s, ctx: ctx, ses: ses, view: view, in: wire.NewReader(r), out: wire.NewWriter(w)}
	c.visible = reach.NewVisible(view.Objects, tips(view.Refs), reach.Options{Budget: s.o.Limits.Walk})
	if ses.Version == wire.V2 {
		err = c.commands()
	} else {
		err = c.classic()
	}
	return c.tell(err)
}

// conversation is one client being served over one view.
type conversation struct {
	s       *Server
	ctx     context.Context
	ses     Session
	view    *storage.View
	visible *reach.Visible
	in      *wire.Reader
	out     *wire.Writer
	// band is set once the pack has begun: errors go there.
	band *wire.SideBand
}

// tell puts an error onto the protocol's channel: a refusal with its own words, everything else without details, which
// are the log's.
func (c *conversation) tell(err error) error {
	if err == nil || c.out.Err() != nil || errors.Is(err, errTold) {
		return err
	}
	var r refusal
	text := "the server has failed; its administrator finds the reason in the log"
	switch {
	case errors.As(err, &r):
		text = string(r)
	case errors.Is(err, wire.ErrMalformed):
		text = err.Error()
	case errors.Is(err, reach.ErrBudget):
		text = "the history is too long to find out whether the wanted objects are reachable; ask for a branch or tag"
	case errors.Is(err, io.EOF), errors.Is(err, context.Canceled):
		return err
	}
	if c.band != nil {
		_ = c.band.Fatal(text + "\n")
		return err
	}
	_ = wire.Err(c.out, "upload-pack: "+text)
	return err
}

// errTold marks an error that the client knows already.
var errTold = errors.New("client was told")

// shown reports whether a client may know of a ref.
func shown(refName string) bool { return !strings.HasPrefix(refName, "refs/jeton/") }

// tips are the ids of all refs that a client sees.
func tips(s *storage.Snapshot) []oid.ID {
	ids := make([]oid.ID, 0, len(s.Refs)+1)
	if !s.Head.ID.IsZero() {
		ids = append(ids, s.Head.ID)
	}
	for _, ref := range s.Refs {
		if shown(ref.Name) {
			ids = append(ids, ref.ID)
		}
	}
	return ids
}

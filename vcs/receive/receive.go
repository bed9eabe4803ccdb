// Package receive takes pushes. A push that fails or dies at any point leaves the repository as it was.
//
//	commands            names, rules, old values: what is refused here is refused before the pack is read
//	    │
//	    └────► pack ─► quarantine, indexed and checked as it arrives (pack/ingest)
//	                        │
//	                    connected?        everything the new tips reach came along or is visible here (reach)
//	                        │
//	                    staged            synced, roots beside it, still invisible
//	                        │
//	                    still admitted?   credential, permission and rules are asked once more (Recheck, RulesNow)
//	                        │
//	                    journal ─► asked again, then packs and refs become visible together (storage.Update) ─► journal
//	                        │
//	                    report-status     ok or ng for each ref, in git's words where git has some
//
// (gitprotocol-pack, "Pushing Data To a Server"). Who may write was decided before; which refs may be moved how is said by
// git and by the repository's rules. A repository that a push makes is found by others once the push was found good.
// Whatever a client sent is escaped before it is echoed. The package imports deadline, host (for its words), storage, reach, pack,
// pack/ingest, secrets, rules, sight, wire, object, oid and name; the journal is an interface of its own.
package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"jeton/vcs/deadline"
	"jeton/vcs/host"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/reach"
	"jeton/vcs/receive/secrets"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// Limits bound one push; a zero means the default that stands behind it.
type Limits struct {
	// Pack are the limits of the pack.
	Pack ingest.Limits
	// Objects are those of single objects.
	Objects Objects
	// Commands is how many refs one push may move (100,000); RefName how long a ref's name may be in bytes (1,024).
	Commands, RefName int
	// Options is how many push options there may be (64), OptionBytes how long all of them may be together (65,536).
	Options, OptionBytes int
	// Walk is how many commits and trees may be walked to prove a push connected (reach.DefaultBudget), and again to find
	// out whether it loses history, where that matters.
	Walk int
	// Pushes is how many pushes are taken at a time (128), PushesPerActor how many of them by one pusher (32); more are asked
	// to come again.
	Pushes, PushesPerActor int
	// Commands of all pushes together may take CommandMemory bytes (256 MiB), those of one pusher a quarter of it: they are
	// held from their first line to the report. More are asked to come again.
	CommandMemory int64
	// Time is how long one push may take, from its first command to the report (6 hours).
	Time time.Duration
	// Drain is how many bytes of a push that is refused are read and dropped (256 MiB), and DrainTime for how long (30
	// seconds), so that its client gets to read why. Where a session is stateless this is the transport's part.
	Drain     int64
	DrainTime time.Duration
}

// Options govern a Server.
type Options struct {
	Journal Journal
	Limits  Limits
	// KeepAlive is after how much silence an empty packet is sent while a push is checked; 0 means 5 seconds.
	KeepAlive time.Duration
	// AskAgain is how often a push is asked, while it is sent and checked, whether it is still admitted; 0 means 3 seconds.
	AskAgain time.Duration
	// Secrets looks for what should not be in a push; nil: nobody looks. RevokeFound says that live tokens of this server
	// that it finds are revoked at once.
	Secrets     *secrets.Scanner
	RevokeFound bool
	// NonceKey is the secret of the nonces of signed pushes; without one they are not offered. NonceSlop is how long a nonce
	// counts that was given out by another request, as over HTTP; 0 means 10 minutes.
	NonceKey  []byte
	NonceSlop time.Duration
	// Agent is what the server calls itself.
	Agent string
	Log   *slog.Logger
}

// Server takes pushes into any repository; safe for concurrent use.
type Server struct {
	o      Options
	nonces nonces
	slots  *shares // of the pushes that are taken
	memory *shares // of the bytes of commands
	owed   arrears
}

// New makes a server.
func New(o Options) *Server {
	if o.KeepAlive <= 0 {
		o.KeepAlive = 5 * time.Second
	}
	if o.AskAgain <= 0 {
		o.AskAgain = 3 * time.Second
	}
	if o.Agent == "" {
		o.Agent = "jeton"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NonceSlop <= 0 {
		o.NonceSlop = 10 * time.Minute
	}
	o.Limits = o.Limits.withDefaults()
	return &Server{o: o, nonces: nonces{o.NonceKey, o.NonceSlop},
		slots:  newShares(int64(o.Limits.Pushes), int64(o.Limits.PushesPerActor)),
		memory: newShares(o.Limits.CommandMemory, o.Limits.CommandMemory/4),
		owed:   arrears{woken: make(chan struct{}, 1)}}
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Commands, 100_000)
	set(&l.RefName, 1024)
	set(&l.Options, 64)
	set(&l.OptionBytes, 64<<10)
	set(&l.Walk, reach.DefaultBudget)
	set(&l.Pushes, 128)
	set(&l.PushesPerActor, 32)
	if l.CommandMemory <= 0 {
		l.CommandMemory = 256 << 20
	}
	if l.Time <= 0 {
		l.Time = 6 * time.Hour
	}
	if l.Drain <= 0 {
		l.Drain = 256 << 20
	}
	if l.DrainTime <= 0 {
		l.DrainTime = 30 * time.Second
	}
	return l
}

// Session is one push: into what, by whom, spoken how.
type Session struct {
	Version   wire.Version
	Stateless bool
	// Repo is nil where nothing is there yet; Create then makes it once commands were read, and it is published once the
	// push was found good.
	Repo   storage.Repository
	Create func(ctx context.Context) (*host.Unborn, error)
	Actor  storage.Actor
	// Recheck asks credential and permission again, every few seconds and right before refs move; the sentence of a
	// *host.Refusal is for the client, any other error is the server's own failure. It may be called by several goroutines.
	Recheck func(ctx context.Context) error
	// Rules are those of the repository when the exchange began; RulesNow asks for them again right before refs move. Where it
	// is nil they do not change.
	Rules    rules.Rules
	RulesNow func(ctx context.Context) (rules.Rules, error)
	// Writes is what the pusher's credential may write, where that is less than its owner may.
	Writes rules.Writes
	// Notice is a line for the pusher where a ref has moved; "" for none.
	Notice string
	// Nonce is what the advertisement asks a signed push to repeat (Server.Nonce), where one connection sees both; empty
	// where the session is stateless.
	Nonce string
}

// ErrBadRequest is wrapped by errors that are the client's: it was told.
var ErrBadRequest = errors.New("bad request")

// refusal is an error whose text is for the client.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string { return string(r) }
func (r refusal) Unwrap() error { return ErrBadRequest }

// Serve takes one push after the advertisement. What became of it was told to the client; the error is for the log, nil
// also where refs were refused by the rules. w is flushed where it implements interface{ Flush() error }.
func (s *Server) Serve(ctx context.Context, ses Session, r io.Reader, w io.Writer) error {
	ctx, done := deadline.Start(ctx, s.o.Limits.Time, refuse("the push took longer than %s; push fewer refs, or a part of the history, at a time", s.o.Limits.Time))
	defer done()
	p := &push{s: s, ctx: ctx, ses: ses, rules: ses.Rules, in: wire.NewReader(&inTime{ctx, r}), out: wire.NewWriter(w), room: s.o.Limits.CommandMemory}
	defer p.forget()
	if err := p.read(); err != nil {
		return p.abort(deadline.Reason(ctx, err))
	}
	if len(p.commands) == 0 {
		return nil // the probe of a client that is about to send a large push, or one that wants nothing
	}
	if id, ok := p.caps.Value("session-id"); ok {
		s.o.Log.DebugContext(ctx, "push begins", "client_session", wire.Escape(short(id)))
	}
	if p.caps.Has("side-band-64k") {
		p.band = wire.NewSideBand(p.out, wire.SideBand64k)
	}
	err := deadline.Reason(ctx, p.run())
	err = errors.Join(err, p.report(err))
	if p.rest {
		p.drain()
	}
	return err
}

// Package receive takes pushes. A push that fails or dies at any point leaves the repository as it was.
//
//	commands ─► pack ─► quarantine, indexed and checked as it arrives (pack/ingest)
//	                        │
//	                    connected?        everything the new tips reach came along or is visible here (reach)
//	                        │
//	                    staged            synced, roots beside it, still invisible
//	                        │
//	                    still admitted?   credential and permission are asked once more (Session.Recheck)
//	                        │
//	                    journal ─► packs and refs become visible together (storage.Update) ─► journal
//	                        │
//	                    report-status     ok or ng for each ref, in git's words where git has some
//
// (gitprotocol-pack, "Pushing Data To a Server"). Which ref may be moved by whom was decided before, except for what
// git itself forbids. Whatever a client sent is escaped before it is echoed. The package imports storage, reach, pack,
// pack/ingest, wire, object, oid and name; the journal is an interface of its own.
package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
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
	// Walk is how many commits and trees may be walked to prove a push connected (reach.DefaultBudget).
	Walk int
}

// Options govern a Server.
type Options struct {
	Journal Journal
	Limits  Limits
	// KeepAlive is after how much silence an empty packet is sent while a push is checked; 0 means 5 seconds.
	KeepAlive time.Duration
	// Agent is what the server calls itself.
	Agent string
	Log   *slog.Logger
	// Pushed, when not nil, is told of each push that moved refs, before its client is. It must not take long.
	Pushed func(repo storage.Repository)
}

// Server takes pushes into any repository; safe for concurrent use.
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
	if o.Limits.Commands <= 0 {
		o.Limits.Commands = 100_000
	}
	if o.Limits.RefName <= 0 {
		o.Limits.RefName = 1024
	}
	return &Server{o}
}

// Session is one push: into what, by whom, spoken how.
type Session struct {
	Version   wire.Version
	Stateless bool
	// Repo is nil where nothing is there yet; Create then makes it, once commands were read.
	Repo   storage.Repository
	Create func(ctx context.Context) (storage.Repository, error)
	Actor  storage.Actor
	// Recheck asks credential and permission again right before refs move; the sentence of a *host.Refusal is for the
	// client, any other error is the server's own failure.
	Recheck func(ctx context.Context) error
	// Rules are those of the repository.
	Rules rules.Rules
}

// capabilities are those that are built (gitprotocol-capabilities).
const capabilities = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta object-format=" + oid.Format

// Advertise writes the ref advertisement of receive-pack, without HTTP's "# service" line.
func (s *Server) Advertise(ctx context.Context, ses Session, w io.Writer) error {
	out := wire.NewWriter(w)
	if ses.Version == wire.V1 {
		_ = out.Line("version 1")
	}
	caps := "\x00" + capabilities + " agent=" + s.o.Agent
	var refs []storage.Ref
	if ses.Repo != nil {
		view, err := ses.Repo.View(ctx)
		if err != nil {
			return fmt.Errorf("open view: %w", err)
		}
		defer view.Close()
		refs = view.Refs.Refs
	}
	var line []byte
	for i := range refs {
		if own(refs[i].Name) {
			continue
		}
		line = append(append(oid.Append(line[:0], refs[i].ID), ' '), refs[i].Name...)
		line = append(append(line, caps...), '\n')
		caps = ""
		_ = out.Data(line)
	}
	if caps != "" {
		_ = out.Line(oid.Zero.String() + " capabilities^{}" + caps)
	}
	_ = out.Flush()
	return out.Send()
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
	p := &push{s: s, ctx: ctx, ses: ses, in: wire.NewReader(r), out: wire.NewWriter(w)}
	if err := p.read(); err != nil {
		return p.abort(err)
	}
	if len(p.commands) == 0 {
		return nil // the probe of a client that is about to send a large push, or one that wants nothing
	}
	if p.caps.Has("side-band-64k") {
		p.band = wire.NewSideBand(p.out, wire.SideBand64k)
	}
	err := p.run()
	return errors.Join(err, p.report(err))
}

// Settle closes the journal's open entries when a server starts: whether each update came to pass is read off the refs.
func (s *Server) Settle(ctx context.Context, open func(ctx context.Context, id string) (storage.Repository, error)) error {
	entries, err := s.o.Journal.Open(ctx)
	if err != nil {
		return fmt.Errorf("read open journal entries: %w", err)
	}
	for _, e := range entries {
		results, err := settled(ctx, e, open)
		if err != nil {
			s.o.Log.ErrorContext(ctx, "journal entry cannot be settled", "entry", e.ID, "repository", e.RepoID, "error", err)
			continue
		}
		if err := s.o.Journal.End(ctx, e.ID, results); err != nil {
			return fmt.Errorf("settle journal entry %s: %w", e.ID, err)
		}
	}
	return nil
}

func settled(ctx context.Context, e Entry, open func(ctx context.Context, id string) (storage.Repository, error)) ([]storage.RefResult, error) {
	repo, err := open(ctx, e.RepoID)
	if err != nil {
		return nil, err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	results := make([]storage.RefResult, len(e.Updates))
	for i, u := range e.Updates {
		results[i].Name = u.Name
		ref, _ := view.Refs.Lookup(u.Name)
		if u.Symref == "" && ref.ID != u.New || u.Symref != "" && ref.Target != u.Symref {
			results[i].Err = storage.UpdateError(u.Name, storage.ErrNotApplied)
		}
	}
	return results, nil
}

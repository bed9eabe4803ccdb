package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"jeton/vcs/deadline"
	"jeton/vcs/reach"
	"jeton/vcs/revision"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// Options govern a Server.
type Options struct {
	// KeepAlive is after how much silence an empty packet is sent; 0 means 5 seconds.
	KeepAlive time.Duration
	Limits    Limits
	// Timeout is how long one archive may take in all, however slowly the client reads; 0 means 6 hours.
	Timeout time.Duration
	// Walk is how many commits and trees may be walked to decide whether an id may be named (reach.DefaultBudget).
	Walk int
	// Log is told at level debug what was sent; nil means nowhere.
	Log *slog.Logger
}

// Server answers git-upload-archive for any repository; safe for concurrent use.
type Server struct{ o Options }

// New makes a server.
func New(o Options) *Server {
	if o.KeepAlive <= 0 {
		o.KeepAlive = 5 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 6 * time.Hour
	}
	if o.Walk <= 0 {
		o.Walk = reach.DefaultBudget
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{o}
}

// Serve reads one request and answers it, over SSH and HTTP alike. What went wrong was told to the client; the error is
// for the log, and wraps ErrBadRequest where the client is at fault. w is flushed where it implements
// interface{ Flush() error }.
func (s *Server) Serve(ctx context.Context, repo storage.Repository, r rules.Rules, in io.Reader, w io.Writer) error {
	ctx, done := deadline.Start(ctx, s.o.Timeout, refuse("the archive took longer than %s; name a folder, or clone", s.o.Timeout))
	defer done()
	out := wire.NewWriter(w)
	args, err := readArguments(wire.NewReader(in))
	if err != nil && !errors.Is(err, ErrBadRequest) && !errors.Is(err, wire.ErrMalformed) {
		return fmt.Errorf("read request: %w", err) // the connection's matter, or the body's: there is nobody to be told here
	}
	_ = out.Line("ACK")
	_ = out.Flush()
	c := &conversation{s: s, ctx: ctx, rules: &r, band: wire.NewSideBand(out, wire.SideBand64k)}
	if err == nil {
		err = deadline.Reason(ctx, c.answer(repo, args))
	}
	if err != nil {
		return errors.Join(err, c.band.Fatal("fatal: "+words(err)+"\n"), c.band.Close())
	}
	return c.band.Close()
}

// words are what a client is told of an error: of the server's own failures, nothing that is inside.
func words(err error) string {
	var r refusal
	switch {
	case errors.As(err, &r):
		return string(r)
	case errors.Is(err, wire.ErrMalformed):
		return err.Error()
	}
	return wire.ServerFailed
}

// conversation is one request being answered.
type conversation struct {
	s     *Server
	ctx   context.Context
	rules *rules.Rules
	band  *wire.SideBand
}

func (c *conversation) answer(repo storage.Repository, args []string) (err error) {
	q, err := parse(args)
	if err != nil {
		return err
	}
	if q.list {
		for _, f := range Formats() {
			if _, err := fmt.Fprintln(c.band, f); err != nil {
				return err
			}
		}
		return nil
	}
	if c.rules.NoArchives {
		return errNoArchives
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	stop := deadline.Alive(ctx, c.s.o.Log, "an archive", c.s.o.KeepAlive, c.band.KeepAlive, cancel)
	defer func() { err = errors.Join(err, stop()) }()
	view, err := repo.View(ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	found, err := (&resolver{ctx, revision.New(view, c.rules, revision.Options{Walk: c.s.o.Walk})}).resolve(q.rev)
	if err != nil {
		return err
	}
	a := Archive{Tree: found.tree, Commit: found.commit, When: found.when, Prefix: q.prefix, Paths: q.paths,
		Format: q.format, Level: q.level, Limits: c.s.o.Limits}
	if !q.mtime.IsZero() {
		a.When = q.mtime
	}
	if q.verbose {
		a.Told = func(path string) { _ = c.band.Progress(wire.Escape(path) + "\n") } // who is gone is noticed by the next write
	}
	began := time.Now()
	if err := Write(ctx, view.Objects, c.band, a); err != nil {
		return err
	}
	c.s.o.Log.DebugContext(ctx, "archive sent", "repository", repo.ID(), "tree", a.Tree.String(), "format", a.Format, "took", time.Since(began))
	return nil
}

// Package view answers the views of a repository, once the door has let somebody in: archives, diffs, patches, raw files.
//
//	door.Visit ──► open: a view of the repository, what its rules hide ──► vcs/revision ──► vcs/archive | vcs/browse | the blob
//	                                                                           │
//	                       a sentence with 400 or 404 ◄── nothing of that name ┘
//
// It decides nothing: who may come in was decided at the door, and which objects are there by vcs/revision. Whatever is
// answered is a file of somebody who may push, so that no browser makes a page of it (headers.go). Answers are streamed and
// bounded (Limits); one that fails on its way is cut off, so that it does not look whole.
package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"jeton/vcs/archive/kept"
	"jeton/vcs/host"
	"jeton/vcs/pack"
	"jeton/vcs/revision"
	"jeton/vcs/rules"
	"jeton/vcs/seats"
	"jeton/vcs/storage"
	"jeton/web/door"
)

// Repositories are those that the door has let in to, by id; *host.Host does.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Door answers what is refused and what fails; *door.Door does.
type Door interface {
	Refuse(w http.ResponseWriter, r *http.Request, err error)
}

// Options are what a Handler needs.
type Options struct {
	Repos Repositories
	Door  Door
	// Walk is how many commits and trees may be walked to find out whether an id may be named (reach.DefaultBudget).
	Walk int
	// Patience is how long a client may take nothing of an answer; 0 means 10 minutes.
	Patience time.Duration
	Limits   Limits
	Archives Archives
	// Log is told of answers that were cut off; nil means nowhere.
	Log *slog.Logger
}

// Handler answers the views. It may be used by several goroutines.
type Handler struct {
	o     Options
	seats *seats.Seats
}

// New makes a Handler.
func New(o Options) *Handler {
	o.Limits = o.Limits.withDefaults()
	if o.Patience <= 0 {
		o.Patience = 10 * time.Minute
	}
	orElse(&o.Archives.Timeout, 6*time.Hour)
	if o.Archives.Kept == nil {
		o.Archives.Kept = kept.New(kept.Options{})
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o, seats.New(seats.Shares(o.Limits.Requests))}
}

// request is one that is being answered.
type request struct {
	*http.Request
	ctx   context.Context // ends when the answer has taken too long, or nobody waits for it
	w     *steady
	visit door.Visit
	rules rules.Rules
	set   *pack.Set
	find  *revision.Finder
}

// serve opens the repository for one request and turns what went wrong into an answer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, v door.Visit, answer func(q *request) error) {
	leave, err := h.seat(v)
	if err != nil {
		h.o.Door.Refuse(w, r, err)
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(r.Context(), h.o.Limits.Timeout, errTooLong)
	defer cancel()
	out := h.steady(w, h.o.Limits.Timeout)
	h.end(ctx, out, r, h.answer(ctx, out, r, v, answer))
}

// steady is w for an answer that takes no longer than timeout. The deadlines that were set for short requests would end it:
// net/http waits for the client to go by reading, and takes a read that was too late for that.
func (h *Handler) steady(w http.ResponseWriter, timeout time.Duration) *steady {
	s := &steady{ResponseWriter: w, control: http.NewResponseController(w), patience: h.o.Patience}
	until := time.Now().Add(timeout + h.o.Patience)
	_, _ = s.control.SetReadDeadline(until), s.control.SetWriteDeadline(until) // one that has none needs none
	return s
}

// end turns what went wrong into an answer, or cuts the answer off.
func (h *Handler) end(ctx context.Context, out *steady, r *http.Request, err error) {
	switch {
	case err == nil:
	case out.begun: // what was begun must not look complete
		if r.Context().Err() == nil {
			h.o.Log.WarnContext(r.Context(), "an answer was cut off", "path", r.URL.Path, "error", err, "cause", context.Cause(ctx))
		}
		if !r.ProtoAtLeast(1, 1) {
			out.reset()
		}
		panic(http.ErrAbortHandler)
	default:
		h.refuse(ctx, out, r, err)
	}
}

func (h *Handler) answer(ctx context.Context, w *steady, r *http.Request, v door.Visit, answer func(q *request) error) error {
	laid, err := h.o.Repos.Rules(ctx, v.RepoID)
	if err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	repo, err := h.o.Repos.Open(ctx, v.RepoID)
	if err != nil {
		return fmt.Errorf("open repository: %w", err)
	}
	view, err := repo.View(ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	q := &request{Request: r, ctx: ctx, w: w, visit: v, rules: laid, set: view.Objects}
	q.find = revision.New(view, &q.rules, revision.Options{Walk: h.o.Walk})
	return answer(q)
}

// errTooLong is why the context of a request ended whose answer took longer than Limits.Timeout.
var errTooLong = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "too_long", RetryAfter: time.Minute,
	Sentence: "This took longer than the server works on one answer. Ask for less, or clone the repository and do it there."}

// refuse answers with what went wrong, before anything was answered; ctx is the one in which it did.
func (h *Handler) refuse(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
	for _, name := range []string{"ETag", "Content-Disposition", "Content-Length", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Accept-Ranges", "Link", "Repr-Digest"} {
		w.Header().Del(name)
	}
	switch {
	case errors.Is(err, revision.ErrBad):
		door.Say(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, revision.ErrNotFound):
		door.Say(w, http.StatusNotFound, err.Error())
	case errors.Is(err, context.DeadlineExceeded) && r.Context().Err() == nil:
		h.o.Door.Refuse(w, r, context.Cause(ctx))
	case errors.Is(err, host.ErrNotFound), errors.Is(err, storage.ErrClosed): // deleted since the door looked
		door.Say(w, http.StatusNotFound, "There is no such repository.")
	default:
		h.o.Door.Refuse(w, r, err)
	}
}

// no refuses with a status and a sentence.
func no(status int, code, format string, args ...any) error {
	return &host.Refusal{Status: status, Code: code, Sentence: fmt.Sprintf(format, args...)}
}

// steady is an answer to which a client that takes it, however slowly, has time: each write may take as long as patience.
type steady struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	until    time.Time // the deadline that was set last
	begun    bool      // a status was sent
	status   int       // which; 0 where it was left to the first byte (200)
}

// Unwrap is for http.ResponseController.
func (s *steady) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (s *steady) WriteHeader(status int) {
	if status >= 200 && !s.begun {
		s.begun, s.status = true, status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *steady) Write(b []byte) (int, error) {
	s.begin()
	return s.ResponseWriter.Write(b)
}

func (s *steady) begin() {
	s.begun = true
	if now := time.Now(); now.Add(s.patience / 2).After(s.until) {
		s.until = now.Add(s.patience)
		_ = s.control.SetWriteDeadline(s.until) // a writer without deadlines needs none
	}
}

// reset ends a connection by force: where an answer ends with its connection, as in HTTP/1.0, which proxies still speak, an
// orderly end would make one that was cut off look whole.
func (s *steady) reset() {
	conn, _, err := s.control.Hijack()
	if err != nil {
		return
	}
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS would take its leave
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// atOnce is how much of a file the kernel is given to send at a time, in bytes.
const atOnce = 4 << 20

// ReadFrom implements io.ReaderFrom: a file goes out by sendfile where the connection can do that.
func (s *steady) ReadFrom(r io.Reader) (int64, error) {
	to, ok := s.ResponseWriter.(io.ReaderFrom)
	part, limited := r.(*io.LimitedReader)
	if !ok || !limited {
		return io.Copy(struct{ io.Writer }{s}, r)
	}
	var sent int64
	for part.N > 0 {
		s.begin()
		piece := &io.LimitedReader{R: part.R, N: min(part.N, atOnce)}
		n, err := to.ReadFrom(piece)
		sent += n
		if part.N -= n; err != nil || piece.N > 0 {
			return sent, err
		}
	}
	return sent, nil
}

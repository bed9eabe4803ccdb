// Package smarthttp speaks git over HTTP (gitprotocol-http): it unpacks requests, asks the door, and hands request and
// answer to upload and receive, which stream through it.
//
//	GET  {repo}/info/refs?service=S   what there is       401 without a credential, so that git asks for one
//	POST {repo}/git-upload-pack       a fetch             one request, one answer; nothing is kept between two
//	POST {repo}/git-receive-pack      a push
//	POST {repo}/git-upload-archive    git archive --remote (git 2.44 and newer)
//
// git shows the text of a refusal only from info/refs and only when it is text/plain; on POST it goes into the protocol
// itself (refuse.go). An answer does not wait for the end of its request, and what a client sends in vain is dropped
// within bounds (drain.go): else it would tell its user of a broken pipe. Who may do what is the Doorkeeper's; what is said about refs and packs is upload's and receive's.
package smarthttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"jeton/vcs/archive"
	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/seats"
	"jeton/vcs/storage"
	"jeton/vcs/upload"
	"jeton/vcs/wire"
)

// The services, as git names them.
const (
	UploadPack    = "git-upload-pack"
	ReceivePack   = "git-receive-pack"
	UploadArchive = "git-upload-archive"
)

// Doorkeeper decides who is let in. The error is a *host.Refusal, or a failure of the server.
type Doorkeeper interface {
	Admit(r *http.Request, path, service string) (host.Admission, error)
}

// Repositories opens repositories by their id, and knows the rules that hold in them.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Options are what a Handler needs.
type Options struct {
	Upload  *upload.Server
	Receive *receive.Server
	Archive *archive.Server
	Door    Doorkeeper
	Repos   Repositories
	Log     *slog.Logger
	// Patience is how long a client may be silent while it sends, and how long it may take nothing while it is sent to;
	// 0 means 10 minutes: git counts its objects in silence before a push.
	Patience time.Duration
	// Requests is how many requests are served at a time, PerClient how many of them for one credential, or one address
	// of guests, who may have half of all together; more are asked to come again. As many again may be asking: what they
	// want has not come whole yet. 0 means 256 and 128.
	Requests, PerClient int
	// MaxRequest is the size of a fetch's request in bytes once it is inflated; 0 means 64 MiB. A push is bounded by
	// receive's own limits.
	MaxRequest int64
	// Drain and DrainTime bound how much, and how long, of what a client sends in vain is read and dropped, so that it
	// gets to read its answer. 0 means 64 MiB and 30 seconds.
	Drain     int64
	DrainTime time.Duration
}

// Handler serves git's addresses for the router, which has cut the repository's path out of the address.
type Handler struct {
	o      Options
	seats  *seats.Seats
	asking *seats.Seats  // of those whose fetch has not come whole
	drains chan struct{} // holds one for each connection that is drained
	taken  chan struct{} // likewise for each small request that was taken in
}

// New makes a handler.
func New(o Options) *Handler {
	numbers := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	sizes := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	times := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	times(&o.Patience, 10*time.Minute)
	times(&o.DrainTime, 30*time.Second)
	numbers(&o.Requests, 256)
	numbers(&o.PerClient, 128)
	sizes(&o.MaxRequest, 64<<20)
	sizes(&o.Drain, 64<<20)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	bounds := seats.Limits{All: o.Requests, Each: o.PerClient, EachGuest: o.PerClient}
	return &Handler{o: o, seats: seats.New(bounds), asking: seats.New(bounds),
		drains: make(chan struct{}, draining), taken: make(chan struct{}, taken)}
}

// InfoRefs answers GET and HEAD of info/refs.
func (h *Handler) InfoRefs(w http.ResponseWriter, r *http.Request, path string) {
	service := r.URL.Query().Get("service")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		text(w, http.StatusMethodNotAllowed, "info/refs is asked for with GET.")
		return
	case service == "":
		text(w, http.StatusForbidden, "This server speaks smart HTTP only: use git 1.6.6 or newer, without a proxy that drops ?service=.")
		return
	case service != UploadPack && service != ReceivePack:
		text(w, http.StatusForbidden, "Unknown service: this server has git-upload-pack and git-receive-pack.")
		return
	}
	x, ok := h.admit(w, r, path, service)
	if !ok {
		return
	}
	leave, err := take(h.seats, x.adm)
	if err != nil {
		h.refuse(w, r, service, err)
		return
	}
	defer leave()
	noCache(w)
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	if r.Method == http.MethodHead {
		return
	}
	err = h.advertise(r.Context(), w, x, service)
	if errors.Is(err, upload.ErrBadRequest) { // the client was told
		h.o.Log.InfoContext(r.Context(), "advertisement refused", "repository", x.adm.Path, "error", err)
		return
	}
	if err != nil && r.Context().Err() == nil {
		h.o.Log.ErrorContext(r.Context(), "advertisement failed", "repository", x.adm.Path, "error", err)
		panic(http.ErrAbortHandler) // the client must not take half an advertisement for a whole one
	}
}

func (h *Handler) advertise(ctx context.Context, w http.ResponseWriter, x *exchange, service string) error {
	out := wire.NewWriter(w)
	if x.version != wire.V2 || service == ReceivePack {
		_ = out.Line("# service=" + service)
		_ = out.Flush()
		if err := out.Send(); err != nil {
			return err
		}
	}
	if service == UploadPack {
		return h.o.Upload.Advertise(ctx, x.repo, x.upload(), w)
	}
	return h.o.Receive.Advertise(ctx, h.push(x), w)
}

// admit asks the door and opens the repository; false when the answer is already given. The repository is nil for a push
// to a path where nothing is yet.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, path, service string) (*exchange, bool) {
	adm, err := h.o.Door.Admit(r, path, service)
	if err != nil {
		h.refuse(w, r, service, err)
		return nil, false
	}
	x := &exchange{adm: adm, version: wire.ParseVersion(r.Header.Get("Git-Protocol"))}
	x.rules, err = h.o.Repos.Rules(r.Context(), adm.RepoID)
	if err == nil && adm.RepoID != "" {
		x.repo, err = h.o.Repos.Open(r.Context(), adm.RepoID)
	}
	if err != nil && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone, and nothing is wrong with the repository
	}
	if refusal := (*host.Refusal)(nil); errors.As(err, &refusal) {
		h.refuse(w, r, service, err)
		return nil, false
	}
	if err != nil {
		h.o.Log.ErrorContext(r.Context(), "repository cannot be opened", "repository", adm.Path, "id", adm.RepoID, "error", err)
		text(w, http.StatusInternalServerError, "The repository cannot be opened; the server's administrator finds the reason in the log.")
		return nil, false
	}
	return x, true
}

// UploadPack answers POST of git-upload-pack.
func (h *Handler) UploadPack(w http.ResponseWriter, r *http.Request, path string) {
	h.post(w, r, path, UploadPack, func(x *exchange) error {
		return h.o.Upload.Serve(r.Context(), x.repo, x.upload(), x.in, x.out)
	})
}

// ReceivePack answers POST of git-receive-pack.
func (h *Handler) ReceivePack(w http.ResponseWriter, r *http.Request, path string) {
	h.post(w, r, path, ReceivePack, func(x *exchange) error {
		return h.o.Receive.Serve(r.Context(), h.push(x), x.in, x.out)
	})
}

// UploadArchive answers POST of git-upload-archive.
func (h *Handler) UploadArchive(w http.ResponseWriter, r *http.Request, path string) {
	h.post(w, r, path, UploadArchive, func(x *exchange) error {
		err := h.o.Archive.Serve(r.Context(), x.repo, x.rules, x.in, x.out)
		if told := x.adm.SentBy(UploadArchive); told != nil && err == nil {
			told("")
		}
		return err
	})
}

// exchange is one request that was let in; in and out are those of a POST.
type exchange struct {
	adm     host.Admission
	repo    storage.Repository
	rules   rules.Rules
	version wire.Version
	in      *body
	out     *answer
}

// upload is how the client of a fetch speaks.
func (x *exchange) upload() upload.Session {
	return upload.Session{Version: x.version, Stateless: true, Rules: x.rules, Notice: x.adm.Notice, Sent: x.adm.SentBy(UploadPack)}
}

// push is the session of a push, which may make its repository.
func (h *Handler) push(x *exchange) receive.Session {
	return receive.Session{Version: x.version, Stateless: true, Repo: x.repo, Create: x.adm.Create, Actor: x.adm.Actor, Recheck: x.adm.Recheck, Rules: x.rules,
		Writes: x.adm.Writes, Notice: x.adm.Notice,
		RulesNow: func(ctx context.Context) (rules.Rules, error) { return h.o.Repos.Rules(ctx, x.adm.RepoID) }}
}

// post serves one POST: what is refused is refused at once, and what the client has yet to send is then dropped.
func (h *Handler) post(w http.ResponseWriter, r *http.Request, path, service string, serve func(*exchange) error) {
	// Else net/http waits for the request, or closes it, before it lets an answer out.
	_ = http.NewResponseController(w).EnableFullDuplex()
	in := &incoming{ReadCloser: r.Body}
	to := &early{ResponseWriter: w, in: in, http: r.ProtoMajor}
	w = to
	release, err := h.takeIn(w, r, in)
	defer release()
	if err != nil {
		text(w, http.StatusBadRequest, "The request did not come whole.")
		return
	}
	r.Body = in
	h.exchange(w, r, path, service, serve)
	if !to.done && in.broken {
		panic(http.ErrAbortHandler) // nobody has answered a request that was cut off: neither must net/http
	}
	if !to.done {
		to.WriteHeader(http.StatusOK)
	}
	h.drain(w, r, in)
}

func (h *Handler) exchange(w http.ResponseWriter, r *http.Request, path, service string, serve func(*exchange) error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		text(w, http.StatusMethodNotAllowed, service+" is asked for with POST.")
		return
	}
	if r.Header.Get("Content-Type") != "application/x-"+service+"-request" {
		text(w, http.StatusUnsupportedMediaType, "The request's Content-Type must be application/x-"+service+"-request.")
		return
	}
	x, ok := h.admit(w, r, path, service)
	if !ok {
		return
	}
	in, err := h.asked(w, r, x, service)
	if err != nil {
		h.bodyError(w, r, service, err)
		return
	}
	// Only now a seat is taken: who may not come in, or never finishes asking, keeps nobody out.
	leave, err := take(h.seats, x.adm)
	if err != nil {
		h.refuse(w, r, service, err)
		return
	}
	defer leave()
	result(w, service)
	x.in, x.out = in, h.answer(w, in)
	err = serve(x)
	h.finish(r, x, service, err)
}

// asked opens the body, and reads the request of a fetch; those that are asking are bounded, since what they sent lies in
// memory.
func (h *Handler) asked(w http.ResponseWriter, r *http.Request, x *exchange, service string) (*body, error) {
	if service == ReceivePack {
		return h.body(w, r, service)
	}
	leave, err := take(h.asking, x.adm)
	if err != nil {
		return nil, err
	}
	defer leave()
	in, err := h.body(w, r, service)
	if err != nil {
		return nil, err
	}
	return in, in.prefetch()
}

// flushSize is the size of a flush packet alone: the probe by which a client finds out, before it sends much, whether it
// is let in. It is the one request that is answered by nothing.
const flushSize = 4

// finish logs what went wrong, and breaks an answer off that could not be finished.
func (h *Handler) finish(r *http.Request, x *exchange, service string, err error) {
	in := x.in.failed
	if in != nil && !x.out.begun {
		h.bodyError(x.out.w, r, service, in)
		return
	}
	if err == nil {
		if !x.out.begun && x.in.taken != flushSize {
			text(x.out.w, http.StatusBadRequest, "The request asks for nothing.")
		}
		return
	}
	level := slog.LevelError
	if errors.Is(err, upload.ErrBadRequest) || errors.Is(err, receive.ErrBadRequest) || errors.Is(err, archive.ErrBadRequest) || errors.Is(err, wire.ErrMalformed) || r.Context().Err() != nil || in != nil {
		level = slog.LevelInfo
	}
	h.o.Log.Log(r.Context(), level, service+" failed", "repository", x.adm.Path, "error", err)
	if errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // whoever still reads must not take what was sent for a whole answer
	}
	if !x.out.begun && r.Context().Err() == nil {
		text(x.out.w, http.StatusBadRequest, "The request could not be understood.")
	}
}

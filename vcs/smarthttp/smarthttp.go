// Package smarthttp speaks git over HTTP (gitprotocol-http): it unpacks requests, asks the door, and hands request and
// answer to upload and receive, which stream through it.
//
//	GET  {repo}/info/refs?service=S   what there is       401 without a credential, so that git asks for one
//	POST {repo}/git-upload-pack       a fetch             one request, one answer; nothing is kept between two
//	POST {repo}/git-receive-pack      a push
//
// git shows the text of a refusal only from info/refs and only when it is text/plain; on POST it goes into the protocol
// itself. Who may do what is the Doorkeeper's; what is said about refs and packs is upload's and receive's.
package smarthttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/upload"
	"jeton/vcs/wire"
)

// The services, as git names them.
const (
	UploadPack  = "git-upload-pack"
	ReceivePack = "git-receive-pack"
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
	Door    Doorkeeper
	Repos   Repositories
	Log     *slog.Logger
	// Patience is how long a client may be silent while it sends, and how long it may take nothing while it is sent to;
	// 0 means 10 minutes: git counts its objects in silence before a push.
	Patience time.Duration
	// Requests is how many requests with a body are served at a time; more are asked to come again. 0 means 256.
	Requests int
	// MaxRequest is the size of a fetch's request in bytes once it is inflated; 0 means 64 MiB. A push is bounded by
	// receive's own limits.
	MaxRequest int64
}

// Handler serves git's three addresses for the router, which has cut the repository's path out of the address.
type Handler struct {
	o     Options
	slots chan struct{}
}

// New makes a handler.
func New(o Options) *Handler {
	if o.Patience <= 0 {
		o.Patience = 10 * time.Minute
	}
	if o.Requests <= 0 {
		o.Requests = 256
	}
	if o.MaxRequest <= 0 {
		o.MaxRequest = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o: o, slots: make(chan struct{}, o.Requests)}
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
	noCache(w)
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	if r.Method == http.MethodHead {
		return
	}
	err := h.advertise(r.Context(), w, x, service)
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
	return upload.Session{Version: x.version, Stateless: true, Rules: x.rules}
}

// push is the session of a push, which may make its repository.
func (h *Handler) push(x *exchange) receive.Session {
	return receive.Session{Version: x.version, Stateless: true, Repo: x.repo, Create: x.adm.Create, Actor: x.adm.Actor, Recheck: x.adm.Recheck, Rules: x.rules,
		RulesNow: func(ctx context.Context) (rules.Rules, error) { return h.o.Repos.Rules(ctx, x.adm.RepoID) }}
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request, path, service string, serve func(*exchange) error) {
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
	in, err := h.body(w, r, service)
	if err == nil && service == UploadPack {
		err = in.prefetch()
	}
	if err != nil {
		bodyError(w, err)
		return
	}
	// Only now a place is taken: who may not come in, or never finishes asking, keeps nobody out.
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		w.Header().Set("Retry-After", "5")
		text(w, http.StatusServiceUnavailable, "The server is busy with as many clones and pushes as it may serve at a time; try again in a moment.")
		return
	}
	noCache(w)
	w.Header().Set("Content-Type", "application/x-"+service+"-result")
	x.in, x.out = in, h.answer(w, in)
	err = serve(x)
	h.finish(r, x, service, err)
}

// finish logs what went wrong, and breaks an answer off that could not be finished.
func (h *Handler) finish(r *http.Request, x *exchange, service string, err error) {
	in := x.in.failed
	if in != nil && !x.out.begun {
		x.out.w.Header().Del("Content-Type")
		bodyError(x.out.w, in)
		return
	}
	if err == nil {
		return
	}
	level := slog.LevelError
	if errors.Is(err, upload.ErrBadRequest) || errors.Is(err, receive.ErrBadRequest) || errors.Is(err, wire.ErrMalformed) || r.Context().Err() != nil || in != nil {
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

// noCache keeps answers out of caches, as git http-backend does.
func noCache(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	h.Set("Pragma", "no-cache")
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}

// text answers with a sentence, which git shows to its user.
func text(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(sentence + "\n"))
}

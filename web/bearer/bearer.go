// Package bearer answers whoever holds a token, or has found one, about that token and nothing else:
//
//	GET  /_admin/token                      what am I, and until when?      (words of RFC 7662)
//	POST /_admin/token/successor            I was rotated: who replaces me?
//	POST /_admin/revoke                     this text holds tokens: end them, whoever I am
//	GET  /.well-known/jeton-tokens          how does one recognise a token? (for scanners)
//	GET  /_admin/my_account/auth_tokens     how does one renew a token?
//
// Who is asking is the door's to find out (web/door); what a token is, the gate's; making and ending them, auth/token's.
package bearer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/vcs/host"
	"jeton/web/door"
)

// Door recognises the token that a request comes with; *door.Door does.
type Door interface {
	// About is what the token may know of itself, and its text. The error is a *host.Refusal, or a failure of the server.
	About(r *http.Request) (gate.About, token.Secret, error)
	Remote(r *http.Request) netip.Addr
	// Network is under what name requests from one network are counted together.
	Network(r *http.Request) string
}

// Tokens hands out successors and ends what was found; *token.Store does.
type Tokens interface {
	Successor(ctx context.Context, by audit.Actor, old token.Secret) (token.Token, token.Secret, error)
	RevokeIn(ctx context.Context, by audit.Actor, text string) ([]token.Token, error)
}

// Options are what a Handler needs.
type Options struct {
	Door   Door
	Tokens Tokens
	// URL is the address of the server, without a slash at its end.
	URL string
	Log *slog.Logger
	// FoundTime is how long the answer to a finder takes, whatever was found; 0 means half a second.
	FoundTime time.Duration
	// ReadTime is how long a finder may take to send a text; 0 means 10 seconds.
	ReadTime time.Duration
}

// Handler answers. It is ended by Close.
type Handler struct {
	o     Options
	found *door.Budget
	// reading holds one for each text that is read or looked through.
	reading chan struct{}
	// looking are the texts that are looked through.
	looking sync.WaitGroup
}

// New makes a handler.
func New(o Options) *Handler {
	if o.FoundTime <= 0 {
		o.FoundTime = 500 * time.Millisecond
	}
	if o.ReadTime <= 0 {
		o.ReadTime = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o: o, found: door.NewBudget(foundAMinute, nil), reading: make(chan struct{}, foundAtATime)}
}

// Close waits for what is looked through.
func (h *Handler) Close() { h.looking.Wait() }

// Serve answers a request for a path below the server's address, without the slash at its beginning; false where that is
// none of these.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, path string) bool {
	method, answer := http.MethodGet, http.HandlerFunc(nil)
	switch path {
	case "_admin/token":
		answer = h.about
	case "_admin/token/successor":
		method, answer = http.MethodPost, h.successor
	case "_admin/revoke":
		method, answer = http.MethodPost, h.revoke
	case ".well-known/jeton-tokens":
		answer = h.pattern
	case door.RenewPath[1:]:
		answer = h.renew
	default:
		return false
	}
	if r.Method != method && (method != http.MethodGet || r.Method != http.MethodHead) {
		w.Header().Set("Allow", method)
		fail(w, http.StatusMethodNotAllowed, "bad_method", "This address answers "+method+" alone.")
		return true
	}
	answer(w, r)
	return true
}

// write answers in JSON, which nobody may keep unless the header says otherwise already.
func write(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a client that has gone away needs no answer
}

// failure is an error in the words of OAuth (RFC 6749 section 5.2).
type failure struct {
	Active      *bool  `json:"active,omitempty"` // false where a token is not alive (RFC 7662)
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func fail(w http.ResponseWriter, status int, code, sentence string) {
	write(w, status, failure{Error: code, Description: sentence})
}

// refuse answers for the door.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var no *host.Refusal
	if !errors.As(err, &no) {
		h.o.Log.ErrorContext(r.Context(), "a question of a token about itself failed", "error", err)
		fail(w, http.StatusInternalServerError, "server_error", host.Failed)
		return
	}
	if wait := no.Wait(); wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	f := failure{Error: no.Code, Description: no.Sentence}
	if no.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Jeton"`)
		f.Active = new(bool)
	}
	write(w, no.Status, f)
}

// drop reads what nobody asked for, so that the connection can be used again.
func drop(r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, 64<<10) }

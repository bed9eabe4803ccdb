package smarthttp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"

	"jeton/vcs/host"
	"jeton/vcs/wire"
)

// refuse answers for the door.
//
// git shows the text of a refusal from info/refs. Of a POST it shows the number of the status alone, so there a refusal
// goes into the protocol, with 200: an ERR packet, or the report of a push. 401 stays what it is, because it makes clients
// ask for another credential, and so does 404, which must look like what is not there.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, service string, err error) {
	var refusal *host.Refusal
	if !errors.As(err, &refusal) {
		h.o.Log.ErrorContext(r.Context(), "the door failed", "error", err)
		text(w, http.StatusInternalServerError, host.Failed)
		return
	}
	if wait := refusal.Wait(); wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	if refusal.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Jeton", charset="UTF-8"`)
	}
	if r.Method != http.MethodPost || !inProtocol(refusal.Status) {
		text(w, refusal.Status, refusal.Sentence)
		return
	}
	h.o.Log.InfoContext(r.Context(), service+" refused", "status", refusal.Status, "code", refusal.Code)
	if service == ReceivePack {
		h.refusePush(w, r, refusal)
		return
	}
	result(w, service)
	var b bytes.Buffer
	_ = wire.Err(wire.NewWriter(&b), refusal.Sentence)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // a client that has gone away needs no sentence
}

// inProtocol reports whether a refusal of a POST is said by the protocol, and not by HTTP.
func inProtocol(status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return false
}

// refusePush reads the commands of a push, to say of each ref why it does not move.
func (h *Handler) refusePush(w http.ResponseWriter, r *http.Request, no *host.Refusal) {
	in, err := h.body(w, r, ReceivePack)
	if err != nil {
		h.bodyError(w, r, ReceivePack, err)
		return
	}
	in.hurry()
	result(w, ReceivePack)
	out := h.answer(w, in)
	if err := h.o.Receive.Refuse(r.Context(), no, in, out); err != nil {
		h.o.Log.InfoContext(r.Context(), "a push was refused and could not be understood", "error", err)
	}
	if in.failed != nil && !out.begun {
		h.bodyError(w, r, ReceivePack, in.failed)
	}
}

// result is the head of an answer in a service's own protocol.
func result(w http.ResponseWriter, service string) {
	noCache(w)
	w.Header().Set("Content-Type", "application/x-"+service+"-result")
}

// noCache keeps answers out of caches, as git http-backend does.
func noCache(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	h.Set("Pragma", "no-cache")
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}

// text answers with a sentence, which git shows to its user where it asked with GET.
func text(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(sentence)+1)) // the answer may be flushed before the request was read
	w.WriteHeader(status)
	_, _ = io.WriteString(w, sentence+"\n")
}

package smarthttp

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"

	"jeton/vcs/host"
	"jeton/vcs/wire"
)

// refuse answers for the door. A refusal on POST that git would not show by its status goes into the protocol, with 200.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, service string, err error) {
	var refusal *host.Refusal
	if !errors.As(err, &refusal) {
		h.o.Log.ErrorContext(r.Context(), "the door failed", "error", err)
		text(w, http.StatusInternalServerError, "The server has failed; its administrator finds the reason in the log.")
		return
	}
	if refusal.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(refusal.RetryAfter.Seconds()+0.5)))
	}
	switch {
	case refusal.Status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="Jeton", charset="UTF-8"`)
	case refusal.Status == http.StatusForbidden && r.Method == http.MethodPost:
		noCache(w)
		w.Header().Set("Content-Type", "application/x-"+service+"-result")
		var b bytes.Buffer
		_ = wire.Err(wire.NewWriter(&b), refusal.Sentence)
		_, _ = w.Write(b.Bytes())
		return
	}
	text(w, refusal.Status, refusal.Sentence)
}

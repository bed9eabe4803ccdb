package bearer

import (
	"errors"
	"net/http"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
)

// successor hands the holder of a rotated token the one that replaces it, while the overlap lasts.
func (h *Handler) successor(w http.ResponseWriter, r *http.Request) {
	drop(r)
	a, old, err := h.o.Door.About(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	by := audit.Actor{UserID: a.UserID, Name: a.UserName, Credential: a.Credential, Door: string(gate.Self), Remote: h.o.Door.Remote(r)}
	next, secret, err := h.o.Tokens.Successor(r.Context(), by, old)
	switch {
	case errors.Is(err, token.ErrNoSuccessor) || errors.Is(err, token.ErrNotFound):
		fail(w, http.StatusNotFound, "no_successor", "This token was not rotated, or its successor has ended. Go on with this one, or make another.")
		return
	case err != nil:
		h.refuse(w, r, err)
		return
	}
	answer := struct {
		Token   string `json:"auth_token"`
		Expires *int64 `json:"expires"` // unix seconds; null is never
	}{Token: secret.Reveal()}
	if end := seconds(next.ExpiresAt); end > 0 {
		answer.Expires = &end
	}
	write(w, http.StatusOK, answer)
}

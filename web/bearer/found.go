package bearer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/vcs/host"
)

// What finders may do: foundAMinute texts a minute from one network; and foundAtATime of everybody's at the same moment, each of
// token.MaxText in memory.
const (
	foundAMinute = 20
	foundAtATime = 8
	// foundPatience bounds the work on one text.
	foundPatience = 30 * time.Second
)

// thanks is the answer to every text. A finder learns neither whether there was a token nor whether it was alive: else
// anybody could ask which of a list of texts are.
const thanks = "Thank you. Tokens of this server that stand in the text are revoked, and their owners are told."

// revoke ends the tokens in a text. It answers after the same time whatever it finds; what takes longer goes on behind
// the answer.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) {
	if wait := h.found.Take(h.o.Door.Network(r)).Wait; wait > 0 {
		w.Header().Set("Retry-After", host.Wait(wait))
		fail(w, http.StatusTooManyRequests, "too_many", "Too many texts came from your address. Wait, and send many tokens in one text.")
		return
	}
	select {
	case h.reading <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "5")
		fail(w, http.StatusServiceUnavailable, "too_many", "Many are reporting tokens at this moment. Try again in a few seconds.")
		return
	}
	// Whoever sends slowly must not keep others from ending what they have found. A writer that knows no deadlines is a test's.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.ReadTime))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, token.MaxText))
	if err != nil {
		<-h.reading
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			fail(w, http.StatusRequestEntityTooLarge, "too_large", "A text may have "+strconv.Itoa(token.MaxText)+" bytes. Send it in parts.")
			return
		}
		fail(w, http.StatusBadRequest, "bad_request", "The text did not come whole.")
		return
	}
	answer := time.NewTimer(h.o.FoundTime)
	defer answer.Stop()
	by := audit.Actor{Name: "finder", Door: "revoke", Remote: h.o.Door.Remote(r)}
	h.looking.Go(func() { h.look(context.WithoutCancel(r.Context()), by, string(text)) })
	select {
	case <-answer.C:
	case <-r.Context().Done():
	}
	write(w, http.StatusOK, struct {
		Result string `json:"result"`
	}{thanks})
}

// look looks a text through, and gives its place back.
func (h *Handler) look(ctx context.Context, by audit.Actor, text string) {
	defer func() { <-h.reading }()
	ctx, cancel := context.WithTimeout(ctx, foundPatience)
	defer cancel()
	ended, err := h.o.Tokens.RevokeIn(ctx, by, text)
	if err != nil {
		h.o.Log.ErrorContext(ctx, "tokens that were found could not be revoked", "remote", by.Remote.String(), "error", err)
	}
	for _, t := range ended {
		h.o.Log.InfoContext(ctx, "a token was found and is revoked", "token", t.ID, "remote", by.Remote.String())
	}
}

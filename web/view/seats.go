package view

import (
	"net/http"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/seats"
	"jeton/web/door"
)

// errBusy is the answer where no seat is free.
var errBusy = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
	Sentence: "The server works on as many files and diffs as it may at a time, or on as many as it may for you; try again in a moment."}

// seat takes a seat for a visitor and returns what gives it back, or errBusy.
func (h *Handler) seat(v door.Visit) (leave func(), err error) {
	if leave, err = h.seats.Take(seats.Visitor{Client: v.Client, Guest: !v.Private}); err != nil {
		return nil, errBusy
	}
	return leave, nil
}

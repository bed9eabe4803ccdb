package smarthttp

import (
	"errors"
	"net/http"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/seats"
)

// take takes a seat for whoever was admitted and returns the function that gives it back; or the refusal that tells to come
// again.
func take(s *seats.Seats, a host.Admission) (leave func(), err error) {
	leave, err = s.Take(seats.Visitor{Client: a.Client, Guest: a.Actor.ID == ""})
	switch {
	case errors.Is(err, seats.ErrShare):
		return nil, &host.Refusal{Status: http.StatusTooManyRequests, Code: "too_many", RetryAfter: 5 * time.Second,
			Sentence: "You have as many clones and pushes under way as one client may have at a time; wait for them, or try again in a moment."}
	case err != nil:
		return nil, &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
			Sentence: "The server is busy with as many clones and pushes as it may serve at a time; try again in a moment."}
	}
	return leave, nil
}

package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/seats"
	"jeton/web/api/method"
	"jeton/web/door"
)

// tell writes what is left of a budget into a header, in the words that most clients know and in those of
// draft-ietf-httpapi-ratelimit-headers.
func tell(h http.Header, s door.Standing) {
	if s.Limit == 0 {
		return
	}
	reset := strconv.FormatInt(int64(s.Reset/time.Second), 10)
	limit, left := strconv.Itoa(s.Limit), strconv.Itoa(s.Left)
	h.Set("X-RateLimit-Limit", limit)
	h.Set("X-RateLimit-Remaining", left)
	h.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(s.Reset).Unix(), 10))
	h.Set("RateLimit-Policy", `"calls";q=`+limit+`;w=60`)
	h.Set("RateLimit", `"calls";r=`+left+`;t=`+reset)
}

// arrive takes a request in before anything is known of it: out of its network's budget, and to a seat at which its body
// is read. The function gives the seat back. Its error holds a *method.Error.
func (h *Handler) arrive(w http.ResponseWriter, r *http.Request) (leave func(), err error) {
	network := h.o.Door.Network(r)
	standing := h.perNetworks.Take(network)
	tell(w.Header(), standing)
	if standing.Wait > 0 {
		return nil, early(&method.Error{Code: method.Limited, RetryAfter: standing.Wait, Text: "Too many calls came from your address. Wait a little, and send fewer a minute."})
	}
	if leave, err = h.readers.Take(seats.Visitor{Client: network}); err != nil {
		return nil, crowded(err)
	}
	return leave, nil
}

// crowded says why there is no seat.
func crowded(err error) error {
	text := "The server answers as many calls as it may at a time. Come again in a second."
	if errors.Is(err, seats.ErrShare) {
		text = "You have as many calls running as one may have at a time. Wait until one of them has ended."
	}
	return early(&method.Error{Code: method.Unavailable, RetryAfter: time.Second, Text: text})
}

func failed() *method.Error { return &method.Error{Code: method.Failed, Text: host.Failed} }

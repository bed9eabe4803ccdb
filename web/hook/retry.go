package hook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// waits are those of Options.Waits where nothing else is said.
func waits() []time.Duration {
	return []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 5 * time.Hour}
}

// maxAsked is the longest wait that a receiver may ask for.
const maxAsked = 6 * time.Hour

func random() float64 { return rand.Float64() }

// next is when to try again after some tries; false for no more. Waits are up to a fifth longer or shorter, so that many
// hooks do not all come back at once, and at least as long as the receiver has asked for.
func (s *Server) next(tries int, asked time.Duration, now time.Time) (time.Time, bool) {
	all := s.o.Waits
	if tries < 1 || tries > len(all) {
		return now, false
	}
	wait := all[tries-1]
	wait += time.Duration((2*s.o.Random() - 1) * float64(wait) / 5)
	return now.Add(max(wait, min(asked, maxAsked))), true
}

// retryAfter reads Retry-After: seconds, or a date (RFC 9110, section 10.2.3). 0 where nothing of the kind is there.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if n, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

package door

import (
	"fmt"
	"strings"
	"time"

	"jeton/auth/gate"
)

// noticed is how long before its end a token's user is told.
const noticed = 7 * 24 * time.Hour

// Notices is what clients are told on success, on a line of git's own; the zero value tells them nothing.
type Notices struct {
	// URL is the address of the server, without a slash at its end; "" is no notices.
	URL string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// RenewPath is where a token is renewed, below the server's address.
const RenewPath = "/_admin/my_account/auth_tokens"

// Of is the line for whoever came with a token that ends soon; "" for everybody else.
func (n Notices) Of(id gate.Identity) string {
	if n.URL == "" || id.TokenLine == "" || id.TokenExpiry.IsZero() {
		return ""
	}
	now := time.Now()
	if n.Now != nil {
		now = n.Now()
	}
	left := id.TokenExpiry.Sub(now)
	if left > noticed || left <= 0 {
		return ""
	}
	return fmt.Sprintf("Jeton: your token «%s» ends in %s, on %s. Renew it: %s", id.TokenLabel, span(left),
		id.TokenExpiry.UTC().Format("2006-01-02 15:04 MST"), n.URL+RenewPath)
}

// span is a length of time in the two largest units at most.
func span(d time.Duration) string {
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 0:
		return joined(count(days, "day"), count(hours, "hour"))
	case hours > 0:
		return joined(count(hours, "hour"), count(minutes, "minute"))
	case minutes > 0:
		return count(minutes, "minute")
	}
	return "less than a minute"
}

func joined(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }

// count is a number of things; "" for none.
func count(n int, of string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

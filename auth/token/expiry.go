package token

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrBadExpiry: not a time that a token can end at.
var ErrBadExpiry = errors.New("not an expiry")

const (
	day = 24 * time.Hour
	// DefaultExpiry is how long a token lives when nobody says.
	DefaultExpiry = "90d"
	// defaultLife is DefaultExpiry as a length.
	defaultLife = 90 * day
	// longest bounds a chosen life; whoever wants more means never.
	longest = 100 * 365 * day
)

// ParseExpiry turns a choice into the instant at which a token ends: a number and a unit (5m, 1h, 1d, 30d, 90d, 1y; a
// number alone is seconds), a date (the token ends with that day, UTC), an RFC 3339 time, or "never" (the zero time).
// "" is DefaultExpiry. ErrBadExpiry, also for what has passed.
func ParseExpiry(choice string, now time.Time) (time.Time, error) {
	if choice == "" {
		choice = DefaultExpiry
	}
	if choice == "never" {
		return time.Time{}, nil
	}
	end, err := instant(choice, now)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("%w: %q; it is 5m, 1h, 1d, 30d, 90d, 1y, a date such as 2027-01-31, or never",
			ErrBadExpiry, choice)
	case !end.After(now):
		return time.Time{}, fmt.Errorf("%w: %q has passed", ErrBadExpiry, choice)
	case end.Sub(now) > longest:
		return time.Time{}, fmt.Errorf("%w: %q is more than 100 years away; say never", ErrBadExpiry, choice)
	}
	return end.UTC(), nil
}

// ParseSpan reads a length of time as ParseExpiry does: 90d, 36h, 5m; a number alone is seconds, 0 is nothing.
// ErrBadExpiry.
func ParseSpan(choice string) (time.Duration, error) {
	d, err := span(choice)
	if err != nil || d > longest {
		return 0, fmt.Errorf("%w: %q; a length of time is 5m, 1h, 30d or 1y", ErrBadExpiry, choice)
	}
	return d, nil
}

// ParseBefore reads an instant that has passed: a date (its beginning, UTC), an RFC 3339 time, or how long ago, such as
// 90d. ErrBadExpiry.
func ParseBefore(choice string, now time.Time) (time.Time, error) {
	if d, err := time.Parse(time.DateOnly, choice); err == nil {
		return d, nil
	}
	if t, err := time.Parse(time.RFC3339, choice); err == nil {
		return t.UTC(), nil
	}
	ago, err := ParseSpan(choice)
	return now.Add(-ago).UTC(), err
}

func instant(choice string, now time.Time) (time.Time, error) {
	if d, err := time.Parse(time.DateOnly, choice); err == nil {
		return d.Add(day), nil
	}
	if t, err := time.Parse(time.RFC3339, choice); err == nil {
		return t, nil
	}
	life, err := span(choice)
	return now.Add(life), err
}

// span reads a number and its unit.
func span(choice string) (time.Duration, error) {
	digits := strings.TrimRight(choice, "smhdwy")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, err
	}
	units := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": day,
		"w": 7 * day, "y": 365 * day}
	unit, ok := units[choice[len(digits):]]
	if !ok {
		return 0, ErrBadExpiry
	}
	if n > uint64(longest/unit) {
		return longest + day, nil
	}
	return time.Duration(n) * unit, nil
}

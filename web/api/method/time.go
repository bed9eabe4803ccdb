package method

import "time"

// Time is a time as RhodeCode's API writes it: UTC without a zone, with three digits behind the second unless they are
// zeros, as Python's isoformat leaves them out. Replies of Jeton's own methods hold times of RFC 3339 instead.
func Time(t time.Time) string {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format("2006-01-02T15:04:05.000")
}

// TimeOf is Time, and nil for no time.
func TimeOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := Time(t)
	return &s
}

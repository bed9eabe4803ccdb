package db

import "time"

// instant writes a time; "" for none.
func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t).Format(time.RFC3339Nano)
}

// parseInstant reads what instant wrote, or the text of a database's column, which some versions wrote with a zone.
func parseInstant(s string) (time.Time, error) {
	if t, ok := readInstant(s); ok {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999"} {
		if err == nil {
			break
		}
		t, err = time.Parse(layout, s)
	}
	return t.UTC(), err
}

func pointInstant(s string) (*time.Time, error) {
	t, err := parseInstant(s)
	return &t, err
}

// readInstant reads a time of UTC, 2026-11-24 12:00:00.123456+00:00, at a tenth of what time.Parse costs: a start reads tens
// of thousands. There may be a T for the blank, up to nine digits behind the point or none, and Z, +00 or no zone. What it
// does not know is left to time.Parse.
func readInstant(s string) (time.Time, bool) {
	const form = "dddd-dd-dd dd:dd:dd"
	if len(s) < len(form) {
		return time.Time{}, false
	}
	for i := range len(form) {
		if c := s[i]; form[i] == 'd' && !isDigit(c) || form[i] != 'd' && c != form[i] && (form[i] != ' ' || c != 'T') {
			return time.Time{}, false
		}
	}
	nanos, zone, ok := fraction(s[len(form):])
	switch zone {
	case "", "Z", "+00", "+00:00":
	default:
		return time.Time{}, false
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day, hour, minute, second := two(0)*100+two(2), two(5), two(8), two(11), two(14), two(17)
	if !ok || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	return t, t.Day() == day // February has no 30th
}

// fraction reads what stands behind the seconds: a point with digits, or nothing.
func fraction(s string) (nanos int, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	digits := 0
	for s = s[1:]; s != "" && isDigit(s[0]); s = s[1:] {
		nanos = nanos*10 + int(s[0]-'0')
		if digits++; digits > 9 {
			return 0, s, false
		}
	}
	for range 9 - digits {
		nanos *= 10
	}
	return nanos, s, digits > 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isTrue reads a boolean's text: 1 in SQLite, true in PostgreSQL.
func isTrue(s string) bool { return s == "1" || s == "true" }

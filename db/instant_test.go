package db

import (
	"testing"
	"time"
)

func TestInstantsAreReadAsDatabasesAndRowsWriteThem(t *testing.T) {
	want := time.Date(2026, 2, 28, 3, 4, 5, 123456000, time.UTC)
	second := want.Truncate(time.Second)
	for text, want := range map[string]time.Time{
		"2026-02-28 03:04:05.123456+00:00": want, // SQLite's columns
		"2026-02-28 03:04:05.123456":       want, // PostgreSQL's, without a zone
		"2026-02-28 03:04:05.123456+00":    want, // PostgreSQL's, with one
		"2026-02-28T03:04:05.123456Z":      want, // a token's fields
		"2026-02-28T03:04:05Z":             second,
		"2026-02-28 03:04:05":              second,
		"2026-02-28 05:04:05+02:00":        second,
		"2026-02-28 05:04:05.123456+02":    want,
		"2026-02-28T03:04:05.123456789Z":   want.Add(789),
		"0001-01-01 00:00:00+00:00":        {},
	} {
		got, err := parseInstant(text)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "2026", "2026-02-30 00:00:00", "2026-13-01T00:00:00Z", "2026-02-28 24:00:00", "2026-02-28 03:04:05.+00:00",
		"2026-02-28 03:04:05.12x", "2026-02-28 03:04:05 UTC", "2026-02-28_03:04:05"} {
		if got, err := parseInstant(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// FuzzReadInstant holds the quick reader against time.Parse: what it reads, that reads too, and as the same instant.
func FuzzReadInstant(f *testing.F) {
	for _, text := range []string{"2026-02-28 03:04:05.123456+00:00", "2026-02-28T03:04:05Z", "0001-01-01 00:00:00", "2024-02-29 23:59:59.999999999+00",
		"2026-02-28 03:04:05.1234567890", "2026-00-10 00:00:00", "9999-12-31 23:59:59"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := readInstant(text)
		if !ok {
			return
		}
		for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
			"2006-01-02 15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z07"} {
			if want, err := time.Parse(layout, text); err == nil {
				if !got.Equal(want) {
					t.Errorf("%q: got %v, want %v", text, got, want)
				}
				return
			}
		}
		t.Errorf("%q was read as %v, and is none to time.Parse", text, got)
	})
}

package token

import (
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestParseExpiryTakesTheChoices(t *testing.T) {
	for choice, want := range map[string]time.Time{
		"5m":                        noon.Add(5 * time.Minute),
		"1h":                        noon.Add(time.Hour),
		"1d":                        noon.Add(day),
		"2w":                        noon.Add(14 * day),
		"30d":                       noon.Add(30 * day),
		"90d":                       noon.Add(90 * day),
		"":                          noon.Add(90 * day),
		"1y":                        noon.Add(365 * day),
		"3600":                      noon.Add(time.Hour),
		"60s":                       noon.Add(time.Minute),
		"never":                     {},
		"2026-11-24":                time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), // to the end of today
		"2027-01-31":                time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC),
		"2027-01-31T10:00:00+02:00": time.Date(2027, 1, 31, 8, 0, 0, 0, time.UTC),
	} {
		if got, err := ParseExpiry(choice, noon); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", choice, got, err, want)
		}
	}
}

func TestParseExpiryRefusesTheRest(t *testing.T) {
	for _, choice := range []string{"0", "0d", "-1d", "1.5h", "d", "m5", "1x", "5mm", "5 m", " 5m", "soon", "Never",
		"2026-11-23", "2026-02-30", "2020-01-01T00:00:00Z", "101y", "4294967295y", "99999999999999999999d", "9999-01-01",
		"+5m", "0x5m", "1e3"} {
		if got, err := ParseExpiry(choice, noon); !errors.Is(err, ErrBadExpiry) {
			t.Errorf("%q: got %v, %v, want ErrBadExpiry", choice, got, err)
		}
	}
}

func FuzzParseExpiry(f *testing.F) {
	for _, seed := range []string{"", "5m", "never", "2027-01-31", "4294967295y", "2027-01-31T10:00:00Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, choice string) {
		got, err := ParseExpiry(choice, noon)
		if err == nil && choice != "never" && (!got.After(noon) || got.Sub(noon) > longest) {
			t.Errorf("%q ends at %v", choice, got)
		}
	})
}

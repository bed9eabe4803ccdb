package method

import (
	"testing"
	"time"
)

func TestTimesAreWrittenAsRhodeCodeWritesThem(t *testing.T) {
	at := func(ns int) time.Time { return time.Date(2026, 5, 4, 3, 2, 1, ns, time.FixedZone("", 3600)) }
	for want, given := range map[string]time.Time{
		"2026-05-04T02:02:01":     at(999_999), // less than a millisecond
		"2026-05-04T02:02:01.500": at(500_000_000),
		"2026-05-04T02:02:01.007": at(7_999_999),
	} {
		if got := Time(given); got != want {
			t.Errorf("%v is written %s, want %s", given, got, want)
		}
	}
	if got := TimeOf(time.Time{}); got != nil {
		t.Errorf("no time is written %s", *got)
	}
	if got := TimeOf(at(0)); got == nil || *got != "2026-05-04T02:02:01" {
		t.Errorf("a time is written %v", got)
	}
}

package token

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAPolicyRefusesAndNamesTheLimit(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		policy Policy
		end    time.Time
		want   string // "" where it is taken
	}{
		"no limit":            {Policy{}, time.Time{}, ""},
		"within":              {Policy{LongestLife: 30 * day}, noon.Add(30 * day), ""},
		"too long":            {Policy{LongestLife: 30 * day}, noon.Add(30*day + 1), "30d at most on this server (setting token.longest_life"},
		"never is too long":   {Policy{LongestLife: 36 * time.Hour}, time.Time{}, "36h"},
		"never":               {Policy{ForbidNever: true}, time.Time{}, "token.allow_never"},
		"never forbidden, no": {Policy{ForbidNever: true}, noon.Add(longest), ""},
	} {
		w.store.policy = c.policy
		_, _, err := w.store.Mint(t.Context(), admin, Request{UserID: "ada", Kind: VCS, Label: "x", ExpiresAt: c.end})
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrBadRequest) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
		_, _, err = w.store.Mint(t.Context(), admin, Request{UserID: "ada", Kind: VCS, Label: "bait", Decoy: true, ExpiresAt: c.end})
		ok(t, err)
		if end := w.store.DefaultEnd(nil); c.policy.check(noon, end) != nil {
			t.Errorf("%s: the default %v is refused", name, end)
		}
	}
}

func TestAShorterLongestLifeShortensAfterANotice(t *testing.T) {
	w := newWorld(t)
	var told []Event
	w.store.tell = func(e Event) { told = append(told, e) }
	never, _ := w.mint(t, Request{Label: "never"})
	long, _ := w.mint(t, Request{Label: "long", ExpiresAt: noon.Add(300 * day)})
	short, _ := w.mint(t, Request{Label: "short", ExpiresAt: noon.Add(5 * day)})
	decoy, _ := w.mint(t, Request{Label: "decoy", Decoy: true})
	w.set(noon.Add(20 * day / 4))
	w.store.policy = Policy{LongestLife: 30 * day, Notice: 7 * day}
	for i := range 2 { // a second time changes nothing
		w.set(w.store.now().Add(time.Duration(i) * day))
		done, err := w.store.Sweep(t.Context())
		if want := 2 - 2*i; err != nil || done.Shortened != want {
			t.Fatalf("sweep %d: got %+v, %v, want %d shortened", i, done, err, want)
		}
	}
	for id, want := range map[string]time.Time{never.ID: noon.Add(30 * day), long.ID: noon.Add(30 * day), short.ID: short.ExpiresAt, decoy.ID: {}} {
		if got, _ := w.store.ByID(id); !got.ExpiresAt.Equal(want) {
			t.Errorf("%s ends %v, want %v", got.Label, got.ExpiresAt, want)
		}
	}
	if len(told) != 2 || told[0].Why != Shortened || !told[0].Token.ExpiresAt.Equal(noon.Add(30*day)) {
		t.Errorf("told %+v", told)
	}
	w.store.policy.LongestLife = day // over already: the notice is given all the same
	w.set(noon.Add(10 * day))
	_, err := w.store.Sweep(t.Context())
	ok(t, err)
	if got, _ := w.store.ByID(long.ID); !got.ExpiresAt.Equal(noon.Add(17 * day)) {
		t.Errorf("ends %v, want the notice of a week", got.ExpiresAt)
	}
}

func TestTokensThatNobodyUsesEnd(t *testing.T) {
	w := newWorld(t)
	var told []Event
	w.store.tell = func(e Event) { told = append(told, e) }
	w.store.policy = Policy{Unused: 30 * day}
	idle, _ := w.mint(t, Request{Label: "idle"})
	used, _ := w.mint(t, Request{Label: "used"})
	elsewhere, _ := w.mint(t, Request{Label: "used at another node"})
	w.set(noon.Add(20 * day))
	w.store.Used(used.ID, "git", "")
	other := w.open(t)
	other.Used(elsewhere.ID, "git", "")
	ok(t, other.Close())
	w.set(noon.Add(30 * day))
	done, err := w.store.Sweep(t.Context())
	if err != nil || done.Unused != 1 || len(told) != 1 || told[0].Why != Unused || told[0].Token.ID != idle.ID {
		t.Fatalf("got %+v, %v, told %+v", done, err, told)
	}
	if got, _ := w.store.ByID(idle.ID); got.State(w.store.now()) != Revoked || got.RevokedBy != "unused for 30d" {
		t.Errorf("got %+v", got)
	}
}

func TestSpansAreReadAndWrittenAlike(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * day, "36h": 36 * time.Hour, "5m": 5 * time.Minute, "0": 0} {
		got, err := ParseSpan(text)
		if err != nil || got != want || want != 0 && Span(got) != text {
			t.Errorf("%q: got %v, %v, written %q", text, got, err, Span(got))
		}
	}
	for _, text := range []string{"", "x", "-1d", "101y", "never"} {
		if got, err := ParseSpan(text); !errors.Is(err, ErrBadExpiry) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]time.Time{"2026-01-02": time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "1d": noon.Add(-day),
		"2026-01-02T03:04:05+01:00": time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)} {
		if got, err := ParseBefore(text, noon); err != nil || !got.Equal(want) {
			t.Errorf("before %q: got %v, %v, want %v", text, got, err, want)
		}
	}
	if _, err := ParseBefore("yesterday", noon); !errors.Is(err, ErrBadExpiry) {
		t.Errorf("got error %v", err)
	}
}

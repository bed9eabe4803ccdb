package hook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
)

func hexOf(algorithm, secret, body string) string {
	with := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New}[algorithm]
	mac := hmac.New(with, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func good() Hook {
	return Hook{URL: "https://ci.example.com/hook", Form: Gitea, ContentType: JSON, Events: []Kind{Push}, Active: true}
}

func TestHooksThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(h *Hook)
		want   string
	}{
		{"as it is", func(*Hook) {}, ""},
		{"no address", func(h *Hook) { h.URL = "" }, "begins with http"},
		{"another scheme", func(h *Hook) { h.URL = "file:///etc/passwd" }, "begins with http"},
		{"no host", func(h *Hook) { h.URL = "https://:80/x" }, "begins with http"},
		{"control characters", func(h *Hook) { h.URL = "https://a/\u202e" }, "begins with http"},
		{"long", func(h *Hook) { h.URL = "https://a/" + strings.Repeat("x", maxURL) }, "begins with http"},
		{"a password", func(h *Hook) { h.URL = "https://a:b@c/" }, "no user name"},
		{"a fragment", func(h *Hook) { h.URL = "https://c/#x" }, "no fragment"},
		{"form", func(h *Hook) { h.Form = "slack" }, "form \"slack\" is not known"},
		{"content type", func(h *Hook) { h.ContentType = "xml" }, "content type"},
		{"standard form data", func(h *Hook) { h.Form, h.ContentType, h.Secret = Standard, FormData, MakeSecret(Standard) }, "the form standard is JSON"},
		{"standard without a secret", func(h *Hook) { h.Form = Standard }, "whsec_"},
		{"standard with a short secret", func(h *Hook) { h.Form, h.Secret = Standard, NewSecret("whsec_AAAA") }, "24 to 64"},
		{"standard", func(h *Hook) { h.Form, h.Secret = Standard, MakeSecret(Standard) }, ""},
		{"label", func(h *Hook) { h.Label = strings.Repeat("ä", maxLabel+1) }, "label"},
		{"label of 100", func(h *Hook) { h.Label = strings.Repeat("ä", maxLabel) }, ""},
		{"label that rings", func(h *Hook) { h.Label = "\a" }, "label"},
		{"no events", func(h *Hook) { h.Events = nil }, "say of which events"},
		{"unknown event", func(h *Hook) { h.Events = []Kind{"issues"} }, "event \"issues\""},
		{"ping is no choice", func(h *Hook) { h.Events = []Kind{Ping} }, "event \"ping\""},
		{"jenkins and create", func(h *Hook) { h.Form, h.Events = Jenkins, []Kind{Create} }, "the form jenkins"},
		{"jenkins", func(h *Hook) { h.Form, h.Events = Jenkins, []Kind{Tag, Push} }, ""},
		{"empty pattern", func(h *Hook) { h.Branches = []string{""} }, "pattern"},
		{"pattern with a comma", func(h *Hook) { h.Branches = []string{"a,b"} }, "pattern"},
		{"many patterns", func(h *Hook) { h.Branches = slices.Repeat([]string{"x"}, maxBranches+1) }, "more than"},
		{"secret with blanks", func(h *Hook) { h.Secret = NewSecret("a b") }, "secret"},
		{"long secret", func(h *Hook) { h.Secret = NewSecret(strings.Repeat("x", maxSecret+1)) }, "secret"},
	} {
		h := good()
		c.change(&h)
		err := h.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	h := good()
	h.Events, h.Branches = []Kind{Tag, Push, Tag}, []string{"b", "a", "b"}
	if err := h.Check(); err != nil || !slices.Equal(h.Events, []Kind{Push, Tag}) || !slices.Equal(h.Branches, []string{"a", "b"}) {
		t.Errorf("the lists are %v and %v, %v", h.Events, h.Branches, err)
	}
	s := plain(Options{})
	h = good()
	h.Form, h.Secret, h.Old, h.OldEnds = Standard, MakeSecret(Standard), NewSecret("of GitHub's form"), noon
	if err := s.check(&h); err != nil || !h.Old.Empty() || !h.OldEnds.IsZero() {
		t.Errorf("an old secret of another form stays: %v, %v", h.OldEnds, err)
	}
	h = good()
	h.URL, h.GivesToken = "http://ci.example.com", true
	if err := s.check(&h); err == nil || !strings.Contains(err.Error(), "https://") {
		t.Errorf("a token to http://: %v", err)
	}
	if err := plain(Options{PlainTokens: true}).check(&h); err != nil {
		t.Errorf("a token to http:// where that is allowed: %v", err)
	}
}

func TestBranchesAreChosenByPatterns(t *testing.T) {
	for _, c := range []struct {
		patterns string
		ref      string
		want     bool
	}{
		{"", "refs/heads/any", true}, {"main", "refs/heads/main", true}, {"main", "refs/heads/maintenance", false}, {"release/*", "refs/heads/release/1", true},
		{"release/*", "refs/heads/release/1/2", false}, {"release/**", "refs/heads/release/1/2", true}, {"a main", "refs/heads/main", true},
		{"refs/heads/ma?n", "refs/heads/main", true}, {"refs/tags/*", "refs/heads/main", false},
	} {
		h := Hook{Branches: strings.Fields(c.patterns)}
		if got := h.follows(c.ref); got != c.want {
			t.Errorf("%q follows %s: %v", c.patterns, c.ref, got)
		}
	}
}

func TestWhoIsToldOfWhat(t *testing.T) {
	all := []Kind{Push, Create, Delete, Tag}
	hooks := []Hook{{ID: "gitea", Form: Gitea, Events: all}, {ID: "github", Form: GitHub, Events: all}, {ID: "jenkins", Form: Jenkins, Events: []Kind{Push, Tag}},
		{ID: "main", Form: GitHub, Events: all, Branches: []string{"main"}}, {ID: "none", Form: Gitea, Events: []Kind{Decoy}}}
	for _, c := range []struct {
		kind    Kind
		ref     string
		removed bool
		want    string
	}{
		{Push, "refs/heads/main", false, "gitea github jenkins main"}, {Push, "refs/heads/x", false, "gitea github jenkins"}, {Push, "refs/heads/x", true, "github"},
		{Delete, "refs/heads/x", true, "gitea github"}, {Tag, "refs/tags/v1", false, "gitea github jenkins main"}, {Tag, "refs/tags/v1", true, "gitea github main"},
	} {
		var got []string
		for _, h := range wanting(hooks, c.kind, c.ref, c.removed) {
			got = append(got, h.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("of %s %s (removed: %v) are told %v, want %s", c.kind, c.ref, c.removed, got, c.want)
		}
	}
}

func TestOfAPushBranchesAndTagsAreTold(t *testing.T) {
	a, _ := oid.Parse(idA)
	b, _ := oid.Parse(idB)
	p := follow.Push{Entry: receive.Entry{Updates: []storage.RefUpdate{{Name: "refs/heads/new", New: a}, {Name: "refs/heads/main", Old: a, New: b}, {Name: "refs/heads/old", Old: a},
		{Name: "refs/tags/v1", New: a}, {Name: "refs/notes/x", New: a}, {Name: "HEAD", Symref: "refs/heads/main"}, {Name: "refs/heads/failed", New: a}}}}
	for i, u := range p.Updates {
		r := storage.RefResult{Name: u.Name}
		if i == 6 {
			r.Err = http.ErrAbortHandler
		}
		p.Results = append(p.Results, r)
	}
	var got []string
	for _, u := range told(p) {
		for _, k := range kindsOf(u) {
			got = append(got, string(k)+" "+short(u.Name))
		}
	}
	if want := "create new, push new, push main, push old, delete old, create v1, tag v1"; strings.Join(got, ", ") != want {
		t.Errorf("told is %s\nwant %s", strings.Join(got, ", "), want)
	}
	p = follow.Push{}
	for range 3 * maxMoves {
		p.Updates = append(p.Updates, storage.RefUpdate{Name: "refs/heads/x", New: a})
		p.Results = append(p.Results, storage.RefResult{Name: "refs/heads/x"})
	}
	if n := len(told(p)); n != maxMoves {
		t.Errorf("%d refs of one push are told", n)
	}
}

func TestWaitsGrowAndAreSpread(t *testing.T) {
	for _, c := range []struct {
		random float64
		asked  time.Duration
		want   []time.Duration
	}{
		{0.5, 0, []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 5 * time.Hour}},
		{0, 0, []time.Duration{8 * time.Second, 48 * time.Second, 4 * time.Minute}},
		{1, 30 * time.Second, []time.Duration{30 * time.Second, 72 * time.Second, 6 * time.Minute}},
		{1, 48 * time.Hour, []time.Duration{maxAsked}},
	} {
		s := plain(Options{Random: func() float64 { return c.random }})
		for i, want := range c.want {
			if at, more := s.next(i+1, c.asked, noon); !more || at.Sub(noon) != want {
				t.Errorf("with %v, asked for %s: %s after try %d, %v; want %s", c.random, c.asked, at.Sub(noon), i+1, more, want)
			}
		}
		if _, more := s.next(9, c.asked, noon); more {
			t.Error("there is a try too many")
		}
	}
}

func TestRetryAfterIsRead(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "-1": 0, "x": 0, "1.5": 0, "99999999999999999999": 0,
		noon.Add(time.Hour).Format(http.TimeFormat): time.Hour, noon.Add(-time.Hour).Format(http.TimeFormat): 0} {
		if got := retryAfter(value, noon); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestAHookIsSwitchedOffWhenItsReceiverWantsIt(t *testing.T) {
	s := plain(Options{})
	h := Hook{Active: true}
	s.judge(&h, Delivery{Status: 500}, false, noon)
	s.judge(&h, Delivery{}, false, noon.Add(time.Minute))
	if h.Failures != 2 || !h.FailingSince.Equal(noon) || !h.Active || h.LastStatus != 0 {
		t.Errorf("after two failures: %+v", h)
	}
	s.judge(&h, Delivery{Status: 204}, true, noon)
	if h.Failures != 0 || !h.FailingSince.IsZero() || h.LastStatus != 204 {
		t.Errorf("after a good one: %+v", h)
	}
	for i := range stubborn {
		s.judge(&h, Delivery{Status: 500}, false, noon.Add(time.Duration(i)*7*time.Hour))
	}
	if !h.Active {
		t.Error("it is switched off within three days: the last try was 63 hours after the first")
	} else if s.judge(&h, Delivery{Status: 500}, false, noon.Add(73*time.Hour)); h.Active || !strings.Contains(h.OffWhy, "nothing has come through since 2026-11-26 12:00 UTC, in 11 tries") {
		t.Errorf("after three days: %+v", h)
	}
	h = Hook{Active: true}
	if s.judge(&h, Delivery{Status: 410}, false, noon); h.Active || !strings.Contains(h.OffWhy, "410 Gone") || !h.OffAt.Equal(noon) {
		t.Errorf("after a 410: %+v", h)
	}
}

func FuzzHooksAreCheckedAndSent(f *testing.F) {
	f.Add("https://ci.example.com/hook?a=b", "gitea", "main,release/*", "secret", "120")
	f.Add("http://[::1]:80/%zz", "jenkins", "refs/heads/**", "", "Thu, 26 Nov 2026 13:00:00 GMT")
	f.Add("https://ü.example/\x00", "standard", "", "whsec_"+strings.Repeat("A", 32), "-1")
	f.Fuzz(func(t *testing.T, url, form, branches, secret, after string) {
		if d := retryAfter(after, noon); d < 0 {
			t.Errorf("Retry-After %q is %s", after, d)
		}
		h := Hook{ID: "h", URL: url, Form: Form(form), ContentType: JSON, Events: []Kind{Push}, Branches: strings.Split(branches, ","), Secret: NewSecret(secret)}
		if h.Check() != nil {
			return
		}
		h.follows("refs/heads/main")
		out, err := plain(Options{}).request(t.Context(), h, Delivery{ID: "d"}, sample()["push"], Bearer{}, noon)
		if err != nil {
			t.Fatalf("what was checked cannot be sent: %v", err)
		}
		if HostOf(url) == "" || out.http.URL.Host == "" || out.http.URL.User != nil {
			t.Errorf("%q leads to %s", url, out.http.URL)
		}
		if secret != "" && len(secret) > 8 && strings.Contains(out.kept.URL, secret) {
			t.Errorf("the secret is kept in %s", out.kept.URL)
		}
	})
}

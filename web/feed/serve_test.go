package feed

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

func TestWhoHasTheFeedIsNotSentItAgain(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	first := w.get("r1", "rss", "")
	tag, since := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if tag == "" || since == "" || first.Code != 200 {
		t.Fatalf("answered %d with %v", first.Code, first.Header())
	}
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"the tag":                         {[]string{"If-None-Match", tag}, 304},
		"the tag, weak, among others":     {[]string{"If-None-Match", `"x", W/` + tag}, 304},
		"any":                             {[]string{"If-None-Match", "*"}, 304},
		"the tag of the compressed form":  {[]string{"If-None-Match", strings.TrimSuffix(tag, `"`) + `.gz"`}, 304},
		"another tag":                     {[]string{"If-None-Match", `"x"`}, 200},
		"the time":                        {[]string{"If-Modified-Since", since}, 304},
		"a later time":                    {[]string{"If-Modified-Since", "Fri, 27 Nov 2026 12:00:00 GMT"}, 200},
		"no time":                         {[]string{"If-Modified-Since", "yesterday"}, 200},
		"another tag, and the right time": {[]string{"If-None-Match", `"x"`, "If-Modified-Since", since}, 200},
	} {
		rec := w.get("r1", "rss", "", c.headers...)
		if rec.Code != c.want || rec.Code == 304 && rec.Body.Len() > 0 {
			t.Errorf("%s: answered %d, want %d", name, rec.Code, c.want)
		}
		if rec.Header().Get("ETag") != tag || rec.Header().Get("Vary") == "" || rec.Header().Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s: headers %v", name, rec.Header())
		}
	}
}

func TestTheTagIsAnotherWhenSomethingIs(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	one := w.push("r1", "main", "One")
	seen := map[string]string{}
	look := func(what, format, query string) {
		t.Helper()
		tag := w.get("r1", format, query).Header().Get("ETag")
		if at, ok := seen[tag]; ok {
			t.Errorf("%s has the tag of %s", what, at)
		}
		seen[tag] = what
	}
	look("the first", "rss", "")
	look("another format", "atom", "")
	look("a branch", "rss", "branch=main")
	look("with diffs", "rss", "diff=1")
	look("a path", "rss", "path=file")
	look("tags", "rss", "tags=1")
	w.push("r1", "main", "Two", one)
	look("after a push", "rss", "")
	w.mine["r1"] = "team/renamed"
	look("after a rename", "rss", "")
	storagetest.Push(t, w.repos["r1"], commitOf(t, "x", who+"\nTagged\n"), "refs/tags/v1")
	look("tags after a tag", "rss", "tags=1")
	w.laws["r1"] = rules.Rules{Hidden: []string{"refs/tags"}}
	look("tags after they were hidden", "rss", "tags=1")
	w.laws["r1"] = rules.Rules{Hidden: []string{"refs/heads/main"}}
	look("after the branch was hidden", "rss", "")
	if n := check(t, "rss", body(t, w.get("r1", "rss", ""))); n != 0 {
		t.Errorf("a hidden branch has %d entries", n)
	}
}

func TestLastModifiedMovesOnWhereABranchIsSetBack(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	one := w.push("r1", "main", "One")
	at := func() string { return w.get("r1", "rss", "").Header().Get("Last-Modified") }
	before := at()
	two := w.push("r1", "main", "Two", one)
	if now := at(); now != "" {
		t.Errorf("in the second of its change it is told as %s", now)
	}
	w.now = w.now.Add(2 * time.Second)
	after := at()
	storagetest.Update(t, w.repos["r1"], storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: two, New: one}}})
	_ = at()
	w.now = w.now.Add(2 * time.Second)
	back := at()
	if before == "" || after == "" || back == "" || before == after || after == back || before == back {
		t.Errorf("it was %q, then %q, then %q", before, after, back)
	}
	if rec := w.get("r1", "rss", "", "If-Modified-Since", after); rec.Code != 200 {
		t.Errorf("who has what was there before is answered %d", rec.Code)
	}
}

func TestMomentsThatAreForgottenAreNotToldAgain(t *testing.T) {
	begin := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	m := newMoments(begin)
	now := begin.Add(time.Minute)
	first, told := m.since("a", "1", now)
	if !told || !first.Equal(begin) {
		t.Fatalf("first seen: %s, %v", first, told)
	}
	for i := range maxMoments {
		m.since(strings.Repeat("x", 1+i), "1", now)
	}
	again, told := m.since("a", "2", now)
	if told || !again.After(now) {
		t.Errorf("after it was forgotten: %s, %v", again, told)
	}
	// The clock is set back: what was told before is not told for something else.
	x, _ := m.since("a", "3", now.Add(-time.Hour))
	if !x.After(again) {
		t.Errorf("with the clock set back: %s, not after %s", x, again)
	}
}

func TestFeedsAreCompressedForWhoTakesIt(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	plain := body(t, w.get("r1", "atom", ""))
	for accept, compressed := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "x-gzip": true, "": false, "gzip;q=0": false, "gzip; q=0.000": false, "br": false, "identity": false} {
		rec := w.get("r1", "atom", "", "Accept-Encoding", accept)
		got := rec.Body.String()
		if is := rec.Header().Get("Content-Encoding") == "gzip"; is != compressed || is != strings.HasSuffix(rec.Header().Get("ETag"), `.gz"`) {
			t.Errorf("%q: headers %v", accept, rec.Header())
		} else if is {
			z, err := gzip.NewReader(rec.Body)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if got != plain {
			t.Errorf("%q: another text", accept)
		}
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	r := httptest.NewRequest(http.MethodHead, "/x", nil)
	rec := httptest.NewRecorder()
	w.server.Repository(rec, r, visit("r1", "team/app", "rss"))
	get := w.get("r1", "rss", "")
	if rec.Code != 200 || rec.Body.Len() > 0 || rec.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Errorf("answered %d, %d bytes, %v", rec.Code, rec.Body.Len(), rec.Header())
	}
}

func TestWhatEverybodyMayReadIsForAnyCacheThatAsks(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	v := visit("r1", "team/app", "rss")
	v.Private = false
	if rec := ask(w.server.Repository, v, ""); rec.Header().Get("Cache-Control") != "public, no-cache" {
		t.Errorf("headers %v", rec.Header())
	}
}

func TestWhatCannotBeAskedIsRefusedBySentence(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	one := w.push("r1", "main", "One")
	w.push("r1", "secret/plan", "Hidden")
	gone := w.push("r1", "secret/gone", "Hidden")
	old := w.push("r1", "old", "Old", one)
	w.pushed("r1", storage.RefUpdate{Name: "refs/heads/old", Old: old}, storage.RefUpdate{Name: "refs/heads/secret/gone", Old: gone})
	storagetest.Update(t, w.repos["r1"], storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/old", Old: old}, {Name: "refs/heads/secret/gone", Old: gone}}})
	w.laws["r1"] = rules.Rules{Hidden: []string{"refs/heads/secret"}}
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct {
		format, query string
		status        int
		says          string
	}{
		{"xml", "", 404, "rss, atom, and json"}, {"", "", 404, "rss, atom, and json"}, {"rss/x", "", 404, "rss, atom, and json"},
		{"rss", "branch=none", 404, "no branch"}, {"rss", "branch=" + long, 404, "no branch"}, {"rss", "branch=%00", 404, "no branch"},
		{"rss", "branch=%ff", 404, "no branch"}, {"rss", "branch=..", 404, "no branch"}, {"rss", "branch=main~1", 404, "no branch"},
		{"rss", "branch=:/One", 404, "no branch"}, {"rss", "branch=@{-1}", 404, "no branch"}, {"rss", "branch=refs/tags/x", 404, "no branch"},
		{"rss", "branch=" + one.String(), 404, "no branch"},
		{"rss", "branch=secret/plan", 404, "no branch"}, {"rss", "branch=secret/gone", 404, "no branch"},
		{"rss", "branch=old", 410, "deleted"}, {"rss", "branch=refs/heads/old", 410, "deleted"},
		{"rss", "branch=main&branch=old", 400, "more than once"}, {"rss", "tags=2", 400, "tags=1"}, {"rss", "tags=1&branch=main", 400, "no branch, path"},
		{"rss", "diff=yes", 400, "diff=1"}, {"rss", "path=none", 404, "Nothing of this path"}, {"rss", "path=../x", 404, "Nothing"},
		{"rss", "path=a//b", 404, "Nothing"}, {"rss", "path=%00", 404, "Nothing"}, {"rss", "path=" + long, 404, "Nothing"}, {"rss", "path=.", 404, "Nothing"},
		{"rss", "branch=tip", 200, ""}, {"rss", "branch=main", 200, ""}, {"rss", "branch=refs/heads/main", 200, ""}, {"rss", "path=/file/", 200, ""},
		{"rss", "branch=&path=&tags=&diff=0", 200, ""}, {"rss", "limit=9&x=%00", 200, ""},
	} {
		rec := w.get("r1", c.format, c.query)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.says) {
			t.Errorf("%s?%.40s: answered %d, want %d: %.200s", c.format, c.query, rec.Code, c.status, rec.Body)
		}
		if rec.Code != 200 && (rec.Body.Len() > 300 || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" || rec.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("%s?%.40s: %v, %d bytes", c.format, c.query, rec.Header(), rec.Body.Len())
		}
	}
	if rec := ask(w.server.Repository, visit("r9", "team/gone", "rss"), ""); rec.Code != 404 {
		t.Errorf("a repository that was deleted since it was admitted: %d", rec.Code)
	}
}

func TestWhatManyAskAtOnceIsMadeOnce(t *testing.T) {
	k := newKept(1000)
	var mu sync.Mutex
	made := 0
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			got, err := k.get(t.Context(), "a", func() (costly, error) {
				mu.Lock()
				defer mu.Unlock()
				made++
				return headings{}, nil
			})
			if err != nil || got == nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("it was made %d times", made)
	}
}

func TestWhatIsKeptIsBoundedAndTheOldestUseGoesFirst(t *testing.T) {
	k := newKept(3 * (headings{}).cost())
	made := ""
	get := func(key string) {
		t.Helper()
		if _, err := k.get(t.Context(), key, func() (costly, error) { made += key; return headings{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range strings.Split("abcadabcd", "") {
		get(key)
	}
	if made != "abcdbcd" || k.size > k.most || len(k.byKey) != k.order.Len() {
		t.Errorf("made %s; %d bytes of %d", made, k.size, k.most)
	}
	huge := make(headings, 100)
	if _, err := k.get(t.Context(), "huge", func() (costly, error) { return huge, nil }); err != nil || k.byKey["huge"] != nil {
		t.Errorf("what is too large was kept: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = k.get(t.Context(), "fault", func() (costly, error) { panic("x") })
	}()
	if got, err := k.get(t.Context(), "fault", func() (costly, error) { return headings{}, nil }); err != nil || got == nil {
		t.Errorf("after a fault: %v, %v", got, err)
	}
}

func TestWhatIsNotThereHasNoTag(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	rec := w.get("r1", "rss", "path=nowhere")
	if h := rec.Header(); rec.Code != 404 || h.Get("ETag") != "" || h.Get("Last-Modified") != "" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("a path that is not there: %d with %v", rec.Code, h)
	}
}

func TestWhoFindsNoPlaceIsToldWhenToComeAgain(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Builders = 1 })
	w.create("r1", "team/app")
	if _, err := w.server.places.enter(t.Context(), visitor("somebody", true)); err != nil {
		t.Fatal(err)
	}
	w.server.places.waiting = maxWaiting
	for _, query := range []string{"", "branch=made-up"} {
		if rec := w.get("r1", "rss", query); rec.Code != 503 || rec.Header().Get("Retry-After") != "30" {
			t.Errorf("%q: answered %d with %v", query, rec.Code, rec.Header())
		}
	}
}

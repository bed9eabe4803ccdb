package feed

import (
	"encoding/xml"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"jeton/vcs/storage/storagetest"
)

func TestMessagesInAnyEncodingMakeAValidFeed(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"latin-1":      {"encoding ISO-8859-1\n\nGr\xfc\xdfe aus K\xf6ln\n", "Grüße aus Köln"},
		"koi8-r":       {"encoding KOI8-R\n\n\xf0\xd2\xc9\xd7\xc5\xd4\n", "Привет"},
		"no such one":  {"encoding klingon\n\nplain \xff text\n", "plain \ufffd text"},
		"no UTF-8":     {"\nbroken \xc3\x28 text\n", "broken \ufffd( text"},
		"controls":     {"\nbell \x07 escape \x1b[31m nul \x00 delete \x7f c1 \xc2\x85\n", "bell \ufffd escape \ufffd[31m"},
		"no character": {"\n\xef\xbf\xbf and \xef\xbf\xbe and \xf0\x9f\xbf\xbf\n", "\ufffd and \ufffd and \ufffd"},
		"CRLF":         {"\none\r\ntwo\r\n", "one"},
		"HTML":         {"\n<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; & ]]> x\n", "alert(1)"},
		"no message":   {"\n", "(no message)"},
		"blanks":       {"\n \t \n\n", "(no message)"},
		"long":         {"\n" + strings.Repeat("ö", 40_000) + "\n", "…"},
		"joined emoji": {"\n👩‍👩‍👧 \u202e right to left\n", "👩‍👩‍👧"},
		"combining":    {"\ne\u0301\n", "e\u0301"},
	} {
		w := newWorld(t)
		w.create("r1", "team/app")
		storagetest.Push(t, w.repos["r1"], commitOf(t, name, who+c.raw), "refs/heads/main")
		for _, f := range []string{"rss", "atom", "json"} {
			text := body(t, w.get("r1", f, ""))
			if n := check(t, f, text); n != 1 {
				t.Errorf("%s, %s: %d entries", name, f, n)
			}
			if !strings.Contains(text, c.want) || len(text) > 200_000 {
				t.Errorf("%s, %s: %q is not in\n%.2000s", name, f, c.want, text)
			}
		}
	}
}

func TestOddPeopleAndTimesMakeAValidFeed(t *testing.T) {
	for name, raw := range map[string]string{
		"nobody":      "author <> 1700000000 +0000\ncommitter <> 1700000000 +0000\n\nx\n",
		"marks":       "author <b>\x01 <a@b> 1700000000 +0000\ncommitter C <c@d> 1700000000 +0000\n\nx\n",
		"no time":     "author A <a@b> x y\ncommitter A <a@b>\n\nx\n",
		"far future":  "author A <a@b> 999999999999999 +0000\ncommitter A <a@b> 253402300799 +2359\n\nx\n",
		"before 1970": "author A <a@b> -100 +0000\ncommitter A <a@b> -1 -1200\n\nx\n",
		"odd zone":    "author A <a@b> 1700000000 +9999\ncommitter A <a@b> 1700000000 -2399\n\nx\n",
	} {
		w := newWorld(t)
		w.create("r1", "team/app")
		storagetest.Push(t, w.repos["r1"], commitOf(t, name, raw), "refs/heads/main")
		for _, f := range []string{"rss", "atom", "json"} {
			if n := check(t, f, body(t, w.get("r1", f, ""))); n != 1 {
				t.Errorf("%s, %s: %d entries", name, f, n)
			}
		}
	}
}

func TestTitlesOfRSSHoldNoTags(t *testing.T) {
	for in, want := range map[string]string{"a & b": "a & b", "use Vec<T>": "use Vec&lt;T>", "&lt;b&gt;": "&amp;lt;b&amp;gt;", "x &#60; y": "x &amp;#60; y", "a && b;": "a && b;"} {
		if got := rssTitle(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestDatesAreThoseThatTheFormatsHave(t *testing.T) {
	for at, want := range map[time.Time][2]string{
		time.Unix(0, 0):                      {"Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
		time.Unix(-1, 0):                     {"Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
		time.Unix(1<<40, 0):                  {"Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"},
		time.Unix(1700000000, 5).UTC():       {"Tue, 14 Nov 2023 22:13:20 GMT", "2023-11-14T22:13:20Z"},
		time.Unix(1700000000, 0).In(tokyo()): {"Tue, 14 Nov 2023 22:13:20 GMT", "2023-11-14T22:13:20Z"},
	} {
		if got := [2]string{rfc822(at), rfc3339(at)}; got != want {
			t.Errorf("%s became %v, want %v", at, got, want)
		}
	}
}

func tokyo() *time.Location { return time.FixedZone("", 9*3600) }

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1b[31m", "a\r\nb\rc", "\xff\xfe", "\uffff\ufdd0", "<![CDATA[x]]>", "👩‍👩‍👧\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unfit) {
			t.Fatalf("%q became %q", s, got)
		}
		text, err := markup(struct {
			XMLName xml.Name `xml:"x"`
			Text    string   `xml:",chardata"`
		}{Text: got})
		if err != nil {
			t.Fatal(err)
		}
		if back := parse(t, string(text)); back.text != got {
			t.Fatalf("%q came back as %q", got, back.text)
		}
		if one := line(s); one == "" || strings.ContainsAny(one, "\n\r\t") || len(one) > maxTitle+len("…") || !utf8.ValidString(one) {
			t.Fatalf("the title of %q is %q", s, one)
		}
	})
}

// FuzzQuery asks an empty repository and one with a commit: whatever is asked, the answer is a feed or a sentence.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "branch=main", "branch=%00", "path=a/../b", "tags=1", "branch=main&branch=x", "diff=1&path=file", "branch=refs/heads/refs/heads/x", "%zz", "tags=1;diff=1"} {
		f.Add(q)
	}
	w := newWorld(f)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/x", nil)
		r.URL = &url.URL{Path: "/x", RawQuery: query}
		rec := httptest.NewRecorder()
		w.server.Repository(rec, r, visit("r1", "team/app", "atom"))
		switch rec.Code {
		case 200:
			check(t, "atom", rec.Body.String())
		case 400, 404, 410:
		default:
			t.Fatalf("%q: answered %d: %s", query, rec.Code, rec.Body)
		}
	})
}

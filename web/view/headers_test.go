package view

import (
	"mime"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"jeton/web/door"
	"jeton/web/etag"
)

func TestNamesOfFilesAreSafeAndWhole(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt":           `attachment; filename="a.txt"`,
		"with space.c":    `attachment; filename="with space.c"`,
		`quote".c`:        `attachment; filename="quote_.c"; filename*=UTF-8''quote%22.c`,
		"100%.txt":        `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`,
		"größe.txt":       `attachment; filename="gr__e.txt"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt`,
		"日本.txt":          `attachment; filename="__.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt`,
		"line\nbreak\r":   `attachment; filename="line_break_"`,
		`a\b/c`:           `attachment; filename="a_b_c"`,
		"\xff\xfe.bin":    `attachment; filename="__.bin"`,
		"evil\u202etxt.c": `attachment; filename="evil_txt.c"`,
		"":                `attachment; filename=""`,
		"it's;a=b":        `attachment; filename="it's;a=b"`,
	} {
		if got := disposition("attachment", name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	if got := disposition("inline", strings.Repeat("é", 4000)); len(got) > 2000 {
		t.Errorf("a name of 8,000 bytes makes a header of %d", len(got))
	}
}

func FuzzDisposition(f *testing.F) {
	for _, s := range []string{"a", "größe", `"; filename="x`, "\r\nSet-Cookie: a=b", "\xff", "%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := disposition("attachment", name)
		kind, params, err := mime.ParseMediaType(got)
		if err != nil || kind != "attachment" || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q: %q cannot be read: %v", name, got, err)
		}
		if read := params["filename"]; strings.ContainsAny(read, "/\\\r\n\x00") || !utf8.ValidString(read) {
			t.Errorf("%q: a client reads %q", name, read)
		}
	})
}

func TestTagsAreComparedWeaklyAndInLists(t *testing.T) {
	tag := strongTag("a", "b")
	if tag == strongTag("ab", "") || tag == strongTag("a", "c") || tag != strongTag("a", "b") || tag[0] != '"' {
		t.Errorf("the tag %s does not stand for its parts", tag)
	}
	for field, want := range map[string]bool{
		tag: true, "W/" + tag: true, `"x", ` + tag: true, `"x",W/` + tag + `,"y"`: true, "*": true, "": false, `"x"`: false, strings.Trim(tag, `"`): false,
	} {
		r, _ := http.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", field)
		if etag.Known(r, tag) != want {
			t.Errorf("If-None-Match: %s is unchanged: %v", field, !want)
		}
	}
}

func TestWhatACredentialOpenedIsKeptByItsHolderAlone(t *testing.T) {
	for _, c := range []struct {
		private, public, fixed bool
		want, policy           string
	}{
		{true, false, false, "private, no-cache", "same-origin"}, {true, true, false, "private, no-cache", "same-origin"},
		{false, true, false, "public, no-cache", "cross-origin"}, {false, false, false, "private, no-cache", "same-origin"},
		{true, true, true, "private, max-age=86400, immutable", "same-origin"}, {false, true, true, "public, max-age=86400, immutable", "cross-origin"},
	} {
		h := http.Header{}
		v := door.Visit{Private: c.private, Public: c.public}
		keep(h, v, c.fixed)
		protect(h, v)
		if h.Get("Cache-Control") != c.want || h.Get("Cross-Origin-Resource-Policy") != c.policy {
			t.Errorf("%+v: %v", c, h)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || !strings.HasSuffix(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("a browser may make something of it: %v", h)
		}
	}
}

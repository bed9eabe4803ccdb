package browse

import (
	"runtime"
	"strings"
	"testing"
)

func TestSplitMessage(t *testing.T) {
	for _, c := range []struct{ message, subject, body string }{
		{"", "", ""},
		{"one", "one", ""},
		{"one\ntwo\n\nbody\n\nmore\n\n", "one two", "body\n\nmore"},
		{"\n\n one \r\n\n\n  body  \n", " one", "  body"},
	} {
		if s, b := split(c.message); s != c.subject || b != c.body {
			t.Errorf("split(%q) = %q, %q; want %q, %q", c.message, s, b, c.subject, c.body)
		}
	}
}

func TestPerson(t *testing.T) {
	for line, want := range map[string]string{
		"Ada L <ada@example.com> 1700000000 +0530":  "Ada L|ada@example.com|2023-11-15T03:43:20+05:30",
		"Ada <ada@example.com> 1700000000 -0030":    "Ada|ada@example.com|2023-11-14T21:43:20-00:30",
		"Ada <ada@example.com> 99999999999999 +000": "Ada|ada@example.com|1970-01-01T00:00:00Z",
		"":            "||1970-01-01T00:00:00Z",
		"nobody":      "nobody||1970-01-01T00:00:00Z",
		"<> x y > 12": "||1970-01-01T00:00:12Z",
	} {
		p := person(line)
		if got := p.Name + "|" + p.Email + "|" + p.When.Format("2006-01-02T15:04:05Z07:00"); got != want {
			t.Errorf("person(%q) = %s, want %s", line, got, want)
		}
	}
}

func TestEncodingsBecomeUTF8(t *testing.T) {
	c := parse([]byte("tree x\nauthor J\xfcrgen <j@example.com> 1 +0000\nencoding ISO-8859-1\n\ngr\xfc\xdfe\n"))
	if c.Author.Name != "Jürgen" || c.Subject != "grüße" {
		t.Errorf("got %q and %q", c.Author.Name, c.Subject)
	}
	c = parse([]byte("author J\xfc <j> 1 +0000\n\n" + strings.Repeat("ü", 100)))
	c.makeValid(11)
	if c.Author.Name != "J\ufffd" || c.Message != "üüüüü…" {
		t.Errorf("got %q and %q", c.Author.Name, c.Message)
	}
}

func TestAMessageIsSplitInLittleMemory(t *testing.T) {
	const size = 4 << 20
	for name, message := range map[string]string{"subject": strings.Repeat("a\n", size/2), "body": "s\n\n" + strings.Repeat("a\n", size/2)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		subject, body := split(message)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; len(subject)+len(body) < size-3 || got > 12*size {
			t.Errorf("%s: a message of %d bytes takes %d and becomes %d and %d", name, len(message), got, len(subject), len(body))
		}
	}
}

package wire

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestParseVersion(t *testing.T) {
	for in, want := range map[string]Version{"": V0, "version=0": V0, "version=1": V1, "version=2": V2, "version=2:version=1": V2, "version=1:version=2": V2,
		"version=99": V0, "foo": V0, "foo:version=2": V2, "version=2 ": V0, ":::": V0, "version=": V0, "VERSION=2": V0, "version=2\x00": V0, "version=1:key=value": V1} {
		if got := ParseVersion(in); got != want {
			t.Errorf("ParseVersion(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestParseCaps(t *testing.T) {
	for _, line := range []string{"multi_ack agent=git/2.0 thin-pack", " multi_ack agent=git/2.0 thin-pack ", "multi_ack  agent=git/2.0\tthin-pack agent=second"} {
		c := ParseCaps(line)
		if v, ok := c.Value("agent"); !c.Has("multi_ack") || !c.Has("thin-pack") || c.Has("nothing") || !ok || v != "git/2.0" {
			t.Errorf("%q: %v", line, c)
		}
	}
}

func TestParseCapsTakesAnything(t *testing.T) {
	for in, want := range map[string]int{"": 0, "   ": 0, "=": 1, "a=": 1, "=b": 1, "a=b=c": 1, "a a a": 1} {
		if got := ParseCaps(in); len(got) != want {
			t.Errorf("ParseCaps(%q) = %v, want %d of them", in, got, want)
		}
	}
	if v, ok := ParseCaps("a=b=c").Value("a"); !ok || v != "b=c" {
		t.Errorf("a value with a sign of equality: %q, %v", v, ok)
	}
	if v, ok := ParseCaps("a").Value("a"); !ok || v != "" {
		t.Errorf("no value: %q, %v", v, ok)
	}
}

func FuzzParseCaps(f *testing.F) {
	f.Add(" multi_ack_detailed no-done agent=git/2.39.5 ")
	f.Fuzz(func(t *testing.T, s string) {
		for name, value := range ParseCaps(s) {
			if strings.ContainsFunc(name+value, unicode.IsSpace) || strings.Contains(name, "=") || !strings.Contains(s, name) {
				t.Errorf("%q has %q = %q", s, name, value)
			}
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	f.Add("version=2:version=1")
	f.Fuzz(func(t *testing.T, s string) {
		v := ParseVersion(s)
		if v < V0 || v > V2 || v != V0 && !strings.Contains(s, "version=") {
			t.Errorf("ParseVersion(%q) = %d", s, v)
		}
	})
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", "ünïcode": "ünïcode", "\x1b[31m": `\x1b[31m`, "a\nb": `a\x0ab`, "\xff": `\xff`, "\u202eevil": "<U+202E>evil", "\x7f": `\x7f`, "\u0085": `\x85`,
		"\ufffd": "\ufffd", "\xef": `\xef`, "\xef\xbf": `\xef\xbf`, "line\u2028two": "line<U+2028>two", "\x00": `\x00`, "": "", "\u2066x\u2069": "<U+2066>x<U+2069>", "日本\r": `日本\x0d`} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b[2J\u202e")
	f.Add("\xef\xbf")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) {
			t.Errorf("Escape(%q) = %q is no UTF-8", s, got)
		}
		for _, r := range got {
			if r < ' ' || r == 0x7f || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("Escape(%q) lets %q through", s, r)
			}
		}
	})
}

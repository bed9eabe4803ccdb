package feed

import (
	"crypto/sha1" //nolint:gosec // RFC 9562 section 5.5 asks for it; nothing rests upon its strength
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Clean makes a text one that XML 1.0 can hold ("Char") and that terminals take without harm: valid UTF-8, with U+FFFD for
// control characters and for what is no character. Lines end in \n.
func Clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	if strings.IndexFunc(s, unfit) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unfit(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// unfit tells which characters XML 1.0 does not have, and the controls that it has and advises against (section 2.2).
func unfit(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ', r >= 0x7f && r <= 0x9f:
		return true
	}
	return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef // the code points that are no characters
}

// maxTitle is how long a title is, in bytes.
const maxTitle = 300

// line makes a title of a text: one line, not too long, and never empty.
func line(s string) string {
	s = strings.Join(strings.Fields(Clean(s)), " ")
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "") + "…"
	}
	if s == "" {
		return "(no message)"
	}
	return s
}

// reference is what an HTML reader would take for a character.
var reference = regexp.MustCompile(`&(#?[0-9A-Za-z]+;)`)

// rssTitle is a title that is plain text to whoever takes it for HTML, as many readers of RSS do (the format leaves it
// open): no tag begins in it. Only what could be taken so is changed, so that "a & b" stays as it is.
func rssTitle(s string) string {
	return strings.ReplaceAll(reference.ReplaceAllString(s, "&amp;$1"), "<", "&lt;")
}

// pre is a text as HTML in which its lines stay.
func pre(s string) string { return "<pre>" + html.EscapeString(s) + "</pre>" }

// anchor is a link as HTML.
func anchor(href, text string) string {
	return `<a href="` + html.EscapeString(href) + `">` + html.EscapeString(text) + `</a>`
}

// namespace is the one in which our names become UUIDs. It must not change: readers would take all entries for new ones.
var namespace = [16]byte{0x3b, 0x9d, 0x51, 0xe4, 0x0c, 0x7a, 0x4f, 0x26, 0x9a, 0xd8, 0x6e, 0x15, 0x42, 0xb7, 0x90, 0xc3}

// urn is the id of something with a name, in one format: a UUID of version 5 (RFC 9562 section 5.5) as a URN (section 4).
// Formats have different ids for the same thing, because readers that follow two feeds keep what has one id only once.
func urn(format, name string) string {
	h := sha1.New() //nolint:gosec // see above
	h.Write(namespace[:])
	fmt.Fprintf(h, "%s\n%s", format, name)
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

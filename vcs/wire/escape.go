package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes what a client sent safe to be shown on somebody's terminal or in a log: control characters and bytes
// that are no UTF-8 as \x1b, characters that turn the direction of writing as <U+202E>, those that begin a new line for
// some programs as <U+2028>.
func Escape(s string) string {
	if i := strings.IndexFunc(s, unsafeRune); i < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unsafeRune(r) && r != utf8.RuneError:
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafeRune reports whether a character cannot stay as it is, or must be looked at more closely (the one that stands
// for bytes that are no UTF-8).
func unsafeRune(r rune) bool {
	if r >= ' ' && r < 0x7f {
		return false
	}
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

package browse

import (
	"fmt"
	"strings"
)

// quote writes a path as git does (core.quotePath): in quotes, C's escapes and octal for bytes that are not ASCII, where
// it holds any such byte; else as it is.
func quote(path string) string { return quoted("", path) }

// quoted is quote for a path behind a prefix, such as "a/".
func quoted(prefix, path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r >= 0x7f || r == '"' || r == '\\' }) {
		return prefix + path
	}
	var b strings.Builder
	b.WriteByte('"')
	b.WriteString(prefix)
	for i := range len(path) {
		c := path[i]
		switch at := strings.IndexByte("\a\b\t\n\v\f\r\"\\", c); {
		case at >= 0:
			b.WriteByte('\\')
			b.WriteByte(`abtnvfr"\`[at])
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

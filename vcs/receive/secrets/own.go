package secrets

import (
	"bytes"
	"encoding/base64"
)

// The shape of this server's tokens: jet_, a word, and 38 letters and digits. Which words there are, and whether the
// checksum is right, the token store knows.
const (
	ownPrefix = "jet_"
	ownWord   = 16 // letters of the word at most
	ownTail   = 38
	// ownMax is the longest text of a token in bytes, ownSpread the longest that it may take in any of the forms.
	ownMax    = len(ownPrefix) + ownWord + 1 + ownTail
	ownSpread = 2 * ownMax
	// ownBefore is how many bytes before the place where one begins belong to it, where that is within a group of base64.
	ownBefore = 3
)

// ownForms are how the prefix looks in a text: as it is, in UTF-16, and in base64, where it depends on how many bytes of a
// group stand before it.
var ownForms = [...]struct {
	look string
	read func(text []byte, at int) []byte
}{
	{ownPrefix, func(text []byte, at int) []byte { return text[at:] }},
	{"j\x00e\x00t\x00_", everySecond},
	{"amV0X", unpacked},
	{"pldF", func(text []byte, at int) []byte { return unpacked(text, at-2) }},
	{"qZXRf", func(text []byte, at int) []byte { return unpacked(text, at-3) }},
}

// eachOwn calls found for all that has the shape of a token of this server, with where it begins in the text.
func eachOwn(text []byte, found func(token string, at int)) {
	for _, form := range ownForms {
		for from := 0; ; {
			i := bytes.Index(text[from:], []byte(form.look))
			if i < 0 {
				break
			}
			at := from + i
			from = at + 1
			if token := ownAt(form.read(text, at)); token != "" {
				found(token, at)
			}
		}
	}
}

// ownAt is the token that stands in the first bytes of a text, "" where none does.
func ownAt(text []byte) string {
	i := bytes.Index(text[:min(len(text), 4+len(ownPrefix))], []byte(ownPrefix)) // in base64 up to two bytes stand before it
	if i < 0 {
		return ""
	}
	text = text[i:]
	n := len(ownPrefix)
	for n < len(text) && n < len(ownPrefix)+ownWord && 'a' <= text[n] && text[n] <= 'z' {
		n++
	}
	if n == len(ownPrefix) || n >= len(text) || text[n] != '_' || len(text) < n+1+ownTail {
		return ""
	}
	for _, c := range text[n+1 : n+1+ownTail] {
		if !alphanumeric(c) {
			return ""
		}
	}
	return string(text[:n+1+ownTail])
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// everySecond is the first bytes of a text in UTF-16, of either order: those between are zero.
func everySecond(text []byte, at int) []byte {
	out := make([]byte, 0, ownMax)
	for i := at; i < len(text) && len(out) < ownMax; i += 2 {
		out = append(out, text[i])
		if i+1 < len(text) && text[i+1] != 0 {
			break
		}
	}
	return out
}

// unpacked is what the base64 says that begins, with a whole group, at a place in a text.
func unpacked(text []byte, at int) []byte {
	if at < 0 {
		return nil
	}
	in := make([]byte, 0, 2*ownMax)
	for _, c := range text[at:min(len(text), at+2*ownMax)] {
		switch {
		case c == '\n' || c == '\r': // as where mail wraps it
			continue
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		case !alphanumeric(c) && c != '+' && c != '/':
			c = 0
		}
		if c == 0 {
			break
		}
		in = append(in, c)
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(in)))
	n, _ := base64.RawStdEncoding.Decode(out, in) // what could be read before an error counts
	return out[:n]
}

// ownHint is what may be told of a token: its beginning, as in jet_vcs_Ab12….
func ownHint(token string) string { return token[:len(token)-ownTail+4] + "…" }

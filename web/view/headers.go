package view

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"jeton/web/door"
)

// sandbox keeps whatever a browser makes of somebody else's file from doing anything: no scripts, no forms, no loading of
// anything, an origin of its own (CSP 3, "sandbox"). Pictures in SVG may style themselves.
const sandbox = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// maxFileName is how long the name of a file may be that a browser is offered, in bytes (NAME_MAX on most systems).
const maxFileName = 255

// disposition is a Content-Disposition (RFC 6266): kind is "inline" or "attachment", name that of the file. Programs that
// know only filename get one in which everything doubtful is an underscore; filename* (RFC 8187) has it as it is, but for
// what no file should be called.
func disposition(kind, name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return '_'
		}
		return r
	}, name)
	if len(name) > maxFileName {
		name = strings.ToValidUTF8(name[:maxFileName], "")
	}
	plain := strings.Map(func(r rune) rune {
		if r > '~' || strings.ContainsRune(`"%`, r) {
			return '_'
		}
		return r
	}, name)
	if plain == name {
		return kind + `; filename="` + name + `"`
	}
	return kind + `; filename="` + plain + `"; filename*=UTF-8''` + percent(name)
}

// percent is the encoding of ext-value (RFC 8187, section 3.2.1): attr-char stands for itself.
func percent(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
	}
	return b.String()
}

// strongTag is an ETag (RFC 9110, section 8.8.3) of everything that decides which bytes are answered.
func strongTag(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0}) // no part holds one but a file's name, which comes last where there is one
	}
	return `"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18]) + `"`
}

// keepFixed is for how long what never changes may be kept without asking again, in seconds: a day, after which nothing is
// shown any more that was withdrawn meanwhile.
const keepFixed = "86400"

// keep says who may keep an answer, and for how long. What a credential opened, or is not everybody's, no shared cache
// keeps. What was named by the full id of a commit (fixed) never changes; anything else is asked for again, with its tag.
func keep(h http.Header, v door.Visit, fixed bool) {
	who := "private"
	if v.Public && !v.Private {
		who = "public"
	}
	if fixed {
		h.Set("Cache-Control", who+", max-age="+keepFixed+", immutable")
		return
	}
	h.Set("Cache-Control", who+", no-cache")
}

// protect sets what keeps an answer, whose content is somebody's who may push, from being more than a file.
func protect(h http.Header, v door.Visit) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", sandbox)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if v.Public && !v.Private {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

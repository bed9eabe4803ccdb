package web

import (
	"encoding/hex"
	"log/slog"
	"regexp"
	"strings"

	"jeton/auth/mask"
)

// secrets finds the values of parameters that carry a token, hint what is left of a token that was masked, and encoded what
// a name or a token has no need to encode.
var (
	secrets = regexp.MustCompile(`(?i)((?:auth_token|api_key)=)([^&\s"#]+)`)
	encoded = regexp.MustCompile(`%(?i:3[0-9]|[46][1-9a-f]|[57][0-9a]|5f)`) // 0-9, A-Z, a-z, _
	hint    = regexp.MustCompile(`(?i)^jet_(?:api|feed|vcs|web)_[0-9a-z]{4}…$`)
)

// Mask replaces secrets in a text that is going to be logged: auth_token=jet_web_Ab12… is what remains of one.
// All logs of the server go through it.
func Mask(s string) string {
	s = mask.Passwords(mask.Tokens(s))
	return secrets.ReplaceAllStringFunc(s, func(pair string) string {
		m := secrets.FindStringSubmatch(pair)
		if hint.MatchString(m[2]) {
			return pair
		}
		return m[1] + "…"
	})
}

// maskAddress is Mask for a request's address. In it a secret, or the name of its parameter, may be percent-encoded, and the
// server reads it all the same: where it is, letters, digits and underscores are shown decoded.
func maskAddress(s string) string {
	s = Mask(s)
	if !strings.Contains(s, "%") {
		return s
	}
	plain := encoded.ReplaceAllStringFunc(s, func(code string) string {
		b, _ := hex.DecodeString(code[1:]) // it is a byte's
		return string(b)
	})
	if masked := Mask(plain); masked != plain {
		return masked
	}
	return s
}

// MaskAttr masks an attribute of a log record; it is a slog.HandlerOptions.ReplaceAttr.
func MaskAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Mask(a.Value.String()))
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(Mask(err.Error()))
		}
	}
	return a
}

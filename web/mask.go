package web

import (
	"log/slog"
	"regexp"

	"jeton/auth/mask"
)

// secrets finds the values of parameters that carry a token, and hint what is left of a token that was masked.
var (
	secrets = regexp.MustCompile(`(?i)((?:auth_token|api_key)=)([^&\s"#]+)`)
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

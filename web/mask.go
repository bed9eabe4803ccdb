package web

import (
	"log/slog"
	"regexp"
)

// tokens finds what looks like a token of ours: the prefix, and of the rest four characters as a hint for people.
// secrets finds the values of parameters that carry one, and passwords in addresses.
var (
	tokens    = regexp.MustCompile(`(?i)(jet_(?:api|feed|vcs|web)_[0-9a-z]{4})[0-9a-z]+`)
	secrets   = regexp.MustCompile(`(?i)((?:auth_token|api_key)=)([^&\s"#]+)`)
	passwords = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+@`)
	hint      = regexp.MustCompile(`(?i)^jet_(?:api|feed|vcs|web)_[0-9a-z]{4}…$`)
)

// Mask replaces secrets in a text that is going to be logged: auth_token=jet_web_Ab12… is what remains of one.
// All logs of the server go through it.
func Mask(s string) string {
	s = tokens.ReplaceAllString(s, "$1…")
	s = passwords.ReplaceAllString(s, "${1}…@")
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

// Package mask takes secrets out of texts that are kept or shown: the audit record, notices, logs. It knows the form of
// Jeton's tokens and that of a password in an address, and nothing else; it imports nothing of ours.
package mask

import "regexp"

var (
	tokens    = regexp.MustCompile(`(?i)(jet_(?:api|feed|vcs|web)_[0-9a-z]{4})[0-9a-z]+`)
	passwords = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+@`)
)

// Tokens leaves of what looks like a token of ours, well-formed or not, the hint for people: jet_web_Ab12….
func Tokens(s string) string { return tokens.ReplaceAllString(s, "$1…") }

// Passwords takes the password out of an address (RFC 3986, section 3.2.1): https://ada:…@host.
func Passwords(s string) string { return passwords.ReplaceAllString(s, "${1}…@") }

package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
)

// Kind says which doors a token opens.
type Kind string

// The kinds.
const (
	API  Kind = "api"
	Feed Kind = "feed"
	VCS  Kind = "vcs"
	Web  Kind = "web"
)

// ParseKind reads a kind's name.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case API, Feed, VCS, Web:
		return k, nil
	}
	return "", fmt.Errorf("%q is no kind of token: it is one of api, feed, vcs, web", s)
}

const (
	// Prefix begins every token.
	Prefix = "jet_"
	// alphabet is base 62, in the order of the digits' values.
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// random and check are how many characters each part has: 32 of base 62 are 190 bits.
	random, check = 32, 6
	hintLength    = 4
)

// ErrMalformed: a text is not a token: wrong shape or wrong checksum. It never quotes the text.
var ErrMalformed = errors.New("not a token")

// Secret is a token as its holder has it. However it is printed, logged or encoded, only its hint appears; Reveal is
// the one way to the text. The zero value is no token.
type Secret struct {
	// text lies behind a pointer, since fmt prints the fields of what it may not call: a Secret in an unexported field
	// of another struct, or one under the verb %p. What it finds so is an address.
	text *string
	kind Kind
}

// Parse reads a token exactly as it is: nothing is trimmed, folded or ignored. ErrMalformed.
func Parse(s string) (Secret, error) {
	rest, ok := strings.CutPrefix(s, Prefix)
	if !ok {
		return Secret{}, ErrMalformed
	}
	word, tail, ok := strings.Cut(rest, "_")
	kind, err := ParseKind(word)
	if !ok || err != nil || len(tail) != random+check {
		return Secret{}, ErrMalformed
	}
	for i := range len(tail) {
		if strings.IndexByte(alphabet, tail[i]) < 0 {
			return Secret{}, ErrMalformed
		}
	}
	body := s[:len(s)-check]
	if checksum(body) != s[len(s)-check:] {
		return Secret{}, ErrMalformed
	}
	return Secret{text: &s, kind: kind}, nil
}

// Looks tells whether a text claims to be a token, well-formed or not: such a text is asked of no other plug-in.
func Looks(s string) bool { return strings.HasPrefix(s, Prefix) }

// newSecret makes a token from a source of random bytes.
func newSecret(kind Kind, from io.Reader) (Secret, error) {
	digits, err := randomDigits(from, random)
	if err != nil {
		return Secret{}, fmt.Errorf("make a token: %w", err)
	}
	body := Prefix + string(kind) + "_" + digits
	text := body + checksum(body)
	return Secret{text: &text, kind: kind}, nil
}

// randomDigits gives n characters of the alphabet, each as likely as the others: bytes from 248 (4 × 62) on are thrown
// away, since their remainders would favour the first eight characters.
func randomDigits(from io.Reader, n int) (string, error) {
	digits := make([]byte, 0, n)
	var b [64]byte
	for len(digits) < n {
		if _, err := io.ReadFull(from, b[:]); err != nil {
			return "", err
		}
		for _, v := range b {
			if v < 248 && len(digits) < n {
				digits = append(digits, alphabet[v%62])
			}
		}
	}
	return string(digits), nil
}

// checksum is CRC-32 (IEEE) of the text in base 62, most significant digit first, padded with 0 to six.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var out [check]byte
	for i := check - 1; i >= 0; i-- {
		out[i] = alphabet[sum%62]
		sum /= 62
	}
	return string(out[:])
}

// Reveal is the token itself: for showing it once, to whom it was made for.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Kind is the kind that the token's text claims; its row says so too.
func (s Secret) Kind() Kind { return s.kind }

// Hint is what may be shown: the kind and the first four random characters, such as jet_vcs_Ab12….
func (s Secret) Hint() string {
	if s.text == nil {
		return "no token"
	}
	return shown(s.kind, s.first())
}

func (s Secret) first() string {
	at := len(Prefix) + len(s.kind) + 1
	return (*s.text)[at : at+hintLength]
}

// Hash is what is stored and looked up: SHA-256 in hexadecimal. Tokens are random enough to need no salt and no
// slowness.
func (s Secret) Hash() string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:])
}

// String is the hint.
func (s Secret) String() string { return s.Hint() }

// GoString is the hint.
func (s Secret) GoString() string { return s.Hint() }

// Format writes the hint, whatever the verb: %x or %q of the fields would show the token.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.Hint()) }

// LogValue is the hint.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.Hint()) }

// MarshalText is the hint; encoding/json uses it as well.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Hint()), nil }

func shown(kind Kind, first string) string { return Prefix + string(kind) + "_" + first + "…" }

// source is where tokens come from.
func source() io.Reader { return rand.Reader }

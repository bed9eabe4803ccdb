package hook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// whsec begins a secret of Standard Webhooks: base64 of the key follows, of 24 to 64 bytes (Standard Webhooks 1.0,
// "Signature scheme").
const whsec = "whsec_"

// MakeSecret makes a secret of 256 random bits that fits a form.
func MakeSecret(f Form) Secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails (crypto/rand)
	if f == Standard {
		return Secret{whsec + base64.StdEncoding.EncodeToString(b)}
	}
	return Secret{base64.RawURLEncoding.EncodeToString(b)}
}

// checkSecret says what is wrong with a secret. Jenkins' may be none: then no token is sent along.
func checkSecret(f Form, s Secret) error {
	switch {
	case len(s.text) > maxSecret || !printable(s.text) || strings.ContainsAny(s.text, " \t"):
		return fmt.Errorf("a secret has at most %d bytes, printable and without blanks", maxSecret)
	case f == Standard:
		_, err := keyOf(s)
		return err
	}
	return nil
}

// keyOf is the key of a secret of Standard Webhooks.
func keyOf(s Secret) ([]byte, error) {
	text, ok := strings.CutPrefix(s.text, whsec)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("a secret of Standard Webhooks is whsec_ and the base64 of 24 to 64 random bytes; leave it out, and one is made")
	}
	return key, nil
}

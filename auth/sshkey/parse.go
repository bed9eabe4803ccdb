// Package sshkey keeps the public keys that open SSH. A key belongs to one person, or to one repository as its deploy
// key, and to nobody else, since it is the key alone that tells who connects.
//
// Taken are ed25519, ecdsa, rsa of 2,048 bits and more, and the security-key forms of the first two. Refused, with words,
// are DSA, short RSA, certificates, and lines with options in front; only no-touch-required is understood, before a
// security key. The package proves nothing: that the client holds
// the private half is for SSH to show.
package sshkey

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// ErrBadKey: not a public key that is taken; the text says why.
var ErrBadKey = errors.New("this key cannot be used")

const (
	// maxLine bounds a line of authorized_keys, in bytes; an RSA key of 16,384 bits needs 2,800.
	maxLine = 16 * 1024
	// minRSA and maxRSA bound an RSA key, in bits: shorter ones can be broken, longer ones cost the server.
	minRSA, maxRSA = 2048, 16384
)

// Key is a public key that is taken.
type Key struct {
	// Type is the key's algorithm, such as ssh-ed25519.
	Type string
	// Public is "type base64", without a comment.
	Public string
	// Fingerprint is as ssh-keygen -l shows it: SHA256:….
	Fingerprint string
	// Comment is what stood behind the key.
	Comment string
	// NoTouch: the line began with no-touch-required, so that signatures of this security key need not tell that
	// somebody touched it.
	NoTouch bool
}

// noTouch is the one option that may stand before a key (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").
const noTouch = "no-touch-required"

// Parse reads one line as in authorized_keys or an id_*.pub file (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"). ErrBadKey.
func Parse(line string) (Key, error) {
	line = strings.TrimSpace(line)
	switch {
	case len(line) > maxLine:
		return Key{}, fmt.Errorf("%w: it is longer than %d bytes", ErrBadKey, maxLine)
	case strings.Contains(line, "PRIVATE KEY"):
		return Key{}, fmt.Errorf("%w: it is a private key, which nobody else should have; give the file that ends in .pub",
			ErrBadKey)
	case strings.ContainsAny(line, "\n\r\x00"):
		return Key{}, fmt.Errorf("%w: it is more than one line", ErrBadKey)
	}
	public, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return Key{}, fmt.Errorf("%w: it is not a line such as «ssh-ed25519 AAAA… comment»", ErrBadKey)
	}
	if len(options) > 0 && !slices.Equal(options, []string{noTouch}) {
		return Key{}, fmt.Errorf("%w: options in front of a key are not supported, except %s; leave them out", ErrBadKey, noTouch)
	}
	if err := Check(public); err != nil {
		return Key{}, err
	}
	if len(options) > 0 && public.Type() != ssh.KeyAlgoSKED25519 && public.Type() != ssh.KeyAlgoSKECDSA256 {
		return Key{}, fmt.Errorf("%w: %s is for security keys, and this is none; leave it out", ErrBadKey, noTouch)
	}
	return Key{Type: public.Type(), Public: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))),
		Fingerprint: ssh.FingerprintSHA256(public), Comment: strings.ToValidUTF8(comment, "\uFFFD"),
		NoTouch: len(options) > 0}, nil
}

// Check refuses a key that is too weak, and what is more than a key. ErrBadKey.
func Check(public ssh.PublicKey) error {
	switch public.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return nil
	case ssh.KeyAlgoRSA:
		return checkRSA(public)
	case "ssh-dss":
		return fmt.Errorf("%w: DSA is broken; make one with: ssh-keygen -t ed25519", ErrBadKey)
	}
	if _, ok := public.(*ssh.Certificate); ok {
		return fmt.Errorf("%w: it is a certificate; give the key itself, from the .pub file without -cert", ErrBadKey)
	}
	return fmt.Errorf("%w: keys of type %s are not known here; make one with: ssh-keygen -t ed25519", ErrBadKey, public.Type())
}

func checkRSA(public ssh.PublicKey) error {
	crypto, ok := public.(ssh.CryptoPublicKey)
	if !ok {
		return fmt.Errorf("%w: it is no RSA key", ErrBadKey)
	}
	key, ok := crypto.CryptoPublicKey().(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: it is no RSA key", ErrBadKey)
	}
	if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
		return fmt.Errorf("%w: an RSA key has %d to %d bits and this has %d; make one with: ssh-keygen -t ed25519",
			ErrBadKey, minRSA, maxRSA, bits)
	}
	return nil
}

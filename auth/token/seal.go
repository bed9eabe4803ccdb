package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// SealKeySize is how long the key is that seals successors, in bytes.
const SealKeySize = 32

// errSeal: a sealed text was made with another key, for another token, or was changed.
var errSeal = errors.New("the sealed text does not fit this server's key")

// seal encrypts the texts of successors (AES-256-GCM) while the overlap lasts. A text is sealed to the two tokens that
// it leads from and to, so that a changed row hands out nothing.
type seal struct{ aead cipher.AEAD }

func newSeal(key []byte) (seal, error) {
	if key == nil {
		key = make([]byte, SealKeySize)
		_, _ = rand.Read(key) // it never fails (crypto/rand)
	}
	if len(key) != SealKeySize {
		return seal{}, fmt.Errorf("the key that seals successors has %d bytes; it must have %d", len(key), SealKeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return seal{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return seal{aead}, err
}

func (s seal) close(secret Secret, from, to string) string {
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(secret.Reveal()), []byte(from+"\x00"+to)))
}

func (s seal) open(sealed, from, to string) (Secret, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return Secret{}, errSeal
	}
	text, err := s.aead.Open(nil, nil, b, []byte(from+"\x00"+to))
	if err != nil {
		return Secret{}, errSeal
	}
	return Parse(string(text))
}

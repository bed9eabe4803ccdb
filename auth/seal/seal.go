// Package seal keeps secrets that the server itself must read again: the successor of a token that was rotated, the password
// of a remote, the secret of a web hook. (What it only has to recognise is kept as a hash instead.) A secret is sealed by a
// key that lies beside the database and never in it, so that a copy of the database alone gives none away.
//
//	sealed = base64( nonce (12 random bytes) | AES-256-GCM of the secret | tag (16 bytes) ), about authenticated with it
//
// What a sealed text is about (which row, which column) is part of it, so that whoever can write the database cannot make
// one row's secret be sent where another's belongs. The package imports nothing of ours.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
)

// KeySize is how long a key is, in bytes.
const KeySize = 32

// ErrSealed: a sealed text was made with another key, is about something else, or was changed.
var ErrSealed = errors.New("the sealed text does not fit this server's key")

// Box seals and opens by one key; safe for concurrent use.
type Box struct{ aead cipher.AEAD }

// New makes a box of a key. One key may seal some thousand million texts (NIST SP 800-38D, section 8.3: 2³² random nonces).
func New(key [KeySize]byte) *Box {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("seal: " + err.Error()) // the key has the right size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return &Box{aead}
}

// Random makes a box whose key nobody else has, and which is forgotten with it.
func Random() *Box {
	var key [KeySize]byte
	_, _ = rand.Read(key[:]) // it never fails (crypto/rand)
	return New(key)
}

// Seal seals a secret. about says whose it is, such as the row's id and the column; who opens it must say the same.
func (b *Box) Seal(plain []byte, about string) string {
	return base64.StdEncoding.EncodeToString(b.aead.Seal(nil, nil, plain, []byte(about)))
}

// Open opens what Seal made for the same about; else ErrSealed.
func (b *Box) Open(sealed, about string) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, ErrSealed
	}
	plain, err := b.aead.Open(nil, nil, text, []byte(about))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

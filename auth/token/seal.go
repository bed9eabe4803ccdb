package token

import (
	"fmt"

	"jeton/auth/seal"
)

// SealKeySize is how long the key is that seals successors, in bytes.
const SealKeySize = seal.KeySize

// sealer keeps the texts of successors while the overlap lasts. A text is sealed to the two tokens that it leads from and
// to, so that a changed row hands out nothing.
type sealer struct{ box *seal.Box }

func newSealer(key []byte) (sealer, error) {
	if key == nil {
		return sealer{seal.Random()}, nil
	}
	if len(key) != SealKeySize {
		return sealer{}, fmt.Errorf("the key that seals successors has %d bytes; it must have %d", len(key), SealKeySize)
	}
	return sealer{seal.New([SealKeySize]byte(key))}, nil
}

func (s sealer) close(secret Secret, from, to string) string {
	return s.box.Seal([]byte(secret.Reveal()), from+"\x00"+to)
}

func (s sealer) open(sealed, from, to string) (Secret, error) {
	text, err := s.box.Open(sealed, from+"\x00"+to)
	if err != nil {
		return Secret{}, err
	}
	return Parse(string(text))
}

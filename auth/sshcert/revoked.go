package sshcert

import (
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// revocations are what opens nothing any more.
type revocations struct {
	// keys are fingerprints (SHA256:…) of keys, of people's and of authorities'.
	keys map[string]bool
	// ids are key ids of certificates; serials are ranges of their serial numbers, both ends within.
	ids     map[string]bool
	serials [][2]uint64
}

// has tells whether a certificate, its key, or its authority is revoked. Serials and ids count for every authority.
func (r revocations) has(cert *ssh.Certificate) bool {
	if r.keys[ssh.FingerprintSHA256(cert.Key)] || r.keys[ssh.FingerprintSHA256(cert.SignatureKey)] || r.ids[cert.KeyId] {
		return true
	}
	for _, s := range r.serials {
		if s[0] <= cert.Serial && cert.Serial <= s[1] {
			return true
		}
	}
	return false
}

// binaryList is how a key revocation list begins that ssh-keygen -k has written (PROTOCOL.krl).
const binaryList = "SSHKRL\n"

// parseRevoked reads the text from which ssh-keygen -k makes a list (ssh-keygen(1), "KEY REVOCATION LISTS"):
//
//	serial: 7          id: ada@laptop          key: ssh-ed25519 AAAA…
//	serial: 10-20      hash: SHA256:…          sha256: ssh-ed25519 AAAA…
//
// and public keys and fingerprints by themselves. # begins a comment.
func parseRevoked(text []byte) (revocations, error) {
	r := revocations{keys: map[string]bool{}, ids: map[string]bool{}}
	if strings.HasPrefix(string(text), binaryList) {
		return r, errors.New("it is a binary list; give the text from which ssh-keygen -k made it")
	}
	for n, line := range lines(text) {
		if err := r.add(line); err != nil {
			return r, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return r, nil
}

func (r *revocations) add(line string) error {
	if strings.HasPrefix(line, "SHA256:") {
		return r.addHash(line)
	}
	word, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch strings.ToLower(word) {
	case "serial":
		return r.addSerials(value)
	case "id":
		r.ids[value] = true
		return nil
	case "hash":
		return r.addHash(value)
	case "key", "sha256":
		return r.addKey(value)
	}
	return r.addKey(line)
}

func (r *revocations) addSerials(value string) error {
	first, last, ranges := strings.Cut(value, "-")
	from, err := strconv.ParseUint(strings.TrimSpace(first), 0, 64)
	if err != nil {
		return errors.New("a serial is a number, or two with a dash between them")
	}
	to := from
	if ranges {
		if to, err = strconv.ParseUint(strings.TrimSpace(last), 0, 64); err != nil || to < from {
			return errors.New("a range of serials is two numbers, the smaller one first")
		}
	}
	r.serials = append(r.serials, [2]uint64{from, to})
	return nil
}

func (r *revocations) addHash(value string) error {
	sum, ok := strings.CutPrefix(value, "SHA256:")
	// The decoder skips line ends, so a carriage return within would make a line that revokes nothing.
	raw, err := base64.RawStdEncoding.Strict().DecodeString(sum)
	if !ok || err != nil || len(raw) != 32 || len(sum) != base64.RawStdEncoding.EncodedLen(32) {
		return errors.New("a hash is SHA256: and 43 characters, as ssh-keygen -l shows it")
	}
	r.keys[value] = true
	return nil
}

// addKey revokes a key; of a certificate it is the key in it, as with ssh-keygen.
func (r *revocations) addKey(value string) error {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(value))
	if err != nil {
		return errors.New("it is neither a public key nor «serial:», «id:», «key:», «sha256:» or «hash:» with a value")
	}
	if cert, ok := public.(*ssh.Certificate); ok {
		public = cert.Key
	}
	r.keys[ssh.FingerprintSHA256(public)] = true
	return nil
}

// lines are the lines of a text with their numbers, from 1, without comments, empty ones, and spaces around.
func lines(text []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.SplitSeq(string(text), "\n") {
			n++
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if !yield(n, line) {
				return
			}
		}
	}
}

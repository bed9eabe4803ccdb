package signin

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Hashes that other programs made are taken as they are, and replaced when their password comes:
//
//	$2a$ $2b$ $2y$ COST $…                        bcrypt: RhodeCode's, Gitea's, htpasswd's
//	pbkdf2$sha256$ITERATIONS$LENGTH$SALT$HEX      Gitea's columns salt and passwd; its pbkdf2$50000$50 says the two numbers
//	pbkdf2_sha256$ITERATIONS$SALT$BASE64          Django's
//	pbkdf2:sha256:ITERATIONS$SALT$HEX             Werkzeug's
//
// What a stored hash costs is bounded, because whoever can plant one could have the server calculate for hours else.
const (
	// maxStored bounds a stored hash, in bytes.
	maxStored = 1024
	// maxBcrypt is a cost of 2^14 rounds, about a second; RhodeCode and Gitea store 10.
	maxBcrypt = 14
	// maxIterations of PBKDF2 take about half a second; Django 6 stores 1,200,000.
	minIterations, maxIterations = 1, 2_000_000
	// Gitea's keys are 50 bytes, which is two rounds of SHA-256's length.
	minDerived, maxDerived = 16, 64
)

// CheckHash tells whether a hash that another program has stored can be taken over; the error says no more than that.
func CheckHash(stored string) error {
	_, err := parseHash(stored)
	return err
}

// parseHash reads a stored hash of any kind, without calculating; the result judges a password, which takes as long as the
// hash costs. errHash.
func parseHash(stored string) (matches func(password string) bool, err error) {
	if len(stored) > maxStored {
		return nil, errHash
	}
	switch hashKind(stored) {
	case "argon2id":
		return argonMatcher(stored)
	case "bcrypt":
		return bcryptMatcher(stored)
	case "pbkdf2":
		return pbkdf2Matcher(stored)
	}
	return nil, errHash
}

// hashKind is the kind of a stored hash by how it begins; "unknown" for others.
func hashKind(stored string) string {
	switch {
	case strings.HasPrefix(stored, "$argon2id$"):
		return "argon2id"
	case strings.HasPrefix(stored, "$2a$"), strings.HasPrefix(stored, "$2b$"), strings.HasPrefix(stored, "$2y$"):
		return "bcrypt"
	case strings.HasPrefix(stored, "pbkdf2$"), strings.HasPrefix(stored, "pbkdf2_"), strings.HasPrefix(stored, "pbkdf2:"):
		return "pbkdf2"
	}
	return "unknown"
}

func bcryptMatcher(stored string) (func(string) bool, error) {
	cost, err := bcrypt.Cost([]byte(stored))
	if err != nil || cost > maxBcrypt || len(stored) != 60 {
		return nil, errHash
	}
	if strings.Trim(stored[7:], "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		return nil, errHash
	}
	return func(password string) bool {
		return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
	}, nil
}

// derived is a PBKDF2 hash with HMAC-SHA-256 (RFC 8018).
type derived struct {
	iterations int
	salt, key  []byte
}

func pbkdf2Matcher(stored string) (func(string) bool, error) {
	d, err := parsePBKDF2(stored)
	if err != nil {
		return nil, err
	}
	return func(password string) bool {
		got, err := pbkdf2.Key(sha256.New, password, d.salt, d.iterations, len(d.key))
		return err == nil && subtle.ConstantTimeCompare(got, d.key) == 1
	}, nil
}

// parsePBKDF2 takes the three forms apart.
func parsePBKDF2(stored string) (d derived, err error) {
	part := strings.Split(stored, "$")
	iterations, length := "", -1
	switch {
	case len(part) == 6 && part[0] == "pbkdf2" && part[1] == "sha256":
		iterations = part[2]
		if length, err = strconv.Atoi(part[3]); err != nil {
			return derived{}, errHash
		}
		d.salt = giteaSalt(part[4])
		d.key, err = hex.DecodeString(part[5])
	case len(part) == 4 && part[0] == "pbkdf2_sha256":
		iterations, d.salt = part[1], []byte(part[2])
		d.key, err = base64.StdEncoding.DecodeString(part[3])
	case len(part) == 3 && strings.HasPrefix(part[0], "pbkdf2:sha256:"):
		iterations, d.salt = strings.TrimPrefix(part[0], "pbkdf2:sha256:"), []byte(part[1])
		d.key, err = hex.DecodeString(part[2])
	default:
		return derived{}, errHash
	}
	n, bad := strconv.Atoi(iterations)
	if err != nil || bad != nil || n < minIterations || n > maxIterations || len(d.salt) == 0 || len(d.key) < minDerived ||
		len(d.key) > maxDerived || length >= 0 && length != len(d.key) {
		return derived{}, errHash
	}
	d.iterations = n
	return d, nil
}

// giteaSalt reads Gitea's column salt: ten bytes as they are, as old versions wrote them, else hex. nil for neither.
func giteaSalt(text string) []byte {
	if len(text) == 10 {
		return []byte(text)
	}
	salt, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return salt
}

package oid

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// MinPrefix is how many digits a shortened id must have (git's core.abbrev takes no fewer).
const MinPrefix = 4

// Readable is how many digits of an id tell it from others for people; programs are given all.
const Readable = 12

// Abbrev is the first digits of an id, at most HexSize.
func Abbrev(id ID, digits int) string { return id.String()[:digits] }

// Prefix is how ids begin: some of their hexadecimal digits, in either case. The zero value is how all of them begin.
type Prefix struct {
	low    ID // the least id that begins so
	digits int
}

// ParsePrefix reads MinPrefix to HexSize hexadecimal digits.
func ParsePrefix(s string) (Prefix, bool) {
	if len(s) < MinPrefix || len(s) > HexSize {
		return Prefix{}, false
	}
	p := Prefix{digits: len(s)}
	if _, err := hex.Decode(p.low[:], []byte(s+strings.Repeat("0", HexSize-len(s)))); err != nil {
		return Prefix{}, false
	}
	return p, true
}

// Low is the least id that begins so, whether or not an object has it.
func (p Prefix) Low() ID { return p.low }

// Begins reports whether an id begins so.
func (p Prefix) Begins(id ID) bool {
	whole := p.digits / 2
	return bytes.Equal(id[:whole], p.low[:whole]) && (p.digits%2 == 0 || id[whole]>>4 == p.low[whole]>>4)
}

// String is the digits, in lower case.
func (p Prefix) String() string { return Abbrev(p.low, p.digits) }

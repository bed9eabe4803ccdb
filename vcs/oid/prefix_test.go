package oid

import (
	"strings"
	"testing"
)

func TestAPrefixBeginsTheIdsThatAreWrittenSo(t *testing.T) {
	id, _ := Parse(strings.Repeat("0123456789abcdef", 3)[:HexSize])
	for n := MinPrefix; n <= HexSize; n++ {
		digits := id.String()[:n]
		for _, s := range []string{digits, strings.ToUpper(digits)} {
			p, ok := ParsePrefix(s)
			if !ok || !p.Begins(id) || Compare(p.Low(), id) > 0 || !strings.HasPrefix(p.Low().String(), digits) {
				t.Errorf("%s does not begin %s (%v)", s, id, ok)
			}
		}
		other := id
		other[(n-1)/2] ^= 1 << (4 * (n % 2)) // in the last digit of the prefix
		if p, _ := ParsePrefix(digits); p.Begins(other) {
			t.Errorf("%s begins %s", digits, other)
		}
	}
	for _, bad := range []string{"", "abc", "abcg", "abcd ", " abcd", id.String() + "0", "ab\x00d", "0xabcd"} {
		if p, ok := ParsePrefix(bad); ok || p != (Prefix{}) {
			t.Errorf("%q was taken for the beginning of an id", bad)
		}
	}
}

func FuzzParsePrefix(f *testing.F) {
	f.Add("abcd")
	f.Add("ABCDE")
	f.Add(strings.Repeat("f", HexSize))
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := ParsePrefix(s)
		if ok && (!p.Begins(p.Low()) || !strings.HasPrefix(p.Low().String(), strings.ToLower(s))) {
			t.Errorf("%q does not begin its own least id %s", s, p.Low())
		}
	})
}

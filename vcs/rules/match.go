package rules

import (
	"strings"
	"unicode/utf8"
)

// Protects finds the first of the protected branches whose pattern matches a ref; nil where none does.
func (r *Rules) Protects(ref string) *Branch {
	for i := range r.Branches {
		if Match(r.Branches[i].Pattern, ref) {
			return &r.Branches[i]
		}
	}
	return nil
}

// Match reports whether a pattern matches a whole ref name: * stands for any characters but a slash, ** for any at all, ?
// for one character but a slash, everything else for itself. The time is at most the product of both lengths, whatever
// the pattern: a ref's name comes from a client.
func Match(pattern, ref string) bool {
	// at is the set of places in the pattern that a match of what was read so far may have come to.
	at := make([]bool, len(pattern)+1)
	at[0] = true
	skip(pattern, at)
	for len(ref) > 0 {
		r, n := utf8.DecodeRuneInString(ref)
		if r == utf8.RuneError {
			n = 1
		}
		next := make([]bool, len(pattern)+1)
		for i, here := range at[:len(pattern)] {
			if here {
				advance(pattern, i, ref[:n], next)
			}
		}
		skip(pattern, next)
		at, ref = next, ref[n:]
	}
	return at[len(pattern)]
}

// advance notes in next where a match goes from pattern[i] with one more character.
func advance(pattern string, i int, char string, next []bool) {
	switch rest := pattern[i:]; {
	case strings.HasPrefix(rest, "**"), rest[0] == '*' && char != "/":
		next[i] = true
	case rest[0] == '?' && char != "/":
		next[i+1] = true
	case rest[0] != '*' && rest[0] != '?' && strings.HasPrefix(rest, char):
		next[i+len(char)] = true
	}
}

// skip adds the places that are reached without another character: those behind stars, which may stand for nothing.
func skip(pattern string, at []bool) {
	for i := range pattern {
		switch {
		case !at[i] || pattern[i] != '*':
		case strings.HasPrefix(pattern[i:], "**"):
			at[i+2] = true
		default:
			at[i+1] = true
		}
	}
}

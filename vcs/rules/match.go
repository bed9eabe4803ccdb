package rules

import (
	"slices"
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
// the pattern, and next to nothing where the name begins otherwise than the pattern: a ref's name comes from a client.
func Match(pattern, ref string) bool {
	literal := strings.IndexAny(pattern, "*?")
	if literal < 0 {
		return pattern == ref
	}
	if prefix := pattern[:literal]; utf8.ValidString(prefix) { // else it may end within a character
		rest, ok := strings.CutPrefix(ref, prefix)
		if !ok {
			return false
		}
		pattern, ref = pattern[literal:], rest
	}
	m := &match{pattern: pattern, at: make([]int, len(pattern)+1)}
	m.reach(0)
	for len(ref) > 0 {
		_, n := utf8.DecodeRuneInString(ref)
		char := ref[:n]
		ref = ref[n:]
		m.step++
		m.here, m.next = m.next, m.here[:0]
		for _, i := range m.here {
			if pattern[i:] == "**" {
				return true
			}
			m.advance(i, char)
		}
		if len(m.next) == 0 {
			return false
		}
	}
	return slices.Contains(m.next, len(pattern))
}

// match is the places in the pattern that a match of what was read so far may have come to.
type match struct {
	pattern    string
	here, next []int // of before the character that is being read, and behind it
	step       int   // characters read
	at         []int // by place: one more than the step at which it was last reached
}

// reach adds a place, and those that are reached from it without another character: behind stars, which may stand for nothing.
func (m *match) reach(i int) {
	for m.at[i] != m.step+1 {
		m.at[i] = m.step + 1
		m.next = append(m.next, i)
		switch rest := m.pattern[i:]; {
		case strings.HasPrefix(rest, "**"):
			i += 2
		case strings.HasPrefix(rest, "*"):
			i++
		}
	}
}

// advance adds where a match goes from pattern[i] with one more character.
func (m *match) advance(i int, char string) {
	switch rest := m.pattern[i:]; {
	case rest == "":
	case strings.HasPrefix(rest, "**"), rest[0] == '*' && char != "/":
		m.reach(i)
	case rest[0] == '?' && char != "/":
		m.reach(i + 1)
	case rest[0] != '*' && rest[0] != '?' && strings.HasPrefix(rest, char):
		m.reach(i + len(char))
	}
}

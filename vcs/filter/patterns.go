package filter

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTooLarge says that a list of patterns is larger than what is tried on every name of a history.
var ErrTooLarge = errors.New("too many sparse patterns")

// MaxPatternBytes is how large the lists of patterns of one filter may be together, each counted once, and maxPatterns how many
// patterns may stand in them.
const (
	MaxPatternBytes = 1 << 20
	maxPatterns     = 10_000
)

// Patterns is a list as in .gitignore (gitignore, "PATTERN FORMAT"), where what the last one that matches says holds: named,
// or not named where it begins with "!". Lists in cone mode are such lists too.
type Patterns struct{ list []pattern }

type pattern struct {
	not, folder, base bool   // begins with "!"; ends in "/"; has no other "/" and so matches names wherever they are
	literal           string // what stands before the first special character
	rest              glob   // what follows it, to match what follows the literal in a path
	whole             glob   // all of it, for base
}

// ParsePatterns reads a list of patterns, one a line. ErrTooLarge where it is too large already for a filter of its own.
func ParsePatterns(content []byte) (Patterns, error) {
	if len(content) > MaxPatternBytes {
		return Patterns{}, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxPatternBytes)
	}
	var p Patterns
	known := sets{}
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\xef\xbb\xbf")) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		line = strings.TrimSuffix(line, "\r")
		line, _, _ = strings.Cut(line, "\x00")
		if len(p.list) == maxPatterns {
			return Patterns{}, fmt.Errorf("%w: more than %d", ErrTooLarge, maxPatterns)
		}
		p.list = append(p.list, parsePattern(trimSpaces(line), known))
	}
	return p, nil
}

// trimSpaces cuts off spaces at the end that no backslash stands before.
func trimSpaces(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' {
			continue
		}
		if s[i] == '\\' {
			if i++; i == len(s) {
				return s
			}
		}
		end = i + 1
	}
	return s[:end]
}

func parsePattern(s string, known sets) pattern {
	var p pattern
	s, p.not = strings.CutPrefix(s, "!")
	if n := len(s); n > 0 && s[n-1] == '/' {
		s, p.folder = s[:n-1], true
	}
	p.base = !strings.Contains(s, "/")
	if p.base {
		p.whole = parseGlob(s, known)
		return p
	}
	s = strings.TrimPrefix(s, "/")
	i := strings.IndexAny(s, `*?[\`)
	if i < 0 {
		i = len(s)
	}
	p.literal, p.rest = s[:i], parseGlob(s[i:], known)
	return p
}

// answer is what a list says of a path.
type answer int

const (
	silent answer = iota
	named
	unnamed
)

func (p Patterns) match(path, name string, folder bool, m *Meter) answer {
	for i := len(p.list) - 1; i >= 0 && m.step(); i-- {
		pt := &p.list[i]
		if pt.folder && !folder || !pt.match(path, name, m) {
			continue
		}
		if pt.not {
			return unnamed
		}
		return named
	}
	return silent
}

func (p *pattern) match(path, name string, m *Meter) bool {
	if p.base {
		return p.whole.match(name, m)
	}
	rest, ok := strings.CutPrefix(path, p.literal)
	return ok && path != "" && p.rest.match(rest, m)
}

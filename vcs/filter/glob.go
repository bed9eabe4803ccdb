package filter

import "strings"

// glob is a pattern of a shell (glob(7), with "**" as in gitignore), cut at its slashes. It is tried in time that grows with
// the length of the pattern times that of the path, whatever either holds.
type glob []segment

// segment is a pattern for what stands between two slashes; any stands for any number of folders ("**").
type segment struct {
	any   bool
	parts []part
}

// part matches one character, or any number of them.
type part struct {
	kind kind
	char byte
	set  *set
}

type kind uint8

const (
	exact   kind = iota // the character char
	star                // any number
	one                 // any one
	inSet               // one of set
	nothing             // none: a set that does not end
)

// set is a set of characters, one bit each: a list may hold as many as fit its bytes.
type set [4]uint64

func (s *set) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *set) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

// sets keeps one of each.
type sets map[set]*set

func (s sets) one(of set) *set {
	if s[of] == nil {
		s[of] = &of
	}
	return s[of]
}

func parseGlob(s string, known sets) glob {
	g := glob{{}}
	for i := 0; i < len(s); {
		last := &g[len(g)-1]
		switch c := s[i]; {
		case c == '/':
			g = append(g, segment{})
			i++
		case c == '*':
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], "*"))
			i += n
			if n > 1 && len(last.parts) == 0 && (i == len(s) || s[i] == '/' || strings.HasPrefix(s[i:], `\/`)) {
				last.any = true
			} else {
				last.parts = append(last.parts, part{kind: star})
			}
		case c == '?':
			last.parts = append(last.parts, part{kind: one})
			i++
		case c == '[':
			p, n := parseSet(s[i:], known)
			last.parts = append(last.parts, p)
			i += n
		case c == '\\' && i+1 == len(s):
			last.parts = append(last.parts, part{kind: nothing})
			i++
		case c == '\\' && s[i+1] == '/':
			g = append(g, segment{})
			i += 2
		case c == '\\':
			last.parts = append(last.parts, part{char: s[i+1]})
			i += 2
		default:
			last.parts = append(last.parts, part{char: c})
			i++
		}
	}
	return g
}

// bytesPerStep is how much of a path is cut at its slashes in the time of one step.
const bytesPerStep = 16

// match reports whether the glob matches the whole of a path; where the meter has run out the answer means nothing.
func (g glob) match(path string, m *Meter) bool {
	// Like a single star, "**" is tried with as little as possible first, and only the last one met is tried again.
	retry, at := -1, 0
	if !m.steps(len(path) / bytesPerStep) {
		return false
	}
	names := strings.Split(path, "/")
	i, j := 0, 0
	for j < len(names) && m.step() {
		switch {
		case i < len(g) && g[i].any && i == len(g)-1:
			return true // at least one name is left
		case i < len(g) && g[i].any:
			retry, at = i, j
			i++
		case i < len(g) && g[i].match(names[j], m):
			i++
			j++
		case retry >= 0:
			at++
			i, j = retry+1, at
		default:
			return false
		}
	}
	return i == len(g)
}

func (s segment) match(name string, m *Meter) bool {
	retry, at := -1, 0
	i, j := 0, 0
	for j < len(name) && m.step() {
		switch {
		case i < len(s.parts) && s.parts[i].kind == star:
			retry, at = i, j
			i++
		case i < len(s.parts) && s.parts[i].matches(name[j]):
			i++
			j++
		case retry >= 0:
			at++
			i, j = retry+1, at
		default:
			return false
		}
	}
	for i < len(s.parts) && s.parts[i].kind == star {
		i++
	}
	return i == len(s.parts)
}

func (p part) matches(c byte) bool {
	switch p.kind {
	case exact:
		return p.char == c
	case one:
		return true
	case inSet:
		return p.set.has(c)
	}
	return false
}

// parseSet reads a set in brackets, and says how long it is. As in git "]" may come first, "!" and "^" turn it round, ranges
// and classes ([:alpha:]) may stand in it, and a backslash takes what follows as it is.
func parseSet(s string, known sets) (part, int) {
	var set set
	i, not := 1, false
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		not = true
		i++
	}
	prev, hasPrev := byte(0), false
	for first := true; ; first = false {
		if i >= len(s) {
			return part{kind: nothing}, len(s)
		}
		c := s[i]
		switch {
		case c == ']' && !first:
			if not {
				for k := range set {
					set[k] = ^set[k]
				}
			}
			set['/'>>6] &^= 1 << ('/' & 63)
			return part{kind: inSet, set: known.one(set)}, i + 1
		case c == '[' && strings.HasPrefix(s[i:], "[:"):
			n, ok := class(&set, s[i:])
			if !ok {
				return part{kind: nothing}, len(s)
			}
			i += n
			hasPrev = false
			continue
		case c == '-' && hasPrev && i+1 < len(s) && s[i+1] != ']':
			i++
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			for k := int(prev); k <= int(s[i]); k++ {
				set.add(byte(k))
			}
			i++
			hasPrev = false
			continue
		case c == '\\':
			if i++; i >= len(s) {
				return part{kind: nothing}, len(s)
			}
			c = s[i]
		}
		set.add(c)
		prev, hasPrev = c, true
		i++
	}
}

// classes are the POSIX classes of characters, as pairs of bounds.
var classes = map[string]string{
	"alnum": "09AZaz", "alpha": "AZaz", "blank": "\t\t  ", "cntrl": "\x00\x1f\x7f\x7f", "digit": "09", "graph": "!~", "lower": "az",
	"print": " ~", "punct": "!/:@[`{~", "space": "\t\r  ", "upper": "AZ", "xdigit": "09AFaf",
}

// class adds [:name:], with which s begins, to a set.
func class(set *set, s string) (n int, ok bool) {
	end := strings.IndexByte(s[2:], ']')
	if end < 1 || s[2+end-1] != ':' { // no end: "[:" are two characters of the set
		set.add('[')
		return 1, true
	}
	ranges, ok := classes[s[2:2+end-1]]
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := int(ranges[i]); c <= int(ranges[i+1]); c++ {
			set.add(byte(c))
		}
	}
	return 2 + end + 1, ok
}

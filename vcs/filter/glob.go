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
	star    bool // any number
	one     bool // any one
	char    byte // this one, where there is no set
	set     *[256]bool
	nothing bool // a set that does not end matches nothing
}

func parseGlob(s string) glob {
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
				last.parts = append(last.parts, part{star: true})
			}
		case c == '?':
			last.parts = append(last.parts, part{one: true})
			i++
		case c == '[':
			p, n := parseSet(s[i:])
			last.parts = append(last.parts, p)
			i += n
		case c == '\\' && i+1 == len(s):
			last.parts = append(last.parts, part{nothing: true})
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

// match reports whether the glob matches the whole of a path.
func (g glob) match(path string) bool {
	// Like a single star, "**" is tried with as little as possible first, and only the last one met is tried again.
	retry, at := -1, 0
	names := strings.Split(path, "/")
	i, j := 0, 0
	for j < len(names) {
		switch {
		case i < len(g) && g[i].any && i == len(g)-1:
			return true // at least one name is left
		case i < len(g) && g[i].any:
			retry, at = i, j
			i++
		case i < len(g) && g[i].match(names[j]):
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

func (s segment) match(name string) bool {
	retry, at := -1, 0
	i, j := 0, 0
	for j < len(name) {
		switch {
		case i < len(s.parts) && s.parts[i].star:
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
	for i < len(s.parts) && s.parts[i].star {
		i++
	}
	return i == len(s.parts)
}

func (p part) matches(c byte) bool {
	switch {
	case p.nothing, p.star:
		return false
	case p.one:
		return true
	case p.set != nil:
		return p.set[c]
	}
	return p.char == c
}

// parseSet reads a set in brackets, and says how long it is. As in git "]" may come first, "!" and "^" turn it round, ranges
// and classes ([:alpha:]) may stand in it, and a backslash takes what follows as it is.
func parseSet(s string) (part, int) {
	var set [256]bool
	i, not := 1, false
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		not = true
		i++
	}
	prev, hasPrev := byte(0), false
	for first := true; ; first = false {
		if i >= len(s) {
			return part{nothing: true}, len(s)
		}
		c := s[i]
		switch {
		case c == ']' && !first:
			if not {
				for k := range set {
					set[k] = !set[k]
				}
			}
			set['/'] = false
			return part{set: &set}, i + 1
		case c == '[' && strings.HasPrefix(s[i:], "[:"):
			n, ok := class(&set, s[i:])
			if !ok {
				return part{nothing: true}, len(s)
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
				set[k] = true
			}
			i++
			hasPrev = false
			continue
		case c == '\\':
			if i++; i >= len(s) {
				return part{nothing: true}, len(s)
			}
			c = s[i]
		}
		set[c] = true
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
func class(set *[256]bool, s string) (n int, ok bool) {
	end := strings.IndexByte(s[2:], ']')
	if end < 1 || s[2+end-1] != ':' { // no end: "[:" are two characters of the set
		set['['] = true
		return 1, true
	}
	ranges, ok := classes[s[2:2+end-1]]
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := int(ranges[i]); c <= int(ranges[i+1]); c++ {
			set[c] = true
		}
	}
	return 2 + end + 1, ok
}

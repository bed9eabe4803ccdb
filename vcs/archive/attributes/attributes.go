// Package attributes reads .gitattributes for archives: which paths are left out (export-ignore), and in which files
// placeholders are filled in (export-subst).
//
//	# comment                     a file's later lines win over its earlier ones,
//	docs/*.tex   export-ignore    a folder's file over those of the folders above it,
//	version.py   export-subst     and each attribute is decided for itself
//	[attr]gone   export-ignore    a macro: what sets it sets these too; in the top folder's file alone
//
// (gitattributes; patterns as in gitignore, without negative ones and without what a matched folder would pass on to what
// lies in it.) Of a file only the lines are kept that can decide one of the two attributes, at most MaxRules of them in
// force at a time, and comparing them with paths costs at most MaxWork steps for one Stack. It imports nothing of ours.
package attributes

import (
	"bytes"
	"errors"
	"strings"
)

const (
	// MaxFile is how large one file of attributes may be, in bytes.
	MaxFile = 1 << 20
	// MaxRules is how many lines that matter may be in force for one path.
	MaxRules = 10_000
	// MaxWork bounds the comparing of patterns with paths, in steps of some nanoseconds.
	MaxWork = 500_000_000
	// maxLine is the length from which on git ignores a line, in bytes.
	maxLine = 2048
)

// The attributes that archives look at.
const (
	exportIgnore = "export-ignore"
	exportSubst  = "export-subst"
)

// ErrTooMuch: the attributes have too many lines, or comparing them takes too long. The archive cannot be made: leaving a
// rule out could give out what is to be left out.
var ErrTooMuch = errors.New("the .gitattributes have too many rules")

// state is what a line says of one attribute.
type state struct {
	name  string
	value value
}

type value int8

const (
	unspecified value = iota + 1 // !name
	set                          // name
	other                        // -name, or name=…
)

// line is a line of a file: a pattern, or a macro, and what is said of attributes.
type line struct {
	macro   string // "" where it is a pattern
	pattern pattern
	states  []state
}

// lines are those of a file that are understood. macros says whether it may define some.
func lines(data []byte, macros bool) []line {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var all []line
	for text := range bytes.Lines(data) {
		text = bytes.TrimSuffix(text, []byte("\n"))
		if i := bytes.IndexByte(text, 0); i >= 0 {
			text = text[:i]
		}
		if l, ok := parse(string(text), macros); ok && len(text) < maxLine {
			all = append(all, l)
		}
	}
	return all
}

const blank = " \t\r\n"

func parse(text string, macros bool) (line, bool) {
	text = strings.TrimLeft(text, blank)
	if text == "" || text[0] == '#' {
		return line{}, false
	}
	word, rest, quoted := unquote(text)
	if !quoted {
		word, rest = cut(text)
	}
	var l line
	if name, ok := strings.CutPrefix(word, "[attr]"); ok && name != "" {
		name, _ = cut(strings.TrimLeft(name, blank))
		if !macros || !valid(name) {
			return line{}, false
		}
		l.macro = name
	} else if strings.HasPrefix(word, "!") {
		return line{}, false
	} else {
		l.pattern = newPattern(word)
	}
	for rest = strings.TrimLeft(rest, blank); rest != ""; rest = strings.TrimLeft(rest, blank) {
		word, rest = cut(rest)
		s, ok := parseState(word)
		if !ok {
			return line{}, false // one bad word makes the whole line void, as in git
		}
		l.states = append(l.states, s)
	}
	return l, true
}

// cut parts a text behind its first word.
func cut(text string) (word, rest string) {
	if i := strings.IndexAny(text, blank); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

func parseState(word string) (state, bool) {
	name, _, valued := strings.Cut(word, "=")
	s := state{value: set}
	switch {
	case strings.HasPrefix(name, "-"):
		name, s.value = name[1:], other
	case strings.HasPrefix(name, "!"):
		name, s.value = name[1:], unspecified
	case valued:
		s.value = other
	}
	s.name = name
	return s, valid(name) && !strings.HasPrefix(name, "builtin_")
}

func valid(name string) bool {
	return name != "" && name[0] != '-' && !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

// escapes are those of a name in quotes, as C writes them.
var escapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\', '"': '"'}

// unquote reads a name in quotes; false where text begins with none that is well written.
func unquote(text string) (name, rest string, ok bool) {
	if text[0] != '"' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			name, _, _ = strings.Cut(b.String(), "\x00")
			return name, text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
			if plain, ok := escapes[text[i]]; ok {
				b.WriteByte(plain)
				continue
			}
			octal, ok := octal(text[i:])
			if !ok {
				return "", "", false
			}
			b.WriteByte(octal)
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// octal reads three digits, the first of them at most 3.
func octal(text string) (byte, bool) {
	if len(text) < 3 || text[0] > '3' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text[:3]) {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int(c-'0')
	}
	return byte(n), true
}

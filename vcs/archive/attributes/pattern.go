package attributes

import "strings"

// pattern chooses paths (gitignore, "PATTERN FORMAT"): one without a slash, but for one at its end, is compared with the
// last part of a path, another with all of it from the file's folder on. * and ? stand for no slash, ** between slashes
// for any folders.
type pattern struct {
	folder   bool   // a slash stood at its end: only folders
	rooted   bool   // it is compared with the whole path
	literal  string // what it begins with before its first special character
	suffix   bool   // it is * and then literal, which stands for the end
	wild     []token
	hopeless bool // a bracket is never closed: it matches nothing
}

// token is a part of a pattern that stands for one byte, or for a row of them.
type token struct {
	kind kind
	in   *[4]uint64 // of one: which bytes it stands for
}

type kind int8

const (
	one  kind = iota // one byte of a set
	star             // any bytes but slashes
	all              // any bytes
	skip             // nothing, or any bytes and a slash
)

const special = `*?[\`

func newPattern(text string) pattern {
	var p pattern
	text, p.folder = strings.CutSuffix(text, "/")
	p.rooted = strings.Contains(text, "/")
	text = strings.TrimPrefix(text, "/")
	if rest, ok := strings.CutPrefix(text, "*"); ok && !p.rooted && !strings.ContainsAny(rest, special) {
		p.suffix, p.literal = true, rest
		return p
	}
	n := strings.IndexAny(text, special)
	if n < 0 {
		p.literal = text
		return p
	}
	p.literal = text[:n]
	p.wild, p.hopeless = compile(text[n:])
	return p
}

// compile reads what follows the literal beginning. As in git, a ** right there counts as one between slashes.
func compile(text string) (tokens []token, hopeless bool) {
	for i := 0; i < len(text); {
		var t token
		switch text[i] {
		case '*':
			t.kind, i = stars(text, i)
		case '?':
			t.in, i = but('/'), i+1
		case '[':
			if t.in, i = class(text, i); t.in == nil {
				return nil, true
			}
		case '\\':
			if i++; i == len(text) {
				return nil, true
			}
			fallthrough
		default:
			t.in, i = &[4]uint64{}, i+1
			include(t.in, text[i-1], text[i-1])
		}
		tokens = append(tokens, t)
	}
	return tokens, false
}

// stars reads one star or several at text[i:], and returns where the text goes on.
func stars(text string, i int) (kind, int) {
	n := i
	for n < len(text) && text[n] == '*' {
		n++
	}
	begins := i == 0 || text[i-1] == '/'
	switch {
	case n-i == 1 || !begins:
		return star, n
	case n == len(text), strings.HasPrefix(text[n:], `\/`):
		return all, n
	case text[n] == '/':
		return skip, n + 1
	}
	return star, n
}

func include(in *[4]uint64, low, high byte) {
	for c := int(low); c <= int(high); c++ {
		in[c>>6] |= 1 << (c & 63)
	}
}

func has(in *[4]uint64, c byte) bool { return in[c>>6]>>(c&63)&1 != 0 }

// but is all bytes except one.
func but(c byte) *[4]uint64 {
	in := &[4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	in[c>>6] &^= 1 << (c & 63)
	return in
}

// named are the classes of characters that a bracket can name (POSIX, in the C locale).
var named = map[string][]string{
	"alnum": {"az", "AZ", "09"}, "alpha": {"az", "AZ"}, "blank": {"  ", "\t\t"}, "cntrl": {"\x00\x1f", "\x7f\x7f"}, "digit": {"09"},
	"graph": {"!~"}, "lower": {"az"}, "print": {" ~"}, "punct": {"!/", ":@", "[`", "{~"}, "space": {"\t\r", "  "}, "upper": {"AZ"},
	"xdigit": {"09", "af", "AF"},
}

// class reads a bracket expression at text[i:]; in is nil where it is never closed or names no class that there is.
func class(text string, i int) (in *[4]uint64, end int) {
	in = &[4]uint64{}
	i++
	not := i < len(text) && (text[i] == '!' || text[i] == '^')
	if not {
		i++
	}
	for first := true; i < len(text); first = false {
		if text[i] == ']' && !first {
			if not {
				for k := range in {
					in[k] = ^in[k]
				}
			}
			in['/'>>6] &^= 1 << ('/' & 63) // a slash is never meant
			return in, i + 1
		}
		if text[i] == '[' && i+1 < len(text) && text[i+1] == ':' {
			n, ok := name(text[i+2:], in)
			if !ok {
				return nil, 0
			}
			if n > 0 {
				i += 2 + n
				continue
			}
		}
		low, next := character(text, i)
		if next < 0 {
			return nil, 0
		}
		high := low
		if next+1 < len(text) && text[next] == '-' && text[next+1] != ']' {
			if high, next = character(text, next+1); next < 0 {
				return nil, 0
			}
		}
		include(in, low, low) // also where the range is the wrong way round, as in git
		include(in, low, high)
		i = next
	}
	return nil, 0
}

// character reads one of a bracket, behind a backslash or not; next is negative where the text ends.
func character(text string, i int) (c byte, next int) {
	if text[i] == '\\' {
		i++
	}
	if i == len(text) {
		return 0, -1
	}
	return text[i], i + 1
}

// name reads the name of a class behind "[:" and returns how long it is with its ":]". Where what stands before the next
// bracket does not end in a colon it is none, and n is 0.
func name(text string, in *[4]uint64) (n int, ok bool) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return 0, false
	}
	word, closed := strings.CutSuffix(text[:end], ":")
	if !closed {
		return 0, true
	}
	ranges, known := named[word]
	for _, r := range ranges {
		include(in, r[0], r[1])
	}
	return end + 1, known
}

// match compares the pattern with a path, of which folder is where the pattern's file lies, and says how many steps that
// took: at most the pattern's length times the path's.
func (p *pattern) match(path, folder string) (ok bool, steps int) {
	if p.hopeless || p.folder && !strings.HasSuffix(path, "/") {
		return false, 0
	}
	text := strings.TrimSuffix(strings.TrimPrefix(path, folder), "/")
	if !p.rooted {
		text = base(path)
	}
	if p.suffix {
		return strings.HasSuffix(text, p.literal), 1
	}
	rest, ok := strings.CutPrefix(text, p.literal)
	if !ok || p.wild == nil {
		return ok && rest == "", 1
	}
	return p.run(rest)
}

// run goes through a text byte by byte with the set of places in the pattern that may have been reached.
func (p *pattern) run(text string) (bool, int) {
	here, next := make([]bool, len(p.wild)+1), make([]bool, len(p.wild)+1)
	p.reach(here, 0)
	steps := len(here)
	for i := range len(text) {
		c, alive := text[i], false
		for at, t := range p.wild {
			if !here[at] {
				continue
			}
			steps++
			alive = true
			switch t.kind {
			case one:
				if has(t.in, c) {
					p.reach(next, at+1)
				}
			case star:
				if c != '/' {
					p.reach(next, at)
				}
			case all:
				p.reach(next, at)
			case skip:
				next[at] = true // without what follows: that is reached behind a slash alone
				if c == '/' {
					p.reach(next, at+1)
				}
			}
		}
		steps += len(here) / 8
		if !alive {
			return false, steps
		}
		here, next = next, here
		clear(next)
	}
	return here[len(p.wild)], steps
}

// reach marks a place, and those that are reached from it by nothing at all.
func (p *pattern) reach(set []bool, at int) {
	for !set[at] {
		set[at] = true
		if at == len(p.wild) || p.wild[at].kind == one {
			return
		}
		at++
	}
}

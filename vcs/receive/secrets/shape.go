package secrets

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// shape is what is known of an expression from its keywords, so that it need not be tried where it cannot match.
type shape struct {
	// before and after are how many bytes of a text round the end of a keyword may belong to a match.
	before, after int
	// tail is the part of the expression that begins with a keyword: where it does not match from the keyword on, the whole
	// does not either. nil where the expression has no such part.
	//
	//	[\w.-]{0,50}?(?:key|token)[ \t]{0,20}=([a-z]{12})
	//	             └───────────── tail ───────────────┘
	tail *regexp.Regexp
}

// form is the rule's shape, found out when one of its keywords is first seen.
func (r *rule) form() *shape {
	r.shaped.Do(func() {
		tree, err := syntax.Parse(r.expr.text, syntax.Perl)
		if err != nil {
			panic(err) // as lazy.get does
		}
		r.shape = shapeOf(tree, r.keywords)
	})
	return &r.shape
}

// Bounds of what may belong to a match where its expression has none: a line of a sensible length, and where it goes over
// lines, the longest private key.
const (
	maxLine  = 512
	maxLines = 8192
)

// maxBegins is how many ways to begin a part of an expression may have.
const maxBegins = 64

func shapeOf(tree *syntax.Regexp, keywords []string) shape {
	parts := flat(tree)
	sum := func(list []*syntax.Regexp) (n int) {
		for _, part := range list {
			n += longest(part)
		}
		return min(n, maxLines)
	}
	for i := range parts {
		rest := &syntax.Regexp{Op: syntax.OpConcat, Sub: parts[i:]}
		begins, _ := beginnings(rest)
		if len(begins) == 0 || slices.ContainsFunc(begins, func(b string) bool { return !beginsWithOne(b, keywords) }) {
			continue
		}
		return shape{before: sum(parts[:i]) + maxKeyword, after: sum(parts[i:]), tail: regexp.MustCompile("^(?:" + rest.String() + ")")}
	}
	return shape{before: sum(parts), after: sum(parts)}
}

// maxKeyword is how long a keyword may be of which the end is known, in bytes.
const maxKeyword = 32

func beginsWithOne(text string, keywords []string) bool {
	return slices.ContainsFunc(keywords, func(k string) bool { return strings.HasPrefix(strings.ToLower(text), k) })
}

// flat is the parts of an expression one behind the other, groups taken apart.
func flat(re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return flat(re.Sub[0])
	case syntax.OpConcat:
		var parts []*syntax.Regexp
		for _, sub := range re.Sub {
			parts = append(parts, flat(sub)...)
		}
		return parts
	}
	return []*syntax.Regexp{re}
}

// beginnings are all texts that what an expression matches may begin with, in lower case, as far as they can be listed, and
// whether they are all that it matches.
func beginnings(re *syntax.Regexp) (list []string, whole bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}, true
	case syntax.OpCapture:
		return beginnings(re.Sub[0])
	case syntax.OpCharClass:
		return letters(re.Rune)
	case syntax.OpConcat:
		list, whole = []string{""}, true
		for _, sub := range re.Sub {
			if list, whole = behind(list, sub); !whole {
				break
			}
		}
		return list, whole
	case syntax.OpAlternate:
		whole = true
		for _, sub := range re.Sub {
			more, all := beginnings(sub)
			list, whole = append(list, more...), whole && all
		}
		return list, whole && len(list) <= maxBegins
	case syntax.OpQuest:
		list, whole = beginnings(re.Sub[0])
		return append(list, ""), whole
	}
	return []string{""}, false
}

// behind puts the beginnings of an expression behind each of a list.
func behind(list []string, re *syntax.Regexp) ([]string, bool) {
	more, whole := beginnings(re)
	if len(list)*len(more) > maxBegins {
		return list, false
	}
	var all []string
	for _, a := range list {
		for _, b := range more {
			all = append(all, a+b)
		}
	}
	return all, whole
}

// letters are those of a class, where they are few.
func letters(ranges []rune) ([]string, bool) {
	var list []string
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if len(list) == 4 {
				return []string{""}, false
			}
			list = append(list, strings.ToLower(string(c)))
		}
	}
	return list, true
}

// longest is about how many bytes an expression matches at most; a character counts one.
func longest(re *syntax.Regexp) (n int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			n += longest(sub)
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			n = max(n, longest(sub))
		}
	case syntax.OpRepeat:
		if re.Max >= 0 {
			return min(re.Max*longest(re.Sub[0]), maxLines)
		}
		n = re.Min*longest(re.Sub[0]) + unbounded(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		n = unbounded(re.Sub[0])
	}
	return min(n, maxLines)
}

// unbounded is how long what repeats without end may be: it goes over lines where it may be any character.
func unbounded(re *syntax.Regexp) int {
	if re.Op == syntax.OpAnyChar || re.Op == syntax.OpCharClass && holds(re.Rune, '\n') && holds(re.Rune, 'A') {
		return maxLines
	}
	return maxLine
}

func holds(ranges []rune, c rune) bool {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] <= c && c <= ranges[i+1] {
			return true
		}
	}
	return false
}

// Package whitelist reads which views web tokens open (setting web.token_views):
//
//	archive, diff             our own names
//	ChangesetController:*     RhodeCode's old and new ones; * is any characters, ? is one
//	!raw                      never, wherever it stands
//	patch@01jd…               for one token only, by its id
//
// Commas or lines stand between the entries, so that a value of RhodeCode's api_access_controllers_whitelist may be pasted
// as it is. It is pure: it asks nobody, keeps no token's text, and imports only how names are compared and secrets masked.
package whitelist

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/auth/mask"
	"jeton/vcs/name"
)

// ErrBad: a list cannot be taken; the text says where and why, and holds no secret.
var ErrBad = errors.New("not a list of views")

const (
	// maxText and maxEntries bound a list.
	maxText, maxEntries = 64 << 10, 1000
	// near is how many names are offered for one that nobody knows.
	near = 3
)

// List is which views web tokens open. The zero value opens none. It is immutable.
type List struct{ entries []entry }

// entry is one that counts.
type entry struct {
	// name is as it was written, without ! and token.
	name string
	not  bool
	// line is the token that it holds for; "" for all.
	line  string
	views map[string]bool
}

// Find finds a token by what stands behind an @, its id or its text, and answers the id that its rotations keep (its line);
// false where it is none of this server's web tokens.
type Find func(text string) (line string, ok bool)

// Parse reads a list. Warnings are sentences for the log about what is left out: tokens that find does not know, such as
// RhodeCode's own, and all of RhodeCode's views that are not here. A nil find knows none. ErrBad.
func Parse(text string, find Find) (l List, warnings []string, err error) {
	if len(text) > maxText {
		return List{}, nil, fmt.Errorf("%w: it is longer than %d bytes", ErrBad, maxText)
	}
	var absent []string
	number := 0
	for n, line := range strings.Split(text, "\n") {
		for part := range strings.SplitSeq(line, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			if number++; number > maxEntries {
				return List{}, nil, fmt.Errorf("%w: it has more than %d entries", ErrBad, maxEntries)
			}
			e, token, bound := cut(part)
			e.views = meant(e.name)
			switch {
			case len(e.views) == 0 && known(e.name):
				absent = append(absent, e.name)
				continue
			case len(e.views) == 0:
				return List{}, nil, unknown(e.name, number, n+1)
			case bound:
				var ok bool
				if e.line, ok = lineOf(token, find); !ok {
					warnings = append(warnings, fmt.Sprintf("the entry for %s names a token that is no web token of this server, and is left out", shown(e.name)))
					continue
				}
			}
			l.entries = append(l.entries, e)
		}
	}
	if absent != nil {
		warnings = append(warnings, "these names of RhodeCode's views mean nothing here, where there are no such views: "+shown(strings.Join(absent, ", ")))
	}
	return l, warnings, nil
}

// cut takes an entry apart.
func cut(part string) (e entry, token string, bound bool) {
	part, e.not = strings.CutPrefix(part, "!")
	e.name, token, bound = strings.Cut(part, "@")
	return e, token, bound
}

func lineOf(token string, find Find) (string, bool) {
	if find == nil || token == "" {
		return "", false
	}
	return find(token)
}

// unknown says which names were perhaps meant.
func unknown(word string, number, line int) error {
	all := Views()
	for n := range theirs() {
		all = append(all, n)
	}
	slices.Sort(all)
	return fmt.Errorf("%w: entry %d, in line %d, is %q, which is a view neither of this server nor of RhodeCode; nearest are %s", ErrBad, number, line,
		shown(word), strings.Join(name.Nearest(word, all, near), ", "))
}

// shown is part of a list without secrets, and short.
func shown(s string) string {
	s = mask.Tokens(s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// Opens tells whether a web token opens a view. line is the token's own id, or the one that its rotations keep.
func (l List) Opens(view, line string) bool {
	open := false
	for _, e := range l.entries {
		switch {
		case !e.views[view] || e.line != "" && e.line != line:
		case e.not:
			return false
		default:
			open = true
		}
	}
	return open
}

// Open are the views that every web token opens, in the order of Views.
func (l List) Open() []string {
	return slices.DeleteFunc(Views(), func(v string) bool { return !l.Opens(v, "") })
}

// Entries are what counts of a list, each as it was written; a token is named by its line.
func (l List) Entries() []string {
	list := []string{}
	for _, e := range l.entries {
		text := e.name
		if e.not {
			text = "!" + text
		}
		if e.line != "" {
			text += "@" + e.line
		}
		list = append(list, text)
	}
	return list
}

// String is the list as Parse takes it, with commas. It holds no token's text.
func (l List) String() string { return strings.Join(l.Entries(), ",") }

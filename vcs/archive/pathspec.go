package archive

import (
	"strings"

	"jeton/vcs/wire"
)

// pathspecs choose entries by their paths (gitglossary, "pathspec"): a pathspec names an entry or a folder with all that
// is in it; where it holds *, ? or [, it is also a pattern of whole paths, in which * and ? stand for slashes too.
// A pattern with a slash behind it is one of nothing, as in git: it names only the folder that is called just so. Magic, which begins with a colon, is refused.
type pathspecs struct {
	list []pathspec
	// work is what comparing patterns with paths has cost so far.
	work int64
}

type pathspec struct {
	typed string // as the client wrote it
	path  string // without ./ before it and slashes behind it; "" is everything
	dir   bool   // a slash stood behind it
	glob  bool
	head  string // of a pattern, what stands before its first special character
	hit   bool
}

// maxWork bounds the comparing of patterns, in steps of some nanoseconds: a pattern with many stars takes its own length
// times that of each path.
const maxWork = 500_000_000

// errPatterns is what is said beyond it.
const errPatterns = refusal("comparing the patterns with all paths takes too long; use fewer patterns and stars")

func newPathspecs(typed []string) (*pathspecs, error) {
	s := &pathspecs{}
	for _, t := range typed {
		p := pathspec{typed: t, dir: strings.HasSuffix(t, "/")}
		if strings.HasPrefix(t, ":") {
			return nil, refuse("pathspec magic is not supported by this server: '%s'", wire.Escape(t))
		}
		var parts []string
		for part := range strings.SplitSeq(t, "/") {
			switch part {
			case "", ".":
			case "..":
				if len(parts) == 0 {
					return nil, refuse("%s: '%s' is outside repository", wire.Escape(t), wire.Escape(t))
				}
				parts = parts[:len(parts)-1]
			default:
				parts = append(parts, part)
			}
		}
		if t == "" || t[0] == '/' {
			return nil, refuse("empty string and absolute paths are not valid pathspecs: '%s'", wire.Escape(t))
		}
		p.path = strings.Join(parts, "/")
		if i := strings.IndexAny(p.path, `*?[\`); i >= 0 {
			p.glob, p.head = true, p.path[:i]
		}
		s.list = append(s.list, p)
	}
	return s, nil
}

// match reports whether an entry that is no tree is asked for. link says that it is a submodule, which counts as a folder.
func (s *pathspecs) match(path string, link bool) (bool, error) {
	if len(s.list) == 0 {
		return true, nil
	}
	if s.work += int64(len(s.list)); s.work > maxWork {
		return false, errPatterns
	}
	found := false
	for i := range s.list {
		p := &s.list[i]
		ok := p.names(path, link)
		if !ok && p.glob && !p.dir {
			if ok = s.wild(p, path); s.work > maxWork {
				return false, errPatterns
			}
		}
		p.hit = p.hit || ok
		found = found || ok
	}
	return found, nil
}

// names reports whether a pathspec, taken as it is, names an entry or a folder that it lies in.
func (p *pathspec) names(path string, link bool) bool {
	rest, ok := strings.CutPrefix(path, p.path)
	switch {
	case p.path == "":
		return true
	case !ok:
		return false
	case rest == "":
		return !p.dir || link
	}
	return rest[0] == '/'
}

func (s *pathspecs) wild(p *pathspec, path string) bool {
	ok, steps := wildmatch(p.path, path)
	s.work += int64(steps)
	return ok
}

// below reports whether something in a folder, whose path ends in a slash, may be asked for.
func (s *pathspecs) below(folder string) (bool, error) {
	if len(s.list) == 0 {
		return true, nil
	}
	if s.work += int64(len(s.list)); s.work > maxWork {
		return false, errPatterns
	}
	for i := range s.list {
		p := &s.list[i]
		literal := p.path + "/"
		if p.path == "" || strings.HasPrefix(folder, literal) || strings.HasPrefix(literal, folder) {
			return true, nil
		}
		if p.glob && !p.dir && (strings.HasPrefix(folder, p.head) || strings.HasPrefix(p.head, folder)) {
			return true, nil
		}
	}
	return false, nil
}

// unmatched is the error of a pathspec that has matched nothing, in git's words.
func (s *pathspecs) unmatched() error {
	for _, p := range s.list {
		if !p.hit {
			return refuse("pathspec '%s' did not match any files", wire.Escape(p.typed))
		}
	}
	return nil
}

// wildmatch compares a pattern with a whole path, byte by byte, and says how many steps that took: at most the one's
// length times the other's, and the length again for each bracket.
func wildmatch(pattern, path string) (ok bool, steps int) {
	p, s := 0, 0
	star, from := -1, 0 // where the last star stands, and where what it stands for ends
	for s < len(path) {
		steps++
		if p < len(pattern) && pattern[p] == '*' {
			star, from = p, s
			p++
			continue
		}
		if p < len(pattern) && pattern[p] == '[' {
			steps += len(pattern) - p
		}
		if next, ok := one(pattern, p, path[s]); ok {
			p, s = next, s+1
			continue
		}
		if star < 0 {
			return false, steps
		}
		from++
		p, s = star+1, from
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern), steps
}

// one compares what stands at pattern[p:] with one byte, and returns where the pattern goes on.
func one(pattern string, p int, c byte) (next int, ok bool) {
	if p >= len(pattern) {
		return p, false
	}
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		if end, ok := class(pattern, p, c); end > 0 {
			return end, ok
		}
		return p, false // a bracket that is never closed matches nothing, as in git
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == c
}

// class compares a bracket expression at pattern[p:] with one byte; end is behind it, 0 where it is not closed.
func class(pattern string, p int, c byte) (end int, ok bool) {
	i, not := p+1, false
	if i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^') {
		i, not = i+1, true
	}
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, ok != not
		}
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
		}
		low := pattern[i]
		high := low
		if i+2 < len(pattern) && pattern[i+1] == '-' && pattern[i+2] != ']' {
			high = pattern[i+2]
			i += 2
		}
		ok = ok || low <= c && c <= high
		i++
	}
	return 0, false
}

package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"jeton/web/api/method"
)

// Route is a method's REST-shaped route, "GET repos/{repoid}/refs": a verb, and a path in which {…} stand for arguments.
// Arguments that are not in the path come in the query (GET, DELETE) or as the members of a JSON object (the others).
type Route struct {
	Method method.Method
	Verb   string
	// Path is as it was declared, below /_admin/rest/.
	Path string

	segments []segment
}

// segment is a word of a path, or an argument in its place.
type segment struct{ word, arg string }

// verbs are those of routes.
var verbs = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// ParseRoute reads the route of a method that has one.
func ParseRoute(m method.Method) (Route, error) {
	verb, path, ok := strings.Cut(m.REST, " ")
	if !ok || !slices.Contains(verbs, verb) || path == "" {
		return Route{}, fmt.Errorf("the route %q of %s is no verb and path", m.REST, m.Name)
	}
	if m.Changes == (verb == http.MethodGet) {
		return Route{}, fmt.Errorf("the route %q of %s: GET is for what changes nothing, and for that alone", m.REST, m.Name)
	}
	r := Route{Method: m, Verb: verb, Path: path}
	for word := range strings.SplitSeq(path, "/") {
		s, err := parseSegment(m, word)
		if err != nil {
			return Route{}, fmt.Errorf("the route %q of %s: %w", m.REST, m.Name, err)
		}
		r.segments = append(r.segments, s)
	}
	return r, nil
}

func parseSegment(m method.Method, word string) (segment, error) {
	name, open := strings.CutPrefix(word, "{")
	name, closed := strings.CutSuffix(name, "}")
	switch {
	case word == "" || open != closed || strings.ContainsAny(name, "{}"):
		return segment{}, fmt.Errorf("the segment %q is neither a word nor an argument in braces", word)
	case !open:
		return segment{word: word}, nil
	}
	i := slices.IndexFunc(m.Args, func(a method.Arg) bool { return a.Name == name })
	if i < 0 {
		return segment{}, fmt.Errorf("there is no argument %q", name)
	}
	if t := m.Args[i].Type; t != method.String && t != method.Name && t != method.Integer {
		return segment{}, fmt.Errorf("the argument %q is of a type that fits into no path", name)
	}
	return segment{arg: name}, nil
}

// In tells whether an argument stands in the path.
func (r Route) In(arg string) bool {
	return slices.ContainsFunc(r.segments, func(s segment) bool { return s.arg == arg })
}

// HasBody tells whether arguments come in a body.
func (r Route) HasBody() bool { return r.Verb != http.MethodGet && r.Verb != http.MethodDelete }

// Makes tells whether something new is there afterwards.
func (r Route) Makes() bool {
	switch r.Method.On.Kind {
	case method.NewRepository, method.NewGroup:
		return true
	}
	return r.Verb == http.MethodPost && slices.ContainsFunc([]string{"create_", "fork_", "add_"}, func(p string) bool { return strings.HasPrefix(r.Method.Name, p) })
}

// Routes are the routes of all methods that have one, in the methods' order. Its error is a declaration that is wrong, or
// two that are one and the same.
func Routes(methods []method.Method) ([]Route, error) {
	var all []Route
	for _, m := range methods {
		if m.REST == "" {
			continue
		}
		r, err := ParseRoute(m)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if slices.EqualFunc(r.segments, other.segments, alike) && (r.Verb == other.Verb || r.Path != other.Path) {
				return nil, fmt.Errorf("the routes of %s and %s are one, or name its arguments differently: %s, %s", other.Method.Name, m.Name, other.Method.REST, m.REST)
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// alike tells whether the same paths fit two segments.
func alike(a, b segment) bool { return a.word == b.word }

// maxSegments bounds a path, which is tried against routes in every way that it may be cut.
const maxSegments = 64

// split takes the path of a request apart, as it was sent: an encoded slash does not part segments. nil where it is not
// percent-encoded rightly, or too long.
func split(escaped string) []string {
	words := strings.Split(strings.TrimSuffix(escaped, "/"), "/")
	if len(words) > maxSegments {
		return nil
	}
	for i, word := range words {
		text, err := url.PathUnescape(word)
		if err != nil {
			return nil
		}
		words[i] = text
	}
	return words
}

// fits reads the arguments out of a path; false where it is not this route's. Names of repositories hold slashes, and may be
// written with them: an argument is one segment at least, and as few as will do.
func fits(segments []segment, words []string, args map[string]string) bool {
	if len(segments) == 0 || len(words) < len(segments) {
		return len(words) == 0 && len(segments) == 0
	}
	first, rest := segments[0], segments[1:]
	if first.arg == "" {
		return words[0] == first.word && fits(rest, words[1:], args)
	}
	for n := 1; n <= len(words)-len(rest); n++ {
		if words[n-1] == "" {
			return false
		}
		if fits(rest, words[n:], args) {
			args[first.arg] = strings.Join(words[:n], "/")
			return true
		}
	}
	return false
}

// find is the route for a path among several: the one with the most words of its own, so that repos/{repoid}/refs comes
// before a repository called refs. allowed are the verbs of all that fit as well as it.
func find(routes []Route, verb string, words []string) (best Route, args map[string]string, allowed []string) {
	most := -1
	for _, r := range routes {
		got := map[string]string{}
		if !fits(r.segments, words, got) {
			continue
		}
		own := len(r.segments) - len(got)
		if own > most {
			most, allowed, args = own, nil, nil
		}
		if own < most {
			continue
		}
		allowed = append(allowed, r.Verb)
		if r.Verb == verb {
			best, args = r, got
		}
	}
	return best, args, allowed
}

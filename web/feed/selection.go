package feed

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds of what may be asked for, in bytes. No ref has a longer name than pushes may bring, and git has no longer path.
const (
	maxBranch = 1024
	maxPath   = 4096
)

// selection is what of a repository is asked for.
type selection struct {
	// branch is the name of a branch, without refs/heads/; "" for the default one.
	branch string
	// path is a file or folder, "" for all.
	path string
	// tags asks for tags in place of commits; diff for the diff of each commit.
	tags, diff bool
}

// refused is an answer that is no feed: a status, and a sentence for people.
type refused struct {
	status   int
	sentence string
}

func (r *refused) Error() string { return r.sentence }

func bad(sentence string) error     { return &refused{http.StatusBadRequest, sentence} }
func missing(sentence string) error { return &refused{http.StatusNotFound, sentence} }

// read reads a selection from a query. What is said more than once, or twice differently, is refused: whoever is to be
// shown less must not be shown more.
func read(query url.Values) (s selection, err error) {
	for name, to := range map[string]*string{"branch": &s.branch, "path": &s.path} {
		values := query[name]
		if len(values) > 1 {
			return s, bad("The query says " + name + "= more than once.")
		}
		if len(values) == 1 {
			*to = values[0]
		}
	}
	for name, to := range map[string]*bool{"tags": &s.tags, "diff": &s.diff} {
		switch values := query[name]; {
		case len(values) == 0 || len(values) == 1 && (values[0] == "0" || values[0] == ""):
		case len(values) == 1 && values[0] == "1":
			*to = true
		default:
			return s, bad("The query can say " + name + "=1 or " + name + "=0, once.")
		}
	}
	if s.tags && (s.branch != "" || s.path != "" || s.diff) {
		return s, bad("tags=1 goes with no branch, path or diff: the tags of a repository are one feed.")
	}
	if s.branch == "tip" { // the head of the default branch, as in all addresses
		s.branch = ""
	}
	s.branch = strings.TrimPrefix(s.branch, "refs/heads/")
	if len(s.branch) > maxBranch || !utf8.ValidString(s.branch) || strings.ContainsRune(s.branch, 0) {
		return s, missing(noBranch)
	}
	s.path, err = cleanPath(s.path)
	return s, err
}

const (
	noBranch = "There is no branch of this name here."
	noPath   = "Nothing of this path is here: it names a file or folder from the top of the repository, as src/main.go."
)

// cleanPath is a path without slashes at its ends.
func cleanPath(p string) (string, error) {
	p = strings.Trim(p, "/")
	if p == "" {
		return "", nil
	}
	if len(p) > maxPath || strings.ContainsRune(p, 0) {
		return "", missing(noPath)
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." || part == ".." {
			return "", missing(noPath)
		}
	}
	return p, nil
}

// query is the selection as the part of an address behind the question mark, with it; "" where nothing was selected.
func (s selection) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"branch": s.branch, "path": s.path} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, on := range map[string]bool{"tags": s.tags, "diff": s.diff} {
		if on {
			q.Set(name, "1")
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

package web

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"jeton/vcs/name"
	"jeton/web/status"
)

// address is where a request goes, taken apart once.
type address struct {
	place Place
	// repo is the repository's path as the client wrote it, without .git; "" at other places.
	repo string
	// words are what stands behind the place, decoded: "info/refs", "_admin/token"; at the place Foreign as they came.
	words string
	// status is what the address says at the place Foreign.
	status status.Address
	// odd tells that control characters or backslashes stand in the words.
	odd bool
	// route is the line of the table that fits, and rest what stands behind its word.
	route Route
	rest  string
}

type addressKey struct{}

func addressOf(r *http.Request) address {
	a, _ := r.Context().Value(addressKey{}).(address)
	return a
}

// cutting takes the address of each request apart, for the routes to look at, and refuses what is not canonical.
func (t *router) cutting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := t.cut(r.URL)
		if !ok {
			notCanonical(w)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), addressKey{}, a)))
	})
}

// cut takes an address apart: base path, repository, words. false where it is not canonical.
func (t *router) cut(u *url.URL) (address, bool) {
	escaped := u.EscapedPath()
	if p, ok := strings.CutPrefix(escaped, t.escaped+"/"); ok {
		// Before anything else, since these alone may hold encoded slashes.
		if at, ok := status.Parse(p); ok {
			return address{place: Foreign, words: strings.TrimPrefix(p, "api/"), status: at}, true
		}
	}
	if !canonical(u) || slashed(escaped) && !t.mayHoldSlashes(escaped) {
		return address{}, false
	}
	if p, ok := strings.CutPrefix(u.Path, "/.well-known/"); ok {
		return address{place: Host, words: p, odd: odd(p)}, !ill(p)
	}
	p, ok := strings.CutPrefix(u.Path, t.base)
	if !ok || p != "" && p[0] != '/' {
		return address{place: elsewhere}, true
	}
	p = strings.TrimPrefix(p, "/")
	if p, ok := strings.CutPrefix(p, ".well-known/"); ok {
		return address{place: Host, words: p, odd: odd(p)}, !ill(p)
	}
	repo, words := name.Cut(p)
	repo = strings.TrimSuffix(strings.TrimSuffix(repo, "/"), ".git")
	if repo == "" {
		return address{place: Server, words: p, odd: odd(p)}, !ill(p)
	}
	return address{place: Repository, repo: repo, words: words, odd: odd(words)}, !ill(repo) && !odd(repo)
}

// elsewhere is the place of what stands outside of the server's base path; no route is there.
const elsewhere Place = "elsewhere"

// canonical tells whether a path is written in the one way that names what it names: no empty, "." or ".." segment, no NUL.
func canonical(u *url.URL) bool {
	p := u.Path
	if !strings.HasPrefix(p, "/") || strings.Contains(p, "//") || strings.Contains(p, "\x00") {
		return false
	}
	return path.Clean(p) == strings.TrimSuffix(p, "/") || p == "/"
}

// slashed tells whether a slash is percent-encoded in a path.
func slashed(escaped string) bool { return strings.Contains(strings.ToLower(escaped), "%2f") }

// mayHoldSlashes tells whether a path is one of those in which the segments of a name may be joined by encoded slashes, as
// programs write them that fill names into addresses of a form. Their handlers take apart what was sent.
// What stands before the names is written with plain ones.
func (t *router) mayHoldSlashes(escaped string) bool {
	return strings.HasPrefix(escaped, t.escaped+"/_admin/rest/")
}

// odd tells whether a path holds control characters or backslashes: names of repositories and refs have none, those of
// files may.
func odd(p string) bool {
	return strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}

// ill tells whether a path is not UTF-8. Refs and files may be named so, repositories are not.
func ill(p string) bool { return strings.ContainsRune(p, '\uFFFD') }

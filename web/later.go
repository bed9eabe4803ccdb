package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"jeton/web/door"
)

// forOtherSystem tells whether a request is for a version control system that is not git.
func forOtherSystem(r *http.Request, a address) bool {
	if r.Method == http.MethodOptions && spoken(a.words) { // a browser asks so before it speaks git
		return false
	}
	return otherSystem(r, a.words) != ""
}

// otherSystem names the version control system that a request is for, when that is not git; "" when it is.
func otherSystem(r *http.Request, rest string) string {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Hgarg-") || strings.HasPrefix(name, "X-Hgproto-") {
			return "Mercurial"
		}
	}
	if r.URL.Query().Has("cmd") && rest == "" {
		return "Mercurial"
	}
	if strings.HasPrefix(rest, "!svn") || strings.HasPrefix(r.UserAgent(), "SVN/") || r.Header.Get("DAV") != "" {
		return "Subversion"
	}
	switch r.Method {
	case "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "OPTIONS", "MKACTIVITY", "CHECKOUT", "MERGE":
		return "WebDAV (Subversion)"
	}
	return ""
}

// otherSystem says behind the gate that another system is not served.
func (t *router) otherSystem(w http.ResponseWriter, r *http.Request, a address) {
	t.notYet(w, r, a.repo, otherSystem(r, a.words)+" is not served yet: this server speaks git.")
}

// notYet says behind the gate that something is not served.
func (t *router) notYet(w http.ResponseWriter, r *http.Request, repo, sentence string) {
	if t.o.Gate.Pass(w, r, repo) {
		door.Say(w, http.StatusNotImplemented, sentence)
	}
}

// lfs answers git-lfs in its own type, so that it shows the message (git-lfs, docs/api/batch.md, "Response Errors").
func (t *router) lfs(w http.ResponseWriter, r *http.Request, a address) {
	if !t.o.Gate.Pass(w, r, a.repo) {
		return
	}
	w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotImplemented)
	_ = json.NewEncoder(w).Encode(map[string]string{
		"message": "Git LFS is not served by this server yet. Push without LFS, or keep large files elsewhere.",
	})
}

// Package web is the router: it takes an HTTP request's address apart, in one place, and hands it to what serves it.
//
//	request id ─► panic net ─► access log ─► canonical path? ─► base path ─► questions of tokens | name.Cut ─► git | not served yet | 404
//
// An address is cut at its leftmost reserved word by vcs/name, the same table that forbids these words in repositories'
// names. Whether somebody may come in is not asked here but by the handler, at the door (web/door), which asks the gate.
// What Jeton does not serve yet (LFS, Mercurial, Subversion, git's old HTTP protocol) is refused by a sentence.
package web

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"jeton/vcs/name"
)

// Git serves smart HTTP; *smarthttp.Handler does. The path is the repository's, without .git.
type Git interface {
	InfoRefs(w http.ResponseWriter, r *http.Request, repoPath string)
	UploadPack(w http.ResponseWriter, r *http.Request, repoPath string)
	ReceivePack(w http.ResponseWriter, r *http.Request, repoPath string)
	UploadArchive(w http.ResponseWriter, r *http.Request, repoPath string)
}

// Gatekeeper answers for what is not served yet but must not tell strangers what there is. Pass writes the refusal and
// returns false, or returns true.
type Gatekeeper interface {
	Pass(w http.ResponseWriter, r *http.Request, repoPath string) bool
	Remote(r *http.Request) netip.Addr
}

// Tokens answers questions about tokens; *bearer.Handler does. path is below the server's address; false where it is none
// of its own.
type Tokens interface {
	Serve(w http.ResponseWriter, r *http.Request, path string) bool
}

// Options are what New needs.
type Options struct {
	Git    Git
	Gate   Gatekeeper
	Tokens Tokens
	// URL is the address that clients use; its path is the base path of all addresses.
	URL *url.URL
	// Origins are those of pages that may speak git.
	Origins Origins
	// Version is shown on the first page.
	Version string
	// Patience is how long a request may take that is neither a clone nor a push; 0 means 10 minutes.
	Patience time.Duration
	Log      *slog.Logger
}

type router struct {
	o    Options
	base string
}

// New makes the handler of all of HTTP.
func New(o Options) http.Handler {
	t := &router{o: o}
	if o.URL != nil {
		t.base = strings.TrimSuffix(o.URL.Path, "/")
	}
	// Neither cleaning nor decoding of the path by the router: a path is either canonical, or refused here by a sentence,
	// and never redirected, because a redirect would drop the body of a push.
	m := mux.NewRouter().SkipClean(true).UseEncodedPath()
	m.PathPrefix("/").HandlerFunc(t.route)
	if o.Patience <= 0 {
		o.Patience = 10 * time.Minute
	}
	return observe(m, o.Log, o.Gate, o.Patience)
}

// canonical tells whether a path is written in the one way that names what it names: no empty, "." or ".." segment, no
// encoded slash, no backslash or control character.
func canonical(u *url.URL) bool {
	p := u.Path
	if !strings.HasPrefix(p, "/") || strings.Contains(p, "//") || strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") {
		return false
	}
	if strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\uFFFD' }) {
		return false
	}
	return path.Clean(p) == strings.TrimSuffix(p, "/") || p == "/"
}

func (t *router) route(w http.ResponseWriter, r *http.Request) {
	if !canonical(r.URL) {
		say(w, http.StatusBadRequest, "This address is not written in the canonical way: no double slashes, no . or .. and no encoded slashes.")
		return
	}
	if t.wellKnown(w, r) {
		return
	}
	p, ok := strings.CutPrefix(r.URL.Path, t.base)
	if !ok || p != "" && p[0] != '/' {
		say(w, http.StatusNotFound, "There is nothing here.")
		return
	}
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		t.first(w, r)
		return
	}
	if t.o.Tokens.Serve(w, r, p) {
		return
	}
	repo, rest := name.Cut(p)
	repo = strings.TrimSuffix(strings.TrimSuffix(repo, "/"), ".git")
	if spoken(rest) {
		t.o.Origins.mark(w, r)
	}
	switch {
	case repo == "":
		say(w, http.StatusNotFound, "There is nothing here.")
	case r.Method == http.MethodOptions && spoken(rest):
		t.options(w, r, rest)
	case otherSystem(r, rest) != "":
		t.notYet(w, r, repo, otherSystem(r, rest)+" is not served yet: this server speaks git.")
	default:
		t.repository(w, r, repo, rest)
	}
}

// wellKnown answers addresses that belong to the host and not to what lies below a base path (RFC 8615 section 3).
func (t *router) wellKnown(w http.ResponseWriter, r *http.Request) bool {
	p, ok := strings.CutPrefix(r.URL.Path, "/.well-known/")
	return ok && t.base != "" && t.o.Tokens.Serve(w, r, ".well-known/"+p)
}

// repository serves an address below a repository.
func (t *router) repository(w http.ResponseWriter, r *http.Request, repo, rest string) {
	switch {
	case rest == "info/refs":
		t.infoRefs(w, r, repo)
	case rest == "git-upload-pack":
		t.post(w, r, repo, t.o.Git.UploadPack)
	case rest == "git-receive-pack":
		t.post(w, r, repo, t.o.Git.ReceivePack)
	case rest == "git-upload-archive":
		t.post(w, r, repo, t.o.Git.UploadArchive)
	case rest == "info/lfs" || strings.HasPrefix(rest, "info/lfs/"):
		t.lfs(w, r, repo)
	case rest == "HEAD" || strings.HasPrefix(rest, "objects/") || strings.HasPrefix(rest, "info/"):
		say(w, http.StatusForbidden, smartNeeded)
	case rest != "":
		t.missing(w, r)
	case r.URL.Query().Get("go-get") == "1":
		t.notYet(w, r, repo, "go-get addresses are not served yet. Set GOPRIVATE and an insteadOf rule for git, and name the module with .git.")
	default:
		t.missing(w, r)
	}
}

const smartNeeded = "This server speaks git's smart HTTP protocol alone; the old (dumb) one, which reads files one by one, is not served. Use git 1.6.6 or newer."

func (t *router) infoRefs(w http.ResponseWriter, r *http.Request, repo string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methods(w, "GET, HEAD")
		return
	}
	switch service := r.URL.Query().Get("service"); service {
	case "git-upload-pack", "git-receive-pack":
		t.o.Git.InfoRefs(w, r, repo)
	case "":
		say(w, http.StatusForbidden, smartNeeded)
	default:
		say(w, http.StatusForbidden, "There is no such service; git-upload-pack and git-receive-pack are served.")
	}
}

func (t *router) post(w http.ResponseWriter, r *http.Request, repo string, serve func(http.ResponseWriter, *http.Request, string)) {
	if r.Method != http.MethodPost {
		methods(w, "POST")
		return
	}
	serve(w, r, repo)
}

// first is a few words for whoever opens the server in a browser; pages come later.
func (t *router) first(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methods(w, "GET, HEAD")
		return
	}
	say(w, http.StatusOK, fmt.Sprintf("Jeton %s, a git server. Clone with: git clone <this address>/<repository>", t.o.Version))
}

func (t *router) missing(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		say(w, http.StatusNotFound, "There is nothing here that could be asked so.")
		return
	}
	say(w, http.StatusNotFound, "There is nothing here. Pages of repositories are not served yet: clone them with git.")
}

func methods(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	say(w, http.StatusMethodNotAllowed, "This address answers "+allowed+" alone.")
}

// say answers with a sentence. It is text/plain, because git shows an error's body only as that type.
func say(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, sentence+"\n") // a client that has gone away needs no sentence
}

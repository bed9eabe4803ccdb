// Package web is the router: it takes an HTTP request's address apart, in one place, and hands it to what serves it.
//
//	request id ─► panic net ─► access log ─► canonical path? ─► base path ─► name.Cut ─► the table of routes ─► door ─► handler
//
// An address is cut at its leftmost reserved word by vcs/name, the same table that forbids these words in repositories'
// names. What answers where, and behind which door, is one table: Routes. Whether somebody may come in is asked at that
// door (web/door), which asks the gate; no handler is reached past it. What Jeton does not serve yet (pages, LFS, Mercurial,
// Subversion, git's old HTTP protocol) is refused by a sentence.
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"jeton/web/door"
	"jeton/web/status"
)

// Git serves smart HTTP; *smarthttp.Handler does. The path is the repository's, without .git.
type Git interface {
	InfoRefs(w http.ResponseWriter, r *http.Request, repoPath string)
	UploadPack(w http.ResponseWriter, r *http.Request, repoPath string)
	ReceivePack(w http.ResponseWriter, r *http.Request, repoPath string)
	UploadArchive(w http.ResponseWriter, r *http.Request, repoPath string)
}

// Gatekeeper is the door of everything but git and tokens; *door.Door is one.
type Gatekeeper interface {
	// View, Feed and PublicFeed let in or answer why not, with a *host.Refusal or a failure of the server, which Refuse writes.
	View(r *http.Request, repoPath, view string) (door.Visit, error)
	Feed(r *http.Request, repoPath string) (door.Visit, error)
	PublicFeed(r *http.Request) (door.Visit, error)
	Refuse(w http.ResponseWriter, r *http.Request, err error)
	// Pass answers for what belongs to git's door and is not served yet, which must not tell strangers what there is: it
	// writes the refusal and returns false, or returns true.
	Pass(w http.ResponseWriter, r *http.Request, repoPath string) bool
	// PassBelow does as Pass for a path that may go on behind the repository's, and answers the part that leads there.
	PassBelow(w http.ResponseWriter, r *http.Request, path string) (asked string, ok bool)
	Remote(r *http.Request) netip.Addr
}

// Tokens answers questions about tokens; *bearer.Handler does. path is below the server's address; false where it is none
// of its own.
type Tokens interface {
	Serve(w http.ResponseWriter, r *http.Request, path string) bool
}

// Statuses answers for what builds say of commits; *status.Handler does.
type Statuses interface {
	Serve(w http.ResponseWriter, r *http.Request, at status.Address)
}

// Options are what New needs.
type Options struct {
	Git    Git
	Gate   Gatekeeper
	Tokens Tokens
	// API serves calls of the API in JSON-RPC, whatever the method of HTTP.
	API http.Handler
	// REST serves the same under addresses of their own, and the documents that describe both.
	REST  http.Handler
	Views ViewHandlers
	Feeds FeedHandlers
	// Statuses may be nil, where none are kept.
	Statuses Statuses
	// URL is the address that clients use; its path is the base path of all addresses. nil is http://localhost.
	URL *url.URL
	// Origins are those of pages that may speak git.
	Origins Origins
	// Version is shown on the first page.
	Version string
	// Patience is how long a request may take that is neither a clone nor a push; 0 means 10 minutes.
	Patience time.Duration
	// Answered is told the status of every answer; nil: nobody counts them.
	Answered func(status int)
	Log      *slog.Logger
}

type router struct {
	o             Options
	base, escaped string // the base path, decoded and as it stands in addresses
}

// New makes the handler of all of HTTP.
func New(o Options) http.Handler {
	if o.URL == nil {
		o.URL = &url.URL{Scheme: "http", Host: "localhost"}
	}
	base := strings.TrimSuffix(o.URL.Path, "/")
	t := &router{o: o, base: base, escaped: (&url.URL{Path: base}).EscapedPath()}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Minute
	}
	if o.Answered == nil {
		o.Answered = func(int) {}
	}
	return observe(t.cutting(t.mux(Routes())), o)
}

// mux registers the table.
func (t *router) mux(routes []Route) *mux.Router {
	// Neither cleaning nor decoding of the path by the router: a path is either canonical, or refused by a sentence, and
	// never redirected, because a redirect would drop the body of a push and carry a token on in its query.
	m := mux.NewRouter().SkipClean(true).UseEncodedPath()
	for _, route := range routes {
		m.NewRoute().Name(route.Name).MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool {
			_, ok := route.matches(r, addressOf(r))
			return ok
		}).HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.answer(w, r, route) })
	}
	m.NotFoundHandler = http.HandlerFunc(t.nowhere)
	return m
}

// answer serves a route.
func (t *router) answer(w http.ResponseWriter, r *http.Request, route Route) {
	a := addressOf(r)
	a.route = route
	a.rest, _ = route.matches(r, a)
	switch {
	case a.odd && !route.Paths:
		notCanonical(w)
		return
	case spoken(a.words):
		t.o.Origins.mark(w, r)
	}
	if route.Methods != nil && !slices.Contains(route.Methods, r.Method) {
		methods(w, strings.Join(route.Methods, ", "))
		return
	}
	route.serve(t, w, r, a)
}

// nowhere answers where no route is.
func (t *router) nowhere(w http.ResponseWriter, r *http.Request) {
	if addressOf(r).odd {
		notCanonical(w)
		return
	}
	door.Say(w, http.StatusNotFound, "There is nothing here.")
}

func notCanonical(w http.ResponseWriter) {
	door.Say(w, http.StatusBadRequest, "This address is not written in the canonical way: no double slashes, no . or .., no encoded slashes, "+
		"and no control characters or backslashes but in a file's path.")
}

// tokens serves what a token may ask about itself; which methods an address has, its handler knows.
func (t *router) tokens(w http.ResponseWriter, r *http.Request, a address) {
	p := a.words
	if a.place == Host {
		p = ".well-known/" + p
	}
	if !t.o.Tokens.Serve(w, r, p) {
		t.nowhere(w, r)
	}
}

// api serves a call of the API.
func (t *router) api(w http.ResponseWriter, r *http.Request, _ address) { t.o.API.ServeHTTP(w, r) }

// rest serves the API's methods under addresses of their own, and its documents.
func (t *router) rest(w http.ResponseWriter, r *http.Request, _ address) { t.o.REST.ServeHTTP(w, r) }

// posted tells whether something is sent: an address that will be a page answers the API alone then.
func posted(r *http.Request, _ address) bool { return r.Method == http.MethodPost }

// statuses serves what builds say of commits.
func (t *router) statuses(w http.ResponseWriter, r *http.Request, a address) {
	if t.o.Statuses == nil {
		t.nowhere(w, r)
		return
	}
	t.o.Statuses.Serve(w, r, a.status)
}

const smartNeeded = "This server speaks git's smart HTTP protocol alone; the old (dumb) one, which reads files one by one, is not served. Use git 1.6.6 or newer."

func (t *router) dumb(w http.ResponseWriter, _ *http.Request, _ address) {
	door.Say(w, http.StatusForbidden, smartNeeded)
}

func (t *router) infoRefs(w http.ResponseWriter, r *http.Request, a address) {
	if r.Method == http.MethodOptions {
		t.options(w, r, a)
		return
	}
	switch service := r.URL.Query().Get("service"); service {
	case "git-upload-pack", "git-receive-pack":
		t.o.Git.InfoRefs(w, r, a.repo)
	case "":
		door.Say(w, http.StatusForbidden, smartNeeded)
	default:
		door.Say(w, http.StatusForbidden, "There is no such service; git-upload-pack and git-receive-pack are served.")
	}
}

// git serves one of git's services.
func git(serve func(Git, http.ResponseWriter, *http.Request, string)) func(*router, http.ResponseWriter, *http.Request, address) {
	return func(t *router, w http.ResponseWriter, r *http.Request, a address) {
		if r.Method == http.MethodOptions {
			t.options(w, r, a)
			return
		}
		serve(t.o.Git, w, r, a.repo)
	}
}

// first is a few words for whoever opens the server in a browser; pages come later.
func (t *router) first(w http.ResponseWriter, _ *http.Request, _ address) {
	door.Say(w, http.StatusOK, fmt.Sprintf("Jeton %s, a git server. Clone with: git clone <this address>/<repository>", t.o.Version))
}

const pagesLater = "There is nothing here. Pages of repositories are not served yet: clone them with git."

func (t *router) page(w http.ResponseWriter, _ *http.Request, _ address) {
	door.Say(w, http.StatusNotFound, pagesLater)
}

func methods(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	door.Say(w, http.StatusMethodNotAllowed, "This address answers "+allowed+" alone.")
}

package web

import (
	"net/http"
	"strings"

	"jeton/web/door"
)

// Handler answers a request that the router has let in, with GET or HEAD. What it answers itself as an error it says with
// door.Say; what it cannot answer it hands to Door.Refuse.
type Handler func(w http.ResponseWriter, r *http.Request, v door.Visit)

// ViewHandlers answer the views; nil where one is not served.
type ViewHandlers struct {
	Archive Handler // Rest: "{rev}.zip" …
	Diff    Handler // Rest: "{rev}"
	// FileDiff's Rest is a file's path; ?diff1= and ?diff2= are the revisions.
	FileDiff Handler
	Patch    Handler // Rest: "{rev}"
	Download Handler // Rest: "{rev}"; the diff as an attachment
	Raw      Handler // Rest: "{rev}/{path}"
	RawFile  Handler // Rest: "{rev}/{path}"; as an attachment
	Compare  Handler // Rest: "{a}...{b}.diff" or ".patch"; without these the address is a page's
}

// FeedHandlers answer the feeds, in the format that Rest names; nil where one is not served.
type FeedHandlers struct {
	Repository, Journal, PublicJournal Handler
}

// Each is one of the views' handlers, for the table.
func archive(h ViewHandlers) Handler  { return h.Archive }
func diff(h ViewHandlers) Handler     { return h.Diff }
func fileDiff(h ViewHandlers) Handler { return h.FileDiff }
func patch(h ViewHandlers) Handler    { return h.Patch }
func download(h ViewHandlers) Handler { return h.Download }
func raw(h ViewHandlers) Handler      { return h.Raw }
func rawFile(h ViewHandlers) Handler  { return h.RawFile }
func compare(h ViewHandlers) Handler  { return h.Compare }

// view serves a view of a repository by one of the handlers; nil is a page, of which none is served yet.
func view(which func(ViewHandlers) Handler) func(*router, http.ResponseWriter, *http.Request, address) {
	return func(t *router, w http.ResponseWriter, r *http.Request, a address) {
		v, err := t.o.Gate.View(r, a.repo, a.route.View)
		h := Handler(noPage)
		if which != nil {
			h = which(t.o.Views)
		}
		t.visit(w, r, a, v, err, h)
	}
}

func (t *router) repositoryFeed(w http.ResponseWriter, r *http.Request, a address) {
	v, err := t.o.Gate.Feed(r, a.repo)
	t.feed(w, r, a, v, err, t.o.Feeds.Repository)
}

func (t *router) journal(w http.ResponseWriter, r *http.Request, a address) {
	v, err := t.o.Gate.Feed(r, "")
	t.feed(w, r, a, v, err, t.o.Feeds.Journal)
}

func (t *router) publicJournal(w http.ResponseWriter, r *http.Request, a address) {
	v, err := t.o.Gate.PublicFeed(r)
	t.feed(w, r, a, v, err, t.o.Feeds.PublicJournal)
}

// feed finds a feed's format in its address: it stands behind the word, or ends it ("feed-rss", "journal_atom").
func (t *router) feed(w http.ResponseWriter, r *http.Request, a address, v door.Visit, err error, h Handler) {
	for _, format := range []string{"rss", "atom"} {
		if a.rest == "" && strings.HasSuffix(a.words, format) {
			a.rest = format
		}
	}
	t.visit(w, r, a, v, err, h)
}

// visit hands over what was let in, and answers what was not.
func (t *router) visit(w http.ResponseWriter, r *http.Request, a address, v door.Visit, err error, h Handler) {
	switch {
	case err != nil:
		t.o.Gate.Refuse(w, r, err)
		return
	case h == nil:
		h = notServed
	}
	if v.Private {
		w.Header().Set("Cache-Control", "private")
		w.Header().Set("Referrer-Policy", "no-referrer")
	}
	v.Rest = a.rest
	h(w, r, v)
}

func noPage(w http.ResponseWriter, _ *http.Request, _ door.Visit) {
	door.Say(w, http.StatusNotFound, pagesLater)
}

func notServed(w http.ResponseWriter, _ *http.Request, _ door.Visit) {
	door.Say(w, http.StatusNotFound, "This is not served by this server.")
}

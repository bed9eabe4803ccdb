package web

import (
	"net/http"
	"strings"

	"jeton/auth/gate"
)

// Place is where an address stands.
type Place string

// The places of addresses. What the table writes as words stands behind the place.
const (
	Host       Place = "/.well-known" // of the host, whatever the base path (RFC 8615)
	Server     Place = ""             // below the server's address and no repository's: no name of one begins with "_"
	Foreign    Place = "/api"         // in the shapes of other people's APIs: "api/v1" and "api/v3" begin no repository's path
	Repository Place = "/{repo}"      // below a repository, which may stand in groups; .git may stand behind its name
)

// Route is one line of the table: an address, and which door it lies behind. The door says what opens it (gate.Door.Opens),
// and nothing answers that is not in the table.
type Route struct {
	// Name is the route's own.
	Name string
	// At is where it stands, and Words are what its address may be from there on. A word that ends in "/…" has something
	// behind it, which the handler takes apart; "…" stands for whatever comes, also for nothing.
	At    Place
	Words []string
	// Methods are those that it answers; nil leaves them to the handler.
	Methods []string
	// Door is the door that it lies behind; "" is none: it tells nothing that depends on who asks.
	Door gate.Door
	// View is the name on the whitelist for web tokens; the view door alone has it.
	View string
	// Paths: a file's path stands behind the word. It may hold whatever git lets it hold, control characters and
	// backslashes too, percent-encoded.
	Paths bool

	// when narrows the route to some requests; nil means all.
	when  func(r *http.Request, a address) bool
	serve func(t *router, w http.ResponseWriter, r *http.Request, a address)
}

var (
	get     = []string{http.MethodGet, http.MethodHead}
	getGit  = []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	postGit = []string{http.MethodPost, http.MethodOptions}
)

// Routes is the table of all addresses. The first line that fits an address answers it.
func Routes() []Route {
	return []Route{
		// The server itself.
		{Name: "first", Words: []string{""}, Methods: get, serve: (*router).first},
		{Name: "token", Words: []string{"_admin/token", "_admin/token/successor"}, Door: gate.Self, serve: (*router).tokens},
		{Name: "renew", Words: []string{"_admin/my_account/auth_tokens"}, serve: (*router).tokens},
		{Name: "revoke", Words: []string{"_admin/revoke"}, serve: (*router).tokens},
		{Name: "pattern", At: Host, Words: []string{"jeton-tokens"}, serve: (*router).tokens},

		// The API. RhodeCode's older address of it leads there too.
		{Name: "api", Words: []string{"_admin/api", "_admin/apiv2"}, Door: gate.API, serve: (*router).api},
		{Name: "api-documents", Words: []string{"_admin/api/openrpc.json", "_admin/rest/openapi.json"}, Methods: get, serve: (*router).rest},
		{Name: "rest", Words: []string{"_admin/rest/…"}, Door: gate.API, Paths: true, serve: (*router).rest},
		{Name: "api-short", Words: []string{"_admin"}, Door: gate.API, when: posted, serve: (*router).api},

		// What builds say of commits, in the shapes of Gitea's and GitHub's API.
		{Name: "statuses", At: Foreign, Words: []string{"v1/repos/…", "v3/repos/…"}, Door: gate.API, serve: (*router).statuses},

		// git, and what belongs to its door.
		{Name: "other-systems", At: Repository, Words: []string{"…"}, Door: gate.Git, when: forOtherSystem, serve: (*router).otherSystem},
		{Name: "go-import", At: Repository, Words: []string{"…"}, Door: gate.Git, when: forGo, serve: (*router).goImport},
		{Name: "refs", At: Repository, Words: []string{"info/refs"}, Methods: getGit, Door: gate.Git, serve: (*router).infoRefs},
		{Name: "fetch", At: Repository, Words: []string{"git-upload-pack"}, Methods: postGit, Door: gate.Git, serve: git(Git.UploadPack)},
		{Name: "push", At: Repository, Words: []string{"git-receive-pack"}, Methods: postGit, Door: gate.Git, serve: git(Git.ReceivePack)},
		{Name: "git-archive", At: Repository, Words: []string{"git-upload-archive"}, Methods: postGit, Door: gate.Git, serve: git(Git.UploadArchive)},
		{Name: "lfs", At: Repository, Words: []string{"info/lfs", "info/lfs/…"}, Door: gate.Git, serve: (*router).lfs},
		{Name: "dumb", At: Repository, Words: []string{"HEAD", "objects/…", "info/…"}, serve: (*router).dumb},

		// Views: what a web token opens where its view is on the whitelist.
		{Name: "archive", At: Repository, Words: []string{"archive/…"}, Methods: get, Door: gate.View, View: "archive", serve: view(archive)},
		{Name: "diff", At: Repository, Words: []string{"changeset-diff/…", "raw-changeset/…", "raw-diff/…"}, Methods: get, Door: gate.View, View: "diff", serve: view(diff)},
		{Name: "file-diff", At: Repository, Words: []string{"diff/…"}, Methods: get, Door: gate.View, View: "diff", Paths: true, serve: view(fileDiff)},
		{Name: "patch", At: Repository, Words: []string{"changeset-patch/…"}, Methods: get, Door: gate.View, View: "patch", serve: view(patch)},
		{Name: "diff-download", At: Repository, Words: []string{"changeset-download/…"}, Methods: get, Door: gate.View, View: "download", serve: view(download)},
		{Name: "raw", At: Repository, Words: []string{"raw/…"}, Methods: get, Door: gate.View, View: "raw", Paths: true, serve: view(raw)},
		{Name: "raw-download", At: Repository, Words: []string{"rawfile/…", "download/…"}, Methods: get, Door: gate.View, View: "raw", Paths: true, serve: view(rawFile)},
		{Name: "compare", At: Repository, Words: []string{"compare/…"}, Methods: get, Door: gate.View, View: "compare", serve: view(compare)},

		// Pages, of which none is served yet. Those with a view have their door already.
		{Name: "commit-page", At: Repository, Words: []string{"changeset/…"}, Methods: get, Door: gate.View, View: "commit", serve: view(nil)},
		{Name: "files-page", At: Repository, Words: []string{"files", "files/…", "annotate/…"}, Methods: get, Door: gate.View, View: "files", Paths: true, serve: view(nil)},
		{Name: "page", At: Repository, Words: []string{"", "changelog", "changelog/…", "commits", "commits/…", "compare", "branches", "tags"}, Methods: get, serve: (*router).page},

		// Feeds.
		{Name: "feed", At: Repository, Words: []string{"feed", "feed/…", "feed-rss", "feed-atom"}, Methods: get, Door: gate.Feed, serve: (*router).repositoryFeed},
		{Name: "journal", Words: journals("_admin/journal"), Methods: get, Door: gate.Feed, serve: (*router).journal},
		{Name: "public-journal", Words: journals("_admin/public_journal"), Methods: get, Door: gate.Feed, serve: (*router).publicJournal},
	}
}

// journals are the addresses of a journal's feeds, RhodeCode's older ones too.
func journals(base string) []string {
	return []string{base, base + "/…", base + "_rss", base + "_atom"}
}

// matches tells whether a line of the table is the one for an address, and what stands behind its word.
func (r Route) matches(req *http.Request, a address) (rest string, ok bool) {
	if a.place != r.At {
		return "", false
	}
	for _, word := range r.Words {
		stem, open := strings.CutSuffix(word, "…")
		rest, ok = strings.CutPrefix(a.words, stem)
		if ok && (open && (rest != "" || stem == "") || !open && rest == "") {
			return rest, r.when == nil || r.when(req, a)
		}
	}
	return "", false
}

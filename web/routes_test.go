package web

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"jeton/auth/gate"
	"jeton/auth/whitelist"
	"jeton/vcs/name"
	"jeton/web/door"
)

var update = flag.Bool("update", false, "write docs/addresses.md")

// TestWhatTheRouterAnswersIsInTheTable walks both: the router has the table's routes in the table's order and no other, and
// each says behind which door it lies.
func TestWhatTheRouterAnswersIsInTheTable(t *testing.T) {
	var declared, routed []string
	for _, r := range Routes() {
		declared = append(declared, r.Name)
	}
	m := (&router{o: Options{URL: &url.URL{}}}).mux(Routes())
	err := m.Walk(func(r *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		routed = append(routed, r.GetName())
		return nil
	})
	if err != nil || !slices.Equal(declared, routed) {
		t.Errorf("declared are %q, the router has %q, %v", declared, routed, err)
	}
	if sorted := slices.Sorted(slices.Values(declared)); len(slices.Compact(sorted)) != len(declared) || slices.Contains(declared, "") {
		t.Errorf("a name is empty, or there twice: %q", declared)
	}
}

func TestEachRouteSaysWhatOpensIt(t *testing.T) {
	views := map[string]bool{}
	for _, r := range Routes() {
		kinds, password := r.Door.Opens()
		switch r.Door {
		case gate.View:
			views[r.View] = true
			if !slices.Contains(whitelist.Views(), r.View) {
				t.Errorf("%s has the view %q, which the whitelist does not know", r.Name, r.View)
			}
		case gate.Git, gate.Feed, gate.Self, gate.API:
		case "":
			if len(kinds) > 0 || password {
				t.Errorf("%s lies behind no door, and %v open it", r.Name, kinds)
			}
			continue
		default:
			t.Errorf("%s lies behind the door %q", r.Name, r.Door)
		}
		if len(kinds) == 0 || password != (r.Door == gate.Git) || (r.View != "") != (r.Door == gate.View) {
			t.Errorf("%s: the door %s, the view %q, opened by %v and passwords: %v", r.Name, r.Door, r.View, kinds, password)
		}
		if (r.Door == gate.View || r.Door == gate.Feed) && !slices.Equal(r.Methods, []string{"GET", "HEAD"}) {
			t.Errorf("%s answers %v, and changes nothing", r.Name, r.Methods)
		}
		if r.serve == nil || len(r.Words) == 0 {
			t.Errorf("%s has no address, or nothing serves it", r.Name)
		}
	}
	for _, v := range whitelist.Views() {
		if !views[v] {
			t.Errorf("no route has the view %s", v)
		}
	}
}

// TestRouterAndNamesShareTheirWords: a word behind a repository is one that no path may hold, or it would never be met.
func TestRouterAndNamesShareTheirWords(t *testing.T) {
	for _, r := range Routes() {
		for _, word := range r.Words {
			first, _, _ := strings.Cut(word, "/")
			if r.At == Repository && word != "" && word != "…" && !name.Reserved(first) {
				t.Errorf("%s: a repository may be called %q", r.Name, first)
			}
			if r.At == Server && word != "" && first != "_admin" {
				t.Errorf("%s: %q stands where repositories are", r.Name, word)
			}
			if _, err := name.Repository("api/" + first + "/repos/x"); r.At == Foreign && err == nil {
				t.Errorf("%s: a repository may stand at api/%s", r.Name, first)
			}
		}
	}
}

// TestNothingAnswersThatIsNotInTheTable asks at many addresses, with many methods, for an answer that no line stands for.
func TestNothingAnswersThatIsNotInTheTable(t *testing.T) {
	var reached string
	routes := Routes()
	for i, r := range routes {
		serve := r.serve
		routes[i].serve = func(t *router, w http.ResponseWriter, req *http.Request, a address) {
			reached = r.Name
			serve(t, w, req, a)
		}
	}
	u, _ := url.Parse("http://code.example.com")
	tab := &router{o: Options{Git: engine{}, Gate: porter{}, Tokens: desk{}, API: calls{}, REST: rest{}, URL: u}}
	h := tab.cutting(tab.mux(routes))
	words := []string{"", "_admin", "_admin/api", "_admin/token", "_admin/x", "_admin/journal", "_x", "settings", "tree/main", ".well-known/x", "feed", "feed/", "feed/xml", "feed-json", "changeset-x/1", "archive", "archive/", "head", "info", "objects", "config", "branches/x"}
	for _, r := range routes {
		for _, w := range r.Words {
			words = append(words, strings.ReplaceAll(w, "…", "x"))
		}
	}
	for _, word := range words {
		for _, target := range []string{"/" + word, "/ada/app/" + word, "/.well-known/" + word, "/ada/app.git/" + word + "?go-get=1"} {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "BREW"} {
				reached = ""
				w := ask(h, method, target)
				nothing := w.Code == 404 && strings.HasPrefix(w.Body.String(), "There is nothing here.") || w.Code == 400 || w.Code == 405
				if reached == "" && !nothing {
					t.Errorf("%s %s is answered %d %q by no line of the table", method, target, w.Code, w.Body)
				}
			}
		}
	}
}

// served is a router whose views and feeds answer with their name, what stands behind the word, and what the door was asked.
func served() http.Handler {
	say := func(what string) Handler {
		return func(w http.ResponseWriter, _ *http.Request, v door.Visit) {
			fmt.Fprintf(w, "%s %q of %s, asked %s", what, v.Rest, v.Path, v.Identity.UserName)
		}
	}
	u, _ := url.Parse("http://code.example.com")
	return New(Options{Git: engine{}, Gate: porter{}, Tokens: desk{}, API: calls{}, REST: rest{}, URL: u, Log: discarded(),
		Views: ViewHandlers{Archive: say("archive"), Diff: say("diff"), FileDiff: say("file diff"), Patch: say("patch"),
			Download: say("download"), Raw: say("raw"), RawFile: say("raw file"), Compare: say("compare")},
		Feeds: FeedHandlers{Repository: say("feed"), Journal: say("journal"), PublicJournal: say("public journal")}})
}

func TestAddressesOfViewsAndFeedsReachTheirHandlers(t *testing.T) {
	h := served()
	for target, want := range map[string]string{
		"/team/app/archive/v1.2.zip?auth_token=x":             `archive "v1.2.zip" of team/app, asked archive`,
		"/team/app.git/archive/feature/x.tar.gz":              `archive "feature/x.tar.gz" of team/app, asked archive`,
		"/a/b/c/d/archive/archive/tip.tar":                    `archive "archive/tip.tar" of a/b/c/d, asked archive`,
		"/team/app/changeset-diff/abc":                        `diff "abc" of team/app, asked diff`,
		"/team/app/raw-changeset/abc":                         `diff "abc" of team/app, asked diff`,
		"/team/app/raw-diff/refs/heads/x":                     `diff "refs/heads/x" of team/app, asked diff`,
		"/team/app/diff/src/a.go?diff1=a&diff2=b":             `file diff "src/a.go" of team/app, asked diff`,
		"/team/app/changeset-patch/abc":                       `patch "abc" of team/app, asked patch`,
		"/team/app/changeset-download/abc":                    `download "abc" of team/app, asked download`,
		"/team/app/raw/main/src/a%20b.go":                     `raw "main/src/a b.go" of team/app, asked raw`,
		"/team/app/rawfile/main/raw/x":                        `raw file "main/raw/x" of team/app, asked raw`,
		"/team/app/download/main/x":                           `raw file "main/x" of team/app, asked raw`,
		"/team/app/compare/a...b.diff":                        `compare "a...b.diff" of team/app, asked compare`,
		"/team/app/feed/rss":                                  `feed "rss" of team/app, asked feed`,
		"/team/app/feed/atom?branch=main":                     `feed "atom" of team/app, asked feed`,
		"/team/app/feed/json":                                 `feed "json" of team/app, asked feed`,
		"/team/app/feed-rss":                                  `feed "rss" of team/app, asked feed`,
		"/team/app/feed-atom":                                 `feed "atom" of team/app, asked feed`,
		"/team/app/feed":                                      `feed "" of team/app, asked feed`,
		"/team/app/feed/rdf":                                  `feed "rdf" of team/app, asked feed`,
		"/_admin/public_journal":                              `public journal "" of , asked public feed`,
		"/_admin/journal/rss":                                 `journal "rss" of , asked feed`,
		"/_admin/journal_atom":                                `journal "atom" of , asked feed`,
		"/_admin/journal/json":                                `journal "json" of , asked feed`,
		"/_admin/public_journal/rss":                          `public journal "rss" of , asked public feed`,
		"/_admin/public_journal_rss":                          `public journal "rss" of , asked public feed`,
		"/_admin/public_journal_atom":                         `public journal "atom" of , asked public feed`,
		"/team/app/raw/main/new%0Aline%09%5Cback%7f":          `raw "main/new\nline\t\\back\x7f" of team/app, asked raw`,
		"/team/app/raw/main/latin%E9":                         `raw "main/latin\xe9" of team/app, asked raw`,
		"/team/app/archive/latin%E9.zip":                      `archive "latin\xe9.zip" of team/app, asked archive`,
		"/team/app/diff/a%0Ab":                                `file diff "a\nb" of team/app, asked diff`,
		"/team/app/raw/main/..a/b..":                          `raw "main/..a/b.." of team/app, asked raw`,
		"/team/app/archive/v1%3Fx%23y.zip":                    `archive "v1?x#y.zip" of team/app, asked archive`,
		"/team/app/raw/refs/heads/" + strings.Repeat("x", 10): `raw "refs/heads/xxxxxxxxxx" of team/app, asked raw`,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			w := ask(h, method, target)
			if w.Code != 200 || w.Body.String() != want {
				t.Errorf("%s %s answered %d %s, want %s", method, target, w.Code, w.Body, want)
			}
			if w.Header().Get("Cache-Control") != "private" || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Location") != "" {
				t.Errorf("%s %s came with a token and was answered with %v", method, target, w.Header())
			}
		}
		if w := ask(h, "POST", target); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s answered %d, allowed %q", target, w.Code, w.Header().Get("Allow"))
		}
	}
	if w := ask(h, "GET", "/ada/open/raw/main/x"); w.Code != 200 || w.Header().Get("Cache-Control") != "" {
		t.Errorf("what a guest sees was answered %d with %v", w.Code, w.Header())
	}
	if w := ask(h, "GET", "/ada/secret/raw/main/x"); w.Code != 404 || w.Body.String() != "Not there.\n" {
		t.Errorf("the door's refusal became %d %s", w.Code, w.Body)
	}
}

func TestAddressesThatAreNotCanonicalAreRefused(t *testing.T) {
	h := served()
	for target, want := range map[string]int{
		"/team/app/raw/main/a%2Fb": 400, "/team/app/archive/feature%2fx.zip": 400, "/team%2fapp/raw/main/a": 400,
		"/team/app/raw/main/../x": 400, "/team/app/raw/main/%2e%2e/x": 400, "/team/app/raw/./x": 400, "/team/app/raw//main/x": 400, "//team/app/raw/main/x": 400,
		"/team/app/raw/main/a%00": 400, "/team/app/archive/a%0A.zip": 400, "/team/app/archive/a%5C.zip": 400, "/team/app/changeset-diff/%07": 400,
		"/te%0Aam/app/raw/main/x": 400, "/te%5Cam/app/raw/main/x": 400, "/te%E9am/raw/main/x": 400, "/_admin/%0Atoken": 400, "/_admin/\ufffd": 400,
		"/team/app/config%0A": 400, "/team/app/settings/%0A": 400,
		"/team/app/archive": 404, "/team/app/archive/": 404, "/team/app/raw": 404, "/team/app/changeset-other/x": 404,
		"/archive/x.zip": 404, "/_admin/feed/rss": 404,
	} {
		if w := ask(h, "GET", target); w.Code != want || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s answered %d %s, want %d", target, w.Code, w.Body, want)
		}
	}
}

func TestPagesAreToldToComeLaterBehindTheirDoor(t *testing.T) {
	for _, h := range []http.Handler{served(), newRouter(t, "", io.Discard)} {
		for _, word := range []string{"changeset/abc", "files/main/x", "files", "annotate/main/x"} {
			if w := ask(h, "GET", "/ada/open/"+word); w.Code != 404 || !strings.Contains(w.Body.String(), "not served yet") {
				t.Errorf("%s answered %d %s", word, w.Code, w.Body)
			}
			if w := ask(h, "GET", "/ada/secret/"+word); w.Code != 404 || w.Body.String() != "Not there.\n" {
				t.Errorf("%s of what may not be seen answered %d %s", word, w.Code, w.Body)
			}
		}
	}
	if w := ask(newRouter(t, "", io.Discard), "GET", "/ada/open/raw/main/x"); w.Code != 404 || !strings.Contains(w.Body.String(), "not served") {
		t.Errorf("a view without a handler answered %d %s", w.Code, w.Body)
	}
}

func TestTheDocumentOfAddressesIsCurrent(t *testing.T) {
	path := filepath.Join("..", "docs", "addresses.md")
	if *update {
		if err := os.WriteFile(path, []byte(Document()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != Document() {
		t.Errorf("docs/addresses.md is not current: run go test ./web -update (%v)", err)
	}
}

package view

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"jeton/web/door"
)

// history is a repository with two branches that parted, main and feature/v1.2, and a merge of both on merged. The ids of
// root, of main and of the feature.
func history(t testing.TB, o Options) (p *repository, root, main, feature string) {
	t.Helper()
	p = newRepository(t, o)
	lines := strings.Repeat("line\n", 20)
	file := func(content, name string) string { return "100644 blob " + p.blob(content) + "\t" + name }
	root = p.commit("refs/heads/main", "root", file(lines, "a"), file("b\n", "b"))
	git(t, p.dir, "update-ref", "refs/heads/feature/v1.2", root)
	p.commit("refs/heads/feature/v1.2", "One", file(lines+"one\n", "a"), file("b\n", "b"))
	feature = p.commit("refs/heads/feature/v1.2", "Two", file(lines+"one\ntwo\n", "a"), file("b\n", "b"), file("größe\n", "ö"))
	main = p.commit("refs/heads/main", "main", file(lines, "a"), file("b  \n", "b"))
	tree := git(t, p.dir, "rev-parse", feature+"^{tree}")
	git(t, p.dir, "update-ref", "refs/heads/merged", git(t, p.dir, "commit-tree", "-m", "merge", "-p", main, "-p", feature, tree))
	git(t, p.dir, "update-ref", "refs/heads/x.diff", main)
	p.seen()
	return p, root, main, feature
}

// applied makes sure that git apply makes one tree of another by a text.
func (p *repository) applied(text, from, to string) {
	p.t.Helper()
	index := filepath.Join(p.t.TempDir(), "index")
	patch := filepath.Join(p.t.TempDir(), "patch")
	if err := os.WriteFile(patch, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.t.(*testing.T).Setenv("GIT_INDEX_FILE", index)
	git(p.t, p.dir, "read-tree", from)
	if text != "" {
		git(p.t, p.dir, "apply", "--cached", "--whitespace=nowarn", patch)
	}
	if got, want := git(p.t, p.dir, "write-tree"), git(p.t, p.dir, "rev-parse", to+"^{tree}"); got != want {
		p.t.Errorf("applied to %s it makes %s, want %s of %s\n%s", from, got, want, to, text)
	}
}

func TestDiffsApply(t *testing.T) {
	p, root, main, feature := history(t, Options{})
	for _, c := range []struct {
		serve            func(http.ResponseWriter, *http.Request, door.Visit)
		rest, query      string
		from, to, suffix string
	}{
		{p.handler.Diff, "main", "", root, main, "app-" + main[:12] + ".diff"}, {p.handler.Diff, root, "", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", root, root[:12] + ".diff"},
		{p.handler.Diff, feature[:8], "context=100", "feature/v1.2~1", feature, ".diff"}, {p.handler.Diff, "merged", "", main, "merged", ".diff"},
		{p.handler.Download, "tip", "", root, main, ".diff"}, {p.handler.Patch, "feature/v1.2", "", "feature/v1.2~1", feature, ".patch"},
		{p.handler.Compare, "main...feature/v1.2.diff", "", root, feature, main[:12] + "..." + feature[:12] + ".diff"}, {p.handler.Compare, "feature/v1.2...main.diff", "", root, main, ".diff"},
		{p.handler.Compare, "feature/v1.2...x.diff.diff", "", root, main, ".diff"}, {p.handler.Compare, root + "...feature/v1.2.patch", "", root, feature, ".patch"}, {p.handler.Compare, "main...main.diff", "", main, main, ".diff"},
		{p.handler.Compare, "refs/heads/main...refs/heads/main.patch", "", main, main, ".patch"}, {p.handler.FileDiff, "b", "diff1=" + root + "&diff2=main", root, main, "app-b.diff"},
	} {
		r := p.ask(http.MethodGet, c.serve, c.rest, c.query)
		text := body(t, r)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != plainText || r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("ETag") == "" ||
			r.Header.Get("Content-Length") != strconv.Itoa(len(text)) || !strings.Contains(r.Header.Get("Content-Disposition"), c.suffix) {
			t.Errorf("%s?%s: %d %v\n%s", c.rest, c.query, r.StatusCode, r.Header, text)
			continue
		}
		p.applied(text, c.from, c.to)
	}
}

func TestDiffsHaveTheContextThatIsAskedFor(t *testing.T) {
	p, root, main, _ := history(t, Options{})
	count := func(query string) (n int) {
		for line := range strings.Lines(body(t, p.ask(http.MethodGet, p.handler.Compare, root+"...feature/v1.2.diff", query))) {
			if strings.HasPrefix(line, " line") {
				n++
			}
		}
		return n
	}
	for query, want := range map[string]int{"": 3, "context=": 3, "context=0": 0, "context=1": 1, "context=7": 7, "context=2147483647": 20} {
		if got := count(query); got != want {
			t.Errorf("%q: %d lines of context, want %d", query, got, want)
		}
	}
	if r := p.ask(http.MethodGet, p.handler.Diff, main, "ignorews=1"); strings.Contains(body(t, r), "+b") {
		t.Error("a change of white space is told")
	}
	for _, query := range []string{"context=-1", "context=x", "context=1.5", "context=99999999999", "context=1e3", "ignorews=2", "ignorews=yes!"} {
		says(t, query, p.ask(http.MethodGet, p.handler.Diff, main, query), http.StatusBadRequest, strings.SplitN(query, "=", 2)[0]+" is ")
	}
}

func TestDiffsOfWhatIsNoCommitAreRefused(t *testing.T) {
	p, root, main, _ := history(t, Options{})
	hidden := p.commit("refs/hidden/x", "hidden", "100644 blob "+p.blob("secret")+"\tsecret")
	git(t, p.dir, "update-ref", "refs/heads/other", git(t, p.dir, "commit-tree", "-m", "another history", main+"^{tree}"))
	git(t, p.dir, "tag", "tree", main+"^{tree}")
	p.seen()
	type handlers map[string]func(http.ResponseWriter, *http.Request, door.Visit)
	commits := handlers{"diff": p.handler.Diff, "patch": p.handler.Patch, "download": p.handler.Download}
	for rest, want := range map[string]string{
		"none": "404 no branch", hidden: "404 no branch", hidden[:8]: "404 no branch", "refs/hidden/x": "404 no branch", strings.Repeat("ab", 20): "404 no branch", "tree": "404 is no commit",
		"..": "400 is no name", "main..main": "400 is no name", "@{-1}": "400 is no name", ":/text": "400 is no name", "HEAD^{/x}": "400 is no name", "HEAD^": "400 is no name", "a\x00b": "400 is no name", strings.Repeat("x", 10000): "400 bytes long",
	} {
		status, words, _ := strings.Cut(want, " ")
		n, _ := strconv.Atoi(status)
		for how, serve := range commits {
			says(t, fmt.Sprintf("%s %.50q", how, rest), p.get(serve, rest), n, words)
		}
		for _, both := range []string{rest + "...main.diff", "main..." + rest + ".patch"} {
			if rest == ".." || rest == "main..main" || strings.HasPrefix(rest, "xxx") {
				continue
			}
			says(t, fmt.Sprintf("compare %.50q", both), p.get(p.handler.Compare, both), n, words)
		}
		if rest == "tree" { // whose files can be compared
			continue
		}
		says(t, "file "+rest, p.ask(http.MethodGet, p.handler.FileDiff, "a", "diff1=main&diff2="+url.QueryEscape(rest)), n, words)
	}
	says(t, "the patch of a merge", p.get(p.handler.Patch, "merged"), http.StatusNotFound, "is a merge, of which there is no patch")
	says(t, "unrelated histories", p.get(p.handler.Compare, "main...other.diff"), http.StatusNotFound, "no commit in common")
	for rest, want := range map[string]int{"main...main": 404, "main..main.diff": 400, "main.diff": 400, "...main.diff": 400, "main....diff": 400, "x": 404, ".diff": 400, "main...main.html": 404} {
		says(t, rest, p.get(p.handler.Compare, rest), want, "compare/")
	}
	for query, want := range map[string]string{"": "400 two revisions", "diff1=main": "400 two revisions", "diff1=&diff2=main": "400 no name", "diff1=main&diff2=" + root: "404 no file or folder «none»"} {
		status, words, _ := strings.Cut(want, " ")
		n, _ := strconv.Atoi(status)
		says(t, query, p.ask(http.MethodGet, p.handler.FileDiff, "none", query), n, words)
	}
}

func TestDiffsAreAskedForAgainByTheirTag(t *testing.T) {
	p, root, main, feature := history(t, Options{})
	tags := map[string]string{}
	for _, c := range []struct {
		serve       func(http.ResponseWriter, *http.Request, door.Visit)
		rest, query string
		fixed       bool
	}{
		{p.handler.Diff, main, "", true}, {p.handler.Diff, main, "context=5", true}, {p.handler.Diff, main, "ignorews=1", true}, {p.handler.Diff, "feature/v1.2", "", false}, {p.handler.Patch, feature, "", true}, {p.handler.Download, main, "", true},
		{p.handler.Compare, root + "..." + main + ".diff", "", true}, {p.handler.Compare, root + "..." + main + ".patch", "", true}, {p.handler.Compare, "feature/v1.2...main.diff", "", false}, {p.handler.FileDiff, "a", "diff1=" + root + "&diff2=" + main, true},
		{p.handler.FileDiff, "b", "diff1=" + root + "&diff2=" + main, true},
	} {
		name := c.rest + "?" + c.query
		r := p.ask(http.MethodGet, c.serve, c.rest, c.query)
		tag := r.Header.Get("ETag")
		if other, ok := tags[tag]; ok || tag == "" || strings.Contains(r.Header.Get("Cache-Control"), "immutable") != c.fixed {
			t.Errorf("%s has the tag %s, as %s; %v", name, tag, other, r.Header)
		}
		tags[tag] = name
		if r := p.ask(http.MethodGet, c.serve, c.rest, c.query, "If-None-Match: "+tag); r.StatusCode != http.StatusNotModified || body(t, r) != "" {
			t.Errorf("%s, asked for again: %d", name, r.StatusCode)
		}
		if r := p.ask(http.MethodHead, c.serve, c.rest, c.query); r.StatusCode != http.StatusOK || r.Header.Get("ETag") != tag || body(t, r) != "" {
			t.Errorf("HEAD %s: %d %v", name, r.StatusCode, r.Header)
		}
	}
}

func TestADiffThatIsNotWholeIsKeptByNobody(t *testing.T) {
	for name, limits := range map[string]Limits{"bytes": {DiffBytes: 100}, "files": {DiffFiles: 1}, "time": {DiffTime: 1}} {
		p, _, _, feature := history(t, Options{Limits: limits})
		r := p.get(p.handler.Diff, feature)
		text := body(t, r)
		if r.StatusCode != http.StatusOK || r.Header.Get("ETag") != "" || r.Header.Get("Cache-Control") != "private, no-cache" || !strings.Contains(text, "not whole") || !strings.Contains(text, "fetch and run: git ") {
			t.Errorf("%s: %d %v\n%s", name, r.StatusCode, r.Header, text)
		}
	}
	p, root, _, _ := history(t, Options{Limits: Limits{Patches: 1}})
	says(t, "too many patches", p.get(p.handler.Compare, root+"...feature/v1.2.patch"), http.StatusRequestEntityTooLarge, "more commits between the two")
}

// long is a repository whose last commit makes a diff that is longer than a draft.
func long(t testing.TB) (*repository, string) {
	t.Helper()
	p := newRepository(t, Options{})
	var entries []string
	for i := range 8 {
		entries = append(entries, "100644 blob "+p.blob(strings.Repeat(fmt.Sprintf("%d line\n", i), 40_000))+fmt.Sprintf("\tf%d", i))
	}
	p.commit("refs/heads/main", "root", "100644 blob "+p.blob("x")+"\tx")
	id := p.commit("refs/heads/main", "long", entries...)
	p.seen()
	return p, id
}

func TestALongDiffIsSentAsItIsMade(t *testing.T) {
	p, id := long(t)
	r := p.get(p.handler.Diff, id)
	text := body(t, r)
	if r.StatusCode != http.StatusOK || len(text) < draftLen || r.Header.Get("Content-Length") != "" || r.Header.Get("ETag") != "" || r.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d, %d bytes, %v", r.StatusCode, len(text), r.Header)
	}
	p.applied(text, id+"~1", id)
}

// full is a client that goes away after some bytes.
type full struct {
	*httptest.ResponseRecorder
	left int
}

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, http.ErrHandlerTimeout
	}
	return f.ResponseRecorder.Write(b)
}

func TestALongDiffThatFailsIsCutOff(t *testing.T) {
	p, id := long(t)
	for _, left := range []int{0, draftLen + 1000} {
		cause := func() (cause any) {
			defer func() { cause = recover() }()
			v := p.visit
			v.Rest = id
			p.handler.Diff(&full{httptest.NewRecorder(), left}, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil), v)
			return nil
		}()
		if cause != http.ErrAbortHandler {
			t.Errorf("after %d bytes: it ends in %v and looks whole", left, cause)
		}
	}
}

func FuzzParseComparison(f *testing.F) {
	for _, s := range []string{"a...b.diff", "a....b.patch", "...", ".diff", "a...b...c.diff", "feature/v1.2...x.diff.diff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		c, err := parseComparison(rest)
		if err == nil && (c.a+"..."+c.b+"."+c.ending != rest || strings.Contains(c.a, "...")) {
			t.Errorf("%q is %+v", rest, c)
		}
	})
}

package view

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"jeton/vcs/archive"
	"jeton/vcs/archive/kept"
)

// downloads is a repository with two commits on main, a branch with a slash, and a store for its archives.
func downloads(t *testing.T, max int64) (p *repository, tip string) {
	t.Helper()
	store := kept.New(kept.Options{Dir: t.TempDir(), Max: max})
	t.Cleanup(func() { _ = store.Close() })
	p = newRepository(t, Options{Archives: Archives{Kept: store, URL: "https://code.example.com/git"}})
	a, b := p.blob("a\n"), p.blob(strings.Repeat("b", 100_000))
	sub := gitInput(t, p.dir, "100644 blob "+a+"\tx\x00", "mktree", "-z")
	tip = p.commit("refs/heads/main", "one", "100644 blob "+a+"\ta", "100755 blob "+b+"\tb", "040000 tree "+sub+"\tdir ü")
	git(t, p.dir, "update-ref", "refs/heads/feature/x", tip)
	git(t, p.dir, "update-ref", "refs/tags/v1.0", tip)
	git(t, p.dir, "update-ref", "refs/tags/blob", a)
	hidden := p.commit("refs/hidden/h", "hidden", "100644 blob "+a+"\thidden")
	git(t, p.dir, "update-ref", "refs/hidden/h", hidden)
	p.seen()
	return p, tip
}

func TestArchivesHaveNamesTagsAndLinks(t *testing.T) {
	p, tip := downloads(t, 1<<20)
	for _, c := range []struct{ rest, query, kind, name, link, cache string }{
		{"main.zip", "", "application/zip", `attachment; filename="app-main.zip"`, ".zip?lastModified=1700000001&rev=" + tip + "&v=1", "private, no-cache"},
		{"main.tar", "", "application/x-tar", `attachment; filename="app-main.tar"`, ".tar?lastModified=1700000001&rev=" + tip + "&v=1", "private, no-cache"},
		{"v1.0.tar.gz", "v=1", "application/gzip", `attachment; filename="app-v1.0.tar.gz"`, ".tar.gz?lastModified=1700000001&rev=" + tip + "&v=1", "private, no-cache"},
		{"feature/x.tgz", "", "application/gzip", `attachment; filename="app-feature-x.tgz"`, ".tgz?", "private, no-cache"},
		{"tip.tar.zst", "with_hash=1", "application/zstd", `attachment; filename="app-` + tip + `.tar.zst"`, ".tar.zst?", "private, no-cache"},
		{"main.zip", "with_hash=0", "application/zip", `attachment; filename="app.zip"`, "&v=1&with_hash=0", "private, no-cache"},
		{"main.zip", "path=dir+%C3%BC", "application/zip", `attachment; filename="app-main.zip"`, "&path=dir+%C3%BC&rev=", "private, no-cache"},
		{"main.zip", "at_path=/", "application/zip", `attachment; filename="app-main.zip"`, "&v=1", "private, no-cache"},
		{tip + ".zip", "", "application/zip", `attachment; filename="app-` + tip + `.zip"`, "&v=1", "private, max-age=86400, immutable"},
	} {
		res := p.ask(http.MethodGet, p.handler.Archive, c.rest, c.query)
		h := res.Header
		if res.StatusCode != 200 || h.Get("Content-Type") != c.kind || h.Get("Content-Disposition") != c.name || h.Get("Cache-Control") != c.cache || h.Get("ETag") == "" {
			t.Errorf("%s?%s: %d, %v", c.rest, c.query, res.StatusCode, h)
		}
		link := h.Get("Link")
		if !strings.HasPrefix(link, "<https://code.example.com/git/team/app/archive/"+tip) || !strings.Contains(link, c.link) || !strings.HasSuffix(link, `>; rel="immutable"`) {
			t.Errorf("%s?%s: Link is %s", c.rest, c.query, link)
		}
		again := p.ask(http.MethodGet, p.handler.Archive, c.rest, c.query, "If-None-Match: "+h.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%s?%s: asked with its tag: %d", c.rest, c.query, again.StatusCode)
		}
	}
}

func TestTagsTellApartWhatDiffers(t *testing.T) {
	p, tip := downloads(t, 0)
	seen := map[string]string{}
	for _, c := range []string{"main.zip?", "main.tar?", "main.tar.gz?", "main.tar.zst?", "v1.0.zip?", "main.zip?path=a", "main.zip?path=b", "main.zip?with_hash=0", tip + ".zip?"} {
		rest, query, _ := strings.Cut(c, "?")
		tag := p.ask(http.MethodHead, p.handler.Archive, rest, query).Header.Get("ETag")
		if other := seen[tag]; tag == "" || other != "" {
			t.Errorf("%s has the tag %s, as has %q", c, tag, other)
		}
		seen[tag] = c
	}
}

func TestKeptArchivesHaveALengthAChecksumAndRanges(t *testing.T) {
	p, _ := downloads(t, 1<<20)
	if res := p.ask(http.MethodHead, p.handler.Archive, "main.tar", ""); res.StatusCode != 200 || res.Header.Get("Content-Length") != "" || res.Header.Get("Repr-Digest") != "" {
		t.Errorf("HEAD of what is not kept: %d, %v", res.StatusCode, res.Header)
	}
	// A range of what is not kept yet is answered when it is.
	part := p.get(p.handler.Archive, "main.tar", "Range: bytes=512-1023")
	got := body(t, part)
	if part.StatusCode != http.StatusPartialContent || len(got) != 512 {
		t.Errorf("a range: %d, %d bytes, %v", part.StatusCode, len(got), part.Header)
	}
	whole := p.get(p.handler.Archive, "main.tar")
	all := body(t, whole)
	sum := sha256.Sum256([]byte(all))
	if want := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"; whole.Header.Get("Repr-Digest") != want || part.Header.Get("Repr-Digest") != want || all[512:1024] != got {
		t.Errorf("checksums are %q and %q, want %q", part.Header.Get("Repr-Digest"), whole.Header.Get("Repr-Digest"), want)
	}
	head := p.ask(http.MethodHead, p.handler.Archive, "main.tar", "")
	if head.Header.Get("Content-Length") == "" || head.Header.Get("Repr-Digest") == "" || head.Header.Get("Accept-Ranges") != "bytes" || body(t, head) != "" {
		t.Errorf("HEAD of what is kept: %v", head.Header)
	}
	for _, c := range []struct {
		field  string
		status int
	}{{"Range: bytes=0-0,5-9", 200}, {"Range: bytes=-1", 206}, {"Range: bytes=99999999-", 416}, {"Range: lines=1-2", 200}} {
		if res := p.get(p.handler.Archive, "main.tar", c.field); res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.field, res.StatusCode, c.status)
		}
	}
	if res := p.get(p.handler.Archive, "main.tar", "Range: bytes=0-9", `If-Range: "other"`); res.StatusCode != 200 || len(body(t, res)) != len(all) {
		t.Errorf("a range of another archive: %d", res.StatusCode)
	}
}

func TestTheSameBytesComeKeptOrNot(t *testing.T) {
	p, _ := downloads(t, 1<<20)
	q, _ := downloads(t, 0)
	for _, rest := range []string{"main.zip", "main.tar", "main.tar.gz", "main.tgz", "main.tar.zst"} {
		first, again, other := body(t, p.get(p.handler.Archive, rest)), body(t, p.get(p.handler.Archive, rest)), body(t, q.get(q.handler.Archive, rest))
		if first == "" || first != again || first != other {
			t.Errorf("%s: %d, %d and %d bytes, not the same", rest, len(first), len(again), len(other))
		}
	}
}

func TestArchivesThatCannotBeHad(t *testing.T) {
	p, _ := downloads(t, 1<<20)
	for _, c := range []struct {
		rest, query string
		status      int
		words       string
	}{
		{"main.rar", "", 404, ".tar.zst"},
		{"main", "", 404, ".tar.zst"},
		{".zip", "", 404, "archive/main.zip"},
		{"nowhere.zip", "", 404, "nowhere"},
		{"refs/hidden/h.zip", "", 404, "refs/hidden/h"},
		{"blob.zip", "", 404, "neither a commit nor a folder"},
		{"main~1.zip", "", 400, "main~1"},
		{"main.zip", "v=2", 404, "It has: 1"},
		{"main.zip", "v=0", 404, "It has: 1"},
		{"main.zip", "v=%1b[0m", 404, "It has: 1"},
		{"main.zip", "path=nowhere", 404, "nowhere"},
		{"main.zip", "path=..%2Fx", 404, "no file or folder"},
		{"main.zip", "path=a&at_path=b", 400, "path and at_path"},
		{"main.zip", "with_hash=maybe", 400, "with_hash is 1 or 0"},
	} {
		says(t, c.rest+"?"+c.query, p.ask(http.MethodGet, p.handler.Archive, c.rest, c.query), c.status, c.words)
	}
	p.rules.NoArchives = true
	says(t, "switched off", p.get(p.handler.Archive, "main.zip"), 403, "switched off for this repository")
	p.rules.NoArchives = false
	small := newRepository(t, Options{Archives: Archives{Limits: archive.Limits{Bytes: 5}}})
	small.commit("refs/heads/main", "x", "100644 blob "+small.blob("longer than five")+"\tf")
	small.seen()
	says(t, "too large", small.get(small.handler.Archive, "main.zip"), 413, "more than 5 bytes")
}

// TestWhatIsCutOffDoesNotLookWhole lets the second of two files be missing, so that the first is sent before that is found.
func TestWhatIsCutOffDoesNotLookWhole(t *testing.T) {
	for _, max := range []int64{0, 64 << 20} {
		p, _ := downloads(t, max)
		noise := make([]byte, 3<<20)
		for i, x := 0, uint32(1); i < len(noise); i++ {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			noise[i] = byte(x)
		}
		large, gone := p.blob(string(noise)), p.blob("gone")
		p.commit("refs/heads/broken", "x", "100644 blob "+large+"\ta", "100644 blob "+gone+"\tb")
		if err := os.Remove(p.dir + "/objects/" + gone[:2] + "/" + gone[2:]); err != nil {
			t.Fatal(err)
		}
		p.seen()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := p.visit
			v.Rest = "broken.tar.gz"
			p.handler.Archive(w, r, v)
		}))
		defer server.Close()
		res, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || err == nil || n < 1<<20 {
			t.Errorf("at most %d kept: %d, %d bytes and %v; want a transfer that breaks off", max, res.StatusCode, n, err)
		}
	}
}

func TestWhatLeavesIsToldAndNothingElse(t *testing.T) {
	p, _ := downloads(t, 1<<20)
	told := []string{}
	p.visit.Served = func(service, detail string) { told = append(told, service+":"+detail) }
	tag := p.ask(http.MethodHead, p.handler.Archive, "main.tar", "").Header.Get("ETag")
	for _, c := range []struct {
		name, method string
		headers      []string
		status       int
		want         string
	}{
		{"what is not kept yet, looked for", http.MethodHead, nil, 200, "[]"},
		{"the whole, assembled", http.MethodGet, nil, 200, "[git-upload-archive:main.tar]"},
		{"the whole, kept", http.MethodGet, nil, 200, "[git-upload-archive:main.tar]"},
		{"what is kept, looked for", http.MethodHead, nil, 200, "[]"},
		{"what the client has", http.MethodGet, []string{"If-None-Match: " + tag}, 304, "[]"},
		{"a part", http.MethodGet, []string{"Range: bytes=10-"}, 206, "[git-upload-archive:a part of main.tar]"},
		{"a part behind the end", http.MethodGet, []string{"Range: bytes=900000000-"}, 416, "[]"},
	} {
		told = []string{}
		res := p.ask(c.method, p.handler.Archive, "main.tar", "", c.headers...)
		_ = body(t, res)
		if got := fmt.Sprint(told); res.StatusCode != c.status || got != c.want {
			t.Errorf("%s: answered %d and told %s, want %d and %s", c.name, res.StatusCode, got, c.status, c.want)
		}
	}
}

package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"jeton/vcs/host"
	"jeton/web/door"
)

// files is a repository with files that are hard to serve; the commit's id.
func files(t testing.TB) (*repository, string) {
	t.Helper()
	p := newRepository(t, Options{})
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	sub := gitInput(t, p.dir, "100644 blob "+p.blob("a")+"\ta.go\x00", "mktree", "-z")
	id := p.commit("refs/heads/main", "all",
		"100644 blob "+p.blob("hello\n")+"\thello.txt", "100644 blob "+p.blob("")+"\tempty", "100644 blob "+p.blob("<html><script>alert(1)</script>")+"\tpage.html",
		"100644 blob "+p.blob("<svg xmlns='x'><script/></svg>")+"\tpic.svg", "100644 blob "+p.blob("<html><svg")+"\thtml.SVG", "100644 blob "+p.blob(png)+"\tpic.png", "100644 blob "+p.blob(png)+"\tpng.html",
		"100644 blob "+p.blob("%PDF-1.7\n")+"\tdoc.pdf", "100644 blob "+p.blob("a\x00b")+"\tbinary.txt", "100644 blob "+p.blob("gr\xf6\xdfe\n")+"\tlatin1", "100644 blob "+p.blob("\xff\xfea\x00")+"\tutf16",
		"100755 blob "+p.blob("#!/bin/sh\n")+"\trun", "100644 blob "+p.blob("1")+"\tline\nbreak", "100644 blob "+p.blob("2")+"\tquote\"'", "100644 blob "+p.blob("3")+"\tgröße",
		"100644 blob "+p.blob("4")+"\t\xff\xfe", "120000 blob "+p.blob("loop")+"\tloop", "120000 blob "+p.blob("../../etc/passwd")+"\tout", "160000 commit "+strings.Repeat("cd", 20)+"\tmodule",
		"040000 tree "+sub+"\tdir")
	p.seen()
	return p, id
}

func TestFilesAreServedAsWhatCannotActInABrowser(t *testing.T) {
	p, id := files(t)
	for name, want := range map[string]string{
		"hello.txt": plainText, "empty": plainText, "page.html": plainText, "pic.svg": "image/svg+xml", "html.SVG": "image/svg+xml", "pic.png": "image/png", "png.html": "image/png",
		"doc.pdf": anything, "binary.txt": anything, "latin1": plainText, "utf16": "text/plain; charset=utf-16le", "run": plainText, "line\nbreak": plainText, "loop": plainText, "out": plainText,
	} {
		r := p.get(p.handler.Raw, "main/"+name)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != want || r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Content-Security-Policy") != sandbox ||
			r.Header.Get("Cache-Control") != "private, no-cache" || r.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "inline; ") {
			t.Errorf("%q: %d %v, want %s", name, r.StatusCode, r.Header, want)
		}
		if got, want := body(t, r)+"\n", git(t, p.dir, "cat-file", "blob", "main:"+name)+"\n"; strings.TrimSpace(got) != strings.TrimSpace(want) || r.Header.Get("Content-Length") != strconv.Itoa(len(got)-1) {
			t.Errorf("%q: %s bytes, %q; want %q", name, r.Header.Get("Content-Length"), got, want)
		}
		r = p.get(p.handler.RawFile, id+"/"+name)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != anything || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment; ") || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("download of %q: %d %v", name, r.StatusCode, r.Header)
		}
	}
	for name, want := range map[string]string{"quote\"'": "2", "größe": "3", "\xff\xfe": "4", "dir/a.go": "a", "loop": "loop", "out": "../../etc/passwd"} {
		if r := p.get(p.handler.Raw, "tip/"+name); r.StatusCode != http.StatusOK || body(t, r) != want {
			t.Errorf("%q: %d", name, r.StatusCode)
		}
	}
}

func TestWhatIsNoFileIsRefusedByASentence(t *testing.T) {
	p, id := files(t)
	hidden := p.commit("refs/hidden/x", "hidden", "100644 blob "+p.blob("secret")+"\tsecret")
	git(t, p.dir, "tag", "blob", p.blob("hello\n"))
	p.seen()
	for rest, want := range map[string]string{
		"main": "404 «main» is a folder", "main/": "404 «main» is a folder", "main/dir": "404 is a folder", "main/dir/": "404 is a folder", "main/module": "404 is a submodule", "main/module/x/y": "404 «module» is a submodule",
		"main/none": "404 no file or folder «none»", "main/hello.txt/": "404 no file or folder", "main/loop/x": "404 no file or folder", "main/out/x": "404 no file", "main/.git/config": "404 no file",
		"none/hello.txt": "404 There is no branch, tag or commit «none/hello.txt»", "blob/x": "404 neither a commit nor a folder", id[:3] + "/hello.txt": "404 no branch",
		"refs/hidden/x/secret": "404 no branch", hidden + "/secret": "404 There is no branch", hidden[:9] + "/secret": "404 There is no branch", strings.Repeat("ab", 20) + "/secret": "404 There is no branch",
		"../etc/passwd": "400 is no name", "@{-1}/x": "400 is no name", ":/text": "400 is no name", "HEAD^{/x}": "400 is no name", "HEAD~1/hello.txt": "400 is no name", "main:hello.txt": "400 is no name", "main..main/x": "400 is no name",
		"a\nb/x": "400 is no name", "\x1b[31m/x": "400 is no name", "": "400 is no name", "main/a\nb": "404 no file or folder «a\\x0ab»",
		strings.Repeat("x", 10_000): "400 is 10000 bytes long", "main/" + strings.Repeat("y", 5000): "400 is 5000 bytes long", "main/" + strings.Repeat("z/", 1000): "404 no file",
	} {
		status, words, _ := strings.Cut(want, " ")
		n, _ := strconv.Atoi(status)
		for how, serve := range map[string]func(http.ResponseWriter, *http.Request, door.Visit){"raw": p.handler.Raw, "rawfile": p.handler.RawFile} {
			says(t, fmt.Sprintf("%s %.60q", how, rest), p.get(serve, rest), n, words)
		}
	}
	empty := newRepository(t, Options{})
	says(t, "an empty repository", empty.get(empty.handler.Raw, "tip/README"), http.StatusNotFound, "This repository is empty")
	small := newRepository(t, Options{Limits: Limits{File: 3}})
	small.commit("refs/heads/main", "m", "100644 blob "+small.blob("four")+"\tf")
	small.seen()
	says(t, "a file that is too large", small.get(small.handler.Raw, "main/f"), http.StatusRequestEntityTooLarge, "larger than the 3 bytes")
	for err, status := range map[error]int{host.ErrNotFound: 404, errors.New("disk"): 500} {
		p.fails = err
		says(t, "a repository that does not open", p.get(p.handler.Raw, "main/run"), status, "")
	}
}

func TestAFileIsAskedForAgainByItsTag(t *testing.T) {
	p, id := files(t)
	tag := p.get(p.handler.Raw, "main/hello.txt").Header.Get("ETag")
	for _, rest := range []string{"main/hello.txt", id + "/hello.txt"} {
		r := p.get(p.handler.Raw, rest, `If-None-Match: "x", `+tag)
		if r.StatusCode != http.StatusNotModified || body(t, r) != "" || r.Header.Get("ETag") != tag || r.Header.Get("Cache-Control") == "" || r.Header.Get("Content-Length") != "" {
			t.Errorf("%s: %d %v", rest, r.StatusCode, r.Header)
		}
	}
	for _, other := range []string{"main/page.html", "main/run"} {
		if r := p.get(p.handler.Raw, other, "If-None-Match: "+tag); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", other, r.StatusCode)
		}
	}
	if r := p.get(p.handler.RawFile, "main/hello.txt", "If-None-Match: "+tag); r.StatusCode != http.StatusOK {
		t.Errorf("a download has the tag of what is shown")
	}
	if r := p.get(p.handler.Raw, "main/hello.txt", `If-Match: "x"`); r.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("If-Match of another: %d", r.StatusCode)
	}
}

func TestHeadAnswersAsGetWithoutTheFile(t *testing.T) {
	p, _ := files(t)
	for _, name := range []string{"hello.txt", "empty", "pic.png", "none", "dir"} {
		for how, serve := range map[string]func(http.ResponseWriter, *http.Request, door.Visit){"raw": p.handler.Raw, "rawfile": p.handler.RawFile} {
			get, head := p.get(serve, "main/"+name), p.ask(http.MethodHead, serve, "main/"+name, "")
			if head.StatusCode != get.StatusCode || head.StatusCode == 200 && body(t, head) != "" {
				t.Errorf("%s %s: %d, GET %d", how, name, head.StatusCode, get.StatusCode)
			}
			for _, h := range []string{"Content-Type", "Content-Length", "ETag", "Content-Disposition", "Cache-Control", "Accept-Ranges"} {
				if head.Header.Get(h) != get.Header.Get(h) {
					t.Errorf("%s %s: %s is %q, of GET %q", how, name, h, head.Header.Get(h), get.Header.Get(h))
				}
			}
		}
	}
}

// large is a repository with a file of some MiB that no compression makes small, and what is in it; packed as git does.
func large(t testing.TB) (*repository, string) {
	t.Helper()
	p := newRepository(t, Options{})
	var b strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&b, "%d %x\n", i, i*2654435761)
	}
	content := b.String()
	p.commit("refs/heads/main", "one", "100644 blob "+p.blob(content)+"\tlarge")
	p.commit("refs/heads/main", "two", "100644 blob "+p.blob(content+"end\n")+"\tlarge")
	git(t, p.dir, "repack", "-adq")
	p.seen()
	return p, content
}

func TestARangeOfAFileIsThatRange(t *testing.T) {
	p, content := large(t)
	for _, rev := range []string{"main", git(t, p.dir, "rev-parse", "main~1")} {
		want := content
		if rev == "main" {
			want += "end\n"
		}
		n := len(want)
		tag := p.get(p.handler.Raw, rev+"/large").Header.Get("ETag")
		for field, part := range map[string]string{
			"bytes=0-0": want[:1], "bytes=0-99": want[:100], "bytes=1000000-1000009": want[1000000:1000010], "bytes=-10": want[n-10:], fmt.Sprintf("bytes=%d-", n-1): want[n-1:],
			"bytes=0-": want, "bytes=100-999999999": want[100:], "bytes=-999999999": want, "bytes=1400-1500": want[1400:1501], "bytes=1444-1445": want[1444:1446], "bytes=1445-1445": want[1445:1446],
		} {
			for _, headers := range [][]string{{"Range: " + field}, {"Range: " + field, "If-Range: " + tag}} {
				r := p.get(p.handler.Raw, rev+"/large", headers...)
				if got := body(t, r); r.StatusCode != http.StatusPartialContent || got != part || r.Header.Get("Content-Length") != strconv.Itoa(len(part)) || !strings.HasSuffix(r.Header.Get("Content-Range"), "/"+strconv.Itoa(n)) {
					t.Errorf("%v: %d, %d bytes of %d, %v", headers, r.StatusCode, len(got), len(part), r.Header)
				}
			}
		}
		for _, headers := range [][]string{{"Range: bytes=0-1,5-6"}, {"Range: bytes=5-6,0-1"}, {"Range: lines=1-2"}, {"Range: bytes=-0"}, {"Range: bytes=a-b"}, {"Range: bytes"}, {"Range: bytes=" + strings.Repeat("9", 30) + "-"},
			{"Range: bytes=0-1", `If-Range: "x"`}, {"Range: bytes=0-1", "If-Range: W/" + tag}, {"Range: bytes=0-1", "Range: bytes=2-3"}} {
			if r := p.get(p.handler.Raw, rev+"/large", headers...); r.StatusCode != http.StatusOK || body(t, r) != want {
				t.Errorf("%v: %d, want all of it", headers, r.StatusCode)
			}
		}
		r := p.get(p.handler.Raw, rev+"/large", fmt.Sprintf("Range: bytes=%d-", n))
		if r.StatusCode != http.StatusRequestedRangeNotSatisfiable || r.Header.Get("Content-Range") != fmt.Sprintf("bytes */%d", n) {
			t.Errorf("a range behind the end: %d %v", r.StatusCode, r.Header)
		}
	}
}

func TestAnAnswerThatFailsOnItsWayIsCutOff(t *testing.T) {
	p, content := large(t)
	packs, _ := filepath.Glob(filepath.Join(p.dir, "objects/pack/*.pack"))
	b, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	copy(b[len(b)/2:], strings.Repeat("\x00", 64))
	if err := os.Chmod(packs[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packs[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	p.seen()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := p.visit
		v.Rest = "main/large"
		p.handler.Raw(w, r, v)
	}))
	defer server.Close()
	r, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK || err == nil || len(got) >= len(content) {
		t.Errorf("%d, %d bytes of %d, %v: it looks whole", r.StatusCode, len(got), len(content), err)
	}
}

func TestAnAnswerThatTakesTooLongIsRefusedOrCutOff(t *testing.T) {
	p, _ := large(t)
	p.handler = New(Options{Repos: p, Door: p, Limits: Limits{Timeout: time.Nanosecond}})
	says(t, "no time", p.get(p.handler.Raw, "main/large"), http.StatusServiceUnavailable, "took longer")
	ctx, cancel := context.WithCancel(t.Context())
	c := &content{ctx: ctx, size: 10}
	cancel()
	if n, err := c.Read(make([]byte, 10)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("read on for nobody: %d, %v", n, err)
	}
}

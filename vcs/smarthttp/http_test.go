package smarthttp

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"jeton/vcs/host"
)

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// ask sends one request and returns the answer with its text.
func ask(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

const lsRefs = "0014command=ls-refs\n0000"

func TestAnswersToUnusualRequests(t *testing.T) {
	s := start(t)
	git(t, source(t, 2), "push", "-q", s.url, "main")
	fetch := []string{"Content-Type", "application/x-git-upload-pack-request", "Git-Protocol", "version=2"}
	with := func(more ...string) []string { return append(append([]string{}, fetch...), more...) }
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		words                    string
	}{
		{"plain", "POST", "/git-upload-pack", lsRefs, fetch, 200, "refs/heads/main"},
		{"gzip", "POST", "/git-upload-pack", zipped(lsRefs), with("Content-Encoding", "gzip"), 200, "refs/heads/main"},
		{"x-gzip", "POST", "/git-upload-pack", zipped(lsRefs), with("Content-Encoding", "x-gzip"), 200, "refs/heads/main"},
		{"no gzip", "POST", "/git-upload-pack", lsRefs, with("Content-Encoding", "gzip"), 400, "gzip"},
		{"cut gzip", "POST", "/git-upload-pack", zipped(lsRefs)[:20], with("Content-Encoding", "gzip"), 400, "gzip"},
		{"unknown encoding", "POST", "/git-upload-pack", lsRefs, with("Content-Encoding", "br"), 415, "Content-Encoding"},
		{"other type", "POST", "/git-upload-pack", lsRefs, []string{"Content-Type", "text/plain"}, 415, "application/x-git-upload-pack-request"},
		{"the other service's type", "POST", "/git-receive-pack", "0000", fetch, 415, "application/x-git-receive-pack-request"},
		{"GET of a service", "GET", "/git-upload-pack", "", nil, 405, "POST"},
		{"POST of info/refs", "POST", "/info/refs?service=git-upload-pack", "", nil, 405, "GET"},
		{"dumb", "GET", "/info/refs", "", nil, 403, "smart HTTP"},
		{"unknown service", "GET", "/info/refs?service=git-nonsense", "", nil, 403, "service"},
		{"upload-archive", "GET", "/info/refs?service=git-upload-archive", "", nil, 403, "service"},
		{"HEAD", "HEAD", "/info/refs?service=git-upload-pack", "", nil, 200, ""},
		{"version 99", "GET", "/info/refs?service=git-upload-pack", "", []string{"Git-Protocol", "version=99"}, 200, "001e# service=git-upload-pack\n0000"},
		{"version 1", "GET", "/info/refs?service=git-upload-pack", "", []string{"Git-Protocol", "version=1"}, 200, "000eversion 1\n"},
		{"version 2", "GET", "/info/refs?service=git-upload-pack", "", []string{"Git-Protocol", "version=2:version=1"}, 200, "000eversion 2\n"},
		{"a Range is passed over", "GET", "/info/refs?service=git-upload-pack", "", []string{"Range", "bytes=5-10"}, 200, "001e# service"},
		{"garbage", "POST", "/git-upload-pack", "what is this", fetch, 200, "ERR "},
	} {
		res, text := ask(t, c.method, s.url+c.path, c.body, c.header...)
		if res.StatusCode != c.status || !strings.Contains(text, c.words) {
			t.Errorf("%s: got %d %.200q, want %d and %q", c.name, res.StatusCode, text, c.status, c.words)
		}
		if c.status == 200 && !strings.HasPrefix(res.Header.Get("Content-Type"), "application/x-git-") || c.status != 200 && !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: Content-Type is %q", c.name, res.Header.Get("Content-Type"))
		}
		if res.Header.Get("Cache-Control") == "" {
			t.Errorf("%s: nothing is said about caches", c.name)
		}
	}
}

func TestBombOfGzipIsRefused(t *testing.T) {
	s := start(t)
	bomb := zipped(strings.Repeat("0032want 0000000000000000000000000000000000000000\n", 3_000_000))
	res, text := ask(t, "POST", s.url+"/git-upload-pack", bomb, "Content-Type", "application/x-git-upload-pack-request", "Content-Encoding", "gzip")
	if res.StatusCode != 413 && !strings.Contains(text, "ERR ") {
		t.Errorf("%d bytes that become 150 MB were answered %d %.200q", len(bomb), res.StatusCode, text)
	}
}

func TestRefusalOnPostGoesIntoTheProtocol(t *testing.T) {
	s := start(t)
	s.door.refuse(&host.Refusal{Status: 403, Sentence: "This token may only read."})
	for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
		res, text := ask(t, "POST", s.url+"/"+service, "0000", "Content-Type", "application/x-"+service+"-request")
		if res.StatusCode != 200 || !strings.Contains(text, "ERR This token may only read.") {
			t.Errorf("%s: got %d %q", service, res.StatusCode, text)
		}
		res, text = ask(t, "GET", s.url+"/info/refs?service="+service, "")
		if res.StatusCode != 403 || text != "This token may only read.\n" {
			t.Errorf("info/refs of %s: got %d %q", service, res.StatusCode, text)
		}
	}
}

func TestOldHTTPAndChunks(t *testing.T) {
	s := start(t)
	src := source(t, 30)
	git(t, src, "-c", "http.postBuffer=1000", "push", "-q", s.url, "main") // chunked, after a probe
	git(t, s.dir, "fsck", "--strict")
	out, err := exec.Command("curl", "-s", "-0", "-i", s.url+"/info/refs?service=git-upload-pack").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("refs/heads/main")) || bytes.Contains(bytes.ToLower(out), []byte("transfer-encoding")) {
		t.Errorf("HTTP/1.0: %v\n%s", err, out)
	}
}

func TestTooManyRequestsAreAskedToComeAgain(t *testing.T) {
	s := start(t)
	h := New(Options{Requests: 1, Door: s.door, Repos: repos{s.repo}})
	h.slots <- struct{}{}
	rec := &recorder{header: http.Header{}}
	req, err := http.NewRequest("POST", "/app/git-upload-pack", strings.NewReader("0000"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	h.UploadPack(rec, req, "app")
	if rec.status != 503 || rec.header.Get("Retry-After") == "" || !strings.Contains(rec.body.String(), "try again") {
		t.Errorf("got %d %v %q", rec.status, rec.header, rec.body.String())
	}
}

// recorder is a ResponseWriter that keeps what it is given.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

package smarthttp

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"jeton/vcs/host"
	"jeton/vcs/seats"
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
	push := []string{"Content-Type", "application/x-git-receive-pack-request"}
	archive := []string{"Content-Type", "application/x-git-upload-archive-request", "Git-Protocol", "version=2"}
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
		{"nothing at all", "POST", "/git-upload-pack", "", fetch, 200, "ERR upload-pack: the request is empty"},
		{"nothing at all, in version 0", "POST", "/git-upload-pack", "", fetch[:2], 200, "ERR upload-pack: the request is empty"},
		{"a push of nothing at all", "POST", "/git-receive-pack", "", push, 400, "asks for nothing"},
		{"two probes", "POST", "/git-receive-pack", "00000000", push, 400, "asks for nothing"},
		{"garbage pushed", "POST", "/git-receive-pack", "what is this", push, 200, "ERR "},
		{"a gzip of nothing", "POST", "/git-upload-pack", zipped(""), with("Content-Encoding", "gzip"), 200, "ERR upload-pack: the request is empty"},
		{"nothing called gzip", "POST", "/git-receive-pack", "", append(push, "Content-Encoding", "gzip"), 400, "gzip"},
		{"two encodings", "POST", "/git-upload-pack", lsRefs, with("Content-Encoding", "gzip, gzip"), 415, "Content-Encoding"},
		{"deflate", "POST", "/git-upload-pack", lsRefs, with("Content-Encoding", "deflate"), 415, "Content-Encoding"},
		{"no protocol", "GET", "/info/refs?service=git-upload-pack", "", []string{"Git-Protocol", ""}, 200, "001e# service=git-upload-pack\n0000"},
		{"odd protocol", "GET", "/info/refs?service=git-upload-pack", "", []string{"Git-Protocol", "foo:::version=version=2"}, 200, "001e# service=git-upload-pack\n0000"},
		{"push, version 2", "GET", "/info/refs?service=git-receive-pack", "", []string{"Git-Protocol", "version=2"}, 200, "001f# service=git-receive-pack\n0000"},
		{"archive", "POST", "/git-upload-archive", framed("argument main"), archive, 200, "0008ACK\n0000"},
		{"archive of nothing", "POST", "/git-upload-archive", "", archive, 200, "before its flush packet"},
		{"archive, cut off", "POST", "/git-upload-archive", framed("argument main")[:17], archive, 200, "before its flush packet"},
		{"archive, GET", "GET", "/git-upload-archive", "", nil, 405, "POST"},
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
	if res.StatusCode != 200 || !strings.Contains(text, "ERR ") || !strings.Contains(text, "fetch fewer refs at a time") {
		t.Errorf("%d bytes that become 150 MB were answered %d %.200q", len(bomb), res.StatusCode, text)
	}
}

const command = "0000000000000000000000000000000000000000 1111111111111111111111111111111111111111 refs/heads/main"

// framed is one pkt-line and a flush packet.
func framed(line string) string { return fmt.Sprintf("%04x%s0000", len(line)+4, line) }

func TestRefusalOnPostGoesIntoTheProtocol(t *testing.T) {
	s := start(t)
	s.door.refuse(&host.Refusal{Status: 403, Sentence: "This token may only read."})
	for service, c := range map[string]struct{ body, words string }{
		"git-upload-pack":    {"0000", "ERR This token may only read."},
		"git-upload-archive": {framed("argument main"), "ERR This token may only read."},
		"git-receive-pack":   {framed(command + "\x00report-status"), "ng refs/heads/main This token may only read."},
	} {
		res, text := ask(t, "POST", s.url+"/"+service, c.body, "Content-Type", "application/x-"+service+"-request")
		if res.StatusCode != 200 || !strings.Contains(text, c.words) {
			t.Errorf("%s: got %d %q", service, res.StatusCode, text)
		}
		if service == "git-upload-archive" {
			continue // it has no info/refs: git asks upload-pack's
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
	src := source(t, 2)
	git(t, src, "push", "-q", s.url, "main")
	for _, c := range []struct {
		name       string
		all, each  int
		taken      []string
		status     int
		words      string
		retryAfter string
	}{
		{"all seats are taken", 1, 9, []string{"bob"}, 503, "The server is busy", "5"},
		{"this client's seats are taken", 9, 1, []string{"ada"}, 429, "one client may have", "5"},
		{"others have theirs", 9, 1, []string{"bob", "eve"}, 200, "refs/heads/main", ""},
	} {
		s.handler.seats = seats.New(seats.Limits{All: c.all, Each: c.each, EachGuest: c.each})
		for _, client := range c.taken {
			if _, err := s.handler.seats.Take(seats.Visitor{Client: client}); err != nil {
				t.Fatal(err)
			}
		}
		res, text := ask(t, "GET", s.url+"/info/refs?service=git-upload-pack", "")
		if res.StatusCode != c.status || !strings.Contains(text, c.words) || res.Header.Get("Retry-After") != c.retryAfter {
			t.Errorf("%s: got %d %v %.100q", c.name, res.StatusCode, res.Header, text)
		}
		if c.status == 200 {
			continue
		}
		if out, err := try("", "ls-remote", s.url); err == nil || !strings.Contains(out, "remote: ") || !strings.Contains(out, c.words) {
			t.Errorf("%s: ls-remote: got %v\n%s", c.name, err, out)
		}
		res, text = ask(t, "POST", s.url+"/git-upload-pack", lsRefs, "Content-Type", "application/x-git-upload-pack-request", "Git-Protocol", "version=2")
		if res.StatusCode != 200 || !strings.Contains(text, "ERR ") || !strings.Contains(text, c.words) || res.Header.Get("Retry-After") != "5" {
			t.Errorf("%s: POST: got %d %v %.100q", c.name, res.StatusCode, res.Header, text)
		}
	}
}

package smarthttp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/vcs/host"
)

// noise is a file that cannot be compressed.
func noise(t *testing.T, dir string, megabytes int) {
	t.Helper()
	b := make([]byte, megabytes<<20)
	rng := rand.NewChaCha8([32]byte{byte(megabytes)})
	_, _ = rng.Read(b)
	if err := os.WriteFile(filepath.Join(dir, "noise"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "noise")
	git(t, dir, "-c", "core.compression=0", "commit", "-q", "-m", "noise")
}

// late lets the first n requests in and refuses what comes then, as when a token ends between two requests.
func (d *door) late(n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grace, d.err = n, err
}

// TestALargePushThatIsRefusedShowsWhy lets real git push 4 MB in chunks to a server that says no while they are sent.
func TestALargePushThatIsRefusedShowsWhy(t *testing.T) {
	for _, c := range []struct {
		name      string
		megabytes int
		refusal   *host.Refusal
		words     []string
	}{
		{"read only", 4, &host.Refusal{Status: 403, Sentence: "This token may only read."}, []string{"[remote rejected] main -> main (This token may only read.)"}},
		{"too many", 3, &host.Refusal{Status: 429, Sentence: "Wait a while.", RetryAfter: time.Minute}, []string{"(Wait a while.)"}},
		{"too large", 4, &host.Refusal{Status: 413, Sentence: "That is too much."}, []string{"(That is too much.)"}},
		{"revoked", 4, &host.Refusal{Status: 401, Sentence: "This token was revoked."}, []string{"could not read Username"}},
		{"gone", 4, &host.Refusal{Status: 404, Sentence: "There is no such repository, or you may not read it."}, []string{"404"}},
		{"over the limit of a pack", 9, nil, []string{"[remote rejected] main -> main", "5242880"}},
	} {
		for _, buffer := range []string{"1000", "100000000"} { // in chunks, and in one piece of known length
			s := start(t)
			src := source(t, 1)
			noise(t, src, c.megabytes)
			if c.refusal != nil {
				s.door.late(1, c.refusal)
			}
			out, err := try(src, "-c", "http.postBuffer="+buffer, "push", s.url, "main")
			if err == nil {
				t.Errorf("%s: it was taken\n%s", c.name, out)
			}
			for _, w := range c.words {
				if !strings.Contains(out, w) {
					t.Errorf("%s, buffer %s: lacks %q:\n%s", c.name, buffer, w, out)
				}
			}
			if strings.Contains(out, "roken pipe") || strings.Contains(out, "reset by peer") || strings.Contains(out, "hung up") && c.refusal != nil && inProtocol(c.refusal.Status) {
				t.Errorf("%s, buffer %s: git shows the connection's end:\n%s", c.name, buffer, out)
			}
			if len(s.journal.entries) != 0 {
				t.Errorf("%s: %d entries in the journal", c.name, len(s.journal.entries))
			}
		}
	}
}

// sender is a connection that a test writes to by hand.
type sender struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, s *server) *sender {
	t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return &sender{c, bufio.NewReader(c)}
}

// answer reads one answer with its text.
func (c *sender) answer(t *testing.T) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func head(method, service string, more ...string) string {
	return method + " /app/" + service + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-" + service + "-request\r\n" + strings.Join(more, "\r\n") + "\r\n\r\n"
}

func TestARefusalDoesNotWaitForTheRequest(t *testing.T) {
	for _, c := range []struct {
		status, want int
		words        string
	}{{401, 401, "no."}, {404, 404, "no."}, {403, 200, "ERR no."}, {413, 200, "ERR no."}, {429, 200, "ERR no."}, {503, 200, "ERR no."}} {
		for _, length := range []string{"Content-Length: 3000000", "Transfer-Encoding: chunked"} {
			s := start(t)
			s.door.refuse(&host.Refusal{Status: c.status, Sentence: "no."})
			conn := dial(t, s)
			fmt.Fprint(conn, head("POST", "git-upload-pack", length))
			if res, text := conn.answer(t); res.StatusCode != c.want || !strings.Contains(text, c.words) {
				t.Errorf("%d, %s: got %d %q, and nothing was sent yet", c.status, length, res.StatusCode, text)
			}
		}
	}
}

func TestWhoAsksFirstIsRefusedWithoutBeingAskedToGoOn(t *testing.T) {
	s := start(t)
	s.door.refuse(&host.Refusal{Status: 401, Sentence: "Sign in."})
	conn := dial(t, s)
	fmt.Fprint(conn, head("POST", "git-receive-pack", "Content-Length: 3000000", "Expect: 100-continue"))
	if res, text := conn.answer(t); res.StatusCode != 401 || !strings.Contains(text, "Sign in.") {
		t.Errorf("got %d %q", res.StatusCode, text)
	}
	s.door.refuse(nil)
	conn = dial(t, s)
	fmt.Fprint(conn, head("POST", "git-receive-pack", "Content-Length: 4", "Expect: 100-continue"))
	if res, _ := conn.answer(t); res.StatusCode != 100 {
		t.Fatalf("who is let in is answered %d, want 100", res.StatusCode)
	}
	fmt.Fprint(conn, "0000")
	if res, text := conn.answer(t); res.StatusCode != 200 || text != "" {
		t.Errorf("got %d %q", res.StatusCode, text)
	}
}

func TestCurlShowsTheRefusalOfWhatItSends(t *testing.T) {
	s := start(t)
	s.door.refuse(&host.Refusal{Status: 401, Sentence: "Sign in."})
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"-H", "Expect: 100-continue"}, {"-H", "Transfer-Encoding: chunked"}, {"-0"}, {"--http2-prior-knowledge"}} {
		cmd := exec.Command("curl", append([]string{"-sS", "-w", " %{http_code}", "-H", "Content-Type: application/x-git-receive-pack-request", "--data-binary", "@" + file, s.url + "/git-receive-pack"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "Sign in.\n 401" {
			t.Errorf("%q: got %v %q", args, err, out)
		}
	}
}

func TestConnectionsAreUsedAgainAfterRefusals(t *testing.T) {
	s := start(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	for i := range 12 {
		s.door.refuse([]error{nil, &host.Refusal{Status: 401, Sentence: "no"}, &host.Refusal{Status: 404, Sentence: "no"}, &host.Refusal{Status: 403, Sentence: "no"}}[i%4])
		res, err := client.Post(s.url+"/git-upload-pack", "application/x-git-upload-pack-request", strings.NewReader(strings.Repeat("0000", 1+i*1000)))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	if n := s.connections.Load(); n != 1 {
		t.Errorf("12 requests took %d connections", n)
	}
}

func TestOtherVersionsOfHTTP(t *testing.T) {
	s := start(t)
	git(t, source(t, 3), "push", "-q", s.url, "main")
	for _, args := range [][]string{{"-0"}, {"--http1.1"}, {"--http2-prior-knowledge"}} {
		for _, c := range []struct {
			name string
			args []string
			want string
		}{
			{"advertisement", []string{s.url + "/info/refs?service=git-upload-pack"}, "refs/heads/main"},
			{"ls-refs", []string{"-H", "Content-Type: application/x-git-upload-pack-request", "-H", "Git-Protocol: version=2", "--data-binary", lsRefs, s.url + "/git-upload-pack"}, "refs/heads/main"},
			{"archive", []string{"-H", "Content-Type: application/x-git-upload-archive-request", "--data-binary", framed("argument main"), s.url + "/git-upload-archive"}, "ustar"},
		} {
			out, err := exec.Command("curl", append(append([]string{"-sS", "-D", "-"}, args...), c.args...)...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%s %s: %v\n%.300q", args[0], c.name, err, out)
			}
			if args[0] == "-0" && strings.Contains(strings.ToLower(string(out)), "transfer-encoding") {
				t.Errorf("%s %s: got chunks", args[0], c.name)
			}
		}
	}
	// Whole exchanges by git itself, over HTTP/2 only.
	src := source(t, 3)
	for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
		git(t, src, "-c", "http.version="+version, "push", "-q", "-f", s.url, "main")
		git(t, "", "-c", "http.version="+version, "clone", "-q", s.url, filepath.Join(t.TempDir(), "clone"))
	}
}

func TestASlowOrSilentClientIsLetGo(t *testing.T) {
	s := start(t)
	s.handler.o.Patience, s.handler.o.DrainTime = 300*time.Millisecond, 300*time.Millisecond
	for name, c := range map[string]struct {
		send    string
		refusal error
	}{
		"a fetch that is not finished": {head("POST", "git-upload-pack", "Content-Length: 1000") + "0014command", nil},
		"a push that is not finished":  {head("POST", "git-receive-pack", "Content-Length: 1000000") + framed(command) + "PACK", nil},
		"one that was refused":         {head("POST", "git-upload-pack", "Content-Length: 1000000") + "0000", &host.Refusal{Status: 403, Sentence: "no"}},
		"a chunk that never comes":     {head("POST", "git-receive-pack", "Transfer-Encoding: chunked") + "4\r\n00", nil},
	} {
		s.door.refuse(c.refusal)
		conn := dial(t, s)
		fmt.Fprint(conn, c.send)
		begin := time.Now()
		if _, err := io.Copy(io.Discard, conn.in); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("%s: kept for %s", name, took)
		}
	}
	s.stop()
	if n := s.handler.seats.Busy(); n != 0 {
		t.Errorf("%d seats are still taken", n)
	}
}

func TestAHalfClosedConnectionGetsNoHalfAnswer(t *testing.T) {
	s := start(t)
	git(t, source(t, 3), "push", "-q", s.url, "main")
	conn := dial(t, s)
	fmt.Fprint(conn, head("POST", "git-upload-pack", "Git-Protocol: version=2", fmt.Sprintf("Content-Length: %d", len(lsRefs)))+lsRefs[:10])
	_ = conn.Conn.(*net.TCPConn).CloseWrite()
	res, err := http.ReadResponse(conn.in, nil)
	if err != nil {
		return // nothing at all is an answer too
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err == nil && res.StatusCode == 200 && !strings.Contains(string(b), "ERR ") {
		t.Errorf("a request that was cut off is answered 200 %q", b)
	}
}

func TestTheProbeIsNoPush(t *testing.T) {
	s := start(t)
	for range 3 {
		res, err := http.Post(s.url+"/git-receive-pack", "application/x-git-receive-pack-request", strings.NewReader("0000"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	if len(s.journal.entries) != 0 {
		t.Errorf("the probe made %d entries in the journal", len(s.journal.entries))
	}
	view, err := s.repo.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	if len(view.Refs.Refs) != 0 {
		t.Errorf("the probe made refs: %v", view.Refs.Refs)
	}
}

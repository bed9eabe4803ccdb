package integration

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// connect opens a bare connection to the server's HTTP port.
func (s *server) connect(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// head is the head of a POST as it stands on the line.
func (x *target) head(service string, headers ...string) string {
	basic := base64.StdEncoding.EncodeToString([]byte("git:" + x.Tokens["vcs"]))
	all := append([]string{"POST /" + x.repo + "/" + service + " HTTP/1.1", "Host: localhost", "Authorization: Basic " + basic, "Content-Type: application/x-" + service + "-request"}, headers...)
	return strings.Join(all, "\r\n") + "\r\n\r\n"
}

// TestClientsThatStopAreLetGo opens connections that stop at every stage of a request. The server goes on serving
// others, ends each when its patience is at an end, and keeps nothing of them.
func TestClientsThatStopAreLetGo(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_RECEIVE_PATIENCE=2s")
	x := newTarget(t, s)
	before := refs(t, x.dir)
	push := command(x.tip, x.next, "refs/heads/main")
	var open []*net.TCPConn
	var names []string
	for name, sent := range map[string]string{
		"behind half a fetch":        x.head("git-upload-pack", "Content-Length: 200") + pkt("want "+x.tip+"\n"),
		"behind half a line":         x.head("git-upload-pack", "Content-Length: 200") + "0032wa",
		"behind the commands":        x.head("git-receive-pack", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n", len(push), push),
		"within the pack":            x.head("git-receive-pack", fmt.Sprintf("Content-Length: %d", len(push)+len(x.good))) + push + string(x.good[:40]),
		"within a chunk":             x.head("git-receive-pack", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s", len(push)+100, push),
		"within the length of chunk": x.head("git-receive-pack", "Transfer-Encoding: chunked") + "12",
	} {
		for range 5 {
			conn := s.connect(t)
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			open, names = append(open, conn), append(names, name)
		}
	}
	git(t, "", "ls-remote", x.mine(x.repo)) // others are served
	for i, conn := range open {
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("a client that stops %s was kept for a minute", names[i])
		}
	}
	if after := refs(t, x.dir); after != before {
		t.Errorf("refs have moved:\n%s--\n%s", before, after)
	}
	leftovers(t, x.dir)
}

// TestHalfClosedConnections closes the sending side and reads on. HTTP cannot tell such a client from one that is gone
// (net/http ends its request), so what counts is that its answer is whole or visibly broken, and its push done or not.
func TestHalfClosedConnections(t *testing.T) {
	t.Parallel()
	s := start(t)
	x := newTarget(t, s)
	push := command(x.tip, x.next, "refs/heads/main")
	fetch := pkt("want "+x.tip+"\n") + "0000" + pkt("done\n")
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d", n) }
	for _, r := range []struct {
		name, sent string
		whole      string // what ends a whole answer
		words      string // what a refusal says, where the request is at fault
	}{
		{"behind a whole fetch", x.head("git-upload-pack", length(len(fetch))) + fetch, "PACK", ""},
		{"within a fetch", x.head("git-upload-pack", length(500)) + fetch, "", "did not come whole"},
		{"within a pack", x.head("git-receive-pack", length(len(push)+len(x.good))) + push + string(x.good[:40]), "", "did not come whole"},
		{"behind a whole push", x.head("git-receive-pack", length(len(push)+len(x.good))) + push + string(x.good), "ok refs/heads/main", ""},
	} {
		conn := s.connect(t)
		if _, err := io.WriteString(conn, r.sent); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		var body []byte
		res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodPost})
		if err == nil {
			body, err = io.ReadAll(res.Body)
		}
		switch text := string(body); {
		case r.words != "" && (err != nil || !strings.Contains(text, r.words)):
			t.Errorf("%s: answered %.200q, %v; want %q", r.name, text, err, r.words)
		case r.whole != "" && err == nil && res.StatusCode == http.StatusOK && !strings.Contains(text, r.whole) && !strings.Contains(text, "ng refs/"):
			t.Errorf("%s: an answer that looks whole and is not: %.200q", r.name, text)
		case strings.Contains(text, "ok refs/heads/main") != (line(t, x.dir, "rev-parse", "main") == x.next):
			t.Errorf("%s: answered %.200q, and main is at %s", r.name, text, line(t, x.dir, "rev-parse", "main"))
		}
	}
	git(t, "", "ls-remote", x.mine(x.repo))
	leftovers(t, x.dir)
	s.fsck(t, x.repo)
}

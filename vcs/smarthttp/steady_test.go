package smarthttp

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/seats"
)

// overHTTP2 is a client that speaks nothing else, without TLS.
func overHTTP2(t *testing.T) *http.Client {
	t.Helper()
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: p}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute}
}

// TestAPushMayTakeLongerThanPatience sends little by little, for longer than a client may be silent.
func TestAPushMayTakeLongerThanPatience(t *testing.T) {
	for name, client := range map[string]*http.Client{"HTTP/1.1": {Timeout: time.Minute}, "HTTP/2": overHTTP2(t)} {
		s := start(t)
		s.handler.o.Patience = time.Second
		in, out := io.Pipe()
		go func() {
			for i := range 30 { // options, which come before the pack and are read one by one
				line := fmt.Sprintf("option %d\n", i)
				if i == 0 {
					line = command + "\x00report-status push-options"
				}
				text := fmt.Sprintf("%04x%s", len(line)+4, line)
				if i == 0 {
					text += "0000"
				}
				if _, err := io.WriteString(out, text); err != nil {
					return
				}
				time.Sleep(80 * time.Millisecond)
			}
			_ = out.CloseWithError(io.EOF)
		}()
		res, err := client.Post(s.url+"/git-receive-pack", "application/x-git-receive-pack-request", in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !strings.Contains(string(text), "option") && !strings.Contains(string(text), "ng refs/heads/main") {
			t.Errorf("%s: the answer was %q, %v", name, text, err)
		}
	}
}

// TestAProbeInChunksIsAnswered also where it was compressed, which ends before the chunks do.
func TestAProbeInChunksIsAnswered(t *testing.T) {
	s := start(t)
	for encoding, sent := range map[string]string{"identity": "0000", "gzip": zipped("0000")} {
		conn := dial(t, s)
		fmt.Fprintf(conn, "%s%x\r\n%s\r\n", head("POST", "git-receive-pack", "Transfer-Encoding: chunked", "Content-Encoding: "+encoding), len(sent), sent)
		fmt.Fprint(conn, "0\r\n\r\n")
		if res, text := conn.answer(t); res.StatusCode != 200 || text != "" {
			t.Errorf("%s: got %d %q", encoding, res.StatusCode, text)
		}
	}
}

// TestNothingOfABodyIsTakenForARequest hides a second request in the body of one that is refused, broken, or not read to
// its end.
func TestNothingOfABodyIsTakenForARequest(t *testing.T) {
	hidden := "GET /app/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, c := range []struct {
		name, sent string
		refusal    error
	}{
		{"broken chunks", head("POST", "git-receive-pack", "Transfer-Encoding: chunked") + "4\r\n0000\r\nXX\r\n" + hidden, nil},
		{"broken chunks that are refused", head("POST", "git-receive-pack", "Transfer-Encoding: chunked") + "XX\r\n" + hidden, &host.Refusal{Status: 401, Sentence: "no"}},
		{"behind a gzip", head("POST", "git-upload-pack", "Content-Encoding: gzip", fmt.Sprintf("Content-Length: %d", len(zipped(lsRefs))+len(hidden)+70_000)) + zipped(lsRefs) + hidden, nil},
		{"behind a refusal", head("POST", "git-upload-pack", "Content-Length: 100000") + hidden, &host.Refusal{Status: 401, Sentence: "no"}},
		{"of another type", "POST /app/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + hidden, nil},
		{"of an unknown encoding", head("POST", "git-upload-pack", "Content-Encoding: br", "Content-Length: 70000") + hidden, nil},
	} {
		s := start(t)
		s.handler.o.DrainTime = 200 * time.Millisecond
		s.door.refuse(c.refusal)
		conn := dial(t, s)
		fmt.Fprint(conn, c.sent)
		_ = conn.Conn.(*net.TCPConn).CloseWrite()
		all, _ := io.ReadAll(conn.in)
		if n := strings.Count(string(all), "HTTP/1.1 "); n > 1 {
			t.Errorf("%s: %d answers:\n%.600q", c.name, n, all)
		}
	}
}

// TestSeveralEncodingsAreRefused also where they come in two headers, and takes names of encodings in any case.
func TestSeveralEncodingsAreRefused(t *testing.T) {
	s := start(t)
	git(t, source(t, 1), "push", "-q", s.url, "main")
	for _, c := range []struct {
		encodings []string
		body      string
		want      int
	}{{[]string{"gzip", "br"}, zipped(lsRefs), 415}, {[]string{"GZIP"}, zipped(lsRefs), 200}, {[]string{"Identity"}, lsRefs, 200}, {[]string{""}, lsRefs, 200}} {
		req, err := http.NewRequestWithContext(context.Background(), "POST", s.url+"/git-upload-pack", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		req.Header.Set("Git-Protocol", "version=2")
		req.Header["Content-Encoding"] = c.encodings
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%q: got %d %q", c.encodings, res.StatusCode, text)
		}
	}
}

// TestWhoAsksSlowlyKeepsNobodyOut: those that do not finish asking are bounded, each client for itself, and take no seat.
func TestWhoAsksSlowlyKeepsNobodyOut(t *testing.T) {
	s := start(t)
	git(t, source(t, 1), "push", "-q", s.url, "main")
	bounds := seats.Limits{All: 4, Each: 2, EachGuest: 2}
	s.handler.seats, s.handler.asking = seats.New(bounds), seats.New(bounds)
	var slow []*sender
	for range 2 {
		conn := dial(t, s)
		fmt.Fprint(conn, head("POST", "git-upload-pack", "Transfer-Encoding: chunked")+"5\r\n0014c\r\n")
		slow = append(slow, conn)
	}
	deadline := time.Now().Add(20 * time.Second)
	for s.handler.asking.Busy() < 2 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := s.handler.asking.Busy(); n != 2 {
		t.Fatalf("%d are asking, want 2", n)
	}
	if n := s.handler.seats.Busy(); n != 0 {
		t.Errorf("who has not asked yet holds %d seats", n)
	}
	body := []string{"Content-Type", "application/x-git-upload-pack-request", "Git-Protocol", "version=2"}
	if res, text := ask(t, "POST", s.url+"/git-upload-pack", lsRefs, body...); res.StatusCode != 200 || !strings.Contains(text, "one client may have") {
		t.Errorf("a third that asks at the same time: got %d %q", res.StatusCode, text)
	}
	for _, conn := range slow {
		_ = conn.Close()
	}
	for s.handler.asking.Busy() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := s.handler.asking.Busy(); n != 0 {
		t.Errorf("%d still ask", n)
	}
}

package view

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"jeton/vcs/rules"
)

// slow opens a repository only when the deadline of short requests has passed.
type slow struct {
	*repository
	until time.Time
}

func (s *slow) Rules(ctx context.Context, id string) (rules.Rules, error) {
	select {
	case <-ctx.Done(): // somebody took the client for gone
	case <-time.After(time.Until(s.until)):
	}
	return s.repository.Rules(ctx, id)
}

func TestAnAnswerMayTakeLongerThanAShortRequest(t *testing.T) {
	p, _ := files(t)
	const short = 50 * time.Millisecond
	for name, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		s := &slow{repository: p}
		h := New(Options{Repos: s, Door: p})
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			deadline := time.Now().Add(short)
			_, _ = control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)
			s.until = deadline.Add(2 * short)
			v := p.visit
			v.Rest = "main/hello.txt"
			h.Raw(w, r, v)
		}))
		server.EnableHTTP2 = h2
		server.StartTLS()
		res, err := server.Client().Get(server.URL)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := body(t, res); res.StatusCode != http.StatusOK || got != "hello\n" {
			t.Errorf("%s: %d %q", name, res.StatusCode, got)
		}
		server.Close()
	}
}

// TestWhatIsCutOffDoesNotLookWholeInHTTP10 asks as old proxies do: the answer ends where the connection does.
func TestWhatIsCutOffDoesNotLookWholeInHTTP10(t *testing.T) {
	p, _ := downloads(t, 0)
	gone := p.blob("gone")
	p.commit("refs/heads/broken", "x", "100644 blob "+p.blob(strings.Repeat("a", 1<<20))+"\ta", "100644 blob "+gone+"\tb")
	if err := os.Remove(p.dir + "/objects/" + gone[:2] + "/" + gone[2:]); err != nil {
		t.Fatal(err)
	}
	p.seen()
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := p.visit
			v.Rest = "broken.tar"
			p.handler.Archive(w, r, v)
		}))
		start(server)
		defer server.Close()
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if server.TLS != nil {
			config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			config.ServerName = "example.com"
			conn = tls.Client(conn, config)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if !strings.HasPrefix(string(got), "HTTP/1.0 200 OK") || err == nil {
			t.Errorf("%s: %d bytes, %v; want a connection that breaks off", name, len(got), err)
		}
	}
}

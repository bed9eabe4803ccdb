package remote

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/web/api/method"
)

// answering is a server that answers everything alike, and remembers what came.
func answering(t *testing.T, status int, kind, body string) (*httptest.Server, *request, *http.Header) {
	t.Helper()
	var got request
	header := http.Header{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(text, &got)
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		if r.URL.Path != "/_admin/api" || r.Method != http.MethodPost || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("it asked %s %s", r.Method, r.URL)
		}
	}))
	t.Cleanup(s.Close)
	return s, &got, &header
}

func client(t *testing.T, server Instance) *Client {
	t.Helper()
	c, err := New(server, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCallSendsTheFrameAndReadsTheResult(t *testing.T) {
	s, got, _ := answering(t, 200, "application/json; charset=utf-8", `{"id": 1, "result": {"big": 9007199254740993}, "error": null}`)
	r, err := client(t, Instance{Host: s.URL, Key: apiToken}).Call(t.Context(), "get_repo", map[string]json.RawMessage{"repoid": json.RawMessage(`"team/app"`)})
	if err != nil || string(r.Result) != `{"big": 9007199254740993}` {
		t.Errorf("got %s, %v", r.Result, err)
	}
	if got.Token != apiToken || got.Method != "get_repo" || string(got.Args["repoid"]) != `"team/app"` || got.ID != 1 {
		t.Errorf("sent %+v", got)
	}
	if _, err := client(t, Instance{Host: s.URL, Key: "k"}).Call(t.Context(), "get_repos", nil); err != nil || got.Args == nil {
		t.Errorf("without arguments: %v, sent %+v", err, got)
	}
}

func TestErrorsHaveTheirClass(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		kind   string
		header string // a code of Jeton's, or seconds
		body   string
		class  Class
		says   string
	}{
		{"a code", 200, "application/json", "conflict", `{"id": null, "result": null, "error": "whatever does not exist"}`, Taken, "whatever"},
		{"fields", 200, "application/json", "invalid", `{"id": 1, "result": null, "error": {"repo_name": "too long"}}`, Invalid, "too long"},
		{"RhodeCode: not there", 200, "application/json", "", "{\"error\": \"repository `x` does not exist\", \"id\": 1, \"result\": null}", NotFound, "does not exist"},
		{"RhodeCode: a token", 200, "application/json", "", `{"error": "Invalid API KEY", "id": 1, "result": null}`, Refused, "Invalid API KEY"},
		{"RhodeCode: a role", 200, "application/json", "", `{"error": "API KEY has bad role for an API call", "id": 1, "result": null}`, Refused, "bad role"},
		{"RhodeCode: an argument", 200, "application/json", "", "{\"error\": \"Missing non optional `repoid` arg in JSON DATA\", \"id\": 1, \"result\": null}", Invalid, "Missing"},
		{"RhodeCode: a name", 200, "application/json", "", "{\"error\": \"repo group `x` already exist\", \"id\": 1, \"result\": null}", Taken, "already"},
		{"RhodeCode: whatever", 200, "application/json", "", `{"error": "Error occurred", "id": 1, "result": null}`, Failed, "Error"},
		{"over a limit", 429, "application/json", "7", `{"error": "slow down", "id": null, "result": null}`, Busy, "again in 7 s"},
		{"not now", 503, "text/plain", "", "later", Busy, "503"},
		{"a page", 200, "text/html", "", "<!DOCTYPE html><html></html>", Unreachable, "a web page"},
		{"a page that does not say so", 404, "", "", "  <html>", Unreachable, "a web page (status 404)"},
		{"JSON of somebody else", 200, "application/json", "", `{"ok": true}`, Unreachable, "no answer of the API"},
		{"a list", 200, "application/json", "", `[]`, Unreachable, "no answer"},
		{"the token in an error", 200, "application/json", "", `{"error": "` + apiToken + ` \u001b is wrong", "id": 1, "result": null}`, Failed, `jet_api_0123… \x1b is wrong`},
	} {
		s, _, header := answering(t, row.status, row.kind, row.body)
		if row.status == 429 {
			header.Set("Retry-After", row.header)
		} else if row.header != "" {
			header.Set(method.CodeHeader, row.header)
		}
		_, err := client(t, Instance{Host: s.URL, Key: apiToken}).Call(t.Context(), "m", nil)
		var e *Error
		if !errors.As(err, &e) || e.Class != row.class || !strings.Contains(e.Message, row.says) || strings.Contains(e.Message, apiToken) {
			t.Errorf("%s: got %#v, want %s with %q", row.name, err, row.class, row.says)
		}
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s, _, header := answering(t, status, "text/html", "<html>")
		header.Set("Location", other.URL+"/_admin/api")
		_, err := client(t, Instance{Host: s.URL, Key: apiToken}).Call(t.Context(), "m", nil)
		var e *Error
		if !errors.As(err, &e) || e.Class != Refused || !strings.Contains(e.Message, other.URL) || !strings.Contains(e.Message, "--apihost") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestATokenGoesOutByTLSAlone(t *testing.T) {
	if _, err := New(Instance{Host: "http://code.example.com", Key: "k"}, time.Second); err == nil || !strings.Contains(err.Error(), "plain_http") {
		t.Errorf("plain HTTP: %v", err)
	}
	for _, allowed := range []Instance{{Host: "https://code.example.com"}, {Host: "http://127.0.0.1:1"}, {Host: "http://localhost"}, {Host: "http://code.example.com", PlainHTTP: true}} {
		if _, err := New(allowed, time.Second); err != nil {
			t.Errorf("%+v: %v", allowed, err)
		}
	}
}

func TestOnlyACertificateThatIsTrustedIsTaken(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id": 1, "result": 1, "error": null}`)
	}))
	defer s.Close()
	s.Config.ErrorLog = nil
	_, err := client(t, Instance{Host: s.URL, Key: "k"}).Call(t.Context(), "m", nil)
	var e *Error
	if !errors.As(err, &e) || e.Class != Unreachable || !strings.Contains(e.Message, "--ca-file") {
		t.Errorf("a certificate that nobody has signed: %v", err)
	}
	dir := t.TempDir()
	ca, empty := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "empty.pem")
	if err := errors.Join(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600), os.WriteFile(empty, []byte("no"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if r, err := client(t, Instance{Host: s.URL, Key: "k", CAFile: ca}).Call(t.Context(), "m", nil); err != nil || string(r.Result) != "1" {
		t.Errorf("with its certificate: %s, %v", r.Result, err)
	}
	for _, wrong := range []string{empty, filepath.Join(dir, "none.pem")} {
		if _, err := New(Instance{Host: s.URL, Key: "k", CAFile: wrong}, time.Second); !errors.As(err, &e) || e.Class != Invalid {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestAServerThatDoesNotAnswer(t *testing.T) {
	held := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-held }))
	defer s.Close()
	defer close(held)
	c, err := New(Instance{Host: s.URL, Key: apiToken}, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := c.Call(t.Context(), "m", nil); !errors.As(err, &e) || e.Class != Unreachable || !strings.Contains(e.Message, "--timeout") {
		t.Errorf("too slow: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Call(ctx, "m", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, err := client(t, Instance{Host: gone.URL, Key: apiToken}).Call(t.Context(), "m", nil); !errors.As(err, &e) || e.Class != Unreachable || !strings.Contains(e.Message, "refused") {
		t.Errorf("nobody there: %v", err)
	}
}

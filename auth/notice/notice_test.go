package notice

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const token = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"

// lines is a log.
type lines struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) log() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func sender(t *testing.T, o Options) (*Sender, *lines) {
	t.Helper()
	l := &lines{}
	o.Log = l.log()
	if o.Wait == 0 {
		o.Wait = time.Millisecond
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, l
}

// hook is a server that takes what is posted, after it has given the answers that are set first.
type hook struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	answers []int
	bodies  [][]byte
	headers []http.Header
}

func newHook(t *testing.T, answers ...int) *hook {
	h := &hook{answers: answers}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies, h.headers = append(h.bodies, body), append(h.headers, r.Header)
		if len(h.answers) > 0 {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(h.answers[0])
			h.answers = h.answers[1:]
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) got() ([][]byte, []http.Header) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bodies, h.headers
}

func decoy() Message {
	return Message{Kind: "token.decoy", UserID: "u1", Subject: "Somebody tried\r\nBcc: eve@example.com " + token, Text: "From 192.0.2.1 with " + token + ".\n",
		Fields: map[string]string{"address": "192.0.2.1", "resource": "team/" + token}, At: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
}

func TestTheHookGetsASignedMessageWithoutSecrets(t *testing.T) {
	h := newHook(t)
	s, _ := sender(t, Options{Hook: Hook{URL: h.URL + "/path?key=s3cret", Secret: "shared"}, Server: "https://code.example.com"})
	s.Send(decoy())
	s.Close()
	bodies, headers := h.got()
	if len(bodies) != 1 {
		t.Fatalf("got %d messages", len(bodies))
	}
	mac := hmac.New(sha256.New, []byte("shared"))
	mac.Write(bodies[0])
	if got, want := headers[0].Get(Signature), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signed %q, want %q", got, want)
	}
	var m struct {
		Kind, At, Server, Subject, Text string
		UserID                          string `json:"user_id"`
		Fields                          map[string]string
	}
	if err := json.Unmarshal(bodies[0], &m); err != nil || headers[0].Get("Content-Type") != "application/json" {
		t.Fatal(err, headers[0])
	}
	if m.Kind != "token.decoy" || m.At != "2026-11-25T12:00:00Z" || m.UserID != "u1" || m.Fields["address"] != "192.0.2.1" || m.Server != "https://code.example.com" {
		t.Errorf("got %+v", m)
	}
	if strings.Contains(string(bodies[0]), token[8:20]) || strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("got %s", bodies[0])
	}
}

func TestTheHookIsTriedAgainWhereThatMayHelp(t *testing.T) {
	for name, c := range map[string]struct {
		answers []int
		posts   int
		lost    bool
	}{
		"at once":           {nil, 1, false},
		"busy twice":        {[]int{503, 429}, 3, false},
		"always failing":    {[]int{500, 500, 500, 500, 500, 500}, 4, true},
		"refused":           {[]int{400}, 1, true},
		"sent elsewhere":    {[]int{307}, 1, true},
		"sent elsewhere, 2": {[]int{302}, 1, true},
	} {
		h := newHook(t, c.answers...)
		s, l := sender(t, Options{Hook: Hook{URL: h.URL + "/s3cret"}})
		s.Send(decoy())
		// Close would cut the waiting short: what is counted here are all tries.
		deadline := time.Now().Add(10 * time.Second)
		for bodies, _ := h.got(); len(bodies) < c.posts && time.Now().Before(deadline); bodies, _ = h.got() {
			time.Sleep(time.Millisecond)
		}
		s.Close()
		bodies, _ := h.got()
		if len(bodies) != c.posts || strings.Contains(l.String(), "could not be delivered\"") != c.lost || strings.Contains(l.String(), "s3cret") {
			t.Errorf("%s: %d posts, want %d; the log says\n%s", name, len(bodies), c.posts, l)
		}
	}
}

func TestSendNeverWaitsAndWhatIsLostIsTold(t *testing.T) {
	stuck, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(stuck) })
		<-free
	}))
	defer h.Close()
	s, l := sender(t, Options{Hook: Hook{URL: h.URL}, Queue: 3})
	s.Send(decoy())
	<-stuck
	for range 10 {
		s.Send(decoy())
	}
	close(free)
	s.Close()
	if !strings.Contains(l.String(), "lost=7") {
		t.Errorf("the log says\n%s", l)
	}
	s.Send(decoy()) // after the end: lost, and no panic
	s.Close()
}

func TestAnEndDoesNotWaitForAHookThatIsSilent(t *testing.T) {
	gone := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		close(gone)
	}))
	defer h.Close()
	s, _ := sender(t, Options{Hook: Hook{URL: h.URL}})
	s.farewell = 10 * time.Millisecond
	s.Send(decoy())
	s.Close()
	<-gone
}

func TestWithoutSettingsMessagesAreLogged(t *testing.T) {
	s, l := sender(t, Options{})
	s.Send(decoy())
	if s.Configured() || !strings.Contains(l.String(), "token.decoy") || !strings.Contains(l.String(), "192.0.2.1") || strings.Contains(l.String(), token[8:20]) {
		t.Errorf("the log says\n%s", l)
	}
	if err := s.SendNow(t.Context(), decoy()); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("got %v", err)
	}
}

func TestSettingsThatCannotWorkAreToldAtTheStart(t *testing.T) {
	for name, o := range map[string]Options{
		"no address":   {Hook: Hook{URL: "code.example.com/hook"}},
		"a file":       {Hook: Hook{URL: "file:///etc/passwd"}},
		"no sender":    {Mail: Mail{Host: "h"}},
		"bad operator": {Mail: Mail{Host: "h", From: "a@example.com", Operators: []string{"nobody"}}},
		"bad security": {Mail: Mail{Host: "h", From: "a@example.com", Security: "ssl"}},
		"bad port":     {Mail: Mail{Host: "h", From: "a@example.com", Port: 70000}},
	} {
		if s, err := New(o); err == nil {
			s.Close()
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAPanicInADeliveryIsAFailure(t *testing.T) {
	err := safely(t.Context(), decoy(), func(context.Context, Message) error { panic("no") })
	if err == nil || hopeless(err) || !hopeless(fmt.Errorf("x: %w", refusedError{404})) {
		t.Errorf("got %v", err)
	}
}

package outgoing

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// anywhere resolves each name to loopback, so that one test server has many names.
type anywhere struct{}

func (anywhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return addrs("127.0.0.1"), nil
}

// named is a test server's address under another name.
func named(s *httptest.Server, host string) string {
	u, _ := url.Parse(s.URL)
	return u.Scheme + "://" + host + ":" + u.Port()
}

// ask does one request with credentials and whatever else might be one.
func ask(t *testing.T, c *http.Client, address string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Authorization": "Basic c2VjcmV0", "Private-Token": "secret", "Cookie": "session=secret", "User-Agent": "jeton", "Referer": address} {
		r.Header.Set(k, v)
	}
	answer, err := c.Do(r)
	if err == nil {
		t.Cleanup(func() { _ = answer.Body.Close() })
	}
	return answer, err
}

func TestCredentialsDoNotFollowToAnotherHost(t *testing.T) {
	var seen http.Header
	end := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() }))
	defer end.Close()
	var next atomic.Value
	hop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			seen = r.Header.Clone()
			return
		}
		http.Redirect(w, r, next.Load().(string), http.StatusFound)
	}))
	defer hop.Close()
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, named(hop, "a.example")+"/end", http.StatusFound)
	}))
	defer back.Close()
	client := New(quick(anywhere{}, "127.0.0.0/8")).Client(ClientOptions{Redirects: 5})
	for _, c := range []struct {
		name, to string
		keeps    bool
	}{
		{"the same host", named(hop, "a.example") + "/end", true},
		{"another host", named(hop, "b.example") + "/end", false},
		{"a host below it", named(hop, "sub.a.example") + "/end", false},
		{"another port", named(end, "a.example") + "/end", false},
		{"another host, and back", named(back, "b.example"), false},
		{"another host with a name to sign in", strings.Replace(named(end, "b.example"), "://", "://x:y@", 1), false},
	} {
		seen = nil
		next.Store(c.to)
		answer, err := ask(t, client, named(hop, "a.example")+"/begin?token=secret")
		if err != nil || answer.StatusCode != http.StatusOK || seen == nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, h := range []string{"Authorization", "Private-Token", "Cookie"} {
			if got := seen.Get(h) != ""; got != c.keeps {
				t.Errorf("%s: %s was sent: %v, want %v", c.name, h, got, c.keeps)
			}
		}
		if seen.Get("Referer") != "" || seen.Get("User-Agent") != "jeton" {
			t.Errorf("%s: it was sent %v", c.name, seen)
		}
	}
}

func TestRedirectsInwardsAreRefused(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer inner.Close()
	inside, _ := url.Parse(inner.URL) // 127.0.0.1
	outer := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	outer.Listener.Close()
	outer.Listener = listener(t, "127.0.0.2")
	outer.Start()
	defer outer.Close()
	client := New(quick(&names{answers: [][]netip.Addr{addrs("127.0.0.1")}}, "127.0.0.2/32")).Client(ClientOptions{Redirects: 3})
	for _, to := range []string{
		inner.URL, "http://localhost:" + inside.Port(), "http://[::ffff:127.0.0.1]:" + inside.Port(), "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
		"http://0/", "file:///etc/passwd", "ftp://127.0.0.2/", "gopher://127.0.0.2/", "ssh://127.0.0.2/", "https:///nowhere",
	} {
		answer, err := ask(t, client, outer.URL+"/?to="+url.QueryEscape(to))
		if err == nil {
			t.Errorf("%s: answered %d", to, answer.StatusCode)
		}
	}
}

func TestEndlessRedirectsEnd(t *testing.T) {
	var asked atomic.Int32
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, fmt.Sprintf("/%d", asked.Add(1)), http.StatusFound)
	}))
	defer loop.Close()
	d := New(quick(anywhere{}, "127.0.0.0/8"))
	if _, err := ask(t, d.Client(ClientOptions{Redirects: 3}), loop.URL); !errors.Is(err, ErrRefused) || asked.Load() != 4 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
	answer, err := ask(t, d.Client(ClientOptions{}), loop.URL)
	if err != nil || answer.StatusCode != http.StatusFound {
		t.Errorf("without redirects: %v", err)
	}
}

func TestWhatIsNoHTTPIsOneSentence(t *testing.T) {
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.9\r\n")
			_ = conn.Close()
		}
	}))
	defer garbage.Close()
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 2*maxHeader))
	}))
	defer long.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	c := New(quick(anywhere{}, "127.0.0.0/8")).Client(ClientOptions{AnswerIn: 50 * time.Millisecond})
	for _, address := range []string{garbage.URL, long.URL, silent.URL, secure.URL, "https" + strings.TrimPrefix(garbage.URL, "http"), "http://10.0.0.1/", "http://127.0.0.1:1/", "file:///etc/passwd", "ssh://127.0.0.1/"} {
		_, err := ask(t, c, address)
		var told *url.Error
		if !errors.As(err, &told) || told.Err.Error() != ErrRefused.Error() {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAuthoritiesOfOnesOwnAreTrusted(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") }))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	answer, err := ask(t, New(quick(anywhere{}, "127.0.0.0/8")).Client(ClientOptions{Roots: roots}), s.URL)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Error(err)
	}
}

func TestTheEnvironmentsProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, err := ask(t, New(quick(anywhere{}, "127.0.0.0/8")).Client(ClientOptions{}), named(s, "code.example")); err != nil {
		t.Error(err)
	}
}

func TestSameHost(t *testing.T) {
	for _, c := range []struct {
		from, to string
		same     bool
	}{
		{"http://a.example/x", "http://a.example/y", true},
		{"http://a.example", "http://a.example:80", true},
		{"https://a.example:443", "https://A.EXAMPLE", true},
		{"http://a.example", "https://a.example", true},
		{"http://a.example:8080", "https://a.example:8443", false},
		{"https://a.example", "http://a.example", false},
		{"https://a.example", "https://b.a.example", false},
		{"https://a.example", "https://a.example:444", false},
		{"ssh://a.example", "https://a.example", false},
	} {
		from, _ := url.Parse(c.from)
		to, _ := url.Parse(c.to)
		if SameHost(from, to) != c.same {
			t.Errorf("%s to %s: %v", c.from, c.to, !c.same)
		}
	}
}

func listener(t *testing.T, at string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", at+":0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

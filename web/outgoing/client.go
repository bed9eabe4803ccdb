package outgoing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ClientOptions are what one use of HTTP needs.
type ClientOptions struct {
	// Timeout is how long one exchange may take, body included; 0 leaves that to the request's context.
	Timeout time.Duration
	// AnswerIn is how long the header of an answer may take; 0 means 30 seconds.
	AnswerIn time.Duration
	// Redirects is how many are followed; 0: none, and the answer that redirects is the answer.
	Redirects int
	// Roots are the authorities that are trusted in place of the system's; nil for those.
	Roots *x509.CertPool
}

// maxHeader is how long the header of an answer may be in bytes.
const maxHeader = 64 << 10

// kept are the headers of a request that go along to another host. They hold no secret; whatever else somebody has set may.
var kept = map[string]bool{"Accept": true, "Accept-Encoding": true, "Content-Type": true, "User-Agent": true, "Git-Protocol": true}

// Client makes a client for HTTP and HTTPS. It uses no proxy, keeps no cookies, asks for no compression, and drops all that
// might be a credential once a redirect has led to another host. How much of a body is read is the caller's affair. Whatever
// goes wrong is ErrRefused, or the context's error; http.Client wraps it into an *url.Error, whose text names the address,
// password masked, query not: whoever shows it unwraps that first.
func (d *Dialer) Client(o ClientOptions) *http.Client {
	if o.AnswerIn <= 0 {
		o.AnswerIn = 30 * time.Second
	}
	t := &http.Transport{
		DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: d.p.Timeout, ResponseHeaderTimeout: o.AnswerIn,
		MaxResponseHeaderBytes: maxHeader, DisableCompression: true, MaxIdleConnsPerHost: 1, MaxIdleConns: 64, IdleConnTimeout: 30 * time.Second,
	}
	if o.Roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: guarded{d, t}, Timeout: o.Timeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if o.Redirects <= 0 {
			return http.ErrUseLastResponse
		}
		return follow(r, via, o.Redirects)
	}}
}

// guarded refuses what is not HTTP, and tells nothing of a failed exchange but that it has failed.
type guarded struct {
	d    *Dialer
	next *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Hostname() == "" {
		closeBody(r)
		return nil, ErrRefused
	}
	begun := time.Now()
	answer, err := g.next.RoundTrip(r)
	switch {
	case err == nil, errors.Is(err, ErrRefused):
		return answer, err
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	}
	g.d.failed(r.Context(), r.URL.Host, begun, err)
	return nil, ErrRefused
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// follow decides about one redirect: whether it is followed, and what goes along.
func follow(r *http.Request, via []*http.Request, most int) error {
	if len(via) > most {
		return fmt.Errorf("%w: it redirects more than %d times", ErrRefused, most)
	}
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return fmt.Errorf("%w: it redirects to what is no address of HTTP", ErrRefused)
	}
	r.URL.User = nil        // whoever redirects does not sign us in
	r.Header.Del("Referer") // the address that we come from may hold a secret
	// The headers are those of the first request each time, so what was dropped once is dropped again on the way back.
	for i, hop := range append(slices.Clone(via), r) {
		if i > 0 && !SameHost(via[0].URL, hop.URL) {
			maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return !kept[name] })
			return nil
		}
	}
	return nil
}

// SameHost tells whether what is meant for one address may be sent to another: its scheme, host and port are the same, or it
// leads from port 80 of HTTP to port 443 of HTTPS of the same host.
func SameHost(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	if from.Scheme == to.Scheme {
		return port(from) == port(to)
	}
	return from.Scheme == "http" && to.Scheme == "https" && port(from) == "80" && port(to) == "443"
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "http":
		return "80"
	case u.Scheme == "https":
		return "443"
	}
	return ""
}

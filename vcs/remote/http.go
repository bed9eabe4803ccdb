package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// overHTTP is a source over go-git's client.
type overHTTP struct{ transport.UploadPackSession }

// openHTTP makes a source over HTTP. go-git follows redirects of the first request alone, drops credentials at one that leads
// to another host, and from then on speaks to where that has led.
func (f *Fetcher) openHTTP(m *meter, a Address) (source, error) {
	client := *f.o.HTTP
	client.Transport = counting{f.o.HTTP.Transport, m}
	at := &transport.Endpoint{Protocol: a.u.Scheme, Host: a.u.Host, Path: a.u.EscapedPath()}
	if p := a.u.Port(); p != "" {
		at.Host = at.Host[:len(at.Host)-len(p)-1]
		at.Port, _ = strconv.Atoi(p) // it was looked at by Parse
	}
	var auth transport.AuthMethod
	if user, password := a.signIn(); user != "" || password != "" {
		auth = &githttp.BasicAuth{Username: user, Password: password}
	}
	s, err := githttp.NewClient(&client).NewUploadPackSession(at, auth)
	return overHTTP{s}, err
}

func (s overHTTP) refs(ctx context.Context) (refs, error) {
	return listed(s.AdvertisedReferencesContext(ctx))
}

func (overHTTP) met(context.Context) error { return nil }

func (s overHTTP) pack(ctx context.Context, r *packp.UploadPackRequest) (io.Reader, error) {
	answer, err := s.UploadPack(ctx, r)
	var odd *plumbing.UnexpectedError
	if errors.As(err, &odd) || errors.Is(err, transport.ErrAuthenticationRequired) || errors.Is(err, transport.ErrAuthorizationFailed) || errors.Is(err, transport.ErrRepositoryNotFound) {
		return nil, errors.New("it does not answer as it did before") // who answers now may be somebody else, whose words are nobody's here
	}
	if err != nil {
		return nil, err // a nil answer would be no nil reader
	}
	return answer, nil
}

func (s overHTTP) close() { _ = s.Close() }

// counting counts what is answered.
type counting struct {
	next http.RoundTripper
	m    *meter
}

// RoundTrip implements http.RoundTripper.
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	next := c.next
	if next == nil {
		next = http.DefaultTransport
	}
	alarm := time.AfterFunc(c.m.patience(), func() { _ = c.m.fail(errSilent) })
	answer, err := next.RoundTrip(r)
	alarm.Stop()
	if err == nil {
		answer.Body = metered{answer.Body, c.m}
	}
	return answer, err
}

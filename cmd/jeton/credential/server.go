package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"jeton/auth/token"
)

// askTime is how long a server may take to answer; git waits meanwhile. maxAnswer bounds the answer, in bytes.
const (
	askTime   = 8 * time.Second
	maxAnswer = 256 << 10
)

// ErrPlainHTTP: a token would go over the network as plain text.
var ErrPlainHTTP = errors.New("the address has no TLS, so that others could read the token on its way; --plain-http allows it")

// Ended is a server's answer that a token opens nothing any more; it is what the server says.
type Ended struct{ Sentence string }

func (e *Ended) Error() string { return e.Sentence }

// errNoSuccessor: the server has none to hand out.
var errNoSuccessor = errors.New("there is no successor")

// About is what a server says of a token.
type About struct {
	Active   bool   `json:"active"`
	Expires  int64  `json:"exp"` // unix seconds; 0: never
	User     string `json:"username"`
	Kind     string `json:"kind"`
	Replaced bool   `json:"replaced"`
}

// ends is a moment of a server as it is kept; nil: never.
func ends(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	t := time.Unix(seconds, 0).UTC()
	return &t
}

// ParseServer brings a server's address into the form in which it is kept: scheme, host, and base path.
func ParseServer(s string) (string, error) {
	u, err := url.Parse(strings.TrimRight(s, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not an address that begins with http:// or https://", s)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the address of a server has no user name, no ? and no #")
	}
	return strings.ToLower(u.Scheme) + "://" + canonicalHost(u.Scheme, u.Host) + u.EscapedPath(), nil
}

// canonicalHost is a host in lower case, without a port that its scheme has anyway.
func canonicalHost(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// Safe tells whether a token may be sent to an address: one with TLS, one of this machine, or any where plain HTTP was
// allowed. Its error is ErrPlainHTTP, or that it is no address.
func Safe(server string, plain bool) error {
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	if u.Scheme == "https" || plain || u.Hostname() == "localhost" {
		return nil
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.Unmap().IsLoopback() {
		return nil
	}
	return ErrPlainHTTP
}

// asker asks servers about tokens. It follows no redirect: a token is for the server that it is kept for.
type asker struct{ http *http.Client }

func newAsker() asker {
	return asker{&http.Client{Timeout: askTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
			DialContext: (&net.Dialer{Timeout: askTime / 2}).DialContext, TLSHandshakeTimeout: askTime / 2}}}
}

// about asks what a token is. The error is an *Ended where the server says that it is nothing any more.
func (a asker) about(ctx context.Context, k Kept) (About, error) {
	var about About
	err := a.ask(ctx, http.MethodGet, k, "/_admin/token", &about)
	if err == nil && !about.Active {
		err = &Ended{"This token opens nothing any more."}
	}
	return about, err
}

// successor asks for the token that has replaced one.
func (a asker) successor(ctx context.Context, k Kept) (string, *time.Time, error) {
	var next struct {
		Token   string `json:"auth_token"`
		Expires *int64 `json:"expires"`
	}
	if err := a.ask(ctx, http.MethodPost, k, "/_admin/token/successor", &next); err != nil {
		return "", nil, err
	}
	if s, err := token.Parse(next.Token); err != nil || s.Kind() != token.VCS {
		return "", nil, errors.New("the server has answered with something that is no vcs token")
	}
	if next.Expires == nil {
		return next.Token, nil, nil
	}
	return next.Token, ends(*next.Expires), nil
}

func (a asker) ask(ctx context.Context, method string, k Kept, path string, into any) error {
	if err := Safe(k.Server, k.PlainHTTP); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, k.Server+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+k.Token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "jeton-credential")
	answer, err := a.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	var failure struct {
		Description string `json:"error_description"`
	}
	switch answer.StatusCode {
	case http.StatusOK:
		if err := json.Unmarshal(body, into); err != nil {
			return errors.New("the server's answer is not what a Jeton server says")
		}
		return nil
	case http.StatusUnauthorized:
		if json.Unmarshal(body, &failure) != nil || failure.Description == "" {
			failure.Description = "The server does not take this token."
		}
		return &Ended{failure.Description}
	case http.StatusNotFound:
		return errNoSuccessor
	}
	return fmt.Errorf("the server has answered %d", answer.StatusCode)
}

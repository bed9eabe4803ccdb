// Package remote is a client of the API on another machine: what `jeton api` does. It speaks to Jeton's servers and to
// RhodeCode's, which take and answer the same.
//
//	flags, environment ─┐
//	~/.jetonrc ─────────┴► Wanted.Choose ─► Instance ─► Client.Call ─► Reply ─► Format
//	key:value … ─► Arguments (typed by the method's declaration) ──┘
//
// A token goes to the address that it is kept for, in the body of one POST, and is shown nowhere. The package prints
// nothing itself and knows no command line; it imports no server, of which it has the declarations of methods alone.
package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"jeton/cmd/jeton/credential"
	"jeton/vcs/wire"
)

const (
	// maxReply bounds a server's answer, in bytes.
	maxReply = 256 << 20
	// connectTime bounds the way to a server, apart from the time for its answer.
	connectTime = 15 * time.Second
)

// Client calls methods of one server. It may be used by several at once.
type Client struct {
	server Instance
	http   *http.Client
}

// Reply is what a server has answered.
type Reply struct {
	// Body is all of it, {"id": …, "result": …, "error": …}.
	Body json.RawMessage
	// Result is the method's result, JSON.
	Result json.RawMessage
}

// New makes a client that waits at most patience for an answer. Refused where the token would go over the network as
// plain text.
func New(server Instance, patience time.Duration) (*Client, error) {
	if err := credential.Safe(server.Host, server.PlainHTTP); err != nil {
		return nil, &Error{Refused, fmt.Sprintf("%s: %v, and so does `plain_http = true` in the file of servers", server.Host, err)}
	}
	pool, err := authorities(server.CAFile)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: connectTime}
	return &Client{server, &http.Client{Timeout: patience,
		// A token is for the server that it is kept for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTime,
			TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}}, nil
}

// authorities are the system's and those of a file; nil, which is the system's, where no file was named.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &Error{Invalid, fmt.Sprintf("read the certificates: %v", err)}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, &Error{Invalid, fmt.Sprintf("%s holds no certificate in PEM form", file)}
	}
	return pool, nil
}

// request is the frame of a call, which RhodeCode's servers take as well.
type request struct {
	ID     int                        `json:"id"`
	Token  string                     `json:"auth_token"`
	Method string                     `json:"method"`
	Args   map[string]json.RawMessage `json:"args"`
}

// Call calls a method. Its error is an *Error, or the context's.
func (c *Client) Call(ctx context.Context, method string, args map[string]json.RawMessage) (Reply, error) {
	if args == nil {
		args = map[string]json.RawMessage{}
	}
	body, err := json.Marshal(request{1, c.server.Key, method, args})
	if err != nil {
		return Reply{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url(), strings.NewReader(string(body)))
	if err != nil {
		return Reply{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "jeton-api")
	answer, err := c.http.Do(r)
	if err != nil {
		return Reply{}, c.unreachable(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxReply+1))
	switch {
	case err != nil:
		return Reply{}, c.unreachable(ctx, err)
	case len(text) > maxReply:
		return Reply{}, &Error{Failed, fmt.Sprintf("the answer is larger than %d MiB: ask for less", maxReply>>20)}
	}
	return c.read(answer, text)
}

func (c *Client) url() string { return c.server.Host + "/_admin/api" }

// unreachable says why no answer came.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var unknown x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.As(err, &unknown):
		return &Error{Unreachable, fmt.Sprintf("the certificate of %s is signed by nobody whom this machine trusts: "+
			"--ca-file FILE names certificates to trust besides", c.server.Host)}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &Error{Unreachable, fmt.Sprintf("%s does not answer in time: it may still do what was asked; --timeout allows more", c.server.Host)}
	}
	return &Error{Unreachable, fmt.Sprintf("%s cannot be reached: %s", c.server.Host, wire.Escape(rootOf(err)))}
}

// rootOf is the innermost reason, without the address, which may be long.
func rootOf(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// frame is an answer. Errors are a text, or, of a form, an object of texts by argument.
type frame struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// read takes an answer apart.
func (c *Client) read(answer *http.Response, text []byte) (Reply, error) {
	if to := answer.Header.Get("Location"); answer.StatusCode >= 300 && answer.StatusCode < 400 {
		return Reply{}, &Error{Refused, fmt.Sprintf("%s sends on to %s, where a token of this address is not sent: put that address into --apihost or api_host "+
			"if it is the server's", c.url(), wire.Escape(to))}
	}
	var f frame
	if json.Unmarshal(text, &f) != nil || f.Result == nil && f.Error == nil {
		return Reply{}, c.noAPI(answer, text)
	}
	if f.Error == nil || string(f.Error) == "null" {
		return Reply{text, f.Result}, nil
	}
	message := said(f.Error)
	e := &Error{classOf(answer, message), c.masked(message)}
	if wait := answer.Header.Get("Retry-After"); e.Class == Busy && wait != "" {
		e.Message += " (again in " + wire.Escape(wait) + " s)"
	}
	return Reply{Body: text}, e
}

// noAPI says what answered in the API's place.
func (c *Client) noAPI(answer *http.Response, text []byte) error {
	what := "something that is no answer of the API"
	if kind := answer.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") || strings.HasPrefix(strings.TrimSpace(string(text)), "<") {
		what = "a web page"
	}
	class := Unreachable
	if answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests {
		class = Busy
	}
	return &Error{class, fmt.Sprintf("%s answers with %s (status %d): is this the server's address, with its base path, and is it up?",
		c.url(), what, answer.StatusCode)}
}

// said is an error of a server as one text, for terminals.
func said(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// masked is a text without the token, fit for a terminal.
func (c *Client) masked(text string) string {
	return wire.Escape(strings.ReplaceAll(text, c.server.Key, c.server.Hint()))
}

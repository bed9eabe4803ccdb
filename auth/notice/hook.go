package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Signature is the header that proves who sent a message: sha256= and the HMAC-SHA-256 of the body under the secret, in
// hexadecimal digits. It is left out where there is no secret.
const Signature = "X-Jeton-Signature-256"

// Hook is an address to which messages are posted.
type Hook struct {
	// URL is the address; "" posts nothing.
	URL string
	// Secret signs what is posted; "" leaves the signature out.
	Secret string
	// Client is what posts; it must follow no redirect. nil means one of its own, which posts wherever the address leads, and
	// gives up after 10 seconds.
	Client *http.Client
}

// hookTime is how long one try may take, maxAnswer how much of an answer is read.
const (
	hookTime  = 10 * time.Second
	maxAnswer = 64 << 10
)

// Check tells what is wrong with the settings.
func (h Hook) Check() error {
	if h.URL == "" {
		return nil
	}
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the web hook's address must begin with http:// or https://") // the address may hold a secret
	}
	return nil
}

func (h Hook) client() *http.Client {
	if h.Client != nil {
		return h.Client
	}
	return &http.Client{Timeout: hookTime, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: hookTime},
		// What is posted is meant for the address that was set up, and for no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// posted is a message as it goes over the wire.
type posted struct {
	Kind    string            `json:"kind"`
	At      time.Time         `json:"at"`
	Server  string            `json:"server,omitempty"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	UserID  string            `json:"user_id,omitempty"`
	Fields  map[string]string `json:"fields"`
}

// refusedError is an answer that another try would not change.
type refusedError struct{ status int }

func (r refusedError) Error() string { return fmt.Sprintf("the web hook answered %d", r.status) }

// send posts a message once. Answers from 200 to 299 are good; 408, 425, 429 and those from 500 on are worth another try.
func (h Hook) send(ctx context.Context, server string, m Message) error {
	body, err := json.Marshal(posted{Kind: m.Kind, At: m.At, Server: server, Subject: m.Subject, Text: m.Text, UserID: m.UserID, Fields: m.Fields})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the web hook's address cannot be used")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "jeton")
	if h.Secret != "" {
		mac := hmac.New(sha256.New, []byte(h.Secret))
		mac.Write(body)
		r.Header.Set(Signature, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	answer, err := h.client().Do(r)
	if err != nil {
		var told *url.Error
		if errors.As(err, &told) {
			err = told.Err // the address itself stays out of logs
		}
		return fmt.Errorf("post to the web hook: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("the web hook answered %d", code)
	default:
		return refusedError{code}
	}
}

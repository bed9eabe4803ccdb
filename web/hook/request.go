package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"jeton/auth/mask"
)

// Headers of our own.
const (
	// TokenHeader carries the token that goes along, TokenExpires when it ends (RFC 3339).
	TokenHeader  = "Jeton-Repository-Token"
	TokenExpires = "Jeton-Repository-Token-Expires"
	// OldSignature is X-Hub-Signature-256 under the secret that is being rotated away.
	OldSignature = "X-Hub-Signature-256-Old"
)

// hidden stands for a secret in what is kept.
const hidden = "…"

// sent is a request, ready to go out.
type sent struct {
	http *http.Request
	// secrets are texts that must stand nowhere in what is kept.
	secrets []string
	// kept is the request as it is kept.
	kept Request
}

// request makes what is sent of an event, at a moment.
func (s *Server) request(ctx context.Context, h Hook, d Delivery, e Event, b Bearer, now time.Time) (sent, error) {
	p := payload{base: s.o.URL(), ssh: s.o.SSH(), e: e, h: h}
	method, address, body, typ, err := p.encode()
	if err != nil {
		return sent{}, err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body.raw))
	if err != nil {
		return sent{}, err
	}
	if method == http.MethodGet {
		r.Body, r.ContentLength = nil, 0
	} else {
		r.Header.Set("Content-Type", typ)
	}
	r.Header.Set("Accept", "*/*")
	r.Header.Set("User-Agent", "Jeton-Hook/"+s.o.Version)
	old := h.Old
	if !now.Before(h.OldEnds) {
		old = Secret{}
	}
	if err := p.headers(r.Header, d.ID, body, h.Secret, old, now); err != nil {
		return sent{}, err
	}
	if !b.Secret.Empty() {
		r.Header.Set(TokenHeader, b.Secret.Reveal())
		r.Header.Set(TokenExpires, b.Expires.UTC().Format(time.RFC3339))
	}
	out := sent{http: r}
	for _, secret := range []Secret{h.Secret, h.Old, b.Secret} {
		if !secret.Empty() {
			out.secrets = append(out.secrets, secret.Reveal(), url.QueryEscape(secret.Reveal()))
		}
	}
	out.kept = Request{Method: method, URL: out.clean(address), Headers: map[string]string{}}
	for name, values := range r.Header {
		out.kept.Headers[name] = out.clean(strings.Join(values, ", "))
	}
	return out, nil
}

// clean takes the secrets out of a text.
func (s *sent) clean(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return mask.Tokens(text)
}

// content is a body: raw as it is sent, json before a form was made of it.
type content struct{ raw, json []byte }

// encode makes the body, and says where it goes.
func (p payload) encode() (method, address string, body content, typ string, err error) {
	if p.h.Form == Jenkins {
		address, err = p.notifyCommit()
		return http.MethodGet, address, body, "", err
	}
	text, err := marshal(p.body())
	if err != nil {
		return "", "", body, "", fmt.Errorf("write the body of event %s: %w", p.e.ID, err)
	}
	if p.h.ContentType == FormData {
		return http.MethodPost, p.h.URL, content{[]byte("payload=" + url.QueryEscape(string(text))), text}, "application/x-www-form-urlencoded", nil
	}
	return http.MethodPost, p.h.URL, content{text, text}, "application/json", nil
}

// marshal writes JSON with <, > and & as they are, as other forges do.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// notifyCommit is what Jenkins' git plugin is asked: to build a commit where a branch has moved, else to look for changes.
// The secret is the plugin's access token.
func (p payload) notifyCommit() (string, error) {
	u, err := address(p.h.URL)
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/git/notifyCommit") {
		u = u.JoinPath("git", "notifyCommit")
	}
	q := u.Query()
	if p.e.Repo != nil {
		q.Set("url", p.at(p.e.Repo.Path)+".git")
	} else {
		q.Set("url", p.base)
	}
	if r := p.e.Ref; r != nil && isBranch(r.Name) && !r.Removed() {
		q.Set("branches", short(r.Name))
		q.Set("sha1", r.New)
	}
	if !p.h.Secret.Empty() {
		q.Set("token", p.h.Secret.Reveal())
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// headers adds those that a form has. Names are as receivers write them, since some compare case.
func (p payload) headers(h http.Header, id string, body content, secret, old Secret, now time.Time) error {
	set := func(name, value string) { h[name] = []string{value} }
	switch p.h.Form {
	case Standard:
		at := strconv.FormatInt(now.Unix(), 10)
		set("webhook-id", id)
		set("webhook-timestamp", at)
		signatures, err := standardSignatures(id, at, body.raw, secret, old)
		set("webhook-signature", signatures)
		return err
	case GitHub:
		// Receivers tell GitHub's by how this begins.
		h.Set("User-Agent", "GitHub-Hookshot/jeton")
		set("X-GitHub-Hook-ID", strconv.FormatInt(number(p.h.ID), 10))
		set("X-GitHub-Hook-Installation-Target-Type", strings.ToLower(p.h.target()))
		p.family(set, []string{"X-GitHub-"}, id, body, secret)
	case Gitea:
		set("X-Gitea-Hook-Installation-Target-Type", strings.ToLower(p.h.target()))
		p.family(set, []string{"X-Gitea-", "X-Gogs-", "X-GitHub-"}, id, body, secret)
	}
	if !old.Empty() && p.h.Form != Jenkins {
		set(OldSignature, "sha256="+hexMAC(sha256.New, old, body.raw))
	}
	return nil
}

// family adds event, delivery and signatures under some prefixes. X-Hub-Signature signs what is sent, as GitHub does;
// X-Gitea-Signature the JSON in it, as Gitea does.
func (p payload) family(set func(name, value string), prefixes []string, id string, body content, secret Secret) {
	for _, prefix := range prefixes {
		set(prefix+"Event", p.name())
		set(prefix+"Delivery", id)
		if p.h.Form == Gitea {
			set(prefix+"Event-Type", p.name())
		}
	}
	if secret.Empty() {
		return
	}
	set("X-Hub-Signature", "sha1="+hexMAC(sha1.New, secret, body.raw))
	set("X-Hub-Signature-256", "sha256="+hexMAC(sha256.New, secret, body.raw))
	if p.h.Form == Gitea {
		own := hexMAC(sha256.New, secret, body.json)
		set("X-Gitea-Signature", own)
		set("X-Gogs-Signature", own)
	}
}

func hexMAC(with func() hash.Hash, secret Secret, body []byte) string {
	mac := hmac.New(with, []byte(secret.Reveal()))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// standardSignatures signs "id.timestamp.body" with each secret, the new one first (Standard Webhooks 1.0, "Signature scheme").
func standardSignatures(id, at string, body []byte, secrets ...Secret) (string, error) {
	var list []string
	for _, secret := range secrets {
		if secret.Empty() {
			continue
		}
		key, err := keyOf(secret)
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, id+"."+at+".") // a hash takes all
		mac.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, " "), nil
}

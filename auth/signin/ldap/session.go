package ldap

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"jeton/auth/signin"
)

// maxAnswer bounds what a directory may send on one connection, in bytes: a few entries and a certificate chain.
const maxAnswer = 4 << 20

// session is one connection, bound as the service.
type session struct {
	c    *config
	conn *ldap.Conn
}

// at opens a session with a server, calls f with it and ends it. All of it takes no longer than the timeout.
func (c *config) at(ctx context.Context, server *url.URL, f func(*session) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := c.dial(ctx, server)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	conn.SetTimeout(c.timeout)
	if server.Scheme == "ldap" && c.starttls {
		if err := conn.StartTLS(c.tls(server)); err != nil {
			return fmt.Errorf("StartTLS: %w", err)
		}
	}
	if c.bindDN != "" {
		if err := conn.Bind(c.bindDN, c.bindPassword); err != nil {
			return fmt.Errorf("bind as %s: %w", c.bindDN, err)
		}
	}
	return f(&session{c, conn})
}

// dial connects; ldaps speaks TLS from the start.
func (c *config) dial(ctx context.Context, server *url.URL) (*ldap.Conn, error) {
	port := server.Port()
	if port == "" {
		port = map[string]string{"ldap": "389", "ldaps": "636"}[server.Scheme]
	}
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", net.JoinHostPort(server.Hostname(), port))
	if err != nil {
		return nil, err
	}
	if at, ok := ctx.Deadline(); ok {
		_ = raw.SetDeadline(at)
	}
	raw = &bounded{Conn: raw, left: maxAnswer}
	if server.Scheme == "ldaps" {
		secure := tls.Client(raw, c.tls(server))
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("TLS: %w", err), raw.Close())
		}
		raw = secure
	}
	conn := ldap.NewConn(raw, server.Scheme == "ldaps")
	conn.Start()
	return conn, nil
}

func (c *config) tls(server *url.URL) *tls.Config {
	return &tls.Config{ServerName: server.Hostname(), RootCAs: c.roots, MinVersion: tls.VersionTLS12}
}

// bounded is a connection that is read from no further than it has left.
type bounded struct {
	net.Conn
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the directory sent more than %d bytes: %w", maxAnswer, io.ErrUnexpectedEOF)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// probe tries all that a sign-in needs, besides a person.
func (s *session) probe() error {
	for key, dn := range map[string]string{"base_dn": s.c.base, "group": s.c.group} {
		if dn == "" {
			continue
		}
		if got, err := s.search(dn, ldap.ScopeBaseObject, "(objectClass=*)"); err != nil || len(got) != 1 {
			return fmt.Errorf("%s %q is not there, or may not be read: %w", key, dn, reason(err))
		}
	}
	_, _, err := s.find("nobody-" + rand.Text())
	return err
}

func reason(err error) error {
	if err == nil {
		return errors.New("no entry was found")
	}
	return err
}

// search asks for at most two entries; no alias is dereferenced, and referrals are left where they are.
func (s *session) search(base string, scope int, filter string) ([]*ldap.Entry, error) {
	got, err := s.conn.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 2, int(s.c.timeout/time.Second), false,
		filter, s.c.attributes(), nil))
	if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) && got != nil {
		return got.Entries, nil
	}
	if err != nil {
		return nil, err
	}
	return got.Entries, nil
}

func (c *config) attributes() []string {
	all := []string{c.name, c.email, c.full}
	if c.id != "dn" {
		all = append(all, c.id)
	}
	return all
}

// find looks for the one entry of a user name, in the group where one is required. Accept says that it is there; the DN is
// told wherever an entry was found.
func (s *session) find(user string) (dn string, a signin.Answer, err error) {
	entries, err := s.search(s.c.base, ldap.ScopeWholeSubtree, fill(s.c.filter, "login", user))
	switch {
	case err != nil:
		return "", a, fmt.Errorf("look for people below %q: %w", s.c.base, err)
	case len(entries) == 0:
		return "", signin.Answer{Reason: "no entry of that name"}, nil
	case len(entries) > 1:
		return "", signin.Answer{Verdict: signin.Refuse, Reason: "more than one entry matches the filter"}, nil
	}
	e := entries[0]
	if a.Person, err = s.c.person(e); err != nil {
		return e.DN, signin.Answer{Verdict: signin.Refuse, Reason: err.Error()}, nil
	}
	if s.c.group != "" {
		groups, err := s.search(s.c.group, ldap.ScopeBaseObject, s.c.groupFor(e.DN, a.Person.Name))
		if err != nil {
			return e.DN, a, fmt.Errorf("look for %q: %w", s.c.group, err)
		}
		if len(groups) == 0 {
			return e.DN, signin.Answer{Verdict: signin.Refuse, Reason: "the person is not in the group"}, nil
		}
	}
	a.Verdict, a.Reason = signin.Accept, e.DN
	return e.DN, a, nil
}

// person reads an entry's attributes. Its error says which one is missing.
func (c *config) person(e *ldap.Entry) (p signin.Attributes, err error) {
	p.Name, p.Email, p.FullName = e.GetEqualFoldAttributeValue(c.name), e.GetEqualFoldAttributeValue(c.email), e.GetEqualFoldAttributeValue(c.full)
	p.Subject = lasting(e.GetEqualFoldRawAttributeValue(c.id))
	if c.id == "dn" {
		p.Subject = strings.ToLower(e.DN)
	}
	if p.Name == "" || p.Subject == "" {
		return p, fmt.Errorf("the entry %q has no %s or no %s (settings attr_name, attr_id)", e.DN, c.name, c.id)
	}
	return p, nil
}

// lasting is an attribute's value as text: binary ones, as objectGUID, in hex.
func lasting(value []byte) string {
	if utf8.Valid(value) && !strings.ContainsFunc(string(value), func(r rune) bool { return !unicode.IsPrint(r) }) {
		return string(value)
	}
	return hex.EncodeToString(value)
}

// signIn finds an entry and binds as it. Where none is found, or it may not sign in, a bind is tried all the same, as
// nobody, so that the answer takes as long.
func (s *session) signIn(user, secret string) (signin.Answer, error) {
	dn, a, err := s.find(user)
	if err != nil {
		return a, err
	}
	if a.Verdict != signin.Accept {
		dn = "cn=nobody-" + rand.Text() + "," + s.c.base
	}
	err = s.conn.Bind(dn, secret)
	switch {
	case err == nil && a.Verdict == signin.Accept:
		return a, nil
	case a.Verdict != signin.Accept && (err == nil || answered(err)):
		return a, nil
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultUnwillingToPerform,
		ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultConstraintViolation):
		return signin.Answer{Verdict: signin.Refuse, Reason: err.Error()}, nil
	}
	return signin.Answer{}, fmt.Errorf("bind as %s: %w", dn, err)
}

// answered tells whether the directory itself has said no, and no connection has failed.
func answered(err error) bool {
	var e *ldap.Error
	return errors.As(err, &e) && e.ResultCode < ldap.ErrorNetwork && e.ResultCode != ldap.LDAPResultBusy && e.ResultCode != ldap.LDAPResultUnavailable
}

package notice

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// letter is a mail that a server took.
type letter struct {
	from, user, to string
	text           []byte
	tls            bool
}

// post is a mail server.
type post struct {
	*smtp.Server
	host  string
	port  int
	roots *tls.Config
	mu    sync.Mutex // guards what follows
	got   []letter
	fails []error // answers to the next letters
}

type session struct {
	p    *post
	conn *smtp.Conn
	letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "jeton" || password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}
func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error   { s.to = to; return nil }
func (s *session) Reset()                                      {}
func (s *session) Logout() error                               { return nil }
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if len(s.p.fails) > 0 {
		err, s.p.fails = s.p.fails[0], s.p.fails[1:]
		return err
	}
	_, s.tls = s.conn.TLSConnectionState()
	s.text = text
	s.p.got = append(s.p.got, s.letter)
	return nil
}

// newPost starts a mail server on a free port, whose certificate the mail's roots trust.
func newPost(t *testing.T, security Security) *post {
	t.Helper()
	p := &post{host: "127.0.0.1"}
	p.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{p: p, conn: c}, nil }))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = ln.Addr().(*net.TCPAddr).Port
	certificate, roots := selfSigned(t)
	p.roots = &tls.Config{RootCAs: roots}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	switch security {
	case TLS:
		ln = tls.NewListener(ln, config)
	case StartTLS:
		p.TLSConfig = config
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Serve(ln) }()
	t.Cleanup(func() { _ = p.Server.Close(); <-done })
	return p
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if c, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	pool.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

func (p *post) settings(security Security) Mail {
	return Mail{Host: p.host, Port: p.port, Security: security, From: "Jeton <jeton@example.com>", Operators: []string{"ops@example.com"}, Roots: p.roots}
}

func (p *post) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func address(id string) string { return map[string]string{"u1": "ada@example.com"}[id] }

func TestMailGoesToThePersonAndTheOperators(t *testing.T) {
	for security, user := range map[Security]string{StartTLS: "jeton", TLS: "jeton", Plain: ""} {
		p := newPost(t, security)
		m := p.settings(security)
		m.User, m.Password = user, "s3cret"
		s, l := sender(t, Options{Mail: m, Address: address, Server: "https://code.example.com"})
		s.Send(decoy())
		s.Close()
		got := p.letters()
		var to []string
		for _, one := range got {
			to = append(to, one.to)
			if one.user != user || one.tls != (security != Plain) || one.from != "jeton@example.com" {
				t.Errorf("%s: got %+v", security, one)
			}
			msg, err := mail.ReadMessage(bytes.NewReader(one.text))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(msg.Body)
			if msg.Header.Get("Bcc") != "" || msg.Header.Get("Auto-Submitted") != "auto-generated" || msg.Header.Get("Message-ID") == "" ||
				!strings.Contains(string(body), "192.0.2.1") || !strings.Contains(string(body), "https://code.example.com") || bytes.Contains(one.text, []byte(token[8:20])) {
				t.Errorf("%s: got %s", security, one.text)
			}
		}
		slices.Sort(to)
		if strings.Join(to, " ") != "ada@example.com ops@example.com" {
			t.Errorf("%s: mail went to %q; the log says\n%s", security, to, l)
		}
	}
}

func TestNoMailGoesWithoutTheTLSThatWasAskedFor(t *testing.T) {
	p := newPost(t, Plain)
	m := p.settings(StartTLS)
	s, _ := sender(t, Options{Mail: m, Tries: 1})
	if err := s.SendNow(t.Context(), decoy()); err == nil {
		t.Error("a server without STARTTLS got mail")
	}
	p = newPost(t, StartTLS)
	m = p.settings(StartTLS)
	m.Roots = nil
	s, _ = sender(t, Options{Mail: m, Tries: 1})
	var unknown x509.UnknownAuthorityError
	if err := s.SendNow(t.Context(), decoy()); !errors.As(err, &unknown) {
		t.Errorf("got %v, want that the certificate is not trusted", err)
	}
	if len(p.letters()) > 0 {
		t.Error("mail went all the same")
	}
}

func TestAWrongPasswordIsToldAndNotShown(t *testing.T) {
	p := newPost(t, StartTLS)
	m := p.settings(StartTLS)
	m.User, m.Password = "jeton", "wr0ng-passw0rd"
	s, l := sender(t, Options{Mail: m, Tries: 1})
	err := s.SendNow(t.Context(), decoy())
	s.Send(decoy())
	s.Close()
	if err == nil || strings.Contains(err.Error()+l.String(), m.Password) || !strings.Contains(l.String(), "could not be delivered") {
		t.Errorf("got %v; the log says\n%s", err, l)
	}
}

func TestMailIsTriedAgainWhereTheServerSaysLater(t *testing.T) {
	for name, c := range map[string]struct {
		fails []error
		want  int
	}{
		"later":  {[]error{&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}}, 1},
		"refuse": {[]error{&smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "never"}}, 0},
	} {
		p := newPost(t, Plain)
		p.fails = c.fails
		s, l := sender(t, Options{Mail: p.settings(Plain), Tries: 2})
		s.Send(decoy())
		s.Close()
		if got := len(p.letters()); got != c.want {
			t.Errorf("%s: %d letters, want %d; the log says\n%s", name, got, c.want, l)
		}
	}
}

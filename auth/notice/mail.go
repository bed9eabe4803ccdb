package notice

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Security says how a mail server is spoken to.
type Security string

// The ways of speaking to a mail server (RFC 3207; RFC 8314, section 3).
const (
	StartTLS Security = "starttls" // plain, then TLS or nothing: a server that offers none gets no mail
	TLS      Security = "tls"      // TLS from the first byte
	Plain    Security = "plain"    // no TLS: for a server on the same machine
)

// Mail is a mail server, and who writes to whom.
type Mail struct {
	// Host is the server; "" sends no mail. Port 0 means 587, 465 with TLS, 25 with Plain.
	Host string
	Port int
	// Security is StartTLS where it is empty.
	Security Security
	// User and Password sign in; without a User nobody does. The password never goes over a connection without TLS.
	User, Password string
	// From is the sender's address, Operators those who get every message.
	From      string
	Operators []string
	// Roots are trusted besides the system's authorities; nil for those alone.
	Roots *tls.Config
}

// mailTime is how long one delivery may take.
const mailTime = 30 * time.Second

// Check tells what is wrong with the settings, before anything is to be sent.
func (m Mail) Check() error {
	if m.Host == "" {
		return nil
	}
	if _, err := m.client(); err != nil {
		return fmt.Errorf("mail server %s: %w", m.Host, err)
	}
	msg := gomail.NewMsg()
	if err := msg.From(m.From); err != nil {
		return fmt.Errorf("the sender's address %q: %w", m.From, err)
	}
	for _, to := range m.Operators {
		if err := msg.AddTo(to); err != nil {
			return fmt.Errorf("the address %q: %w", to, err)
		}
	}
	return nil
}

func (m Mail) client() (*gomail.Client, error) {
	o := []gomail.Option{gomail.WithTimeout(mailTime), gomail.WithTLSConfig(m.tls())}
	port := m.Port
	switch m.Security {
	case TLS:
		o, port = append(o, gomail.WithSSL()), or(port, 465)
	case Plain:
		o, port = append(o, gomail.WithTLSPolicy(gomail.NoTLS)), or(port, 25)
	case StartTLS, "":
		o, port = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory)), or(port, 587)
	default:
		return nil, fmt.Errorf("%q is no way to speak to it: starttls, tls or plain", m.Security)
	}
	if m.User != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.User), gomail.WithPassword(m.Password))
	}
	return gomail.NewClient(m.Host, append(o, gomail.WithPort(port))...)
}

func (m Mail) tls() *tls.Config {
	c := &tls.Config{}
	if m.Roots != nil {
		c = m.Roots.Clone()
	}
	c.ServerName, c.MinVersion = m.Host, tls.VersionTLS12
	return c
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// send delivers one message to a person, and to the operators, as letters of their own: nobody sees who else got one.
func (m Mail) send(ctx context.Context, person []string, about Message) error {
	var letters []*gomail.Msg
	to := slices.Clone(m.Operators)
	for _, one := range append(to, person...) {
		msg := gomail.NewMsg()
		if err := msg.From(m.From); err != nil {
			return err
		}
		if err := msg.To(one); err != nil {
			return err
		}
		msg.Subject(about.Subject)
		msg.SetDateWithValue(about.At)
		msg.SetMessageID()
		msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5: nobody's absence answers it
		msg.SetBodyString(gomail.TypeTextPlain, about.Text)
		letters = append(letters, msg)
	}
	if len(letters) == 0 {
		return nil
	}
	c, err := m.client()
	if err != nil {
		return err
	}
	return c.DialAndSendWithContext(ctx, letters...)
}

package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// HostKeys keeps which keys SSH servers had when they were met first. A host is HOST:PORT, a key is written as in
// authorized_keys, without a comment.
type HostKeys interface {
	// Known are the keys of a host; none where it was never met.
	Known(ctx context.Context, host string) ([]string, error)
	// Keep keeps the key of a host.
	Keep(ctx context.Context, host, key string) error
}

// errKey is a key that is not the one that a server had before.
func errKey(key ssh.PublicKey) error {
	return fail("the other server shows a host key that is not the one it had before (now %s): somebody may stand between. Where the server's key was changed on purpose, "+
		"set the repository's address anew (clone_uri), or mend the file that the setting pull.known_hosts names", ssh.FingerprintSHA256(key))
}

// trust decides about the key of one server.
type trust struct {
	// check is the file's word, nil without one; known are keys that were met before.
	check ssh.HostKeyCallback
	known []ssh.PublicKey
	// algorithms are those of known keys; nil means any.
	algorithms []string
	// first is the key of a server that was never met, and wrong says that it was another one than before.
	first ssh.PublicKey
	wrong error
}

// trusting reads what is known of a server: the file's word counts, and where it has none what was met.
func (f *Fetcher) trusting(ctx context.Context, keys HostKeys, host string) (*trust, error) {
	t := &trust{}
	if f.o.KnownHosts != "" {
		db, err := knownhosts.NewDB(f.o.KnownHosts)
		if err != nil {
			return nil, err
		}
		if t.algorithms = db.HostKeyAlgorithms(host); len(t.algorithms) > 0 {
			t.check = db.HostKeyCallback()
			return t, nil
		}
	}
	if keys == nil {
		return t, nil
	}
	lines, err := keys.Known(ctx, host)
	for _, line := range lines {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			return nil, err
		}
		t.known = append(t.known, key)
		t.algorithms = append(t.algorithms, algorithms(key.Type())...)
	}
	return t, err
}

// algorithms are those by which a type of keys signs (RFC 8332, section 3).
func algorithms(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// judge is an ssh.HostKeyCallback.
func (t *trust) judge(host string, at net.Addr, key ssh.PublicKey) error {
	if t.check != nil {
		if err := t.check(host, at, key); err != nil {
			t.wrong = errKey(key)
			return t.wrong
		}
		return nil
	}
	if len(t.known) == 0 {
		t.first = key
		return nil
	}
	for _, k := range t.known {
		if string(k.Marshal()) == string(key.Marshal()) {
			return nil
		}
	}
	t.wrong = errKey(key)
	return t.wrong
}

// openSSH makes a source over SSH. The password is the address's.
func (f *Fetcher) openSSH(ctx context.Context, m *meter, p Pull) (source, error) {
	host := p.From.HostPort()
	t, err := f.trusting(ctx, p.Keys, host)
	if err != nil {
		return nil, err
	}
	conn, err := f.o.Dial(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	s := &stream{end: func() {
		stop()
		_ = conn.Close()
	}}
	alarm := time.AfterFunc(m.patience(), func() { _ = m.fail(errSilent) })
	err = s.over(conn, m, p.From, t)
	alarm.Stop()
	if err != nil {
		s.end()
		if t.wrong != nil {
			return nil, t.wrong
		}
		return nil, err
	}
	if t.first != nil && p.Keys != nil {
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(t.first)))
		s.keep = func(ctx context.Context) error { return p.Keys.Keep(ctx, host, line) }
	}
	return s, nil
}

// over signs in over a connection and begins the command.
func (s *stream) over(conn net.Conn, m *meter, a Address, t *trust) error {
	user, password := a.signIn()
	config := &ssh.ClientConfig{User: user, HostKeyCallback: t.judge, HostKeyAlgorithms: t.algorithms, ClientVersion: "SSH-2.0-jeton"}
	if password != "" {
		config.Auth = []ssh.AuthMethod{ssh.Password(password), ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			if len(questions) > 1 {
				return nil, errors.New("the server asks for more than a password")
			}
			return []string{password}[:len(questions)], nil
		})}
	}
	c, channels, requests, err := ssh.NewClientConn(conn, a.HostPort(), config)
	if err != nil {
		return err
	}
	client := ssh.NewClient(c, channels, requests)
	session, err := client.NewSession()
	if err != nil {
		_ = client.Close()
		return err
	}
	end := s.end
	s.end = func() {
		_ = session.Close()
		_ = client.Close()
		end()
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return err
	}
	if s.out, err = session.StdinPipe(); err != nil {
		return err
	}
	s.in = buffered(metered{io.NopCloser(out), m})
	return session.Start("git-upload-pack " + quoted(a.u.Path))
}

// quoted is a path as a shell takes it for one word. One that begins with a home folder (/~ada/x) goes without its slash.
func quoted(path string) string {
	if strings.HasPrefix(path, "/~") {
		path = path[1:]
	}
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

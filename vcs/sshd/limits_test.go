package sshd

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// patience is how long clients of these tests may be silent; soon is when the server must have acted at the latest.
const patience, soon = 300 * time.Millisecond, 10 * time.Second

// impatient bounds what the clients of a test may take, and serves git-upload-archive with a function of the test.
func impatient(f Service) func(*Options) {
	return func(o *Options) {
		o.Patience, o.Ping, o.Idle = patience, patience/10, time.Hour
		o.Services = map[string]Service{"git-upload-archive": f}
	}
}

// lone is a server that knows one key, and a client that has signed in with it.
func lone(t *testing.T, change func(*Options)) (addr string, key gossh.Signer, client *gossh.Client) {
	t.Helper()
	key = newSigner(t)
	addr = serve(t, &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}, change)
	client, err := dial(addr, gossh.Config{}, gossh.PublicKeys(key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return addr, key, client
}

// ended waits for a channel, not for ever.
func ended(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(soon):
		t.Fatalf("%s after %s", what, soon)
	}
}

// start runs a command and closes done when it has ended for the client.
func start(t *testing.T, client *gossh.Client, command string) (ses *gossh.Session, done chan struct{}) {
	t.Helper()
	ses, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ses.StdinPipe(); err != nil { // keeps standard input open
		t.Fatal(err)
	}
	if err := ses.Start(command); err != nil {
		t.Fatal(err)
	}
	done = make(chan struct{})
	go func() {
		defer close(done)
		_ = ses.Wait()
	}()
	return ses, done
}

func TestAClientThatSendsNothingIsThrownOutAlthoughItAnswersPings(t *testing.T) {
	over := make(chan struct{})
	_, _, client := lone(t, impatient(func(_ context.Context, _ storage.Repository, _ rules.Rules, in io.Reader, _ io.Writer) error {
		defer close(over)
		_, err := io.Copy(io.Discard, in)
		return err
	}))
	_, done := start(t, client, "git upload-archive 'app'")
	ended(t, "the command still waits for its client", over)
	ended(t, "the client still waits", done)
}

func TestAClientThatTakesNothingIsThrownOut(t *testing.T) {
	over := make(chan struct{})
	_, _, client := lone(t, impatient(func(_ context.Context, _ storage.Repository, _ rules.Rules, _ io.Reader, out io.Writer) error {
		defer close(over)
		for block := make([]byte, 32<<10); ; {
			if _, err := out.Write(block); err != nil {
				return err
			}
		}
	}))
	ch, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go gossh.DiscardRequests(requests)
	if _, err := ch.SendRequest("exec", true, gossh.Marshal(struct{ Command string }{"git-upload-archive 'app'"})); err != nil {
		t.Fatal(err)
	}
	ended(t, "the command still writes to a client that takes nothing", over)
}

func TestACommandThatWorksLongerThanTheClientsPatienceGoesOn(t *testing.T) {
	_, _, client := lone(t, impatient(func(ctx context.Context, _ storage.Repository, _ rules.Rules, _ io.Reader, out io.Writer) error {
		select {
		case <-time.After(4 * patience):
		case <-ctx.Done():
			return ctx.Err()
		}
		_, err := io.WriteString(out, "done")
		return err
	}))
	ses, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := ses.Output("git-upload-archive app"); err != nil || string(out) != "done" {
		t.Errorf("it ended with %q, %v", out, err)
	}
}

// mute is a connection whose client can be made to send nothing any more, as if its machine had no power.
type mute struct {
	net.Conn
	dead atomic.Bool
}

func (m *mute) Write(p []byte) (int, error) {
	if m.dead.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}

func TestAClientThatIsGoneIsFound(t *testing.T) {
	began, over := make(chan struct{}), make(chan struct{})
	addr, key, _ := lone(t, impatient(func(ctx context.Context, _ storage.Repository, _ rules.Rules, _ io.Reader, _ io.Writer) error {
		close(began)
		defer close(over)
		<-ctx.Done() // works, and waits for nobody
		return ctx.Err()
	}))
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn := &mute{Conn: raw}
	c, chans, reqs, err := gossh.NewClientConn(conn, addr, &gossh.ClientConfig{User: "git", Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	client := gossh.NewClient(c, chans, reqs)
	defer client.Close()
	start(t, client, "git-upload-archive app")
	ended(t, "the command has not begun", began)
	conn.dead.Store(true)
	ended(t, "the command still runs for nobody", over)
}

func TestAConnectionWithoutACommandIsClosedWhateverItSends(t *testing.T) {
	hold := make(chan struct{})
	_, _, client := lone(t, func(o *Options) {
		o.Idle = patience
		o.Services = map[string]Service{"git-upload-archive": func(context.Context, storage.Repository, rules.Rules, io.Reader, io.Writer) error {
			<-hold
			return nil
		}}
	})
	_, done := start(t, client, "git-upload-archive app")
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for { // a client that answers and asks all the time
			if _, _, err := client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
				return
			}
		}
	}()
	select {
	case <-closed:
		t.Fatal("the connection was closed under a command")
	case <-time.After(3 * patience):
	}
	close(hold)
	ended(t, "the command has not ended", done)
	ended(t, "the connection is still open", closed)
}

func TestACredentialHoldsSoManyConnectionsAndNoMore(t *testing.T) {
	addr, key, first := lone(t, func(o *Options) { o.Credential = 2 })
	second, err := dial(addr, gossh.Config{}, gossh.PublicKeys(key))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	var said string
	config := &gossh.ClientConfig{User: "git", Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
		BannerCallback: func(m string) error { said = m; return nil }}
	if _, err := gossh.Dial("tcp", addr, config); err == nil || !strings.Contains(said, "too many connections with this credential") {
		t.Errorf("a third connection: %v, and was told %q", err, said)
	}
	_ = first.Close()
	for deadline := time.Now().Add(soon); ; {
		third, err := gossh.Dial("tcp", addr, config)
		if err == nil {
			_ = third.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after one was closed: %v", err)
		}
	}
}

func TestACredentialRunsSoManyCommandsAndNoMore(t *testing.T) {
	hold := make(chan struct{})
	addr, key, client := lone(t, func(o *Options) {
		o.Commands = 1
		o.Services = map[string]Service{"git-upload-archive": func(context.Context, storage.Repository, rules.Rules, io.Reader, io.Writer) error {
			<-hold
			return nil
		}}
	})
	_, done := start(t, client, "git-upload-archive app")
	other, err := dial(addr, gossh.Config{}, gossh.PublicKeys(key))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ses, err := other.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	ses.Stderr = &said
	var exit *gossh.ExitError
	if err := ses.Run("git-upload-archive app"); !errors.As(err, &exit) || exit.ExitStatus() == 0 || !strings.Contains(said.String(), "too many commands") {
		t.Errorf("a second command ended with %v, and was told %q", err, said.String())
	}
	close(hold)
	ended(t, "the first has not ended", done)
	if got := greeted(t, other); got != "ada" {
		t.Errorf("afterwards: greeted as %q", got)
	}
}

func TestAnAddressHoldsSoManyConnectionsAndNoMore(t *testing.T) {
	addr, _, _ := lone(t, func(o *Options) { o.Address = 1 })
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(soon))
	if said, err := io.ReadAll(conn); err != nil || !strings.Contains(string(said), "too many connections from this address") || strings.HasPrefix(string(said), "SSH-") {
		t.Errorf("a second connection was told %q, %v", said, err)
	}
}

func TestIPv6AddressesCountAsTheirNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7:22": "192.0.2.7", "[::ffff:192.0.2.7]:22": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:22": "2001:db8:1:2::/64", "[fe80::1%eth0]:22": "fe80::/64",
	} {
		a, err := net.ResolveTCPAddr("tcp", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := counted(a); got != want {
			t.Errorf("%s counts as %s, want %s", text, got, want)
		}
	}
}

func TestTriesAndPasswordsAreCounted(t *testing.T) {
	key := newSigner(t)
	k := &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}, passwords: map[string]string{"right": "ada"}}
	addr := serve(t, k, func(o *Options) { o.Tries, o.Passwords = 3, 2 })
	strange := []gossh.Signer{newSigner(t), newSigner(t), newSigner(t)}
	answers := func(list ...string) gossh.AuthMethod {
		return gossh.RetryableAuthMethod(gossh.PasswordCallback(func() (string, error) {
			if len(list) == 0 {
				return "", errors.New("no more")
			}
			defer func() { list = list[1:] }()
			return list[0], nil
		}), len(list))
	}
	for name, c := range map[string]struct {
		auth gossh.AuthMethod
		in   bool
	}{
		"two strange keys, then the right one":    {gossh.PublicKeys(strange[0], strange[1], key), true},
		"three strange keys, then the right one":  {gossh.PublicKeys(strange[0], strange[1], strange[2], key), false},
		"a wrong password, then the right one":    {answers("wrong", "right"), true},
		"two wrong passwords, then the right one": {answers("wrong", "wrong", "right"), false},
	} {
		client, err := dial(addr, gossh.Config{}, c.auth)
		if (err == nil) != c.in {
			t.Errorf("%s: let in %v, want %v (%v)", name, err == nil, c.in, err)
		}
		if err == nil {
			_ = client.Close()
		}
	}
}

func TestACertificateThatIsRefusedIsToldWhy(t *testing.T) {
	key, ca := newSigner(t), newSigner(t)
	cert := &gossh.Certificate{Key: key.PublicKey(), CertType: gossh.UserCert, ValidPrincipals: []string{"ada"}, ValidBefore: gossh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	config := &gossh.ClientConfig{User: "git", Auth: []gossh.AuthMethod{gossh.PublicKeys(signer, newSigner(t), signer)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
		BannerCallback: func(m string) error { said = append(said, m); return nil }}
	addr := serve(t, &keeper{}, nil)
	if _, err := gossh.Dial("tcp", addr, config); err == nil || len(said) != 1 || said[0] != "Jeton: This certificate has\\x1b expired.\n" {
		t.Errorf("got %v, and was told %q", err, said)
	}
}

// Package sshd speaks git over SSH: git-upload-pack and git-receive-pack, and a greeting for `ssh host`. There is no
// shell, no pty, no forwarding, no agent and no subsystem behind it, and no command is ever run.
//
// Who is asking is what the connection finally proved. A key that was merely offered proves nothing: the identity is
// written where x/crypto has verified the signature (VerifiedPublicKeyCallback), or where a password was right, into
// Permissions of its own, and read from the finished connection alone. It is asked again at every command, so that a key
// that was removed stops working on a connection that is open.
//
// The server is gliderlabs/ssh's with a session handler of our own: bounded in what it keeps of a client's requests.
// The package imports host, upload, receive, storage, wire; who may do what is the Authenticator's.
package sshd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/upload"
)

// Identity is who a connection belongs to.
type Identity struct {
	// Name is for the greeting.
	Name string
	// Proof is what the Authenticator needs to recognise the identity again; opaque here.
	Proof map[string]string
}

// Authenticator decides who is let in, and to what.
type Authenticator interface {
	// Password checks a password, or a token in its place; any error is a refusal.
	Password(ctx context.Context, user, secret string, remote net.Addr) (Identity, error)
	// PublicKey finds whose a key is; any error is a refusal. It is asked when a key is offered, which proves nothing,
	// and again when it was proven.
	PublicKey(ctx context.Context, user string, key gossh.PublicKey, remote net.Addr) (Identity, error)
	// Admit decides over one repository and service; the error is a *host.Refusal, or a failure of the server.
	Admit(ctx context.Context, id Identity, path, service string, remote net.Addr) (host.Admission, error)
	// Readable lists the repositories for the greeting.
	Readable(ctx context.Context, id Identity) ([]string, error)
}

// Repositories opens repositories by their id, and knows the rules that hold in them.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Options are what a Server needs; zero durations and numbers mean the defaults that stand behind them.
type Options struct {
	Auth    Authenticator
	Upload  *upload.Server
	Receive *receive.Server
	Repos   Repositories
	// HostKeyDir holds the host keys; they are made there on the first run.
	HostKeyDir string
	Log        *slog.Logger
	// Handshake is how long a client may take to sign in (30 seconds), Patience how long a connection may be silent
	// (10 minutes), Ping how often a client is asked for a sign of life while a command runs (30 seconds).
	Handshake, Patience, Ping time.Duration
	// Connections is how many there may be (512), Waiting how many of them from one address that have not signed in
	// (32), Sessions how many a connection may have at a time (32).
	Connections, Waiting, Sessions int
}

func (o *Options) defaults() {
	times := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	numbers := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	times(&o.Handshake, 30*time.Second)
	times(&o.Patience, 10*time.Minute)
	times(&o.Ping, 30*time.Second)
	numbers(&o.Connections, 512)
	numbers(&o.Waiting, 32)
	numbers(&o.Sessions, 32)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Server serves git over SSH.
type Server struct {
	o     Options
	ssh   *ssh.Server
	keys  []gossh.Signer
	limit *limiter
	// running are the commands that are being served.
	running sync.WaitGroup
}

// maxTries is how many keys and passwords a client may try; a key that is offered counts, and people have many.
// maxPasswords is how many of them may be passwords.
const maxTries, maxPasswords = 20, 4

// New makes a server, and its host keys where there are none.
func New(o Options) (*Server, error) {
	o.defaults()
	keys, err := hostKeys(o.HostKeyDir)
	if err != nil {
		return nil, fmt.Errorf("host keys: %w", err)
	}
	s := &Server{o: o, keys: keys, limit: newLimiter(o.Connections, o.Waiting)}
	s.ssh = &ssh.Server{
		Version:              "Jeton",
		ServerConfigCallback: s.config,
		// Not nil, or gliderlabs would let clients in without any credential. A yes means only that it is worth signing.
		PublicKeyHandler: func(ctx ssh.Context, key ssh.PublicKey) bool {
			_, err := o.Auth.PublicKey(ctx, ctx.User(), key, ctx.RemoteAddr())
			return err == nil
		},
		ConnCallback: s.accept,
		ConnectionFailedCallback: func(c net.Conn, err error) {
			o.Log.Debug("ssh connection failed", "remote", c.RemoteAddr().String(), "error", err)
		},
		ChannelHandlers:   map[string]ssh.ChannelHandler{"session": s.channel},
		RequestHandlers:   map[string]ssh.RequestHandler{},
		SubsystemHandlers: map[string]ssh.SubsystemHandler{},
	}
	for _, k := range keys {
		s.ssh.AddHostKey(k)
	}
	return s, nil
}

// Fingerprints are those of the host keys, as ssh shows them.
func (s *Server) Fingerprints() []string {
	list := make([]string, len(s.keys))
	for i, k := range s.keys {
		list[i] = gossh.FingerprintSHA256(k.PublicKey()) + " " + k.PublicKey().Type()
	}
	return list
}

// Serve takes connections until Shutdown.
func (s *Server) Serve(_ context.Context, l net.Listener) error {
	if err := s.ssh.Serve(l); !errors.Is(err, ssh.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown takes no more connections, waits for the commands that run as long as ctx allows, and closes all.
func (s *Server) Shutdown(ctx context.Context) error {
	closed, cancel := context.WithCancel(ctx)
	cancel()
	_ = s.ssh.Shutdown(closed) // closes the listeners; the waiting is ours, since idle connections need not be waited for
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return s.ssh.Close()
}

// config is the configuration of one connection. Algorithms are named one by one: no SHA-1, no CBC, no DSA.
func (s *Server) config(ctx ssh.Context) *gossh.ServerConfig {
	passwords := 0
	remember := func(id Identity) *gossh.Permissions {
		return &gossh.Permissions{ExtraData: map[any]any{identityKey{}: id}}
	}
	return &gossh.ServerConfig{
		Config: gossh.Config{
			KeyExchanges: []string{gossh.KeyExchangeMLKEM768X25519, gossh.KeyExchangeCurve25519, gossh.KeyExchangeECDHP256, gossh.KeyExchangeECDHP384,
				gossh.KeyExchangeECDHP521, gossh.KeyExchangeDH14SHA256, gossh.KeyExchangeDH16SHA512},
			Ciphers: []string{gossh.CipherAES128GCM, gossh.CipherAES256GCM, gossh.CipherChaCha20Poly1305, gossh.CipherAES128CTR, gossh.CipherAES192CTR, gossh.CipherAES256CTR},
			MACs:    []string{gossh.HMACSHA256ETM, gossh.HMACSHA512ETM, gossh.HMACSHA256, gossh.HMACSHA512},
		},
		PublicKeyAuthAlgorithms: []string{gossh.KeyAlgoED25519, gossh.KeyAlgoSKED25519, gossh.KeyAlgoSKECDSA256, gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384,
			gossh.KeyAlgoECDSA521, gossh.KeyAlgoRSASHA256, gossh.KeyAlgoRSASHA512},
		MaxAuthTries: maxTries,
		PasswordCallback: func(conn gossh.ConnMetadata, secret []byte) (*gossh.Permissions, error) {
			if passwords++; passwords > maxPasswords {
				return nil, errors.New("too many passwords")
			}
			id, err := s.o.Auth.Password(ctx, conn.User(), string(secret), conn.RemoteAddr())
			if err != nil {
				return nil, err
			}
			signedIn(ctx)
			return remember(id), nil
		},
		VerifiedPublicKeyCallback: func(conn gossh.ConnMetadata, key gossh.PublicKey, _ *gossh.Permissions, _ string) (*gossh.Permissions, error) {
			id, err := s.o.Auth.PublicKey(ctx, conn.User(), key, conn.RemoteAddr())
			if err != nil {
				return nil, err
			}
			signedIn(ctx)
			return remember(id), nil
		},
	}
}

// identityKey is where a connection's Permissions hold the Identity.
type identityKey struct{}

// identity is who a finished connection belongs to.
func identity(conn *gossh.ServerConn) (Identity, bool) {
	if conn.Permissions == nil {
		return Identity{}, false
	}
	id, ok := conn.Permissions.ExtraData[identityKey{}].(Identity)
	return id, ok
}

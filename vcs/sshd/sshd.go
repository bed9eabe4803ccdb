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
	"io"
	"log/slog"
	"net"
	"sync"

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
	// Credential is what was proven, in one word; connections and commands are counted by it. Empty stands for Name.
	Credential string
	// NoTouch: signatures of this security key need not tell that somebody touched it.
	NoTouch bool
	// Proof is what the Authenticator needs to recognise the identity again; opaque here.
	Proof map[string]string
}

func (id Identity) credential() string {
	if id.Credential != "" {
		return id.Credential
	}
	return "of " + id.Name
}

// Told is a refusal whose sentence may be said to a client that has not signed in.
type Told struct{ Sentence string }

func (t *Told) Error() string { return t.Sentence }

// Service serves a git service that only reads, such as git-upload-archive: one request on in, its answer on out. What
// the client should know it has been told; the error is for the log.
type Service func(ctx context.Context, repo storage.Repository, r rules.Rules, in io.Reader, out io.Writer) error

// Authenticator decides who is let in, and to what.
type Authenticator interface {
	// Password checks a password, or a token in its place; any error is a refusal, and a *Told is said to the client.
	Password(ctx context.Context, user, secret string, remote net.Addr) (Identity, error)
	// PublicKey finds whose a key or certificate is; any error is a refusal, and a *Told is said to the client. It is
	// asked when a key is offered, which proves nothing, and again when it was proven.
	PublicKey(ctx context.Context, user string, key gossh.PublicKey, remote net.Addr) (Identity, error)
	// Admit decides over one repository and service; the error is a *host.Refusal, or a failure of the server.
	Admit(ctx context.Context, id Identity, path, service string, remote net.Addr) (host.Admission, error)
	// Readable lists the repositories for the greeting.
	Readable(ctx context.Context, id Identity, remote net.Addr) ([]string, error)
}

// Repositories opens repositories by their id, and knows the rules that hold in them.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Options are what a Server needs.
type Options struct {
	Auth    Authenticator
	Upload  *upload.Server
	Receive *receive.Server
	Repos   Repositories
	// HostKeyDir holds the host keys; they are made there on the first run.
	HostKeyDir string
	Log        *slog.Logger
	// SignedIn is told of every connection that has signed in; nil: nobody wants to know. It must not wait.
	SignedIn func(id Identity, remote net.Addr)
	// Services are those beside git-upload-pack and git-receive-pack, by name.
	Services map[string]Service
	Limits
}

// Server serves git over SSH.
type Server struct {
	o     Options
	ssh   *ssh.Server
	keys  []gossh.Signer
	limit *limiter
	// running are the commands that are being served. mu guards that none is added once ending, and listeners, which are
	// those of Serve: gliderlabs forgets that it was shut down where its Serve begins after that.
	running   sync.WaitGroup
	mu        sync.Mutex
	ending    bool
	listeners []net.Listener
}

// New makes a server, and its host keys where there are none.
func New(o Options) (*Server, error) {
	o.Limits.defaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	keys, err := hostKeys(o.HostKeyDir)
	if err != nil {
		return nil, fmt.Errorf("host keys: %w", err)
	}
	s := &Server{o: o, keys: keys}
	s.limit = newLimiter(&s.o)
	s.ssh = &ssh.Server{
		Version:              "Jeton",
		ServerConfigCallback: s.config,
		// Not nil, or gliderlabs would let clients in without any credential.
		PublicKeyHandler: s.offered,
		ConnCallback:     s.accept,
		ConnectionFailedCallback: func(c net.Conn, err error) {
			o.Log.Debug("ssh connection failed", "remote", c.RemoteAddr().String(), "error", err)
		},
		ChannelHandlers:   map[string]ssh.ChannelHandler{"session": s.channel, "default": s.otherChannel},
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

// Serve takes connections until Shutdown, also one that came before, and closes the listener.
func (s *Server) Serve(_ context.Context, l net.Listener) error {
	if !s.listen(l) {
		return l.Close()
	}
	err := s.ssh.Serve(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nil
	}
	return err
}

// listen keeps a listener for Shutdown to close; false where the server is about to end.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		s.listeners = append(s.listeners, l)
	}
	return !s.ending
}

// begin counts a command that is to be served; false where the server is about to end.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		s.running.Add(1)
	}
	return !s.ending
}

// Shutdown takes no more connections and commands, waits for the commands that run as long as ctx allows, and closes all.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.ending = true
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	// The waiting is ours, not gliderlabs': idle connections need not be waited for.
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	if err := s.ssh.Close(); !errors.Is(err, net.ErrClosed) { // the listeners are closed already
		return err
	}
	return nil
}

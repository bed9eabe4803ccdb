package sshd

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/host"
	"jeton/vcs/wire"
)

// config is the configuration of one connection.
func (s *Server) config(ctx ssh.Context) *gossh.ServerConfig {
	passwords := 0
	return &gossh.ServerConfig{
		Config:                  algorithms(),
		PublicKeyAuthAlgorithms: signatures(),
		MaxAuthTries:            s.o.Tries,
		PreAuthConnCallback:     func(c gossh.ServerPreAuthConn) { ctx.SetValue(speakerKey{}, &speaker{conn: c}) },
		PasswordCallback: func(conn gossh.ConnMetadata, secret []byte) (*gossh.Permissions, error) {
			if passwords++; passwords > s.o.Passwords {
				return nil, errors.New("too many passwords")
			}
			id, err := s.ask(func() (Identity, error) {
				return s.o.Auth.Password(ctx, conn.User(), string(secret), conn.RemoteAddr())
			})
			if err != nil {
				s.notAllowed("password", conn.RemoteAddr(), err)
				tell(ctx, err)
				return nil, err
			}
			return s.letIn(ctx, id, conn.RemoteAddr())
		},
		VerifiedPublicKeyCallback: func(conn gossh.ConnMetadata, key gossh.PublicKey, _ *gossh.Permissions, _ string) (*gossh.Permissions, error) {
			id, err := s.ask(func() (Identity, error) { return s.o.Auth.PublicKey(ctx, conn.User(), key, conn.RemoteAddr()) })
			if err != nil {
				s.notAllowed("key", conn.RemoteAddr(), err)
				return nil, err
			}
			return s.letIn(ctx, id, conn.RemoteAddr())
		},
	}
}

// offered tells whether it is worth signing with a key; that is gliderlabs' PublicKeyHandler. The Permissions are made
// anew for each key, since they decide whether its signature must tell of a touch.
func (s *Server) offered(ctx ssh.Context, key ssh.PublicKey) bool {
	permissions := &gossh.Permissions{}
	ctx.Permissions().Permissions = permissions
	id, err := s.ask(func() (Identity, error) { return s.o.Auth.PublicKey(ctx, ctx.User(), key, ctx.RemoteAddr()) })
	if err != nil {
		s.notAllowed("key", ctx.RemoteAddr(), err)
		tell(ctx, err)
		return false
	}
	if id.NoTouch {
		permissions.Extensions = map[string]string{"no-touch-required": ""} // the name that x/crypto looks for
	}
	return true
}

// ask keeps a fault in the Authenticator from ending the process: nobody else catches one while a client signs in.
func (s *Server) ask(question func() (Identity, error)) (id Identity, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.o.Log.Error("panic in an ssh sign-in", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			id, err = Identity{}, errors.New("the server has failed")
		}
	}()
	return question()
}

// notAllowed logs why somebody was not let in: a wrong credential is no event, a failure of the server is an error.
func (s *Server) notAllowed(what string, remote net.Addr, err error) {
	var refusal *host.Refusal
	var told *Told
	if errors.As(err, &refusal) || errors.As(err, &told) {
		s.o.Log.Debug("ssh "+what+" refused", "remote", remote.String(), "error", err)
		return
	}
	s.o.Log.Error("ssh "+what+" could not be checked", "remote", remote.String(), "error", err)
}

// letIn writes down who a connection belongs to. The context does not know its address yet where no key was offered.
func (s *Server) letIn(ctx ssh.Context, id Identity, remote net.Addr) (*gossh.Permissions, error) {
	if !connectionOf(ctx).signedIn(id.credential()) {
		say(ctx, "There are too many connections with this credential. Close some, or wait until they have ended.")
		return nil, errors.New("too many connections with this credential")
	}
	if s.o.SignedIn != nil {
		s.o.SignedIn(id, remote)
	}
	return &gossh.Permissions{ExtraData: map[any]any{identityKey{}: id}}, nil
}

// tell says why somebody was not let in, where that may be said.
func tell(ctx ssh.Context, err error) {
	var told *Told
	if errors.As(err, &told) {
		say(ctx, told.Sentence)
	}
}

// speakerKey is where a connection's context holds its speaker, speaker what can speak to a client that has not signed
// in. It speaks once: ssh shows every banner.
type (
	speakerKey struct{}
	speaker    struct {
		conn  gossh.ServerPreAuthConn
		spoke bool
	}
)

// say shows a sentence to a client that is signing in (RFC 4252 section 5.4); in the goroutine that signs it in.
func say(ctx ssh.Context, sentence string) {
	s, ok := ctx.Value(speakerKey{}).(*speaker)
	if !ok || s.spoke {
		return
	}
	s.spoke = true
	_ = s.conn.SendAuthBanner("Jeton: " + wire.Escape(sentence) + "\n") // a client that is gone is noticed by the next read
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

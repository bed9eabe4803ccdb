package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/upload"
	"jeton/vcs/wire"
)

// maxRequests is how many requests (env, window-change …) one session may send, so that they cannot pile up.
const maxRequests = 1000

// sessionsKey is where a connection's context counts its sessions.
type sessionsKey struct{}

// channel serves one channel of type "session" (RFC 4254 section 6).
func (s *Server) channel(_ *ssh.Server, conn *gossh.ServerConn, offer gossh.NewChannel, ctx ssh.Context) {
	id, ok := identity(conn)
	if !ok {
		_ = offer.Reject(gossh.Prohibited, "not signed in")
		return
	}
	count := sessions(ctx)
	if count.Add(1) > int64(s.o.Sessions) {
		count.Add(-1)
		_ = offer.Reject(gossh.ResourceShortage, "too many sessions on this connection")
		return
	}
	defer count.Add(-1)
	ch, requests, err := offer.Accept()
	if err != nil {
		return
	}
	ses := &session{s: s, conn: conn, ctx: ctx, ch: ch, id: id}
	defer ses.caught()
	ses.serve(requests)
}

// caught keeps a fault in one session from ending the process.
func (ses *session) caught() {
	if r := recover(); r != nil {
		ses.s.o.Log.Error("panic in an ssh session", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		_ = ses.ch.Close()
	}
}

func sessions(ctx ssh.Context) *atomic.Int64 {
	ctx.Lock()
	defer ctx.Unlock()
	if n, ok := ctx.Value(sessionsKey{}).(*atomic.Int64); ok {
		return n
	}
	n := &atomic.Int64{}
	ctx.SetValue(sessionsKey{}, n)
	return n
}

// session is one command of a client.
type session struct {
	s    *Server
	conn *gossh.ServerConn
	ctx  context.Context
	ch   gossh.Channel
	id   Identity
	// protocol is GIT_PROTOCOL as the client set it.
	protocol string
}

// serve answers requests up to the first command, runs it, and ends.
func (ses *session) serve(requests <-chan *gossh.Request) {
	defer ses.ch.Close()
	for n := 0; n < maxRequests; n++ {
		req, ok := <-requests
		if !ok {
			return
		}
		switch req.Type {
		case "env":
			reply(req, ses.env(req.Payload))
		case "exec", "shell":
			var payload struct{ Value string }
			if req.Type == "exec" && gossh.Unmarshal(req.Payload, &payload) != nil {
				reply(req, false)
				return
			}
			reply(req, true)
			ses.command(payload.Value, requests)
			return
		default: // pty-req, x11-req, auth-agent-req@openssh.com, subsystem, window-change, signal …
			reply(req, false)
		}
	}
}

func reply(req *gossh.Request, ok bool) {
	if req.WantReply {
		_ = req.Reply(ok, nil)
	}
}

// env takes GIT_PROTOCOL in; every other variable is passed over.
func (ses *session) env(payload []byte) bool {
	var v struct{ Name, Value string }
	if gossh.Unmarshal(payload, &v) != nil {
		return false
	}
	if v.Name == "GIT_PROTOCOL" && len(v.Value) < 1000 {
		ses.protocol = v.Value
		return true
	}
	return false
}

// command runs one command while later requests are refused, and tells the exit status.
func (ses *session) command(line string, requests <-chan *gossh.Request) {
	ses.s.running.Add(1)
	defer ses.s.running.Done()
	ctx, cancel := context.WithCancel(ses.ctx)
	var wg sync.WaitGroup
	wg.Go(func() { ses.watch(ctx, cancel, requests) })
	status := ses.run(ctx, line)
	payload := struct{ Status uint32 }{uint32(status)}
	_, _ = ses.ch.SendRequest("exit-status", false, gossh.Marshal(&payload))
	_ = ses.ch.CloseWrite()
	_ = ses.ch.Close()
	cancel()
	wg.Wait()
}

// watch refuses further requests and asks the client for a sign of life; when it is gone the command ends.
func (ses *session) watch(ctx context.Context, gone context.CancelFunc, requests <-chan *gossh.Request) {
	t := time.NewTicker(ses.s.o.Ping)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case req, ok := <-requests:
			if !ok {
				gone()
				return
			}
			reply(req, false)
		case <-t.C:
			// No answer is waited for: what comes back in any form gives the connection its patience anew.
			if _, err := ses.ch.SendRequest("keepalive@openssh.com", false, nil); err != nil && !errors.Is(err, io.EOF) {
				gone()
				return
			}
		}
	}
}

// run does what a command line asks and returns the exit status.
func (ses *session) run(ctx context.Context, line string) int {
	if line == "" {
		return ses.greet(ctx)
	}
	service, path, err := parse(line)
	if err != nil {
		ses.say("%s", err)
		return 1
	}
	adm, err := ses.s.o.Auth.Admit(ctx, ses.id, path, service, ses.conn.RemoteAddr())
	if err != nil {
		return ses.refused(ctx, err)
	}
	at := admitted{Admission: adm, version: wire.ParseVersion(ses.protocol)}
	at.rules, err = ses.s.o.Repos.Rules(ctx, adm.RepoID)
	if err == nil && adm.RepoID != "" {
		at.repo, err = ses.s.o.Repos.Open(ctx, adm.RepoID)
	}
	if err != nil {
		return ses.failed(ctx, path, err)
	}
	if service == uploadPack {
		err = ses.upload(ctx, at)
	} else {
		err = ses.receive(ctx, at)
	}
	if err != nil {
		ses.s.o.Log.InfoContext(ctx, service+" over ssh failed", "repository", path, "error", err)
		return 1
	}
	return 0
}

// admitted is what a command was let in to; repo is nil for a push to a path where nothing is yet.
type admitted struct {
	host.Admission
	repo    storage.Repository
	rules   rules.Rules
	version wire.Version
}

func (ses *session) upload(ctx context.Context, at admitted) error {
	how := upload.Session{Version: at.version, Rules: at.rules, ID: upload.NewSessionID()}
	if err := ses.s.o.Upload.Advertise(ctx, at.repo, how, ses.ch); err != nil {
		return err
	}
	return ses.s.o.Upload.Serve(ctx, at.repo, how, ses.ch, ses.ch)
}

func (ses *session) receive(ctx context.Context, at admitted) error {
	if at.version == wire.V2 {
		at.version = wire.V0 // pushes know no protocol 2
	}
	push := receive.Session{Version: at.version, Repo: at.repo, Create: at.Create, Actor: at.Actor, Recheck: at.Recheck, Rules: at.rules,
		RulesNow: func(ctx context.Context) (rules.Rules, error) { return ses.s.o.Repos.Rules(ctx, at.RepoID) },
		Nonce:    ses.s.o.Receive.Nonce(at.RepoID)}
	if err := ses.s.o.Receive.Advertise(ctx, push, ses.ch); err != nil {
		return err
	}
	return ses.s.o.Receive.Serve(ctx, push, ses.ch, ses.ch)
}

// say speaks to the person on stderr.
func (ses *session) say(format string, args ...any) {
	_, _ = fmt.Fprintf(ses.ch.Stderr(), "Jeton: %s\n", wire.Escape(fmt.Sprintf(format, args...)))
}

// refused tells a refusal; git takes 128 for a repository that is not there.
func (ses *session) refused(ctx context.Context, err error) int {
	var r *host.Refusal
	if !errors.As(err, &r) {
		return ses.failed(ctx, "", err)
	}
	ses.say("%s", r.Sentence)
	return 128
}

func (ses *session) failed(ctx context.Context, path string, err error) int {
	ses.s.o.Log.ErrorContext(ctx, "ssh command failed", "repository", path, "error", err)
	ses.say("the server has failed; its administrator finds the reason in the log")
	return 128
}

// greetList is how many repositories the greeting names.
const greetList = 100

// greet answers `ssh host`.
func (ses *session) greet(ctx context.Context) int {
	paths, err := ses.s.o.Auth.Readable(ctx, ses.id)
	if err != nil {
		return ses.refused(ctx, err)
	}
	_, _ = fmt.Fprintf(ses.ch, "Hello %s! This is Jeton; it speaks git and has no shell.\n", wire.Escape(ses.id.Name))
	if len(paths) == 0 {
		_, _ = fmt.Fprintln(ses.ch, "There is no repository that you may read.")
	} else {
		_, _ = fmt.Fprintln(ses.ch, "You may read:")
	}
	for i, p := range paths {
		if i == greetList {
			_, _ = fmt.Fprintf(ses.ch, "  … and %d more\n", len(paths)-i)
			break
		}
		_, _ = fmt.Fprintf(ses.ch, "  %s\n", wire.Escape(p))
	}
	return 0
}

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

// floodOfChannels is how many channels more than it may have a client may ask for before it has read the refusals.
const floodOfChannels = 64

// channel serves one channel of type "session" (RFC 4254 section 6). A session counts until the client has closed it too:
// a connection keeps something of every channel till then.
func (s *Server) channel(_ *ssh.Server, conn *gossh.ServerConn, offer gossh.NewChannel, ctx ssh.Context) {
	count := sessions(ctx)
	open := count.Add(1)
	defer count.Add(-1)
	id, ok := identity(conn)
	switch {
	case !ok:
		_ = offer.Reject(gossh.Prohibited, "not signed in")
		return
	case open > int64(s.o.Sessions+floodOfChannels):
		_ = conn.Close()
		return
	case open > int64(s.o.Sessions):
		_ = offer.Reject(gossh.ResourceShortage, "too many sessions on this connection")
		return
	}
	ch, requests, err := offer.Accept()
	if err != nil {
		return
	}
	ses := &session{s: s, conn: conn, at: connectionOf(ctx), ctx: ctx, ch: &patient{Channel: ch}, id: id}
	ses.serveCaught(requests)
	for req := range requests {
		reply(req, false)
	}
	ses.pings.Wait()
}

// otherChannel refuses forwarding and whatever else there may be (ssh -W, -L, -w).
func (s *Server) otherChannel(_ *ssh.Server, conn *gossh.ServerConn, offer gossh.NewChannel, ctx ssh.Context) {
	count := sessions(ctx)
	defer count.Add(-1)
	if count.Add(1) > int64(s.o.Sessions+floodOfChannels) {
		_ = conn.Close()
		return
	}
	_ = offer.Reject(gossh.Prohibited, "there is no forwarding here; this server speaks git")
}

// serveCaught keeps a fault in one session from ending the process.
func (ses *session) serveCaught(requests <-chan *gossh.Request) {
	defer func() {
		if r := recover(); r != nil {
			ses.s.o.Log.Error("panic in an ssh session", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			_ = ses.ch.Close()
		}
	}()
	ses.serve(requests)
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
	at   *connection
	ctx  context.Context
	ch   *patient
	id   Identity
	// pings are those whose answer has not come, and what reads on while the session lingers.
	pings   sync.WaitGroup
	pinging atomic.Bool
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
	serve := ses.runCounted
	if ses.s.begin() {
		defer ses.s.running.Done()
	} else {
		serve = ses.tooLate
	}
	ctx, cancel := context.WithCancel(ses.ctx)
	var wg sync.WaitGroup
	wg.Go(func() { ses.watch(ctx, cancel, requests) })
	status := serve(ctx, line)
	payload := struct{ Status uint32 }{uint32(status)}
	_, _ = ses.ch.SendRequest("exit-status", false, gossh.Marshal(&payload))
	_ = ses.ch.CloseWrite()
	ses.linger(ctx, status)
	_ = ses.ch.Close()
	cancel()
	wg.Wait()
}

// How long a channel stays open for a client that has not ended its side: after a success, and after what it may not have
// read yet.
const (
	soonRead = 200 * time.Millisecond
	lateRead = time.Second
)

// linger leaves the channel open until the client has ended its side, for a moment. git that still sends when it is closed
// tells of a broken pipe and not of the reason that lies ready to be read; go-git takes it for a failure of a push that
// was taken; JSch looks whether it is open after it has sent its command, and else JGit tells of a failed connection.
func (ses *session) linger(ctx context.Context, status int) {
	ended, soon := make(chan struct{}), time.After(soonRead)
	ses.pings.Go(func() { // it comes back when the client has closed the channel too, at the latest
		defer close(ended)
		_, _ = io.Copy(io.Discard, ses.ch.Channel)
	})
	most := soon
	if status != 0 {
		most = time.After(lateRead)
	}
	select {
	case <-ended:
	case <-most:
	case <-ctx.Done():
	}
	if status != exitRefused { // JSch has looked by soon
		return
	}
	select {
	case <-soon:
	case <-ctx.Done():
	}
}

// tooLate refuses a command in a server that is about to end.
func (ses *session) tooLate(context.Context, string) int {
	ses.say("the server is about to end; try again in a moment")
	return 1
}

// runCounted runs a command where its credential does not run too many.
func (ses *session) runCounted(ctx context.Context, line string) int {
	if !ses.at.begin() {
		ses.say("too many commands run with this credential at the same time (%d); try again when some have ended", ses.s.o.Commands)
		return 1
	}
	defer ses.at.end()
	return ses.run(ctx, line)
}

// watch refuses further requests, asks the client for a sign of life, and ends the command of a client that is gone, or
// that neither sends nor takes anything while it is waited for.
func (ses *session) watch(ctx context.Context, gone context.CancelFunc, requests <-chan *gossh.Request) {
	ping, look := time.NewTicker(ses.s.o.Ping), time.NewTicker(max(ses.s.o.Patience/10, time.Millisecond))
	defer ping.Stop()
	defer look.Stop()
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
		case <-ping.C:
			ses.ping()
		case <-look.C:
			if ses.ch.waited() > ses.s.o.Patience {
				ses.s.o.Log.InfoContext(ctx, "ssh client has been silent for too long", "remote", ses.conn.RemoteAddr().String(), "patience", ses.s.o.Patience)
				_ = ses.conn.Close() // a call that waits for the client comes back in no other way
				gone()
				return
			}
		}
	}
}

// ping asks the client for a sign of life, one at a time. Any answer gives the connection its patience anew, and a
// client that is gone never sends one.
func (ses *session) ping() {
	if !ses.pinging.CompareAndSwap(false, true) {
		return
	}
	ses.pings.Go(func() {
		_, _ = ses.ch.SendRequest("keepalive@openssh.com", true, nil)
		ses.pinging.Store(false)
	})
}

// run does what a command line asks and returns the exit status.
func (ses *session) run(ctx context.Context, line string) int {
	if line == "" {
		return ses.greet(ctx)
	}
	service, path, err := parse(line, ses.s.serves)
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
	if elsewhere := (*host.Refusal)(nil); errors.As(err, &elsewhere) {
		return ses.refused(ctx, err)
	}
	if err != nil {
		return ses.failed(ctx, path, err)
	}
	switch service {
	case uploadPack:
		err = ses.upload(ctx, at)
	case receivePack:
		err = ses.receive(ctx, at)
	default:
		err = ses.s.o.Services[service](ctx, at.repo, at.rules, ses.ch, ses.ch)
		if told := at.SentBy(service); told != nil && err == nil {
			told("")
		}
	}
	if err != nil {
		ses.s.o.Log.InfoContext(ctx, service+" over ssh failed", "repository", path, "error", err)
		return 1
	}
	return 0
}

// serves tells whether there is such a service.
func (s *Server) serves(service string) bool {
	return service == uploadPack || service == receivePack || s.o.Services[service] != nil
}

// admitted is what a command was let in to; repo is nil for a push to a path where nothing is yet.
type admitted struct {
	host.Admission
	repo    storage.Repository
	rules   rules.Rules
	version wire.Version
}

func (ses *session) upload(ctx context.Context, at admitted) error {
	how := upload.Session{Version: at.version, Rules: at.rules, ID: upload.NewSessionID(), Notice: at.Notice, Sent: at.SentBy(uploadPack)}
	if err := ses.s.o.Upload.Advertise(ctx, at.repo, how, ses.ch); err != nil {
		return err
	}
	return ses.s.o.Upload.Serve(ctx, at.repo, how, ses.ch, ses.ch)
}

func (ses *session) receive(ctx context.Context, at admitted) error {
	if at.version == wire.V2 {
		at.version = wire.V0 // pushes know no protocol 2
	}
	push := receive.Session{Version: at.version, Repo: at.repo, Create: at.Create, Actor: at.Actor, Recheck: at.Recheck, Rules: at.rules, Writes: at.Writes, Notice: at.Notice,
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

// exitRefused is what git ends with over a repository that is not there.
const exitRefused = 128

// refused tells a refusal.
func (ses *session) refused(ctx context.Context, err error) int {
	var r *host.Refusal
	if !errors.As(err, &r) {
		return ses.failed(ctx, "", err)
	}
	ses.say("%s", r.Sentence)
	return exitRefused
}

func (ses *session) failed(ctx context.Context, path string, err error) int {
	ses.s.o.Log.ErrorContext(ctx, "ssh command failed", "repository", path, "error", err)
	ses.say(wire.ServerFailed)
	return exitRefused
}

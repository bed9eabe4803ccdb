package sshd

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gliderlabs/ssh"
)

// connection is a client's connection, with all its deadlines:
//
//	until it has signed in   Login for everything together, however slowly its bytes come
//	then, reading            Patience for the next byte; what we send does not count, the answer to a ping does
//	      writing            Patience for the next bytes to be taken
//	      without a command  Idle, whatever is sent
type connection struct {
	net.Conn
	limit    *limiter
	addr     string
	patience time.Duration
	idle     time.Duration
	inside   atomic.Bool
	read     atomic.Int64 // when the deadline was last moved, unix seconds; likewise wrote
	wrote    atomic.Int64

	// mu guards what follows.
	mu         sync.Mutex
	credential string
	commands   int
	unused     *time.Timer // runs while there is no command; nil before the sign-in
	closed     bool
}

// connKey is where a connection's context holds it.
type connKey struct{}

// accept is gliderlabs' ConnCallback; nil refuses the connection.
func (s *Server) accept(ctx ssh.Context, conn net.Conn) net.Conn {
	addr := counted(conn.RemoteAddr())
	if why := s.limit.enter(addr); why != "" {
		s.o.Log.Info("ssh connection refused: too many "+why, "remote", conn.RemoteAddr().String())
		// RFC 4253 section 4.2 lets a server send lines before its version; whoever looks closely sees why. It must not
		// wait: a full buffer is a client that does not read.
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(conn, "Jeton: too many "+why+"; try again later.\r\n")
		return nil
	}
	c := &connection{Conn: conn, limit: s.limit, addr: addr, patience: s.o.Patience, idle: s.o.Idle}
	_ = conn.SetDeadline(time.Now().Add(s.o.Handshake))
	ctx.SetValue(connKey{}, c)
	return c
}

// connectionOf is the connection of a context; accept has put it there.
func connectionOf(ctx ssh.Context) *connection {
	c, _ := ctx.Value(connKey{}).(*connection)
	return c
}

// signedIn lifts the handshake's deadline; false where the credential holds too many connections.
func (c *connection) signedIn(credential string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.credential != "" || !c.limit.admit(c.addr, credential) {
		return false
	}
	c.credential = credential
	c.unused = time.AfterFunc(c.idle, c.expire)
	c.inside.Store(true)
	c.extend(&c.read, c.Conn.SetReadDeadline)
	c.extend(&c.wrote, c.Conn.SetWriteDeadline)
	return true
}

// expire closes a connection on which no command runs.
func (c *connection) expire() {
	c.mu.Lock()
	unused := c.commands == 0
	c.mu.Unlock()
	if unused {
		_ = c.Close()
	}
}

// begin notes a command; false where the connection's credential runs too many.
func (c *connection) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.limit.begin(c.credential) {
		return false
	}
	c.commands++
	c.unused.Stop()
	return true
}

func (c *connection) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit.end(c.credential)
	if c.commands--; c.commands == 0 && !c.closed {
		c.unused.Reset(c.idle)
	}
}

// extend moves a deadline, at most twenty times in the time that it gives.
func (c *connection) extend(moved *atomic.Int64, deadline func(time.Time) error) {
	if !c.inside.Load() {
		return
	}
	now := time.Now()
	if last := moved.Load(); now.Unix()-last >= int64(c.patience.Seconds()/20) {
		moved.Store(now.Unix())
		_ = deadline(now.Add(c.patience))
	}
}

// SetDeadline, SetReadDeadline and SetWriteDeadline keep others from lifting the deadlines that are set here.
func (c *connection) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: see SetDeadline.
func (c *connection) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: see SetDeadline.
func (c *connection) SetWriteDeadline(time.Time) error { return nil }

// Read implements net.Conn.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.extend(&c.read, c.Conn.SetReadDeadline)
	}
	return n, err
}

// Write implements net.Conn.
func (c *connection) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.extend(&c.wrote, c.Conn.SetWriteDeadline)
	}
	return n, err
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		c.limit.leave(c.addr, c.credential)
		if c.unused != nil {
			c.unused.Stop()
		}
	}
	c.mu.Unlock()
	return c.Conn.Close()
}

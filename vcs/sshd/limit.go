package sshd

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gliderlabs/ssh"
)

// limiter counts connections: in all, and those of an address that have not signed in.
type limiter struct {
	all, each int
	mu        sync.Mutex // guards open and waiting
	open      int
	waiting   map[string]int
	strangers int // all that wait
}

func newLimiter(all, each int) *limiter {
	return &limiter{all: all, each: each, waiting: map[string]int{}}
}

func (l *limiter) enter(addr string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Those who have not signed in never take more than half of the places.
	if l.open >= l.all || l.strangers >= max(l.all/2, 1) || l.waiting[addr] >= l.each {
		return false
	}
	l.open++
	l.strangers++
	l.waiting[addr]++
	return true
}

// admitted takes a connection out of those that wait.
func (l *limiter) admitted(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strangers--
	if l.waiting[addr]--; l.waiting[addr] <= 0 {
		delete(l.waiting, addr)
	}
}

func (l *limiter) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
}

// connection is a client's connection. Until it has signed in it has one deadline for all; then every byte in either
// direction gives it its patience anew.
type connection struct {
	net.Conn
	limit    *limiter
	addr     string
	patience time.Duration
	inside   atomic.Bool
	extended atomic.Int64 // unix seconds
	close    sync.Once
}

// connKey is where a connection's context holds it.
type connKey struct{}

// accept is gliderlabs' ConnCallback; nil refuses the connection.
func (s *Server) accept(ctx ssh.Context, conn net.Conn) net.Conn {
	addr, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		addr = conn.RemoteAddr().String()
	}
	if !s.limit.enter(addr) {
		s.o.Log.Info("ssh connection refused: too many", "remote", addr)
		return nil
	}
	c := &connection{Conn: conn, limit: s.limit, addr: addr, patience: s.o.Patience}
	_ = conn.SetDeadline(time.Now().Add(s.o.Handshake))
	ctx.SetValue(connKey{}, c)
	return c
}

// signedIn lifts the handshake's deadline.
func signedIn(ctx ssh.Context) {
	if c, ok := ctx.Value(connKey{}).(*connection); ok && c.inside.CompareAndSwap(false, true) {
		c.limit.admitted(c.addr)
		c.extend()
	}
}

func (c *connection) extend() {
	if !c.inside.Load() {
		return
	}
	now := time.Now()
	if last := c.extended.Load(); now.Unix()-last >= int64(c.patience.Seconds()/20) {
		c.extended.Store(now.Unix())
		_ = c.Conn.SetDeadline(now.Add(c.patience))
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
		c.extend()
	}
	return n, err
}

// Write implements net.Conn.
func (c *connection) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.extend()
	}
	return n, err
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.close.Do(func() {
		if c.inside.CompareAndSwap(false, true) {
			c.limit.admitted(c.addr)
		}
		c.limit.leave()
	})
	return c.Conn.Close()
}

package wire

import (
	"io"
	"net"
	"net/netip"
	"sync"

	"jeton/auth/signin"
	"jeton/web/door"
)

// crowd is a listener that closes connections beyond its bounds at once: more than all of them, and more than half of
// them from one network (an IPv4 address, 64 bits of IPv6), so that nobody takes all by himself. Proxies that are trusted
// bring everybody's connections, and count in all alone.
type crowd struct {
	net.Listener
	most    int
	proxies door.Proxies

	mu   sync.Mutex // guards what follows
	open int
	from map[netip.Prefix]int
}

// newCrowd bounds a listener; most below 1 means 4,096.
func newCrowd(ln net.Listener, most int, proxies door.Proxies) *crowd {
	if most < 1 {
		most = 4096
	}
	return &crowd{Listener: ln, most: max(most, 2), proxies: proxies, from: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := c.network(conn)
		if c.enter(from) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { c.leave(from) })}, nil
		}
		_ = conn.Close()
	}
}

// network is for whom a connection counts; the zero value for a trusted proxy.
func (c *crowd) network(conn net.Conn) netip.Prefix {
	at := address(conn.RemoteAddr())
	if c.proxies.Trusts(at) {
		return netip.Prefix{}
	}
	return signin.Network(at)
}

func (c *crowd) enter(from netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.most || from.IsValid() && c.from[from] >= c.most/2 {
		return false
	}
	c.open++
	c.from[from]++
	return true
}

func (c *crowd) leave(from netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.from[from]--; c.from[from] == 0 {
		delete(c.from, from)
	}
}

// counted is a connection that gives its place back when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// ReadFrom implements io.ReaderFrom, which net/http looks for: the kernel sends a file by itself to a bare TCP connection.
func (c *counted) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// CloseWrite lets net/http and crypto/tls end an answer before the connection, as with a bare TCP connection.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

package wire

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"

	"jeton/cmd/jeton/config"
	"jeton/web/door"
)

// headerTime is how long a proxy may take to say whose connection it passes on. It knows when it connects.
const headerTime = 5 * time.Second

// trustedProxies are the settings about proxies in front.
func trustedProxies(set *config.Settings) (door.Proxies, error) {
	networks, err := networksOf(set, "server.trusted_proxies")
	if err != nil {
		return door.Proxies{}, err
	}
	return door.Proxies{Networks: networks, Header: http.CanonicalHeaderKey(set.Text("server.proxy_header"))}, nil
}

// networksOf are the networks of a setting, of which an address is the smallest.
func networksOf(set *config.Settings, setting string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range set.List(setting) {
		if a, err := netip.ParseAddr(s); err == nil {
			s = netip.PrefixFrom(a, a.BitLen()).String()
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is neither a network such as 10.0.0.0/8 nor an address", setting, s)
		}
		all = append(all, p)
	}
	return all, nil
}

// proxied is a listener whose connections from trusted proxies begin with whose they are (HAProxy, "The PROXY protocol").
// The document forbids to guess whether a header is there: a proxy's connection without one is of no use, and anybody
// else's is taken as it is, so that what looks like a header from them is a malformed request and nothing more.
//
// The header is read by whoever first asks for the connection's address or bytes, not by Accept.
type proxied struct{ proxyproto.Listener }

// newProxied wraps a listener; setting is the one that asks for it, for the error where nobody is trusted.
func newProxied(ln net.Listener, proxies door.Proxies, setting string) (*proxied, error) {
	if len(proxies.Networks) == 0 {
		return nil, fmt.Errorf("%s is on and server.trusted_proxies is empty: name the proxies that begin connections so", setting)
	}
	return &proxied{proxyproto.Listener{
		Listener: ln, ReadHeaderTimeout: headerTime,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			if proxies.Trusts(address(o.Upstream)) {
				return proxyproto.REQUIRE, nil
			}
			return proxyproto.SKIP, nil
		},
	}}, nil
}

// Accept implements net.Listener.
func (p *proxied) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if c, ok := conn.(*proxyproto.Conn); ok {
		return &passedOn{c}, err
	}
	return conn, err
}

// passedOn is a connection that a proxy passes on.
type passedOn struct{ *proxyproto.Conn }

// RemoteAddr implements net.Conn: the client, the proxy where it speaks for itself (LOCAL of version 2), and nobody where
// it does not know (UNKNOWN of version 1), so that nobody passes for the proxy.
func (p *passedOn) RemoteAddr() net.Addr {
	if h := p.ProxyHeader(); h != nil && h.Version == 1 && h.Command.IsLocal() {
		return &net.UnixAddr{Name: "unknown", Net: "unix"}
	}
	return p.Conn.RemoteAddr()
}

// CloseWrite lets net/http end an answer before the connection.
func (p *passedOn) CloseWrite() error {
	if half, ok := p.Raw().(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

package door

import (
	"net/http"
	"net/netip"
	"strings"
)

// The headers in which proxies say whose request they pass on.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239
	XRealIP       = "X-Real-Ip"
)

// Proxies are the proxies in front of the server: who they are, and the one header in which they name the client. Only
// one is read: a proxy that writes one header lets the others pass as the client has sent them. The zero value trusts nobody.
type Proxies struct {
	Networks []netip.Prefix
	// Header is XForwardedFor, Forwarded or XRealIP; "" means XForwardedFor.
	Header string
}

// Trusts tells whether an address is a proxy's.
func (p Proxies) Trusts(a netip.Addr) bool {
	for _, n := range p.Networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Remote is the address of the client.
func (d *Door) Remote(r *http.Request) netip.Addr { return d.o.Proxies.Client(r) }

// Client is the address of the client: the connection's, or what trusted proxies say. A list is read from its end, where
// our own proxy writes, up to the first address that is not a trusted proxy's: what stands before that one, anybody could
// have written. A proxy's request without the header is its own. Where what a proxy has written is no address ("unknown",
// a socket), the client's is not known and the zero value: nobody may take the proxy's address for it.
func (p Proxies) Client(r *http.Request) netip.Addr {
	at := peer(r)
	if !p.Trusts(at) {
		return at
	}
	switch p.Header {
	case XRealIP:
		return p.realIP(at, r.Header.Values(XRealIP))
	case Forwarded:
		return p.last(at, r.Header.Values(Forwarded), forwardedFor)
	}
	return p.last(at, r.Header.Values(XForwardedFor), commas)
}

// peer is the address of the connection; the zero value where it has none.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// realIP takes a header that names one address and no way to it.
func (p Proxies) realIP(proxy netip.Addr, values []string) netip.Addr {
	switch len(values) {
	case 0:
		return proxy
	case 1:
		return hop(values[0])
	}
	return netip.Addr{} // one of them is the client's own
}

// last goes back from the connection through the lines of a header. split takes a line apart; false where it cannot be
// read, and then nothing in it can be told from what a client wrote.
func (p Proxies) last(at netip.Addr, lines []string, split func(string) ([]string, bool)) netip.Addr {
	for l := len(lines) - 1; l >= 0; l-- {
		hops, ok := split(lines[l])
		if !ok {
			return netip.Addr{}
		}
		for h := len(hops) - 1; h >= 0; h-- {
			if at = hop(hops[h]); !p.Trusts(at) {
				return at
			}
		}
	}
	return at
}

// commas takes a line of X-Forwarded-For apart.
func commas(line string) ([]string, bool) { return strings.Split(line, ","), true }

// hop reads an address, with a port behind it or without: some proxies write one. The zero value where it is none.
func hop(text string) netip.Addr {
	text = strings.TrimSpace(text)
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		p, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}
		}
		a = p.Addr()
	}
	return a.Unmap().WithZone("")
}

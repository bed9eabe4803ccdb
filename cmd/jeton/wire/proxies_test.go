package wire

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"jeton/cmd/jeton/config"
	"jeton/web/door"
)

var loopback = door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// TestConnectionBelongsToWhomATrustedProxyNames writes what clients may begin with, as a proxy and as anybody.
func TestConnectionBelongsToWhomATrustedProxyNames(t *testing.T) {
	v2 := func(c proxyproto.ProtocolVersionAndCommand, from string) string {
		h := &proxyproto.Header{Version: 2, Command: c, TransportProtocol: proxyproto.TCPv4,
			SourceAddr:      net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from)),
			DestinationAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.80:443"))}
		b, err := h.Format()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	const nobody = "127.0.0.1"
	elsewhere := door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}
	for _, c := range []struct {
		name, sent string
		proxies    door.Proxies
		from, read string // "" from: the address is not known
	}{
		{"version 1", "PROXY TCP4 203.0.113.9 192.0.2.80 4711 443\r\nhello", loopback, "203.0.113.9", "hello"},
		{"version 1, IPv6", "PROXY TCP6 2001:db8::9 2001:db8::80 4711 443\r\nhello", loopback, "2001:db8::9", "hello"},
		{"version 2", v2(proxyproto.PROXY, "203.0.113.9:4711") + "hello", loopback, "203.0.113.9", "hello"},
		{"the proxy itself", v2(proxyproto.LOCAL, "203.0.113.9:4711") + "hello", loopback, nobody, "hello"},
		{"a client that the proxy does not know", "PROXY UNKNOWN\r\nhello", loopback, "", "hello"},
		{"two headers: the second is the client's", "PROXY TCP4 203.0.113.9 192.0.2.80 4711 443\r\nPROXY TCP4 10.0.0.1 192.0.2.80 1 2\r\n", loopback, "203.0.113.9", "PROXY TCP4 10.0.0.1 192.0.2.80 1 2\r\n"},
		{"no header", "hello", loopback, nobody, ""},
		{"a header that is too long", "PROXY TCP4 " + strings.Repeat("1", 200), loopback, nobody, ""},
		{"an address that is none", "PROXY TCP4 203.0.113.999 192.0.2.80 4711 443\r\nhello", loopback, nobody, ""},
		{"a header from somebody else", "PROXY TCP4 203.0.113.9 192.0.2.80 4711 443\r\nhello", elsewhere, nobody, "PROXY TCP4 203.0.113.9 192.0.2.80 4711 443\r\nhello"},
		{"somebody else", "hello", elsewhere, nobody, "hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, read := through(t, c.proxies, c.sent)
			want := netip.Addr{}
			if c.from != "" {
				want = netip.MustParseAddr(c.from)
			}
			if from != want || read != c.read {
				t.Errorf("got a connection from %s that sent %q, want %s and %q", from, read, want, c.read)
			}
		})
	}
}

// through sends bytes through a listener and returns whose connection it was taken for, and what was read from it.
func through(t *testing.T, proxies door.Proxies, sent string) (netip.Addr, string) {
	t.Helper()
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := newProxied(bare, proxies, "server.proxy_protocol")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, sent); err != nil {
		t.Fatal(err)
	}
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := address(conn.RemoteAddr())
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	read, _ := io.ReadAll(conn) // what is refused fails here
	if half, ok := conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		t.Error("the connection cannot be closed on one side")
	}
	return from, string(read)
}

func TestProxyProtocolNeedsProxies(t *testing.T) {
	if _, err := newProxied(nil, door.Proxies{}, "ssh.proxy_protocol"); err == nil || !strings.Contains(err.Error(), "ssh.proxy_protocol") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}

func TestSettingsOfProxiesAreReadOrRefused(t *testing.T) {
	for _, c := range []struct{ key, value, words string }{
		{"server.trusted_proxies", "10.0.0.0/8,192.0.2.7,2001:db8::/32", ""},
		{"server.trusted_proxies", "10.0.0.0/99", "neither a network"},
		{"outgoing.allow", "10.0.0.0/8,192.0.2.7,fd00::/8,", ""},
		{"outgoing.allow", "localhost", "neither a network"},
		{"outgoing.allow", "10.0.0.0", ""},
		{"outgoing.allow", "10.0.0.0/33", "neither a network"},
		{"server.proxy_header", "X-Real-IP", ""},
		{"server.proxy_header", "Via", "one of"},
	} {
		set, err := config.Load(config.Sources{Environ: []string{"JETON_" + strings.ToUpper(strings.ReplaceAll(c.key, ".", "_")) + "=" + c.value}})
		if err == nil {
			_, err = trustedProxies(set)
		}
		if (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s = %s: got %v, want an error with %q", c.key, c.value, err, c.words)
		}
	}
}

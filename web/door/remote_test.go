package door

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyTrustedProxiesSayWhoIsAsking(t *testing.T) {
	const nobody = "invalid IP"
	for _, c := range []struct {
		name, header, peer string
		sent               map[string][]string
		want               string
	}{
		{"nobody passes it on", "", "192.0.2.1:5", nil, "192.0.2.1"},
		{"somebody writes the header himself", "", "192.0.2.1:5", map[string][]string{XForwardedFor: {"198.51.100.7"}}, "192.0.2.1"},
		{"a proxy", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"198.51.100.7"}}, "198.51.100.7"},
		{"what the client wrote stands before", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"203.0.113.9, 198.51.100.7"}}, "198.51.100.7"},
		{"a client that passes for a proxy", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"203.0.113.9, 10.9.9.9, 198.51.100.7"}}, "198.51.100.7"},
		{"two proxies", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"198.51.100.7, 10.0.0.2"}}, "198.51.100.7"},
		{"two lines", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"203.0.113.9", "198.51.100.7"}}, "198.51.100.7"},
		{"a job on the proxy itself", "", "10.0.0.1:5", nil, "10.0.0.1"},
		{"only proxies", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"10.0.0.3"}}, "10.0.0.3"},
		{"unreadable", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"unknown"}}, nobody},
		{"unreadable behind a client's own", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"10.0.0.9, unix:"}}, nobody},
		{"nothing", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {""}}, nobody},
		{"with a port", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"198.51.100.7:4711"}}, "198.51.100.7"},
		{"IPv6 with a port", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"[2001:db8::1]:4711"}}, "2001:db8::1"},
		{"IPv6 in brackets", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"[2001:db8::1]"}}, "2001:db8::1"},
		{"IPv4 within IPv6", "", "[::ffff:10.0.0.1]:5", map[string][]string{XForwardedFor: {"::ffff:198.51.100.7"}}, "198.51.100.7"},
		{"a zone", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"fe80::1%eth0"}}, "fe80::1"},
		{"a connection without an address", "", "unknown", map[string][]string{XForwardedFor: {"198.51.100.7"}}, nobody},

		{"the other headers are the client's", "", "10.0.0.1:5", map[string][]string{XForwardedFor: {"198.51.100.7"}, Forwarded: {"for=10.0.0.9"}, XRealIP: {"10.0.0.9"}}, "198.51.100.7"},
		{"the other headers alone", "", "10.0.0.1:5", map[string][]string{Forwarded: {"for=203.0.113.9"}, XRealIP: {"203.0.113.9"}}, "10.0.0.1"},

		{"real ip", XRealIP, "10.0.0.1:5", map[string][]string{XRealIP: {"198.51.100.7"}, XForwardedFor: {"203.0.113.9"}}, "198.51.100.7"},
		{"real ip of somebody else", XRealIP, "192.0.2.1:5", map[string][]string{XRealIP: {"198.51.100.7"}}, "192.0.2.1"},
		{"two of them", XRealIP, "10.0.0.1:5", map[string][]string{XRealIP: {"10.0.0.9", "198.51.100.7"}}, nobody},
		{"a list in it", XRealIP, "10.0.0.1:5", map[string][]string{XRealIP: {"10.0.0.9, 198.51.100.7"}}, nobody},
		{"none", XRealIP, "10.0.0.1:5", nil, "10.0.0.1"},

		{"forwarded", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {"for=198.51.100.7;proto=https"}, XForwardedFor: {"203.0.113.9"}}, "198.51.100.7"},
		{"forwarded, by two", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {`for=203.0.113.9, For="[2001:db8::1]:4711";by=10.0.0.2, for=10.0.0.2`}}, "2001:db8::1"},
		{"forwarded, two lines", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {`for=10.0.0.9;x="`, `for=198.51.100.7`}}, "198.51.100.7"},
		{"forwarded for nobody", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {"for=203.0.113.9, proto=https"}}, nobody},
		{"forwarded for a hidden one", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {"for=_gazonk"}}, nobody},
		{"a string that the client leaves open", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {`for=10.0.0.9;x=", for=198.51.100.7`}}, nobody},
		{"closed by what the proxy wrote", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {`for=10.0.0.9;x=", for="[2001:db8::1]:4711"`}}, nobody},
		{"closed by it, with an escape", Forwarded, "10.0.0.1:5", map[string][]string{Forwarded: {`for=10.0.0.9;x="\", for="[2001:db8::1]";proto="https"`}}, nobody},
	} {
		d := New(Options{Proxies: Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Header: c.header}})
		r := request("/", nil)
		for name, values := range c.sent {
			r.Header[name] = values
		}
		r.RemoteAddr = c.peer
		if got := d.Remote(r).String(); got != c.want {
			t.Errorf("%s: %s with %q is %s, want %s", c.name, c.peer, c.sent, got, c.want)
		}
	}
}

// FuzzForwarded looks for a line that hides what a proxy has written behind it: whatever the client sent first, the last
// hop is the proxy's, or the line is refused.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"", "for=1.2.3.4", `for="[::1]:5"`, `x="`, `x="\`, `x="\"`, `for=a;for=b`, ";;", ",", "for", `a="b`, "for=\x80", `a="";b="\"`} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, sent string, quoted bool) {
		proxy := "for=192.0.2.1"
		if quoted {
			proxy = `for="192.0.2.1"`
		}
		hops, ok := forwardedFor(sent + ", " + proxy)
		if ok && hops[len(hops)-1] != "192.0.2.1" {
			t.Errorf("%q makes %q end in %q", sent, proxy, hops)
		}
		if hops, ok := forwardedFor(sent); ok && len(hops) != strings.Count(sent, ",")+1 && !strings.Contains(sent, `"`) {
			t.Errorf("%q has %d hops", sent, len(hops))
		}
	})
}

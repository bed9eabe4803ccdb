package outgoing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// inside are addresses that nobody's name may lead to, IPv4 in each disguise that IPv6 has for it among them.
var inside = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
	"168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
	"192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "192.175.48.1", "198.18.0.1", "198.19.255.255",
	"198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::2", "fe80::1", "fe80::1%lo", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "ff0e::1",
	"100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "3fff:fff::1", "5f00::1", "2620:4f:8000::1", "4000::1",
	"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "::127.0.0.1", "::8.8.8.8",
	"64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::10.0.0.1", "64:ff9b:1:ffff::1",
	"2002:7f00:1::1", "2002:808:808::1", "2001:0:7f00:1::", "2001:0:808:808::",
	"2a00:1450::5efe:127.0.0.1", "2a00:1450::200:5efe:10.0.0.1",
}

// outside are addresses right beside them, and some that everybody knows.
var outside = []string{
	"1.0.0.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "168.63.129.15", "168.63.129.17",
	"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.1", "192.0.3.1", "192.167.255.255", "192.169.0.0",
	"198.17.255.255", "198.20.0.0", "198.51.99.255", "203.0.112.255", "203.0.114.0", "223.255.255.255", "::ffff:8.8.8.8",
	"2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2606:4700::1111", "2a00:1450:4001::1", "3ffe::1",
}

func TestAddressesInsideAreRefused(t *testing.T) {
	d := New(Policy{})
	for _, a := range inside {
		if d.Allows(netip.MustParseAddr(a)) {
			t.Errorf("%s is allowed", a)
		}
	}
	for _, a := range outside {
		if !d.Allows(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
	if d.Allows(netip.Addr{}) {
		t.Error("no address at all is allowed")
	}
}

func TestNetworksThatAreAllowedAreAllowedAsTheyStand(t *testing.T) {
	for _, c := range []struct{ network, yes, no string }{
		{"10.1.0.0/16", "10.1.2.3", "10.2.0.1"},
		{"10.1.2.3/16", "::ffff:10.1.9.9", "64:ff9b::10.1.2.3"},
		{"127.0.0.0/8", "127.0.0.1", "::1"},
		{"::ffff:127.0.0.0/104", "127.9.9.9", "::7f00:1"},
		{"::1/128", "::1", "127.0.0.1"},
		{"fe80::/10", "fe80::1", "fe80::1%lo"},
		{"64:ff9b::/96", "64:ff9b::10.1.2.3", "10.1.2.3"},
		{"0.0.0.0/0", "192.168.1.1", "fd00::1"},
	} {
		d := New(Policy{Allow: []netip.Prefix{netip.MustParsePrefix(c.network)}})
		if !d.Allows(netip.MustParseAddr(c.yes)) {
			t.Errorf("%s allowed: %s is refused", c.network, c.yes)
		}
		if d.Allows(netip.MustParseAddr(c.no)) {
			t.Errorf("%s allowed: so is %s", c.network, c.no)
		}
	}
}

// names is a resolver of fixed answers: each question takes the next one, and the last remains.
type names struct {
	answers [][]netip.Addr
	err     error
	asked   atomic.Int32
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	i := int(n.asked.Add(1)) - 1
	if n.err != nil {
		return nil, n.err
	}
	return n.answers[min(i, len(n.answers)-1)], nil
}

func addrs(text ...string) (all []netip.Addr) {
	for _, t := range text {
		all = append(all, netip.MustParseAddr(t))
	}
	return all
}

// listen takes connections on an address, and counts them.
func listen(t *testing.T, at string) (port string, taken *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(at, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	taken = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			taken.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, taken
}

// quick is a policy whose failures do not take long.
func quick(r Resolver, allow ...string) Policy {
	p := Policy{Resolver: r, Blur: time.Millisecond, Timeout: 2 * time.Second}
	for _, a := range allow {
		p.Allow = append(p.Allow, netip.MustParsePrefix(a))
	}
	return p
}

func TestEachAnswerOfANameIsLookedAt(t *testing.T) {
	port, taken := listen(t, "127.0.0.2")
	for _, c := range []struct {
		name    string
		answers []netip.Addr
		reached bool
	}{
		{"the allowed one alone", addrs("127.0.0.2"), true},
		{"a refused one before it", addrs("169.254.169.254", "127.0.0.2"), true},
		{"refused ones around it", addrs("127.0.0.3", "127.0.0.2", "::1"), true},
		{"in disguise", addrs("::ffff:127.0.0.2"), true},
		{"refused ones alone", addrs("127.0.0.3", "::1", "10.0.0.1", "64:ff9b::127.0.0.2", "::ffff:127.0.0.3"), false},
		{"none", nil, false},
	} {
		before := taken.Load()
		conn, err := New(quick(&names{answers: [][]netip.Addr{c.answers}}, "127.0.0.2/32")).DialContext(t.Context(), "tcp", "host.example:"+port)
		if c.reached != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			if got := conn.RemoteAddr().String(); got != "127.0.0.2:"+port {
				t.Errorf("%s: it leads to %s", c.name, got)
			}
			_, _ = conn.Read(make([]byte, 1)) // the server closes once it has counted
			_ = conn.Close()
		} else if !errors.Is(err, ErrRefused) || err.Error() != ErrRefused.Error() {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.reached != (taken.Load() == before+1) {
			t.Errorf("%s: %d connections arrived", c.name, taken.Load()-before)
		}
	}
}

func TestANameIsAskedOnceForWhatIsCheckedAndDialled(t *testing.T) {
	port, _ := listen(t, "127.0.0.2")
	_, inner := listen(t, "127.0.0.1")
	rebinding := &names{answers: [][]netip.Addr{addrs("127.0.0.2"), addrs("127.0.0.1")}}
	d := New(quick(rebinding, "127.0.0.2/32"))
	conn, err := d.DialContext(t.Context(), "tcp", "rebind.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if n := rebinding.asked.Load(); n != 1 {
		t.Errorf("the resolver was asked %d times for one connection", n)
	}
	if _, err := d.DialContext(t.Context(), "tcp", "rebind.example:"+port); !errors.Is(err, ErrRefused) || inner.Load() != 0 {
		t.Errorf("the second answer leads inside: %v, %d connections", err, inner.Load())
	}
}

func TestTheNumberThatTheKernelDialsIsLookedAt(t *testing.T) {
	d := New(quick(nil))
	for address, ok := range map[string]bool{"8.8.8.8:80": true, "127.0.0.1:80": false, "[::ffff:10.0.0.1]:80": false, "[fe80::1%eth0]:80": false, "x": false} {
		if err := d.control("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAddressesWrittenAsOtherNumbersAreNames(t *testing.T) {
	port, taken := listen(t, "127.0.0.1")
	for _, host := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "0177.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "localhost", "127.0.0.1.", "[::1]"} {
		n := &names{answers: [][]netip.Addr{addrs("127.0.0.1")}} // as a resolver does that understands such numbers
		if _, err := New(quick(n)).DialContext(t.Context(), "tcp", net.JoinHostPort(host, port)); err == nil || err.Error() != ErrRefused.Error() {
			t.Errorf("%s: %v", host, err)
		}
	}
	if taken.Load() != 0 {
		t.Errorf("%d connections arrived", taken.Load())
	}
}

func TestAllFailuresAreOneSentence(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	var log bytes.Buffer
	for _, c := range []struct {
		name, network, addr, logged string
		resolver                    *names
	}{
		{"refused", "tcp", "10.0.0.1:80", "10.0.0.1 is refused", nil},
		{"nobody listens", "tcp", nobody, "connection refused", nil},
		{"no such name", "tcp", "nowhere.example:80", "no such host", &names{err: errors.New("no such host")}},
		{"no answer", "tcp", "nowhere.example:80", "has no address", &names{answers: [][]netip.Addr{nil}}},
		{"no port", "tcp", "127.0.0.1", "missing port", nil},
		{"a socket", "unix", "/run/docker.sock", "none of TCP", nil},
		{"datagrams", "udp", "127.0.0.1:53", "none of TCP", nil},
	} {
		log.Reset()
		p := quick(c.resolver, "127.0.0.0/8")
		p.Log = slog.New(slog.NewTextHandler(&log, nil))
		if _, err := New(p).DialContext(t.Context(), c.network, c.addr); err == nil || err.Error() != ErrRefused.Error() {
			t.Errorf("%s: %v", c.name, err)
		}
		if !strings.Contains(log.String(), c.logged) {
			t.Errorf("%s: the log says %q, want %q", c.name, log.String(), c.logged)
		}
	}
}

func TestFailuresTakeWholeTimes(t *testing.T) {
	p := quick(&names{answers: [][]netip.Addr{addrs("127.0.0.1")}})
	p.Blur = 150 * time.Millisecond
	for _, addr := range []string{"10.0.0.1:80", "inner.example:80", "[::1]:22"} {
		begun := time.Now()
		if _, err := New(p).DialContext(t.Context(), "tcp", addr); err == nil {
			t.Fatal("it is reached")
		}
		if took := time.Since(begun); took < p.Blur {
			t.Errorf("%s was refused after %s, want a whole %s", addr, took, p.Blur)
		}
	}
}

func TestWhoHasGoneIsToldSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Policy{}).DialContext(ctx, "tcp", "10.0.0.1:80"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestASilentAddressLeavesTimeForTheNext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for n, want := range map[int]time.Duration{1: time.Hour, 4: 15 * time.Minute} {
		share, done := shareOf(ctx, n)
		end, _ := share.Deadline()
		if left := time.Until(end); left > want || left < want-time.Minute {
			t.Errorf("one of %d has %s, want %s", n, left, want)
		}
		done()
	}
	if share, done := shareOf(context.Background(), 2); share.Err() != nil {
		t.Error("it has ended")
	} else {
		done()
	}
}

func TestManyAddressesAreNotAllTried(t *testing.T) {
	port, taken := listen(t, "127.0.0.1")
	many := append(addrs(strings.Split(strings.Repeat("10.0.0.1 ", maxAddresses), " ")[:maxAddresses]...), netip.MustParseAddr("127.0.0.1"))
	if _, err := New(quick(&names{answers: [][]netip.Addr{many}}, "127.0.0.0/8")).DialContext(t.Context(), "tcp", "many.example:"+port); err == nil || taken.Load() != 0 {
		t.Errorf("address %d was tried: %v", maxAddresses+1, err)
	}
}

// Package outgoing is the one way by which the server speaks to addresses that people or other servers have named: remotes
// that it fetches from, web hooks, redirects of either.
//
// Who may name an address may otherwise use this server as a foot in the door: to ask a cloud's metadata, an administrator's
// console on loopback, a database in the private network, or to find out what is there at all. So
//
//	name ─► resolved once ─► each answer is looked at ─► those that are allowed are dialled as numbers
//	                                                        │
//	                            the number that the kernel is about to dial is looked at once more
//
// and there is no second look at the name, which might have another answer (DNS rebinding). The same holds for each redirect,
// as each is dialled alike. Whatever goes wrong is one sentence (ErrRefused), said at the end of a whole second: that a
// name is not known, that it leads inwards, that nobody listens or that somebody does not answer shall look the same. The
// log has the reason.
//
// What is refused stands in ranges.go. Proxies that the environment names are not used: they would dial in our place.
// The package imports nothing of ours.
package outgoing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// ErrRefused is all that is told of a server that is not spoken to. The text is for whoever has named it.
var ErrRefused = errors.New("the other server could not be reached or did not answer as it should, or it is at an address that this server does not speak to (an administrator allows networks by the setting outgoing.allow)")

// Resolver finds the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Policy says what may be spoken to.
type Policy struct {
	// Allow are networks that are allowed although they are refused otherwise. One of IPv4 allows these addresses in no
	// disguise of IPv6: who wants 64:ff9b::/96 says so.
	Allow []netip.Prefix
	// Timeout is how long it may take to be connected, the look-up included; 0 means 10 seconds.
	Timeout time.Duration
	// Blur is to what multiple of itself the time of a failure is rounded up; 0 means a second.
	Blur time.Duration
	// Resolver finds addresses; nil means the system's.
	Resolver Resolver
	// Log has the reasons of what is refused; nil for none.
	Log *slog.Logger
}

// Dialer dials by a policy; safe for concurrent use.
type Dialer struct {
	p Policy
}

// maxAddresses is how many addresses of one name are tried.
const maxAddresses = 8

// New makes a dialer.
func New(p Policy) *Dialer {
	if p.Timeout <= 0 {
		p.Timeout = 10 * time.Second
	}
	if p.Blur <= 0 {
		p.Blur = time.Second
	}
	if p.Resolver == nil {
		p.Resolver = net.DefaultResolver
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	allow := make([]netip.Prefix, 0, len(p.Allow))
	for _, n := range p.Allow {
		if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
		}
		allow = append(allow, n.Masked())
	}
	p.Allow = allow
	return &Dialer{p: p}
}

// Allows tells whether an address may be dialled.
func (d *Dialer) Allows(a netip.Addr) bool {
	return a.Zone() == "" && contains(d.p.Allow, a.Unmap()) || public(a) && !own(a)
}

// own tells whether an address is one of this machine's: what listens there may stand behind a firewall that lets the machine
// itself through. Where they cannot be listed, all count as such.
func own(a netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(all, func(n net.Addr) bool {
		p, err := netip.ParsePrefix(n.String())
		return err == nil && p.Addr().Unmap() == a.Unmap()
	})
}

// DialContext connects to an address of the form HOST:PORT over TCP. Each failure is ErrRefused, or the context's own
// error where that has ended.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	begun := time.Now()
	limited, cancel := context.WithTimeout(ctx, d.p.Timeout)
	defer cancel()
	conn, err := d.dial(limited, network, addr)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() == nil {
		d.failed(ctx, addr, begun, err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, ErrRefused
}

// failed writes down why, and waits until a whole number of the policy's time has gone by since the beginning.
func (d *Dialer) failed(ctx context.Context, addr string, begun time.Time, why error) {
	d.p.Log.InfoContext(ctx, "an outgoing connection was refused or failed", "to", addr, "reason", why)
	left := d.p.Blur - time.Since(begun)%d.p.Blur
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (d *Dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fmt.Errorf("network %q is none of TCP's", network)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	found, err := d.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Control: d.control}
	err = errors.New("the name has no address")
	for i, a := range found {
		if !d.Allows(a) {
			err = fmt.Errorf("%s is refused", a)
			continue
		}
		var conn net.Conn
		share, cancel := shareOf(ctx, len(found)-i)
		conn, err = dialer.DialContext(share, network, net.JoinHostPort(a.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// addresses are those of a host, which may be written as a number, allowed or not.
func (d *Dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	found, err := d.p.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	found = found[:min(len(found), maxAddresses)]
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, nil
}

// shareOf gives one of n addresses its share of the time that is left.
func shareOf(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(n))
}

// control looks at the very address that is about to be dialled.
func (d *Dialer) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !d.Allows(at.Addr()) {
		return fmt.Errorf("%s is refused", at.Addr())
	}
	return nil
}

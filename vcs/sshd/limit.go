package sshd

import (
	"net"
	"net/netip"
	"sync"
)

// limiter counts connections: in all, from an address, those of an address and of all that have not signed in, and those
// of a credential; and the commands of a credential.
type limiter struct {
	o *Options
	// mu guards what follows.
	mu        sync.Mutex
	open      int
	strangers int // all that have not signed in
	from      map[string]int
	waiting   map[string]int // strangers, by address
	holding   map[string]int // connections, by credential
	running   map[string]int // commands, by credential
}

func newLimiter(o *Options) *limiter {
	return &limiter{o: o, from: map[string]int{}, waiting: map[string]int{}, holding: map[string]int{}, running: map[string]int{}}
}

// enter takes a place for a connection that has not signed in, or says of what there are too many.
func (l *limiter) enter(addr string) (why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.open >= l.o.Connections:
		return "connections"
	case l.from[addr] >= l.o.Address:
		return "connections from this address"
	case l.strangers >= l.o.Strangers:
		return "connections that have not signed in"
	case l.waiting[addr] >= l.o.Waiting:
		return "connections from this address that have not signed in"
	}
	l.open++
	l.strangers++
	l.from[addr]++
	l.waiting[addr]++
	return ""
}

// admit takes a connection out of those that wait, in the name of a credential; false where it holds too many.
func (l *limiter) admit(addr, credential string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holding[credential] >= l.o.Credential {
		return false
	}
	l.holding[credential]++
	l.recognised(addr)
	return true
}

// leave gives a connection's place back; credential is "" where it never signed in.
func (l *limiter) leave(addr, credential string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if credential == "" {
		l.recognised(addr)
	} else {
		less(l.holding, credential)
	}
	less(l.from, addr)
	l.open--
}

func (l *limiter) recognised(addr string) {
	l.strangers--
	less(l.waiting, addr)
}

// begin takes a place for a command; false where the credential runs too many.
func (l *limiter) begin(credential string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[credential] >= l.o.Commands {
		return false
	}
	l.running[credential]++
	return true
}

func (l *limiter) end(credential string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	less(l.running, credential)
}

// less takes one from a count and forgets it at nothing.
func less(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

// counted is the address for which a client is counted: its own, or of IPv6 the network of 64 bits, since whoever has one
// address there has all of it.
func counted(a net.Addr) string {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	at := p.Addr().Unmap().WithZone("")
	if at.Is4() {
		return at.String()
	}
	network, err := at.Prefix(64)
	if err != nil {
		return at.String()
	}
	return network.String()
}

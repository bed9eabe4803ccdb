package sshd

import "time"

// Limits bound what clients may take of the server; a zero value means the default that stands behind it.
type Limits struct {
	// Handshake is how long a client may take to sign in (30 seconds), Patience how long it may be silent when it is
	// waited for (10 minutes), Idle how long a connection may be without a command (10 minutes), Ping how often a client
	// is asked for a sign of life while a command runs (30 seconds).
	Handshake, Patience, Idle, Ping time.Duration
	// Tries is how many keys and passwords a connection may try (20): a key that is offered counts, and people have
	// many. Passwords is how many of them may be passwords (4).
	Tries, Passwords int
	// Connections is how many there may be (512), Address how many from one address (256), Strangers how many that have
	// not signed in (half of Connections), Waiting how many of these from one address (32), Credential how many for one
	// credential (128). An IPv6 address counts as its network of 64 bits.
	Connections, Address, Strangers, Waiting, Credential int
	// Sessions is how many a connection may have open at a time (32), Commands how many may run for one credential on
	// all its connections (128).
	Sessions, Commands int
}

func (l *Limits) defaults() {
	for _, t := range []struct {
		v *time.Duration
		d time.Duration
	}{{&l.Handshake, 30 * time.Second}, {&l.Patience, 10 * time.Minute}, {&l.Idle, 10 * time.Minute}, {&l.Ping, 30 * time.Second}} {
		if *t.v <= 0 {
			*t.v = t.d
		}
	}
	for _, n := range []struct {
		v *int
		d int
	}{{&l.Tries, 20}, {&l.Passwords, 4}, {&l.Connections, 512}, {&l.Address, 256}, {&l.Waiting, 32}, {&l.Credential, 128},
		{&l.Sessions, 32}, {&l.Commands, 128}} {
		if *n.v <= 0 {
			*n.v = n.d
		}
	}
	if l.Strangers <= 0 {
		l.Strangers = max(l.Connections/2, 1)
	}
}

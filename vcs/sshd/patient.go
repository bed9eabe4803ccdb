package sshd

import (
	"sync/atomic"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// patient is a channel that knows for how long its client has neither sent what is waited for nor taken what is sent.
// While the server works and waits for nobody, that is no time at all. Requests such as answers to pings are no data: a
// client that sends nothing else does not keep a command alive.
type patient struct {
	gossh.Channel
	// waits are calls of Read and Write that have not come back, since is when the waiting began or data last moved.
	waits atomic.Int32
	since atomic.Int64 // unix nanoseconds
}

func (p *patient) enter() {
	if p.waits.Add(1) == 1 {
		p.since.Store(time.Now().UnixNano())
	}
}

func (p *patient) leave(n int) {
	if n > 0 {
		p.since.Store(time.Now().UnixNano())
	}
	p.waits.Add(-1)
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	p.enter()
	n, err := p.Channel.Read(b)
	p.leave(n)
	return n, err
}

// Write implements io.Writer.
func (p *patient) Write(b []byte) (int, error) {
	p.enter()
	n, err := p.Channel.Write(b)
	p.leave(n)
	return n, err
}

// waited is for how long the client has been waited for; 0 where it is not.
func (p *patient) waited() time.Duration {
	since := p.since.Load()
	if p.waits.Load() == 0 {
		return 0
	}
	return time.Duration(time.Now().UnixNano() - since)
}

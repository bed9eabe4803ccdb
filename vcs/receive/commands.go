package receive

import (
	"errors"
	"io"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// command is one ref that a client wants to move, and why it may not.
type command struct {
	storage.RefUpdate
	// reason is why the ref did not move, for the client; empty while nothing speaks against it.
	reason string
}

func (c *command) refuse(reason string) {
	if c.reason == "" {
		c.reason = reason
	}
}

func (c *command) live() bool   { return c.reason == "" }
func (c *command) delete() bool { return c.New.IsZero() }

// own reports whether a ref is the server's.
func own(refName string) bool { return strings.HasPrefix(refName, "refs/jeton/") }

// read reads the commands up to the flush: OLD NEW REF, the first with the capabilities behind a NUL.
func (p *push) read() error {
	p.caps = wire.Caps{}
	seen := map[string]*command{}
	for n := 0; ; n++ {
		packet, err := p.in.Next()
		if errors.Is(err, io.EOF) && n == 0 {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return refuse("the request ends before its flush packet")
		}
		if err != nil {
			return err
		}
		if packet.Kind == wire.Flush {
			return nil
		}
		if packet.Kind != wire.Data {
			return refuse("a special packet of protocol 2 has no place in a push")
		}
		line, caps, ok := strings.Cut(packet.Line(), "\x00")
		if ok && n == len(p.shallow) {
			p.caps = wire.ParseCaps(caps)
			if f, ok := p.caps.Value("object-format"); ok && f != oid.Format {
				return refuse("this server keeps %s repositories, the push is of %s; begin with `git init --object-format=sha1`", oid.Format, wire.Escape(f))
			}
		}
		if err := p.line(line, seen); err != nil {
			return err
		}
	}
}

func (p *push) line(line string, seen map[string]*command) error {
	if hex, ok := strings.CutPrefix(line, "shallow "); ok {
		id, ok := oid.Parse(hex)
		if !ok {
			return refuse("protocol error: expected shallow sha, got '%s'", wire.Escape(hex))
		}
		if len(p.shallow) >= p.s.o.Limits.Commands {
			return refuse("more than %d shallow lines in one push", p.s.o.Limits.Commands)
		}
		p.shallow = append(p.shallow, id)
		return nil
	}
	if strings.HasPrefix(line, "push-cert") {
		return refuse("signed pushes are not accepted by this server; push without --signed")
	}
	c, err := parseCommand(line)
	if err != nil {
		return err
	}
	if len(c.Name) > p.s.o.Limits.RefName {
		return refuse("the name of a ref is %d bytes long; at most %d are allowed", len(c.Name), p.s.o.Limits.RefName)
	}
	if p.named += len(c.Name); p.named > maxNames {
		return refuse("the names of the refs are longer than %d bytes together; push fewer at a time", maxNames)
	}
	if len(p.commands) >= p.s.o.Limits.Commands {
		return refuse("more than %d refs in one push; push fewer at a time", p.s.o.Limits.Commands)
	}
	p.check(c, seen)
	p.commands = append(p.commands, c)
	return nil
}

// maxNames bounds the names of all refs of one push together, in bytes: they are kept until the report is written.
const maxNames = 16 << 20

func parseCommand(line string) (*command, error) {
	const n = oid.HexSize
	if len(line) < 2*n+3 || line[n] != ' ' || line[2*n+1] != ' ' {
		return nil, refuse("protocol error: expected old/new/ref, got '%s'", wire.Escape(line))
	}
	from, ok1 := oid.Parse(line[:n])
	to, ok2 := oid.Parse(line[n+1 : 2*n+1])
	if !ok1 || !ok2 {
		return nil, refuse("protocol error: expected old/new/ref, got '%s'", wire.Escape(line))
	}
	return &command{RefUpdate: storage.RefUpdate{Name: line[2*n+2:], Old: from, New: to}}, nil
}

// check refuses what can be refused without looking at the repository.
func (p *push) check(c *command, seen map[string]*command) {
	switch {
	case !strings.HasPrefix(c.Name, "refs/") || !name.Ref(c.Name):
		c.refuse("funny refname")
	case own(c.Name):
		c.refuse("refs/jeton/ is the server's own")
	case c.Old.IsZero() && c.New.IsZero():
		c.refuse("nothing to do: neither an old nor a new value")
	case seen[c.Name] != nil:
		c.refuse("the ref is named twice in one push")
		seen[c.Name].refuse("the ref is named twice in one push")
	}
	seen[c.Name] = c
}

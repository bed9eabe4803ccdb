package receive

import (
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// command is one ref that a client wants to move, and why it may not.
type command struct {
	storage.RefUpdate
	// reason is why the ref did not move, for the client; empty while nothing speaks against it.
	reason string
	// branch is the protected branch whose rule holds for the ref, nil for none; known once forbid has looked.
	branch *rules.Branch
}

func (c *command) refuse(reason string) {
	if c.reason == "" {
		c.reason = reason
	}
}

func (c *command) live() bool   { return c.reason == "" }
func (c *command) create() bool { return c.Old.IsZero() }
func (c *command) delete() bool { return c.New.IsZero() }

// told is the ref's name as it is told to the client that sent it: as it came, since git looks for the ref by this name, and
// escaped where no ref can be called so.
func (c *command) told() string {
	if name.Ref(c.Name) {
		return c.Name
	}
	return wire.Escape(c.Name)
}

// maxNames bounds the names of all refs of one push together, in bytes: they are kept until the report is written.
const maxNames = 16 << 20

// perCommand is about how many bytes a command takes besides its name: itself, its place among others by name, and its part
// of the report and of the journal.
const perCommand = 512

// add takes in one command as it stands on its line.
func (p *push) add(line string) error {
	c, err := parseCommand(line)
	if err != nil {
		return err
	}
	return p.admit(c)
}

// admit takes in one command within the limits.
func (p *push) admit(c *command) error {
	if len(c.Name) > p.s.o.Limits.RefName {
		return refuse("the name of a ref is %d bytes long; at most %d are allowed (an administrator can change receive.max_ref_name)", len(c.Name), p.s.o.Limits.RefName)
	}
	if p.named += len(c.Name); p.named > maxNames {
		return refuse("the names of the refs are longer than %d bytes together; push fewer at a time", maxNames)
	}
	if len(p.commands) >= p.s.o.Limits.Commands {
		return refuse("more than %d refs in one push; push fewer at a time (an administrator can change receive.max_refs)", p.s.o.Limits.Commands)
	}
	if err := p.keep(perCommand + len(c.Name)); err != nil {
		return err
	}
	p.check(c)
	p.commands = append(p.commands, c)
	return nil
}

// parseCommand reads OLD NEW REF. An id has its digits exactly: one with more of them is not read as its beginning.
func parseCommand(line string) (*command, error) {
	const n = oid.HexSize
	if len(line) < 2*n+3 || line[n] != ' ' || line[2*n+1] != ' ' {
		return nil, refuse("protocol error: expected old/new/ref, got '%s'", wire.Escape(short(line)))
	}
	from, ok1 := oid.Parse(line[:n])
	to, ok2 := oid.Parse(line[n+1 : 2*n+1])
	if !ok1 || !ok2 {
		return nil, refuse("protocol error: expected old/new/ref, got '%s'", wire.Escape(short(line)))
	}
	return &command{RefUpdate: storage.RefUpdate{Name: line[2*n+2:], Old: from, New: to}}, nil
}

// short cuts what a client sent to what is worth repeating.
func short(s string) string { return s[:min(len(s), 200)] }

// check refuses what can be refused without looking at the repository. Names are git's (git-check-ref-format) with one part
// behind "refs/" at the least, as for git: one alone would stand in the way of a folder of git's own. It may be deleted.
func (p *push) check(c *command) {
	below, inRefs := strings.CutPrefix(c.Name, "refs/")
	switch {
	case !inRefs || !name.Ref(c.Name) || !c.delete() && !name.Ref(below):
		c.refuse("funny refname")
	case rules.Owns(c.Name):
		c.refuse("refs/jeton/ is the server's own")
	case c.create() && c.delete():
		c.refuse("nothing to do: neither an old nor a new value")
	case p.seen[c.Name] != nil:
		c.refuse("the ref is named twice in one push")
		p.seen[c.Name].refuse("the ref is named twice in one push")
	}
	p.seen[c.Name] = c
}

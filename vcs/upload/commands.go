package upload

import (
	"errors"
	"io"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

// maxCapabilities is how many capability lines one request may bring, besides server options.
const maxCapabilities = 1000

// commands serves protocol 2 (gitprotocol-v2, "Command Request"):
//
//	command=fetch  agent=…  object-format=sha1  0001  want …  have …  done  0000
//
// one command over HTTP, one after the other over SSH, until the client has no more.
func (c *conversation) commands() error {
	for {
		c.allow()
		command, more, err := c.command()
		if errors.Is(err, io.EOF) && c.ses.Stateless {
			return errEmpty
		}
		if errors.Is(err, io.EOF) || err == nil && command == "" {
			return nil
		}
		if err != nil {
			return err
		}
		c.heard(command)
		err = c.run(command, more)
		if err != nil || c.ses.Stateless {
			return err
		}
		c.band, c.sending = nil, false // the next command has no bands yet
	}
}

// run does what one command asks.
func (c *conversation) run(command string, more bool) error {
	switch {
	case command == "ls-refs":
		return c.lsRefs(more)
	case command == "fetch":
		return c.fetch(more)
	case command == "object-info":
		return c.objectInfo(more)
	case command == "bundle-uri" && len(c.ses.Rules.Bundles) > 0:
		return c.bundleURI(more)
	}
	return refuse("invalid command '%s'", wire.Escape(command))
}

// command reads the head of a request: the command and the capabilities. more says that arguments follow. An empty
// command is the flush with which a client ends; io.EOF means that there is no request at all.
func (c *conversation) command() (command string, more bool, err error) {
	c.asked = asked{}
	for n := 0; ; n++ {
		p, err := c.in.Next()
		if errors.Is(err, io.EOF) && n > 0 {
			err = errCutOff
		}
		if err != nil {
			return "", false, err
		}
		switch p.Kind {
		case wire.Flush, wire.Delim:
			if command == "" && (n > 0 || p.Kind == wire.Delim) {
				return "", false, refuse("no command requested")
			}
			return command, p.Kind == wire.Delim, nil
		case wire.ResponseEnd:
			return "", false, refuse("a response-end packet has no place in a request")
		}
		line := p.Line()
		name, ok := strings.CutPrefix(line, "command=")
		switch {
		case ok && command != "":
			return "", false, refuse("command '%s' requested after already requesting command '%s'", wire.Escape(name), wire.Escape(command))
		case ok && name == "":
			return "", false, refuse("no command requested")
		case ok:
			command = name
		default:
			err = c.capability(n, line)
		}
		if err != nil {
			return "", false, err
		}
	}
}

// capability takes in the capability line n of a request: only what was advertised may be named (gitprotocol-v2, "Command
// Request"). Who the client says it is, and its options, are for the log.
func (c *conversation) capability(n int, line string) error {
	key, value, _ := strings.Cut(line, "=")
	if most := c.s.o.Limits.ServerOptions; len(c.asked.options) == most && key == "server-option" {
		return refuse("more than %d server options in one request; send fewer", most)
	}
	if n-len(c.asked.options) > maxCapabilities {
		return refuse("more than %d capabilities in one request", maxCapabilities)
	}
	switch key {
	case "agent":
		c.asked.agent = said(value)
	case "session-id":
		c.asked.session = said(value)
	case "server-option":
		c.asked.options = append(c.asked.options, said(value))
	case "object-format":
		return objectFormat(value)
	default:
		return refuse("unknown capability '%s'", wire.Escape(line))
	}
	return nil
}

// objectFormat refuses any but the one that is served.
func objectFormat(name string) error {
	if name == oid.Format {
		return nil
	}
	return refuse("this repository uses %s, the request %s; a repository that is to talk to this server begins with `git init --object-format=%s`",
		oid.Format, wire.Escape(name), oid.Format)
}

// arguments calls fn for each argument up to the flush.
func (c *conversation) arguments(command string, more bool, fn func(line string) error) error {
	for more {
		p, err := c.in.Next()
		if errors.Is(err, io.EOF) {
			return errCutOff
		}
		if err != nil {
			return err
		}
		if p.Kind == wire.Flush {
			return nil
		}
		if p.Kind != wire.Data {
			return refuse("expected flush after %s arguments", command)
		}
		if err := fn(p.Line()); err != nil {
			return err
		}
	}
	return nil
}

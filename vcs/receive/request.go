package receive

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

// read reads everything that stands before the pack (gitprotocol-pack, "Reference Update Request and Packfile Transfer"):
//
//	shallow ID …                                        of a shallow clone
//	OLD NEW REF NUL caps … | push-cert NUL caps … push-cert-end
//	0000
//	OPTION … 0000                                       where the client names push-options
//
// Nothing but a flush, or nothing at all, is no push.
func (p *push) read() error {
	p.caps, p.seen = wire.Caps{}, map[string]*command{}
	if err := p.readCommands(); err != nil {
		return err
	}
	if len(p.commands) > 0 && p.caps.Has("push-options") {
		if err := p.readOptions(); err != nil {
			return err
		}
	}
	if p.signed == "" {
		return nil
	}
	return p.acceptCertificate()
}

// readCommands reads up to the flush. A certificate's commands are those of the push.
func (p *push) readCommands() error {
	for n := 0; ; n++ {
		packet, err := p.in.Next()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return nil
		case errors.Is(err, io.EOF):
			return refuse("the request ends before its flush packet")
		case err != nil:
			return err
		case packet.Kind == wire.Flush:
			return nil
		case packet.Kind != wire.Data:
			return refuse("a special packet of protocol 2 has no place in a push")
		}
		line, caps, ok := strings.Cut(packet.Line(), "\x00")
		if ok && n == len(p.shallow) {
			if err := p.capabilities(caps); err != nil {
				return err
			}
		}
		if err := p.line(line); err != nil {
			return err
		}
	}
}

// capabilities takes in what the client can do and wants.
func (p *push) capabilities(line string) error {
	p.caps = wire.ParseCaps(line)
	if f, ok := p.caps.Value("object-format"); ok && f != oid.Format {
		return refuse("this server keeps %s repositories, the push is of %s; begin with `git init --object-format=sha1`", oid.Format, wire.Escape(short(f)))
	}
	return nil
}

func (p *push) line(line string) error {
	if hex, ok := strings.CutPrefix(line, "shallow "); ok {
		return p.shallowLine(hex)
	}
	if line == "push-cert" {
		return p.readCertificate()
	}
	if p.signed != "" {
		return refuse("protocol error: got both push certificate and unsigned commands")
	}
	return p.add(line)
}

// shallowLine notes a commit at which the client's own history is cut off.
func (p *push) shallowLine(hex string) error {
	id, ok := oid.Parse(hex)
	if !ok {
		return refuse("protocol error: expected shallow sha, got '%s'", wire.Escape(short(hex)))
	}
	if len(p.shallow) >= p.s.o.Limits.Commands {
		return refuse("more than %d shallow lines in one push", p.s.o.Limits.Commands)
	}
	p.shallow = append(p.shallow, id)
	return p.keep(2 * oid.Size) // a list that grows has room to spare
}

// maxCertificate bounds a certificate, in bytes: it is kept in the journal.
const maxCertificate = 4 << 20

// readCertificate reads a certificate's lines up to push-cert-end. One that was not asked for is refused.
func (p *push) readCertificate() error {
	if _, ok := p.s.offered(p.ses); !ok {
		return refuse("a push certificate was sent that this server did not ask for; push without --signed")
	}
	if p.signed != "" || len(p.commands) > 0 {
		return refuse("protocol error: got both push certificate and unsigned commands")
	}
	var text strings.Builder
	for {
		packet, err := p.in.Next()
		switch {
		case errors.Is(err, io.EOF) || err == nil && packet.Kind != wire.Data:
			return refuse("the push certificate ends before push-cert-end")
		case err != nil:
			return err
		case string(packet.Text()) == "push-cert-end":
			p.signed = text.String()
			return p.certificate()
		case text.Len()+len(packet.Data) > maxCertificate:
			return refuse("the push certificate is larger than %d bytes; push fewer refs at a time", maxCertificate)
		}
		if err := p.keep(2 * len(packet.Data)); err != nil {
			return err
		}
		text.Write(packet.Data)
	}
}

// certificate takes a certificate apart and its commands for those of the push.
func (p *push) certificate() error {
	c, err := parseCertificate(p.signed)
	if err != nil {
		return err
	}
	p.cert = c
	for _, line := range c.commands {
		if err := p.add(line); err != nil {
			return err
		}
	}
	return nil
}

// readOptions reads the push options up to their flush. They are kept for whoever follows the journal.
func (p *push) readOptions() error {
	total := 0
	for {
		packet, err := p.in.Next()
		switch {
		case errors.Is(err, io.EOF) || err == nil && packet.Kind > wire.Flush:
			return refuse("the push options end before their flush packet")
		case err != nil:
			return err
		case packet.Kind == wire.Flush:
			return nil
		}
		option := packet.Line()
		if strings.ContainsAny(option, "\x00\n") {
			return refuse("a push option holds a NUL or a line feed")
		}
		if len(p.options) >= p.s.o.Limits.Options {
			return refuse("more than %d push options (an administrator can change receive.max_push_options)", p.s.o.Limits.Options)
		}
		if total += len(option); total > p.s.o.Limits.OptionBytes {
			return refuse("the push options are longer than %d bytes together (an administrator can change receive.max_push_option_bytes)", p.s.o.Limits.OptionBytes)
		}
		if err := p.keep(64 + len(option)); err != nil {
			return err
		}
		p.options = append(p.options, option)
	}
}

// acceptCertificate finds out whether the certificate is of this push and of now.
func (p *push) acceptCertificate() error {
	if !slices.Equal(p.cert.options, p.options) {
		return refuse("inconsistent push options: those of the push certificate are not those of the push")
	}
	given, _ := p.s.offered(p.ses)
	status, err := p.s.nonces.judge(p.cert.nonce, p.ses.Repo.ID(), given, time.Now())
	if err != nil {
		return err
	}
	p.accepted = &Certificate{Text: p.signed, Signer: p.cert.signer, Nonce: p.cert.nonce, NonceStatus: status}
	return nil
}

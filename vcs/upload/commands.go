package upload

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// commands serves protocol 2: one command over HTTP, one after the other over SSH, until the client has no more.
func (c *conversation) commands() error {
	for {
		command, caps, more, err := c.command()
		if errors.Is(err, io.EOF) && !c.ses.Stateless || err == nil && command == "" {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return refuse("the request is empty")
		}
		if err != nil {
			return err
		}
		if f, ok := caps.Value("object-format"); ok && f != oid.Format {
			return refuse("this repository uses %s, the request %s; a SHA-256 repository cannot be served here", oid.Format, wire.Escape(f))
		}
		switch command {
		case "ls-refs":
			err = c.lsRefs(more)
		case "fetch":
			err = c.fetch(more)
		default:
			err = refuse("invalid command '%s'", wire.Escape(command))
		}
		if err != nil || c.ses.Stateless {
			return err
		}
	}
}

// command reads the head of a request: the command and the capabilities. more says that arguments follow. An empty
// command is the flush with which a client ends.
func (c *conversation) command() (command string, caps wire.Caps, more bool, err error) {
	caps = wire.Caps{}
	for n := 0; ; n++ {
		p, err := c.in.Next()
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				err = refuse("the request ends before its flush packet")
			}
			return "", nil, false, err
		}
		switch p.Kind {
		case wire.Flush:
			if command == "" && n > 0 {
				return "", nil, false, refuse("no command was requested")
			}
			return command, caps, false, nil
		case wire.Delim:
			if command == "" {
				return "", nil, false, refuse("no command was requested")
			}
			return command, caps, true, nil
		case wire.ResponseEnd:
			return "", nil, false, refuse("a response-end packet has no place in a request")
		}
		if n > 1000 {
			return "", nil, false, refuse("too many capabilities in one request")
		}
		line := p.Line()
		if name, ok := strings.CutPrefix(line, "command="); ok {
			if command != "" {
				return "", nil, false, refuse("two commands in one request")
			}
			command = name
			continue
		}
		caps.Add(line)
	}
}

// arguments calls fn for each argument up to the flush.
func (c *conversation) arguments(more bool, fn func(line string) error) error {
	for more {
		p, err := c.in.Next()
		if errors.Is(err, io.EOF) {
			return refuse("the request ends before its flush packet")
		}
		if err != nil {
			return err
		}
		if p.Kind == wire.Flush {
			return nil
		}
		if p.Kind != wire.Data {
			return refuse("a delimiter or response-end packet has no place among the arguments")
		}
		if err := fn(p.Line()); err != nil {
			return err
		}
	}
	return nil
}

// lsRefs answers ls-refs (gitprotocol-v2, "ls-refs").
func (c *conversation) lsRefs(more bool) error {
	var peel, symrefs, unborn bool
	var prefixes []string
	err := c.arguments(more, func(line string) error {
		switch prefix, ok := strings.CutPrefix(line, "ref-prefix "); {
		case ok:
			prefixes = append(prefixes, prefix)
			if len(prefixes) > c.s.o.Limits.Prefixes {
				return refuse("more than %d ref-prefix lines; ask for all refs instead", c.s.o.Limits.Prefixes)
			}
		case line == "peel":
			peel = true
		case line == "symrefs":
			symrefs = true
		case line == "unborn":
			unborn = true
		default:
			return refuse("unexpected line: '%s'", wire.Escape(line))
		}
		return nil
	})
	if err != nil {
		return err
	}
	l := lister{out: c.out, peel: peel, symrefs: symrefs}
	prefixes = minimal(prefixes)
	if wanted("HEAD", prefixes) {
		l.head(c.view.Refs.Head, unborn)
	}
	if len(prefixes) == 0 {
		l.refs(c.view.Refs.Refs)
	}
	for _, p := range prefixes {
		l.refs(c.view.Refs.WithPrefix(p))
	}
	_ = c.out.Flush()
	return c.out.Send()
}

// minimal sorts prefixes and drops those that another one covers, so that no ref is listed twice.
func minimal(prefixes []string) []string {
	sort.Strings(prefixes)
	kept := prefixes[:0]
	for _, p := range prefixes {
		if len(kept) == 0 || !strings.HasPrefix(p, kept[len(kept)-1]) {
			kept = append(kept, p)
		}
	}
	return kept
}

func wanted(refName string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(refName, p) {
			return true
		}
	}
	return len(prefixes) == 0
}

// lister writes ls-refs' lines.
type lister struct {
	out           *wire.Writer
	peel, symrefs bool
	line          []byte
}

func (l *lister) head(head storage.Ref, unborn bool) {
	if !head.ID.IsZero() {
		l.ref(&head)
	} else if unborn && head.Target != "" {
		_ = l.out.Line(fmt.Sprintf("unborn HEAD symref-target:%s", head.Target))
	}
}

func (l *lister) refs(refs []storage.Ref) {
	for i := range refs {
		if shown(refs[i].Name) {
			l.ref(&refs[i])
		}
	}
}

func (l *lister) ref(ref *storage.Ref) {
	l.line = oid.Append(l.line[:0], ref.ID)
	l.line = append(append(l.line, ' '), ref.Name...)
	if l.symrefs && ref.Target != "" {
		l.line = append(append(l.line, " symref-target:"...), ref.Target...)
	}
	if l.peel && !ref.Peeled.IsZero() {
		l.line = oid.Append(append(l.line, " peeled:"...), ref.Peeled)
	}
	_ = l.out.Data(append(l.line, '\n'))
}

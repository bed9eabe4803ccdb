package secrets

import (
	"bytes"

	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
)

// Large implements ingest.Viewer. A file that is small enough for the rules is put together; of a larger one tokens of this
// server are found as it goes by.
func (n *Scan) Large(size int64) ingest.Large {
	if n.book != nil && size <= n.s.o.MaxBlob {
		return &gathered{n: n}
	}
	return &passing{n: n}
}

// gathered is a file that is put together.
type gathered struct {
	n       *Scan
	content []byte
}

// Write implements io.Writer.
func (g *gathered) Write(b []byte) (int, error) {
	g.content = append(g.content, b...)
	return len(b), nil
}

// Done implements ingest.Large.
func (g *gathered) Done(id oid.ID) { g.n.Blob(id, g.content) }

// passing is a large file that goes by.
type passing struct {
	n *Scan
	// held is what has come and may begin a token that is not complete, and what was not looked at yet.
	held []byte
	// seen is how much at the beginning of held was looked at: a group of base64 may have begun there.
	seen int
	// line is how many lines stand before held, binary whether the file is no text.
	line   int
	begun  bool
	binary bool
	found  []Finding
}

// atOnce is how much is looked at together, in bytes.
const atOnce = 256 << 10

// Write implements io.Writer.
func (p *passing) Write(b []byte) (int, error) {
	if !p.begun {
		p.begun, p.binary = true, bytes.IndexByte(b[:min(len(b), sniffed)], 0) >= 0
	}
	n := len(b)
	for len(b) > 0 {
		part := b[:min(len(b), atOnce)]
		b = b[len(part):]
		if p.held = append(p.held, part...); len(p.held) >= atOnce {
			p.look(len(p.held) - ownSpread)
		}
	}
	return n, nil
}

// look looks at all that begins before a place, and lets go of it.
func (p *passing) look(until int) {
	if p.n.kinds&OwnTokens != 0 {
		count := lines{text: p.held}
		eachOwn(p.held, func(token string, at int) {
			if at < p.seen || at >= until {
				return // it was found before, or will be when more is there
			}
			if f, ok := p.n.live(token); ok {
				f.Line = p.line + count.of(at)
				p.found = append(p.found, f)
			}
		})
	}
	past := max(0, until-ownBefore)
	p.line += bytes.Count(p.held[:past], []byte{'\n'})
	p.held, p.seen = append(p.held[:0], p.held[past:]...), until-past
}

// Done implements ingest.Large.
func (p *passing) Done(id oid.ID) {
	p.look(len(p.held))
	p.n.keep(id, p.found)
	if p.n.book != nil && !p.binary {
		p.n.leave(func(l *Left) { l.Large++ })
	}
}

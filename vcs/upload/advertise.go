package upload

import (
	"context"
	"fmt"
	"io"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// capabilities of protocols 0 and 1: what is built, and nothing else (gitprotocol-capabilities).
const capabilities = "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-relative no-progress include-tag " +
	"multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done filter"

// Advertise writes the ref advertisement (protocols 0 and 1) or the capability advertisement (protocol 2), without the
// "# service" line that HTTP puts before it. An error is one of reading the repository or of w; a client must not take
// what was written before it for a whole advertisement.
func (s *Server) Advertise(ctx context.Context, repo storage.Repository, ses Session, w io.Writer) error {
	out := wire.NewWriter(w)
	if ses.Version == wire.V2 {
		for _, line := range []string{
			"version 2", "agent=" + s.o.Agent, "ls-refs=unborn", "fetch=shallow wait-for-done filter", "server-option", "object-format=" + oid.Format,
		} {
			_ = out.Line(line)
		}
		_ = out.Flush()
		return out.Send()
	}
	view, err := repo.View(ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	if ses.Version == wire.V1 {
		_ = out.Line("version 1")
	}
	s.refs(out, view.Refs)
	_ = out.Flush()
	return out.Send()
}

// refs writes HEAD, then every ref with what it peels to; the capabilities stand behind the first.
func (s *Server) refs(out *wire.Writer, snap *storage.Snapshot) {
	caps := "\x00" + capabilities
	if shown(&snap.Head) && snap.Head.Target != "" {
		caps += " symref=HEAD:" + snap.Head.Target
	}
	caps += " object-format=" + oid.Format + " agent=" + s.o.Agent
	p := page{out: out}
	line := func(id oid.ID, refName, suffix string) {
		p.begin()
		p.b = oid.Append(p.b, id)
		p.b = append(p.b, ' ')
		p.b = append(p.b, refName...)
		p.b = append(p.b, suffix...)
		p.b = append(p.b, caps...)
		p.end()
		caps = ""
	}
	if shown(&snap.Head) {
		line(snap.Head.ID, "HEAD", "")
	}
	for i := range snap.Refs {
		ref := &snap.Refs[i]
		if !shown(ref) {
			continue
		}
		line(ref.ID, ref.Name, "")
		if !ref.Peeled.IsZero() {
			line(ref.Peeled, ref.Name, "^{}")
		}
	}
	if caps != "" {
		line(oid.Zero, "capabilities^{}", "")
	}
	p.send()
}

// own begins the names of refs that are the server's own.
const own = "refs/jeton/"

// shown reports whether a client may know of a ref: it is not the server's own, does not stand for one that is, and
// leads somewhere.
func shown(ref *storage.Ref) bool {
	return !ref.ID.IsZero() && !strings.HasPrefix(ref.Name, own) && !strings.HasPrefix(ref.Target, own)
}

// tips are the ids of all refs that a client sees.
func tips(s *storage.Snapshot) []oid.ID {
	ids := make([]oid.ID, 0, len(s.Refs)+1)
	if shown(&s.Head) {
		ids = append(ids, s.Head.ID)
	}
	for i := range s.Refs {
		if shown(&s.Refs[i]) {
			ids = append(ids, s.Refs[i].ID)
		}
	}
	return ids
}

// pageSize is how many bytes of lines go to the client at a time.
const pageSize = 32 << 10

// page encodes a long list of lines in one pass, and hands them on in large pieces.
type page struct {
	out *wire.Writer
	b   []byte
	at  int // where the line under way begins in b
}

// begin begins a line, which is then appended to b.
func (p *page) begin() {
	if len(p.b) > pageSize {
		p.send()
	}
	p.at = len(p.b)
	p.b = wire.Begin(p.b)
}

// end closes the line with an LF. One that fits no packet (a ref's name of 64 KiB) is left out: nobody could ask for it.
func (p *page) end() { p.b, _ = wire.End(append(p.b, '\n'), p.at) }

// send hands on what there is; the writer remembers what goes wrong.
func (p *page) send() {
	_, _ = p.out.Write(p.b)
	p.b = p.b[:0]
}

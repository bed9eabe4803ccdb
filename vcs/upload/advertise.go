package upload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// capabilities of protocols 0 and 1: what is built, and nothing else (gitprotocol-capabilities).
func capabilities(r *rules.Rules) string {
	caps := "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not " +
		"deepen-relative no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want no-done"
	if r.AdvertisedOnly {
		return caps
	}
	return caps + " allow-reachable-sha1-in-want" + partial
}

// partial is advertised where any object may be wanted: a partial clone asks for the blobs that it lacks by their ids.
const partial = " filter"

// Advertise writes the ref advertisement (protocols 0 and 1) or the capability advertisement (protocol 2), without the
// "# service" line that HTTP puts before it. An error is one of reading the repository or of w; a client must not take
// what was written before it for a whole advertisement, unless ErrBadRequest is wrapped: then the client was told.
func (s *Server) Advertise(ctx context.Context, repo storage.Repository, ses Session, w io.Writer) error {
	if ses.ID == "" {
		ses.ID = NewSessionID()
	}
	s.o.Log.DebugContext(ctx, "fetch advertised", "repository", repo.ID(), "protocol", int(ses.Version), "session", ses.ID)
	out := wire.NewWriter(w)
	if ses.Version == wire.V2 {
		s.commandsOf(out, ses)
		return out.Send()
	}
	view, err := repo.View(ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	see := sight.New(&ses.Rules, view.Refs)
	if err := s.listable(see, view.Refs.Refs); err != nil {
		return errors.Join(err, wire.Err(out, "upload-pack: "+err.Error()))
	}
	if ses.Version == wire.V1 {
		_ = out.Line("version 1")
	}
	s.refs(out, see, ses.ID)
	if err := s.ends(ctx, out, view, see); err != nil {
		return err
	}
	_ = out.Flush()
	return out.Send()
}

// listable refuses to list more refs than a client is to be sent at once.
func (s *Server) listable(see sight.Sight, lists ...[]storage.Ref) error {
	if n, most := see.Count(lists, s.o.Limits.Refs+1), s.o.Limits.Refs; n > most {
		return refuse("the repository has more than %d refs, which is more than this server lists at once: fetch the refs that you need "+
			"by their names, by protocol 2 (git -c protocol.version=2), which lists those alone (ref-prefix)", most)
	}
	return nil
}

// commandsOf writes the capability advertisement of protocol 2 (gitprotocol-v2, "Capability Advertisement").
func (s *Server) commandsOf(out *wire.Writer, ses Session) {
	fetch := "fetch=shallow wait-for-done ref-in-want sideband-all"
	if !ses.Rules.AdvertisedOnly {
		fetch += partial
	}
	lines := []string{"version 2", "agent=" + s.o.Agent, "session-id=" + ses.ID, "ls-refs=unborn", fetch, "server-option", "object-info", "object-format=" + oid.Format}
	if len(ses.Rules.Bundles) > 0 {
		lines = append(lines, "bundle-uri")
	}
	for _, line := range lines {
		_ = out.Line(line)
	}
	_ = out.Flush()
}

// refs writes HEAD, then every ref with what it peels to; the capabilities stand behind the first.
func (s *Server) refs(out *wire.Writer, see sight.Sight, session string) {
	snap := see.Refs
	caps := "\x00" + capabilities(see.Rules)
	if see.Shows(&snap.Head) && snap.Head.Target != "" {
		caps += " symref=HEAD:" + snap.Head.Target
	}
	caps += " object-format=" + oid.Format + " agent=" + s.o.Agent + " session-id=" + session
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
	if see.Shows(&snap.Head) {
		line(snap.Head.ID, "HEAD", "")
	}
	for i := range snap.Refs {
		ref := &snap.Refs[i]
		if !see.Shows(ref) {
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

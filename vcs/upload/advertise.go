package upload

import (
	"context"
	"fmt"
	"io"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// capabilities of protocols 0 and 1: what is built, and nothing else (gitprotocol-capabilities).
const capabilities = "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-relative no-progress include-tag " +
	"multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done filter"

// Advertise writes the ref advertisement (protocols 0 and 1) or the capability advertisement (protocol 2), without the
// "# service" line that HTTP puts before it.
func (s *Server) Advertise(ctx context.Context, repo storage.Repository, v wire.Version, w io.Writer) error {
	out := wire.NewWriter(w)
	if v == wire.V2 {
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
	if v == wire.V1 {
		_ = out.Line("version 1")
	}
	s.refs(out, view.Refs)
	_ = out.Flush()
	return out.Send()
}

// refs writes HEAD, then every ref with what it peels to; the capabilities stand behind the first.
func (s *Server) refs(out *wire.Writer, snap *storage.Snapshot) {
	caps := capabilities
	if snap.Head.Target != "" && !snap.Head.ID.IsZero() {
		caps += " symref=HEAD:" + snap.Head.Target
	}
	caps += " object-format=" + oid.Format + " agent=" + s.o.Agent
	var line []byte
	first := true
	write := func(id oid.ID, refName, suffix string) {
		line = oid.Append(line[:0], id)
		line = append(append(append(line, ' '), refName...), suffix...)
		if first {
			line = append(append(line, 0), caps...)
			first = false
		}
		_ = out.Data(append(line, '\n'))
	}
	if !snap.Head.ID.IsZero() {
		write(snap.Head.ID, "HEAD", "")
	}
	for i := range snap.Refs {
		ref := &snap.Refs[i]
		if !shown(ref.Name) {
			continue
		}
		write(ref.ID, ref.Name, "")
		if !ref.Peeled.IsZero() {
			write(ref.Peeled, ref.Name, "^{}")
		}
	}
	if first {
		write(oid.Zero, "capabilities^{}", "")
	}
}

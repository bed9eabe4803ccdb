package receive

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// capabilities are those that are the same for everybody (gitprotocol-capabilities). Nothing that a client asks for is
// changed on the way, so that its report needs none of the option lines of report-status-v2.
const capabilities = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options object-format=" + oid.Format

// Advertise writes the ref advertisement of receive-pack, without HTTP's "# service" line.
func (s *Server) Advertise(ctx context.Context, ses Session, w io.Writer) error {
	out := wire.NewWriter(w)
	if ses.Version == wire.V1 {
		_ = out.Line("version 1")
	}
	caps := "\x00" + s.capabilities(ses)
	var seen sight.Sight
	var refs []storage.Ref
	if ses.Repo != nil {
		view, err := ses.Repo.View(ctx)
		if err != nil {
			return fmt.Errorf("open view: %w", err)
		}
		defer view.Close()
		seen, refs = sight.New(&ses.Rules, view.Refs), view.Refs.Refs
	}
	var line []byte
	for i := range refs {
		if !seen.Shows(&refs[i]) {
			continue
		}
		line = append(append(oid.Append(line[:0], refs[i].ID), ' '), refs[i].Name...)
		line = append(append(line, caps...), '\n')
		caps = ""
		_ = out.Data(line)
	}
	if caps != "" {
		_ = out.Line(oid.Zero.String() + " capabilities^{}" + caps)
	}
	_ = out.Flush()
	return out.Send()
}

// capabilities are those of one session, with a name of its own for the logs of both sides.
func (s *Server) capabilities(ses Session) string {
	caps := capabilities + " session-id=" + rand.Text() + " agent=" + s.o.Agent
	nonce, ok := s.offered(ses)
	if !ok {
		return caps
	}
	if nonce == "" {
		nonce = s.nonces.mint(ses.Repo.ID(), time.Now())
	}
	return caps + " push-cert=" + nonce
}

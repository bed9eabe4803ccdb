package receive

import (
	"context"
	"errors"
	"io"

	"jeton/vcs/host"
	"jeton/vcs/wire"
)

// strangers is how many bytes the commands of a push may take that is not let in.
const strangers = 1 << 20

// Refuse answers a push that was not let in, over HTTP: git shows no status of a POST to its user, but it shows what
// stands behind each ref. The commands are read, no pack is; who sends none (the probe before a large push) gets no answer,
// as from Serve, and asks again with all it has. Anybody may get here: who sends more commands than a little memory holds is
// told once for all of them. The error is for the log.
func (s *Server) Refuse(ctx context.Context, no *host.Refusal, r io.Reader, w io.Writer) error {
	p := &push{s: s, ctx: ctx, ses: Session{Stateless: true}, in: wire.NewReader(r), out: wire.NewWriter(w), room: strangers}
	defer p.forget()
	if err := p.read(); err != nil {
		if errors.Is(err, ErrBadRequest) { // whatever else is wrong with it
			err = refuse("%s", no.Sentence)
		}
		return p.abort(err)
	}
	if len(p.commands) == 0 {
		return nil
	}
	if p.caps.Has("side-band-64k") {
		p.band = wire.NewSideBand(p.out, wire.SideBand64k)
	}
	p.unpack = "ok" // nobody has looked
	for _, c := range p.commands {
		c.refuse(no.Sentence)
	}
	return p.report(nil)
}

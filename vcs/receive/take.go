package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"jeton/vcs/deadline"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// Taking is what the server itself has fetched from elsewhere: a push without a client.
type Taking struct {
	// Updates are the refs that move, all or none, from what they are here to what they are there.
	Updates []storage.RefUpdate
	// Head is the branch that HEAD is to name where the repository has none yet and it is among the updates; "" leaves it to
	// the rule for pushes.
	Head string
	// Pack is the pack as it arrives; it ends with its checksum.
	Pack io.Reader
	// Progress is told how the pack is taken, often; nil for nobody.
	Progress func(stage string, done, total uint32)
}

// Take takes what was fetched with all that a push goes through: quarantine, checks, limits, proof that nothing is missing,
// the repository's rules, one transaction of refs, the journal. Either all refs have moved or nothing has changed. The text
// of an error that wraps ErrBadRequest is for whoever asked for it; any other is the server's own failure, or the reader's.
func (s *Server) Take(ctx context.Context, ses Session, t Taking) error {
	if len(t.Updates) == 0 {
		return nil
	}
	ctx, done := deadline.Start(ctx, s.o.Limits.Time, refuse("it took longer than %s (an administrator can change receive.timeout)", s.o.Limits.Time))
	defer done()
	ses.Stateless = true // nobody has to be told anything
	p := &push{s: s, ctx: ctx, ses: ses, rules: ses.Rules, in: wire.NewReader(&inTime{ctx, t.Pack}), out: wire.NewWriter(io.Discard),
		room: s.o.Limits.CommandMemory, caps: wire.Caps{"atomic": ""}, seen: map[string]*command{}, taking: &t}
	defer p.forget()
	for _, u := range t.Updates {
		if err := p.admit(&command{RefUpdate: u}); err != nil {
			return err
		}
	}
	err := deadline.Reason(ctx, p.run())
	p.inspect.warn(nil)
	p.tellLeaks()
	if err != nil {
		if text := p.words(err); text != wire.ServerFailed {
			return fmt.Errorf("%w (%w)", refusal(text), err)
		}
		return err
	}
	return p.refused()
}

// maxRefused is how many refused refs an error names.
const maxRefused = 3

// refused is what speaks against the refs that have not moved; nil where all have.
func (p *push) refused() error {
	var why []string
	more := 0
	for _, c := range p.commands {
		switch {
		case c.live() || c.reason == atomicFailure:
		case len(why) == maxRefused:
			more++
		default:
			why = append(why, c.told()+": "+c.reason)
		}
	}
	switch {
	case len(why) == 0 && slices.ContainsFunc(p.commands, func(c *command) bool { return !c.live() }):
		return refuse(atomicFailure)
	case len(why) == 0:
		return nil
	case more > 0:
		why = append(why, fmt.Sprintf("and %d more", more))
	}
	return refuse("%s", strings.Join(why, "; "))
}

// Told is the text of an error of Take for whoever asked for it; false where it is the server's own failure.
func Told(err error) (string, bool) {
	var told refusal
	if errors.As(err, &told) {
		return told.Error(), true
	}
	return "", false
}

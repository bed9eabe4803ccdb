package receive

import (
	"context"
	"errors"
	"sync"
	"time"

	"jeton/vcs/deadline"
	"jeton/vcs/host"
	"jeton/vcs/wire"
)

// watch asks from now on, every few seconds, whether the push is still admitted: one that is sent for hours must not go on
// with a credential that was revoked. A no ends the push's context, and so the reading at the next byte. The function that it
// returns ends the asking and waits for it.
func (p *push) watch() (end func()) {
	if p.ses.Recheck == nil {
		return func() {}
	}
	before := p.ctx
	ctx, cancel := context.WithCancelCause(before)
	p.ctx = ctx
	var asking sync.WaitGroup
	asking.Go(func() {
		_ = deadline.Caught(p.s.o.Log, "a push", "asking the door again", func() { askAgain(ctx, p.s.o.AskAgain, p.ses.Recheck, cancel) })
	})
	return func() {
		cancel(nil)
		asking.Wait()
		p.ctx = before // what is told and dropped afterwards has its own time
	}
}

// askAgain asks until the answer is no. That the door fails ends nothing: it is asked once more before refs move.
func askAgain(ctx context.Context, every time.Duration, recheck func(context.Context) error, no context.CancelCauseFunc) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		var refused *host.Refusal
		if err := recheck(ctx); errors.As(err, &refused) {
			no(refused)
			return
		}
	}
}

// revoked is what ended a push, as its client shall hear it: where it was not admitted any more, that is the reason of
// whatever failed.
func (p *push) revoked(err error) error {
	var no *host.Refusal
	if err == nil || !errors.As(context.Cause(p.ctx), &no) {
		return err
	}
	p.unpack = "ok"                               // nothing is wrong with the pack
	return refuse("%s", wire.Escape(no.Sentence)) // and not that the context has ended: the client is still there
}

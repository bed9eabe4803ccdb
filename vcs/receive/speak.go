package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"jeton/vcs/deadline"
	"jeton/vcs/host"
	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// silence is broken by keep-alives, once the client has sent everything: before that it does not listen.
type silence struct {
	listening atomic.Bool
	done      chan struct{}
	once      sync.Once
	wg        sync.WaitGroup
}

func (s *silence) begin() { s.listening.Store(true) }

func (s *silence) stop() {
	s.once.Do(func() { close(s.done) })
	s.wg.Wait()
}

// keepAlive starts the keep-alives of a push; they are sent from begin to stop.
func (p *push) keepAlive() *silence {
	s := &silence{done: make(chan struct{})}
	if p.band == nil {
		return s
	}
	s.wg.Go(func() {
		// After a panic the push goes on in silence.
		_ = deadline.Caught(p.s.o.Log, "a push", "signs of life", func() { s.beat(p.s.o.KeepAlive, p.band) })
	})
	return s
}

// beat sends keep-alives while the client listens, until stop.
func (s *silence) beat(every time.Duration, band *wire.SideBand) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-t.C:
			if s.listening.Load() {
				_ = band.KeepAlive()
			}
		}
	}
}

// progress tells people how the resolving of deltas comes along; of what the client itself sends it has its own account.
func (p *push) progress(quiet *silence) func(string, uint32, uint32) {
	last := time.Now()
	return func(stage string, done, total uint32) {
		if p.taking != nil && p.taking.Progress != nil {
			p.taking.Progress(stage, done, total)
		}
		if stage == "Receiving objects" {
			return
		}
		quiet.begin()
		if p.band == nil || p.caps.Has("quiet") || done < total && time.Since(last) < time.Second/2 {
			return
		}
		last = time.Now()
		end := "\r"
		if done == total {
			end = ", done.\n"
		}
		_ = p.band.Progress(fmt.Sprintf("%s: %3d%% (%d/%d)%s", stage, 100*uint64(done)/max(uint64(total), 1), done, total, end))
	}
}

// abort ends a push whose commands could not be read. What the client still sends is dropped where it speaks git at all.
func (p *push) abort(err error) error {
	text := wire.ServerFailed
	switch {
	case errors.Is(err, ErrBadRequest), errors.Is(err, wire.ErrMalformed):
		text = err.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	if p.caps.Has("side-band-64k") {
		// A client that takes bands apart knows no ERR packet.
		band := wire.NewSideBand(p.out, wire.SideBand64k)
		err = errors.Join(err, band.Fatal(text+"\n"), band.Close())
	} else {
		err = errors.Join(err, wire.Err(p.out, text))
	}
	if errors.Is(err, ErrBadRequest) {
		p.drain()
	}
	return err
}

// drain reads and drops what the client still sends, within bounds, once it was told that all is in vain: one that is cut
// off while it sends shows a broken pipe instead of the reason. Over HTTP the transport does it, with its own bounds.
func (p *push) drain() {
	if p.ses.Stateless {
		return
	}
	ctx, done := context.WithTimeout(p.ctx, p.s.o.Limits.DrainTime)
	defer done()
	_, _ = io.CopyN(io.Discard, &inTime{ctx, p.in.Rest()}, p.s.o.Limits.Drain) // how it ends is the client's matter
}

// report writes report-status (gitprotocol-pack, "Report Status"), framed in band 1 where the client takes bands.
// failed is what ended the push as a whole, if something did.
func (p *push) report(failed error) error {
	p.inspect.warn(p.band)
	p.tellLeaks()
	if failed != nil {
		text := p.words(failed)
		if p.unpack == "" {
			p.unpack = text
			text = "unpacker error"
		}
		for _, c := range p.commands {
			c.refuse(text)
		}
	}
	if p.band != nil && p.ses.Notice != "" && p.anyLive() {
		_ = p.band.Progress(wire.Escape(p.ses.Notice) + "\n")
	}
	if !p.caps.Has("report-status") && !p.caps.Has("report-status-v2") {
		return p.end()
	}
	w := p.out
	if p.band != nil {
		w = wire.NewWriter(p.band)
	}
	_ = w.Line("unpack " + p.unpack)
	for _, c := range p.commands {
		if c.live() {
			_ = w.Line("ok " + c.Name)
		} else {
			_ = w.Line("ng " + c.told() + " " + c.reason)
		}
	}
	_ = w.Flush()
	if err := w.Send(); err != nil {
		return err
	}
	return p.end()
}

func (p *push) end() error {
	if p.band != nil {
		return p.band.Close()
	}
	return p.out.Send()
}

// words are what a client is told of an error: what it can do something about, and nothing of the server's insides.
func (p *push) words(err error) string {
	var limit *ingest.LimitError
	var fault *faultError
	var told refusal
	switch {
	case errors.As(err, &told):
		return told.Error()
	case errors.Is(err, host.ErrNotFound), errors.Is(err, storage.ErrClosed):
		return "the repository was deleted meanwhile, or the server is about to stop; look whether it is still there, and push again"
	case errors.As(err, &limit):
		return limit.Error()
	case errors.As(err, &fault):
		if p.band != nil {
			fault.tell(p.band)
		}
		return fault.Error()
	case errors.Is(err, ingest.ErrUnresolved), errors.Is(err, pack.ErrCorrupt), errors.Is(err, object.ErrMalformed),
		errors.Is(err, oid.ErrCollision), errors.Is(err, pack.ErrTooLarge):
		return wire.Escape(err.Error())
	case errors.Is(err, reach.ErrBudget):
		return "the push refers to objects that cannot be found without too long a walk; push what they belong to as well"
	case errors.Is(err, ErrBadRequest):
		return err.Error()
	case errors.Is(err, reach.ErrMissing):
		return "missing necessary objects"
	}
	return wire.ServerFailed
}

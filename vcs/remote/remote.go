package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"jeton/vcs/receive"
	"jeton/vcs/wire"
)

// ErrUnreachable is all that is told of a server that has not shown that it speaks git.
var ErrUnreachable = errors.New("nothing could be fetched: there is no git repository at this address, or it wants other credentials, or the server cannot be reached " +
	"or is one that this server does not speak to (an administrator allows networks by the setting outgoing.allow, and finds the reason in the log)")

// Receiver takes what was fetched; *receive.Server does.
type Receiver interface {
	Take(ctx context.Context, ses receive.Session, t receive.Taking) error
}

// Limits bound one pull; a zero means the default that stands behind it.
type Limits struct {
	// Time is how long it may take in all (2 hours), Silence for how long the other server may send next to nothing (5
	// minutes): less than Least bytes (16 KiB).
	Time, Silence time.Duration
	Least         int64
	// Advertisement is how long its list of refs may be, in bytes (32 MiB), Answer how much it may send behind that (5 GiB):
	// the pack, which has limits of its own, and what is said beside it.
	Advertisement, Answer int64
}

// Options govern a Fetcher.
type Options struct {
	// Dial connects, HTTP speaks HTTP; neither goes where it must not.
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	HTTP    *http.Client
	Receive Receiver
	Limits  Limits
	// KnownHosts is a file with keys of SSH servers as OpenSSH has it (sshd(8)); "" for none.
	KnownHosts string
	// Blur is to what multiple of itself the time of ErrUnreachable is rounded up; 0 means a second.
	Blur time.Duration
	// Agent is what this server calls itself.
	Agent string
	Log   *slog.Logger
}

// Fetcher fetches from other servers. It is safe for concurrent use.
type Fetcher struct{ o Options }

// New makes a fetcher.
func New(o Options) *Fetcher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Blur <= 0 {
		o.Blur = time.Second
	}
	if o.Agent == "" {
		o.Agent = "jeton"
	}
	o.Limits = o.Limits.withDefaults()
	return &Fetcher{o}
}

func (l Limits) withDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	set((*int64)(&l.Time), int64(2*time.Hour))
	set((*int64)(&l.Silence), int64(5*time.Minute))
	set(&l.Least, 16<<10)
	set(&l.Advertisement, 32<<20)
	set(&l.Answer, 5<<30)
	return l
}

// Pull is one fetch: from where, into what, by whom.
type Pull struct {
	From Address
	// Session says into what repository, who moves its refs, by which rules, and whether they still may.
	Session receive.Session
	// Keys are the keys of SSH servers that this repository has met.
	Keys HostKeys
	// Progress is told how it comes along; nil for nobody. It is called often, by one goroutine at a time.
	Progress func(text string)
}

// Report is what a pull has done.
type Report struct {
	// Refs is how many branches and tags there are there, Moved how many of them were made or moved here.
	Refs  int `json:"refs"`
	Moved int `json:"moved"`
}

// Failure is an error of a pull whose text is for whoever asked for it.
type Failure struct{ text string }

func (f *Failure) Error() string { return f.text }

// fail is a failure in words; what the other server said must be escaped already.
func fail(format string, a ...any) error { return &Failure{fmt.Sprintf(format, a...)} }

// Pull fetches branches and tags and moves those of the repository. All of them have moved, or nothing has changed. A
// *Failure, ErrUnreachable, what receive.Told knows, the context's error, or a failure of this server.
func (f *Fetcher) Pull(ctx context.Context, p Pull) (Report, error) {
	if p.Progress == nil {
		p.Progress = func(string) {}
	}
	if p.From.IsZero() {
		return Report{}, fail("there is no address to fetch from")
	}
	within, cancel := context.WithTimeout(ctx, f.o.Limits.Time)
	defer cancel()
	m := newMeter(within, f.o.Limits)
	defer m.stop()
	report, err := f.pull(within, m, p)
	switch {
	case err == nil, errors.Is(err, ErrUnreachable):
		return report, err
	case ctx.Err() != nil:
		return report, context.Cause(ctx)
	case m.failed() != nil: // the reason of whatever failed
		return report, m.failed()
	case within.Err() != nil:
		return report, fail("it took longer than %s (an administrator can change pull.timeout)", f.o.Limits.Time)
	}
	return report, err
}

func (f *Fetcher) pull(ctx context.Context, m *meter, p Pull) (Report, error) {
	p.Progress("asking " + p.From.Masked())
	s, refs, err := f.discover(ctx, m, p)
	if err != nil {
		return Report{}, err
	}
	ctx = m.ctx
	defer s.close()
	report := Report{Refs: len(refs.list)}
	plan, err := compare(ctx, p.Session, refs)
	if err != nil || len(plan.updates) == 0 {
		return report, err
	}
	t := receive.Taking{Updates: plan.updates, Head: refs.head, Progress: func(stage string, done, total uint32) {
		p.Progress(fmt.Sprintf("%s: %d of %d", stage, done, total))
	}}
	if t.Pack, err = f.pack(ctx, m, s, plan); err != nil {
		return report, err
	}
	if err := f.o.Receive.Take(ctx, p.Session, t); err != nil {
		if said := plan.said(); said != nil {
			return report, said
		}
		return report, fmt.Errorf("take what was fetched: %w", err)
	}
	report.Moved = len(plan.updates)
	return report, nil
}

// maxHello is for how long a server may be silent that has shown nothing yet.
const maxHello = time.Minute

// discover asks a server for its refs. Until it has answered with a list of refs it is nobody in particular.
func (f *Fetcher) discover(ctx context.Context, m *meter, p Pull) (source, refs, error) {
	begun := time.Now()
	m.allow(f.o.Limits.Advertisement, min(f.o.Limits.Silence, maxHello), errAdvertisement)
	s, err := f.open(m.ctx, m, p)
	if err == nil {
		var list refs
		if list, err = s.refs(m.ctx); err == nil {
			if err := s.met(ctx); err != nil {
				s.close()
				return nil, refs{}, err
			}
			return s, list, nil
		}
		s.close()
	}
	var told *Failure
	silent := errors.Is(m.failed(), errSilent) // which would tell that somebody listens
	if ctx.Err() != nil || errors.As(err, &told) && !silent {
		return nil, refs{}, err
	}
	f.o.Log.InfoContext(ctx, "nothing could be fetched from another server", "from", p.From.Masked(), "reason", wire.Escape(err.Error()))
	timer := time.NewTimer(f.o.Blur - time.Since(begun)%f.o.Blur)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, refs{}, ErrUnreachable
}

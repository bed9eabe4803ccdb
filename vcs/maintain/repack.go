// Package maintain keeps repositories fast: it brings what many pushes have left in many packs together in one.
//
//	packs of pushes ──► survey: what do refs reach? ──► one closed pack of that (pack.Roots)
//	                                     └─ the rest ──► kept in packs of its own until Options.Grace is over, then dropped
//
// A large pack that a repository shares with its forks by hard link stays as it is, with one more pack beside it, as long as
// that serves both: written anew, it would lie on the disk once for each of them.
//
// A closed pack goes out to a full clone as it lies. What no ref reaches is kept for a while for people who want back
// what a force push took away; no push depends on it, since objects that are not reachable count as absent. Every object
// that is written is inflated and hashed on the way, so that a repack checks what it moves. It works through storage's
// seams alone, beside fetches and pushes: packs that a view holds stay until it is closed, and where objects go for good
// storage refuses when a ref has moved since the survey (ErrRecheck), after which the survey is made again.
package maintain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/storage"
)

// Report says what a repack has done.
type Report struct {
	// PacksBefore and PacksAfter are how many packs there were and are; BytesBefore and BytesAfter their size.
	PacksBefore, PacksAfter int
	BytesBefore, BytesAfter int64
	// Reachable is how many objects refs reach, Kept how many others stay for now, Dropped how many others went.
	Reachable, Kept, Dropped uint32
	// Bytes is the size of the packs that were written.
	Bytes int64
}

// DefaultGrace is how long what no ref reaches stays, unless Options say otherwise.
const DefaultGrace = 14 * 24 * time.Hour

// Options govern RepackWith; the zero value is a repack as it is done every night.
type Options struct {
	// Grace is how old a pack must be before it is dropped because no ref reaches any of its objects; 0 means
	// DefaultGrace. A negative one drops everything that no ref reaches at once, and there is no way back.
	Grace time.Duration
	// Progress is told what is being done, a line each; nil is told nothing.
	Progress func(string)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o Options) say(line string) {
	if o.Progress != nil {
		o.Progress(line)
	}
}

// forever is a grace that nothing outlives.
const forever = 1<<63 - 1

// grace is how old an unreachable pack must be to go; 0 where all go at once.
func (o Options) grace() time.Duration {
	if o.Grace == 0 {
		return DefaultGrace
	}
	return max(o.Grace, 0)
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// retries is how often a survey is made again when refs moved meanwhile; after that nothing is dropped, which no move of
// a ref can make wrong.
const retries = 3

// Repack is RepackWith default options; progress, where it is not nil, is told what is being done.
func Repack(ctx context.Context, repo storage.Repository, progress func(string)) (Report, error) {
	return RepackWith(ctx, repo, Options{Progress: progress})
}

// RepackWith writes everything that refs reach into one closed pack, or into one beside a pack that forks share, and retires the packs that it replaces; refs that
// have files of their own are packed, where the storage has such. A repository that is so already is left alone.
func RepackWith(ctx context.Context, repo storage.Repository, o Options) (Report, error) {
	report, err := o.repack(ctx, repo, o.grace())
	for try := 1; errors.Is(err, storage.ErrRecheck); try++ {
		grace := o.grace()
		if try >= retries {
			grace = forever
		}
		o.say("refs have moved; once more")
		report, err = o.repack(ctx, repo, grace)
	}
	if err != nil {
		return report, fmt.Errorf("repack: %w", err)
	}
	if p, ok := repo.(interface{ PackRefs(context.Context) error }); ok {
		o.say("packing refs")
		if err := p.PackRefs(ctx); err != nil {
			return report, fmt.Errorf("repack: %w", err)
		}
	}
	return report, nil
}

// repack does it once, over one view. ErrRecheck where a ref moved before objects could be dropped.
func (o Options) repack(ctx context.Context, repo storage.Repository, grace time.Duration) (Report, error) {
	view, err := repo.View(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	p, err := o.survey(ctx, view, grace)
	report := p.report(view)
	if err != nil || len(p.fresh) == 0 && len(p.retire) == 0 {
		return report, err
	}
	q, err := repo.Quarantine(ctx)
	if err != nil {
		return report, err
	}
	defer q.Close()
	var add []storage.Staged
	if len(p.fresh) > 0 {
		o.say(fmt.Sprintf("writing what refs reach: %d objects", len(p.fresh)))
		add, err = report.stage(ctx, view, q, p.fresh, p.roots, add)
	}
	if err == nil && len(p.keep) > 0 {
		o.say(fmt.Sprintf("writing what is kept for now: %d objects", len(p.keep)))
		add, err = report.stage(ctx, view, q, p.keep, nil, add)
	}
	if err != nil {
		return report, err
	}
	if err := repo.Replace(ctx, view.Refs.Basis, add, p.retire, p.dropped > 0); err != nil {
		return report, err
	}
	report.PacksAfter += len(add)
	report.BytesAfter += report.Bytes
	return report, nil
}

// stage writes objects as one more staged pack and adds its size.
func (r *Report) stage(ctx context.Context, view *storage.View, q storage.Quarantine, ids []oid.ID, roots *pack.Roots, add []storage.Staged) ([]storage.Staged, error) {
	s, size, err := write(ctx, view, q, ids, roots)
	r.Bytes += size
	return append(add, s), err
}

// write makes one staged pack of objects; it is received as a push would be, and so checked.
func write(ctx context.Context, view *storage.View, q storage.Quarantine, ids []oid.ID, roots *pack.Roots) (storage.Staged, int64, error) {
	pr, pw := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		_, err := view.Objects.Write(ctx, pw, ids, pack.WriteOptions{OfsDelta: true})
		_ = pw.CloseWithError(err)
		failed <- err
	}()
	// What is here was accepted once: the limits are for what comes from outside.
	none := ingest.Limits{Pack: 1 << 62, Blob: 1 << 62, Inflated: 1 << 62, Objects: 1<<32 - 1}
	res, err := ingest.Receive(ctx, pr, ingest.Options{Dir: q.Dir(), Limits: none})
	_ = pr.Close()
	if werr := <-failed; err != nil || werr != nil {
		return storage.Staged{}, 0, errors.Join(werr, err)
	}
	s, err := q.Stage(ctx, res.Name, roots)
	return s, res.Bytes, err
}

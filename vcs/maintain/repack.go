// Package maintain keeps repositories fast: it brings what many pushes have left in many packs together in one.
//
// The pack that comes out is closed (pack.Roots): a full clone sends it as it lies. Objects that no ref reaches are kept
// in a second pack, so that nothing is lost by maintenance and reflogs stay readable for C git. Every object is inflated
// and hashed on the way, so that a repack is a check of the whole repository, too. It works through storage's seams
// alone, beside fetches and pushes.
package maintain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
)

// Report says what a repack has done.
type Report struct {
	// PacksBefore and PacksAfter are how many packs there were and are; Reachable and Kept how many objects refs reach,
	// and how many others were kept; Bytes is the size of the new packs.
	PacksBefore, PacksAfter int
	Reachable, Kept         uint32
	Bytes                   int64
}

// Repack writes everything that refs reach into one closed pack and the rest into another, and retires the packs that
// they replace. A repository that is so already is left alone. progress, where it is not nil, is told what is being done.
func Repack(ctx context.Context, repo storage.Repository, progress func(string)) (Report, error) {
	if progress == nil {
		progress = func(string) {}
	}
	view, err := repo.View(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("repack: open view: %w", err)
	}
	defer view.Close()
	packs := view.Objects.Packs()
	report := Report{PacksBefore: len(packs), PacksAfter: len(packs)}
	tips := tips(view.Refs)
	progress("walking the history")
	plan, err := reach.Enumerate(ctx, view.Objects, reach.Request{Wants: tips}, nil)
	if err != nil {
		return report, fmt.Errorf("repack: %w", err)
	}
	if len(packs) == 0 || len(plan.Whole) == 1 && len(plan.Objects) == 0 && len(packs) == 1 {
		return report, nil
	}
	reachable, err := all(plan)
	if err != nil {
		return report, fmt.Errorf("repack: %w", err)
	}
	rest, err := others(packs, reachable)
	if err != nil {
		return report, fmt.Errorf("repack: %w", err)
	}
	q, err := repo.Quarantine(ctx)
	if err != nil {
		return report, fmt.Errorf("repack: %w", err)
	}
	defer q.Close()
	var staged []storage.Staged
	for _, part := range []struct {
		what  string
		ids   []oid.ID
		roots *pack.Roots
	}{{"writing what refs reach", reachable, &pack.Roots{IDs: tips, Closed: true}}, {"writing what is kept besides", rest, nil}} {
		if len(part.ids) == 0 {
			continue
		}
		progress(fmt.Sprintf("%s: %d objects", part.what, len(part.ids)))
		s, size, err := write(ctx, view, q, part.ids, part.roots)
		if err != nil {
			return report, fmt.Errorf("repack: %w", err)
		}
		report.Bytes += size
		staged = append(staged, s)
	}
	retire := make([]string, len(packs))
	for i, p := range packs {
		retire[i] = p.Name
	}
	if err := repo.Replace(ctx, view.Refs.Basis, staged, retire, false); err != nil {
		return report, fmt.Errorf("repack: %w", err)
	}
	report.PacksAfter, report.Reachable, report.Kept = len(staged), uint32(len(reachable)), uint32(len(rest))
	return report, nil
}

// tips are the ids of all refs, each once: the server's own refs keep what they reach, too.
func tips(refs *storage.Snapshot) []oid.ID {
	var ids []oid.ID
	if !refs.Head.ID.IsZero() {
		ids = append(ids, refs.Head.ID)
	}
	for _, ref := range refs.Refs {
		ids = append(ids, ref.ID)
	}
	slices.SortFunc(ids, oid.Compare)
	return slices.Compact(ids)
}

// all lists the objects of a plan, sorted by id.
func all(plan reach.Plan) ([]oid.ID, error) {
	ids := plan.Objects
	for _, p := range plan.Whole {
		if err := p.Each(func(id oid.ID, _ pack.Location) error { ids = append(ids, id); return nil }); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(ids, oid.Compare)
	return slices.Compact(ids), nil
}

// others lists what is in the packs and not among ids.
func others(packs []*pack.Pack, ids []oid.ID) ([]oid.ID, error) {
	var rest []oid.ID
	for _, p := range packs {
		err := p.Each(func(id oid.ID, _ pack.Location) error {
			if _, ok := slices.BinarySearchFunc(ids, id, oid.Compare); !ok {
				rest = append(rest, id)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(rest, oid.Compare)
	return slices.Compact(rest), nil
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

package maintain

import (
	"context"
	"slices"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
)

// survey is what a repack is going to do, decided over one view.
type survey struct {
	tips []oid.ID
	// reachable is what refs reach, sorted. fresh is what of it has to be written, and roots what is known of the pack then;
	// none where packs hold just that.
	reachable, fresh []oid.ID
	roots            *pack.Roots
	// keep are objects that no ref reaches and that are taken out of packs which are retired; sorted.
	keep []oid.ID
	// retire are the names of packs that go. kept and dropped count objects that no ref reaches.
	retire        []string
	kept, dropped int
}

// survey reads the history and decides. A pack that holds nothing but what no ref reaches is left alone until it is
// older than grace; out of other packs such objects are taken into one that is young.
func (o Options) survey(ctx context.Context, view *storage.View, grace time.Duration) (survey, error) {
	s := survey{tips: tips(view.Refs)}
	o.say("walking the history")
	plan, err := reach.Enumerate(ctx, view.Objects, reach.Request{Wants: s.tips}, nil)
	if err != nil {
		return s, err
	}
	if s.reachable, err = all(plan); err != nil {
		return s, err
	}
	stay, err := s.compose(view, closed(plan))
	if err != nil {
		return s, err
	}
	for _, p := range view.Objects.Packs() {
		if slices.Contains(stay, p) {
			continue
		}
		rest, err := others(p, s.reachable)
		if err != nil {
			return s, err
		}
		s.judge(p, rest, grace, o.now())
	}
	slices.SortFunc(s.keep, oid.Compare)
	s.keep = slices.Compact(s.keep)
	return s, nil
}

// compose decides of which packs what refs reach is made: one closed pack; or the pack that forks share, as long as that
// serves both, and one more beside it. The answer is the packs that stay as they are.
func (s *survey) compose(view *storage.View, ready *pack.Pack) (stay []*pack.Pack, err error) {
	if ready != nil {
		return []*pack.Pack{ready}, nil
	}
	s.fresh, s.roots = s.reachable, &pack.Roots{IDs: s.tips, Closed: len(view.Objects.Ends()) == 0}
	base, err := s.shared(view.Objects.Packs())
	if err != nil || base == nil {
		return nil, err
	}
	if s.fresh, err = without(base, s.reachable); err != nil {
		return nil, err
	}
	s.roots.Closed = false
	beside, err := s.beside(base, view.Objects.Packs())
	if beside != nil || len(s.fresh) == 0 {
		s.fresh = nil
	}
	if beside == nil {
		return []*pack.Pack{base}, err
	}
	return []*pack.Pack{base, beside}, err
}

// beside is a pack that holds just what is fresh, and of whose roots refs reach all; nil where there is none.
func (s *survey) beside(base *pack.Pack, packs []*pack.Pack) (*pack.Pack, error) {
	for _, p := range packs {
		if p == base || int(p.Count()) != len(s.fresh) || p.Roots == nil || !contains(s.reachable, p.Roots.IDs) {
			continue
		}
		rest, err := others(p, s.fresh)
		if err != nil || len(rest) == 0 {
			return p, err
		}
	}
	return nil, nil
}

// judge decides over one pack, of whose objects no ref reaches rest.
func (s *survey) judge(p *pack.Pack, rest []oid.ID, grace time.Duration, now time.Time) {
	wholly := len(rest) == int(p.Count())
	if wholly && now.Sub(born(p, now)) < grace {
		s.kept += len(rest)
		return
	}
	s.retire = append(s.retire, p.Name)
	if wholly || grace == 0 {
		s.dropped += len(rest)
		return
	}
	s.keep = append(s.keep, rest...)
	s.kept += len(rest)
}

// born is when a pack was written; now, which keeps it, where that is not known.
func born(p *pack.Pack, now time.Time) time.Time {
	if p.File == nil {
		return now
	}
	st, err := p.File.Stat()
	if err != nil {
		return now
	}
	return st.ModTime()
}

// report is what there is before, and what stays of it.
func (s survey) report(view *storage.View) Report {
	r := Report{Reachable: uint32(len(s.reachable)), Kept: uint32(s.kept), Dropped: uint32(s.dropped)}
	for _, p := range view.Objects.Packs() {
		r.PacksBefore++
		r.BytesBefore += p.Size
		if !slices.Contains(s.retire, p.Name) {
			r.PacksAfter++
			r.BytesAfter += p.Size
		}
	}
	return r
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

// closed is the pack that holds all of a plan and nothing else; nil where there is none.
func closed(plan reach.Plan) *pack.Pack {
	if len(plan.Whole) == 1 && len(plan.Objects) == 0 {
		return plan.Whole[0]
	}
	return nil
}

// all lists the objects of a plan, sorted by id.
func all(plan reach.Plan) ([]oid.ID, error) {
	ids := slices.Clone(plan.Objects)
	for _, p := range plan.Whole {
		if err := p.Each(func(id oid.ID, _ pack.Location) error { ids = append(ids, id); return nil }); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(ids, oid.Compare)
	return slices.Compact(ids), nil
}

// others lists what is in a pack and not among ids, which are sorted.
func others(p *pack.Pack, ids []oid.ID) ([]oid.ID, error) {
	var rest []oid.ID
	err := p.Each(func(id oid.ID, _ pack.Location) error {
		if _, ok := slices.BinarySearchFunc(ids, id, oid.Compare); !ok {
			rest = append(rest, id)
		}
		return nil
	})
	return rest, err
}

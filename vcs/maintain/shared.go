package maintain

import (
	"slices"
	"syscall"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// shared is the largest pack that other repositories have too (a fork, or what it was forked from), where leaving it as it
// is serves this one: refs reach all of it, its roots are known, and it is at least half of what refs reach, so that what
// comes beside it is the smaller part. Nil where there is none.
func (s *survey) shared(packs []*pack.Pack) (*pack.Pack, error) {
	var best *pack.Pack
	for _, p := range packs {
		if p.Roots == nil || 2*int(p.Count()) < len(s.reachable) || best != nil && best.Count() >= p.Count() || names(p) < 2 {
			continue
		}
		rest, err := others(p, s.reachable)
		if err != nil {
			return nil, err
		}
		if len(rest) == 0 {
			best = p
		}
	}
	return best, nil
}

// names is how many names the file of a pack has: one in each repository that shares it.
func names(p *pack.Pack) uint64 {
	if p.File == nil {
		return 1
	}
	info, err := p.File.Stat()
	if err != nil {
		return 1
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1
	}
	return uint64(st.Nlink)
}

// without lists which of ids, sorted, a pack does not hold.
func without(p *pack.Pack, ids []oid.ID) ([]oid.ID, error) {
	var rest []oid.ID
	for _, id := range ids {
		_, there, err := p.Find(id)
		if err != nil {
			return nil, err
		}
		if !there {
			rest = append(rest, id)
		}
	}
	return rest, nil
}

// contains reports whether sorted ids hold all of some.
func contains(ids, some []oid.ID) bool {
	return !slices.ContainsFunc(some, func(id oid.ID) bool {
		_, ok := slices.BinarySearchFunc(ids, id, oid.Compare)
		return !ok
	})
}

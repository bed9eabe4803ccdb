package reach

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Depth finds the boundary of a history that is cut at a depth: the commits with parents that lie exactly depth commits
// away from the nearest want, the wants themselves being 1 (gitprotocol-pack, "deepen"). Wants that are no commits, and
// point to none, have no depth. reached are all commits within it.
func Depth(ctx context.Context, set *pack.Set, wants []oid.ID, depth int) (boundary, reached []oid.ID, err error) {
	r := reader{set}
	seen := ids{}
	var level []oid.ID
	take := func(id oid.ID, to []oid.ID) []oid.ID {
		if seen.has(id) {
			return to
		}
		seen.add(id)
		return append(to, id)
	}
	for _, want := range wants {
		id, kind, _, err := r.peel(want)
		if err != nil {
			return nil, nil, err
		}
		if kind == plumbing.CommitObject {
			level = take(id, level)
		}
	}
	for d := 1; len(level) > 0; d++ {
		reached = append(reached, level...)
		var next []oid.ID
		for _, id := range level {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			c, err := r.commit(id)
			if err != nil {
				return nil, nil, err
			}
			if d >= depth && len(c.Parents) > 0 {
				boundary = append(boundary, id)
				continue
			}
			for _, parent := range c.Parents {
				next = take(parent, next)
			}
		}
		level = next
	}
	return boundary, reached, nil
}

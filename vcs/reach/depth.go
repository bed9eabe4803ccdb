package reach

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Cut is a history that is cut off somewhere below the wants.
type Cut struct {
	// Boundary are the commits that lie within it while parents of theirs do not: their parents are not sent.
	Boundary []oid.ID
	within   *seen
}

// Has reports whether a commit lies within the cut, the boundary included.
func (c Cut) Has(id oid.ID) (bool, error) { return c.within.has(id) }

// Empty reports whether nothing lies within the cut.
func (c Cut) Empty() bool { return len(c.within.marks) == 0 }

// Depth cuts a history off at a depth: the boundary are the commits with parents that lie exactly depth commits away from
// the nearest want, the wants themselves being 1 (gitprotocol-pack, "deepen"). Wants that are no commits, and point to
// none, have no depth. Where the history of the repository itself ends (pack.Set.IsEnd) is a boundary too. budget is how many commits may be walked, as in Request; ErrBudget.
func Depth(ctx context.Context, set *pack.Set, wants []oid.ID, depth, budget int) (Cut, error) {
	r := reader{set, newPurse(budget)}
	cut := Cut{within: newSeen(set)}
	commits, err := r.commits(wants)
	if err != nil {
		return cut, err
	}
	met, err := cut.fresh(nil, commits)
	for d := 1; len(met) > 0 && err == nil; d++ {
		met, err = cut.level(ctx, r, met, d >= depth)
	}
	return cut, err
}

// fresh takes commits into the cut, and appends those to list that are new there: each is met once, however often parents
// repeat.
func (c *Cut) fresh(list, commits []oid.ID) ([]oid.ID, error) {
	for _, id := range commits {
		first, err := c.within.add(id)
		if err != nil {
			return nil, err
		}
		if first {
			list = append(list, id)
		}
	}
	return list, nil
}

// level looks at one level of a history, which is in the cut, and takes in the next; last says that there shall be none.
func (c *Cut) level(ctx context.Context, r reader, met []oid.ID, last bool) (next []oid.ID, err error) {
	for _, id := range met {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		commit, err := r.commit(id)
		if err != nil {
			return nil, err
		}
		if last && len(commit.Parents) > 0 || r.set.IsEnd(id) {
			c.Boundary = append(c.Boundary, id)
			continue
		}
		if next, err = c.fresh(next, commit.Parents); err != nil {
			return nil, err
		}
		if err := r.purse.spend(len(commit.Parents)); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// commits are what wants point to, as far as that is commits.
func (r reader) commits(wants []oid.ID) ([]oid.ID, error) {
	var commits []oid.ID
	for _, want := range wants {
		id, kind, _, err := r.peel(want)
		if err != nil {
			return nil, err
		}
		if kind == plumbing.CommitObject {
			commits = append(commits, id)
		}
	}
	return commits, nil
}

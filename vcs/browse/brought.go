package browse

import (
	"context"
	"errors"
	"slices"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Brought lists the commits that tip reaches and none of some known ones does, merges too, children before their parents
// and else the newest first, and tells whether the first of the known ones leads to it (false where there is none). Zero
// ids among the known, and those that are no commits or not there any more, are before all commits. walk bounds how many
// are read (0: 200,000); ErrLimit where it is met.
func Brought(ctx context.Context, set *pack.Set, known []oid.ID, tip oid.ID, walk int) (list []oid.ID, follows bool, err error) {
	p := newPainting(ctx, set, walk, fromB)
	for _, id := range known {
		if id == oid.Zero {
			continue
		}
		if err := p.add(id, fromB); err != nil && !errors.Is(err, pack.ErrNotFound) && !errors.Is(err, ErrNoCommit) {
			return nil, false, err
		}
	}
	if err := p.add(tip, fromA); err != nil {
		return nil, false, err
	}
	order, err := p.only()
	if err != nil {
		return nil, false, err
	}
	if len(known) > 0 {
		n := p.nodes[known[0]]
		follows = n != nil && n.paint&fromA != 0
	}
	list = p.parentsFirst(order)
	slices.Reverse(list)
	return list, follows, nil
}

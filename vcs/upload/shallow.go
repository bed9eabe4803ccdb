package upload

import (
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
)

// cut is where a client's history ends after a fetch.
type cut struct {
	// client are its shallow commits of before, as far as they are visible here.
	client []oid.ID
	// boundary are the commits whose parents are not sent; unshallow those of client that are no longer an end.
	boundary, unshallow []oid.ID
}

// cut computes how deep to go (gitprotocol-pack, "deepen"): from the wants or, for deepen-relative, from where the client's
// own history ends, which is then the first of depth+1 commits.
func (c *conversation) cut(q *request) (cut, error) {
	var k cut
	var err error
	if k.client, err = c.shallows(q.shallow); err != nil || q.depth == 0 {
		return k, err
	}
	if q.depth == infinite {
		k.unshallow = k.client
		return k, nil
	}
	from, depth := q.wants, q.depth
	if q.relative {
		from, depth = k.client, q.depth+1
	}
	boundary, reached, err := reach.Depth(c.ctx, c.view.Objects, from, depth)
	if err != nil {
		return k, fmt.Errorf("compute depth: %w", err)
	}
	k.boundary = boundary
	ends, within := set(boundary), set(reached)
	for _, id := range k.client {
		if within[id] && !ends[id] {
			k.unshallow = append(k.unshallow, id)
		}
	}
	return k, nil
}

// shallows are those of a client's shallow commits that it may know of here; all others are passed over, as C git does
// with what it does not have. They are needed one way or another, so repeated ones count once.
func (c *conversation) shallows(list []oid.ID) ([]oid.ID, error) {
	var known []oid.ID
	for _, id := range normal(list) {
		ok, err := c.visible().Commit(c.ctx, id)
		if errors.Is(err, reach.ErrBudget) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look up shallow commit: %w", err)
		}
		if !ok {
			continue
		}
		kind, _, err := c.view.Objects.Header(id)
		if err != nil {
			return nil, fmt.Errorf("look up shallow commit: %w", err)
		}
		if kind != plumbing.CommitObject {
			return nil, refuse("invalid shallow object %s", id)
		}
		known = append(known, id)
	}
	return known, nil
}

// tellCut writes the shallow and unshallow lines: only what changes for the client.
func (c *conversation) tellCut(k cut) {
	before := set(k.client)
	for _, id := range k.boundary {
		if !before[id] {
			c.say("shallow %s", id)
		}
	}
	for _, id := range k.unshallow {
		c.say("unshallow %s", id)
	}
}

package upload

import (
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

// cut computes how deep to go (gitprotocol-pack, "deepen").
func (c *conversation) cut(q *request) (cut, error) {
	var k cut
	for _, id := range q.shallow {
		ok, err := c.visible.Commit(c.ctx, id)
		if err != nil {
			return k, err
		}
		if ok {
			k.client = append(k.client, id)
		}
	}
	if q.depth == 0 {
		return k, nil
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
		return k, err
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

// tell writes the shallow and unshallow lines: only what changes for the client.
func (c *conversation) tellCut(k cut) {
	before := set(k.client)
	for _, id := range k.boundary {
		if !before[id] {
			_ = c.out.Linef("shallow %s", id)
		}
	}
	for _, id := range k.unshallow {
		_ = c.out.Linef("unshallow %s", id)
	}
}

func set(list []oid.ID) map[oid.ID]bool {
	m := make(map[oid.ID]bool, len(list))
	for _, id := range list {
		m[id] = true
	}
	return m
}

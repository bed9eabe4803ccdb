package upload

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/filter"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// cut is where a client's history ends after a fetch.
type cut struct {
	// client are its shallow commits of before, as far as they are visible here.
	client []oid.ID
	// boundary are the commits whose parents are not sent; unshallow those of client that are no longer an end.
	boundary, unshallow []oid.ID
}

// shape decides how much of what the wants reach is sent: behind which filter, and how deep.
func (c *conversation) shape(q *request) (cut, error) {
	if q.depth > 0 && q.ranged {
		return cut{}, refuse("deepen and deepen-since (or deepen-not) cannot be used together")
	}
	err := q.filter.Load(c.patterns)
	if errors.Is(err, filter.ErrTooLarge) {
		err = refuse("%v", err)
	}
	if err != nil {
		return cut{}, err
	}
	return c.cut(q)
}

// cut computes how deep to go (gitprotocol-pack, "deepen"): from the wants or, for deepen-relative, from where the client's
// own history ends, which is then the first of depth+1 commits.
func (c *conversation) cut(q *request) (cut, error) {
	var k cut
	var err error
	if k.client, err = c.shallows(q.shallow); err != nil {
		return k, err
	}
	if !q.deepens() {
		return c.ownEnds(q, k)
	}
	var ends reach.Cut
	switch budget := c.s.o.Limits.Walk; {
	case q.ranged:
		ends, err = c.since(q)
	case q.depth == infinite && !c.isShallow():
		k.unshallow = k.client
		return k, nil
	case q.relative:
		ends, err = reach.Depth(c.ctx, c.view.Objects, k.client, q.depth+1, budget)
	default:
		ends, err = reach.Depth(c.ctx, c.view.Objects, q.wants, q.depth, budget)
	}
	if err != nil {
		return k, fmt.Errorf("compute depth: %w", tooLong(err))
	}
	return k.at(ends)
}

// ownEnds is where the history of a client ends that has not asked for a depth: where that of the repository does. Clients of
// protocols 0 and 1 know from the advertisement.
func (c *conversation) ownEnds(q *request, k cut) (cut, error) {
	if !c.isShallow() || c.ses.Version != wire.V2 {
		return k, nil
	}
	ends, err := reach.Depth(c.ctx, c.view.Objects, q.wants, infinite, c.s.o.Limits.Walk)
	if err != nil {
		return k, fmt.Errorf("look for the end of history: %w", tooLong(err))
	}
	return k.at(ends)
}

// ends writes where the history of a shallow repository ends, as far as the client may know of it (gitprotocol-pack,
// "Reference Discovery").
func (s *Server) ends(ctx context.Context, out *wire.Writer, view *storage.View, see sight.Sight) error {
	var ends []oid.ID
	for id := range view.Objects.Ends() {
		ends = append(ends, id)
	}
	if len(ends) == 0 {
		return nil
	}
	visible := reach.NewVisible(view.Objects, see.Tips(), reach.Options{Budget: s.o.Limits.Walk})
	for _, id := range normal(ends) {
		ok, err := visible.Commit(ctx, id)
		if err != nil {
			return fmt.Errorf("look for the end of history: %w", err)
		}
		if ok {
			_ = out.Linef("shallow %s", id)
		}
	}
	return nil
}

// isShallow reports whether the repository lacks a part of its history itself.
func (c *conversation) isShallow() bool { return len(c.view.Objects.Ends()) > 0 }

// at takes over what a walk has come to.
func (k cut) at(ends reach.Cut) (cut, error) {
	k.boundary = ends.Boundary
	isEnd := set(k.boundary)
	for _, id := range k.client {
		within, err := ends.Has(id)
		if err != nil {
			return k, fmt.Errorf("compute depth: %w", err)
		}
		if within && !isEnd[id] {
			k.unshallow = append(k.unshallow, id)
		}
	}
	return k, nil
}

// since cuts off by time and by refs.
func (c *conversation) since(q *request) (reach.Cut, error) {
	var not []oid.ID
	for _, name := range q.not {
		ref, err := c.deepenNot(name)
		if err != nil {
			return reach.Cut{}, err
		}
		not = append(not, ref.ID)
	}
	ends, err := reach.Since(c.ctx, c.view.Objects, q.wants, q.since, not, c.s.o.Limits.Walk)
	if err == nil && ends.Empty() {
		err = refuse("no commits selected for shallow requests")
	}
	return ends, err
}

// deepenNot finds the ref that a deepen-not names, by its whole name or a short one. One that the client may not see is
// not there.
func (c *conversation) deepenNot(name string) (storage.Ref, error) {
	found := c.named(name)
	switch len(found) {
	case 0:
		return storage.Ref{}, refuse("deepen-not is not a ref: deepen-not %s", wire.Escape(name))
	case 1:
		return found[0], nil
	}
	return storage.Ref{}, refuse("ambiguous deepen-not: deepen-not %s", wire.Escape(name))
}

// named are the refs that a name may mean (gitrevisions, "<refname>"), the likeliest first.
func (c *conversation) named(name string) []storage.Ref {
	var found []storage.Ref
	for _, rule := range []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		if ref, ok := c.sight.Find(fmt.Sprintf(rule, name)); ok {
			found = append(found, ref)
		}
	}
	return found
}

// tooLong puts an error of a walk that has met its bound into words for the client.
func tooLong(err error) error {
	if errors.Is(err, reach.ErrBudget) {
		return fmt.Errorf("%w (%w)", refuse("the walk over the history would be too long for this server; fetch less at a time, or without --filter and --depth"), err)
	}
	return err
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

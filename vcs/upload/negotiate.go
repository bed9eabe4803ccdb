package upload

import (
	"errors"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
)

// maxObject is the largest commit or tag that is read, in bytes.
const maxObject = 64 << 20

// maxTags is the longest chain of tags that is followed.
const maxTags = 1000

// negotiation is what is known of a client: which of its haves are common, and whether that is enough.
type negotiation struct {
	c      *conversation
	common []oid.ID        // offered, and no parent of what was offered before
	has    map[oid.ID]bool // what the client has: true for what it offered, false for parents of that
	ends   map[oid.ID]bool // where the client's history is cut off
	oldest int64           // committer's time of the oldest common commit

	wants   []oid.ID        // those that are not known to reach a common commit
	reaches map[oid.ID]bool // commits that are known to reach one
	steps   int             // how many commits and tags may still be read to find out
	changed bool            // something became common since that was last looked at
}

// readySteps is how many commits and tags one negotiation may read to find out whether the client has offered enough; beyond that
// the client goes on offering until it is done by itself, which costs it some rounds more and the server nothing.
const readySteps = 100_000

func (c *conversation) negotiation(q *request) *negotiation {
	return &negotiation{c: c, wants: q.wants, ends: set(q.shallow), has: map[oid.ID]bool{}, reaches: map[oid.ID]bool{}, steps: readySteps}
}

// offer takes in a have; it is common when the client may know of it here.
func (n *negotiation) offer(id oid.ID) (bool, error) {
	offered, known := n.has[id]
	if offered {
		return true, nil
	}
	if !known {
		ok, err := n.c.visible().Commit(n.c.ctx, id)
		if errors.Is(err, reach.ErrBudget) {
			return false, nil // like one that is not there: the answer must not tell them apart
		}
		if err != nil || !ok {
			return false, err
		}
		n.common = append(n.common, id)
	}
	n.has[id] = true
	n.changed = true
	if commit, ok := n.c.commit(id); ok {
		n.learn(id, commit)
	}
	return true, nil
}

// learn takes in what follows from a common commit: whoever has it has its parents, unless its history ends there.
func (n *negotiation) learn(id oid.ID, commit object.Commit) {
	if n.oldest == 0 || commit.When < n.oldest {
		n.oldest = commit.When
	}
	if n.ends[id] {
		return
	}
	for _, parent := range commit.Parents {
		if _, known := n.has[parent]; !known {
			n.has[parent] = false
		}
	}
}

// commit reads a commit; false for all else.
func (c *conversation) commit(id oid.ID) (object.Commit, bool) {
	kind, data, err := c.view.Objects.Read(id, maxObject)
	if err != nil || kind != plumbing.CommitObject {
		return object.Commit{}, false
	}
	commit, err := object.ParseCommit(data)
	if c.view.Objects.IsEnd(id) {
		commit.Parents = nil
	}
	return commit, err == nil
}

// ready reports whether every want has an ancestor that is common: more haves would save little then (C git's
// ok_to_give_up). What is no commit in the end has no ancestors and does not count.
func (n *negotiation) ready() bool {
	if len(n.common) == 0 {
		return false
	}
	if !n.changed {
		return len(n.wants) == 0
	}
	// A want that once reaches a common commit always will, so each look goes on where the last one failed: a client
	// that offers a million unknown commits costs no more than one that offers none.
	n.changed = false
	for len(n.wants) > 0 && n.enough(n.wants[0]) {
		n.wants = n.wants[1:]
	}
	return len(n.wants) == 0
}

// enough reports whether a want needs no more haves.
func (n *negotiation) enough(want oid.ID) bool {
	for range maxTags {
		if n.steps--; n.steps < 0 {
			return false
		}
		kind, data, err := n.c.view.Objects.Read(want, maxObject)
		if err != nil || kind != plumbing.TagObject {
			return err == nil && kind != plumbing.CommitObject || n.meets(want)
		}
		if want, _, err = object.ParseTag(data); err != nil {
			return true
		}
	}
	return true
}

// meets walks from a want to a common commit, first parents first and not further back in time than the oldest of
// them (git's can_all_from_reach_with_flag, which looks at a want whatever its date).
func (n *negotiation) meets(want oid.ID) bool {
	from := map[oid.ID]oid.ID{want: oid.Zero} // the child from which each commit was met
	for stack := []oid.ID{want}; len(stack) > 0; {
		if n.steps--; n.steps < 0 || n.c.ctx.Err() != nil {
			return false
		}
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, has := n.has[id]; has || n.reaches[id] {
			for ; !id.IsZero(); id = from[id] {
				n.reaches[id] = true
			}
			return true
		}
		commit, ok := n.c.commit(id)
		if !ok || id != want && commit.When < n.oldest {
			continue
		}
		for i := len(commit.Parents) - 1; i >= 0; i-- {
			parent := commit.Parents[i]
			if _, met := from[parent]; !met {
				from[parent] = id
				stack = append(stack, parent)
			}
		}
	}
	return false
}

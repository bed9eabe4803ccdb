package receive

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// rulesNow are the repository's rules of this moment.
func (p *push) rulesNow() (rules.Rules, error) {
	if p.ses.RulesNow == nil {
		return p.ses.Rules, nil
	}
	now, err := p.ses.RulesNow(p.ctx)
	if err != nil {
		return now, fmt.Errorf("read the repository's rules: %w", err)
	}
	return now, nil
}

// outdated reports whether the rules of this moment speak against what was done with the pack by those of the beginning: a
// fault is no longer forgiven, secrets were not looked for, or a ref was hidden whose objects may have completed the pack.
func (p *push) outdated() bool {
	for _, id := range p.ses.Rules.Exempt {
		if !slices.Contains(p.rules.Exempt, id) {
			return true
		}
	}
	if p.ses.Rules.Secrets == rules.SecretsOff && p.rules.Secrets != rules.SecretsOff {
		return true
	}
	return p.based.Load() && !slices.Equal(p.ses.Rules.Hidden, p.rules.Hidden)
}

// compare refuses what git itself refuses, over the refs of the moment.
func (p *push) compare(refs *storage.Snapshot) {
	for _, c := range p.commands {
		if p.rules.Hides(c.Name) {
			continue // what it is now is not told
		}
		ref, there := refs.Lookup(c.Name)
		switch {
		case c.delete() && refs.Head.Target == c.Name && there:
			c.refuse("deletion of the current branch prohibited")
		case there && c.create():
			c.refuse("reference already exists")
		case ref.ID != c.Old:
			c.refuse("stale: the ref has moved in the meantime; fetch first")
		}
	}
}

// forbid refuses what the repository's rules forbid whatever the history is.
func (p *push) forbid() error {
	for _, c := range p.commands {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		if !c.live() {
			continue
		}
		if reason := p.forbidden(c); reason != "" {
			c.refuse(reason)
		}
	}
	return nil
}

// forbidden says which rule speaks against a command; empty for none.
func (p *push) forbidden(c *command) string {
	if p.rules.Hides(c.Name) {
		if c.delete() {
			return "deny deleting a hidden ref"
		}
		return "deny updating a hidden ref"
	}
	if c.create() && p.rules.Above(c.Name) {
		return "deny updating a hidden ref" // whether one is there or not
	}
	if l := p.rules.Lock; l.Bars(p.ses.Actor.ID) {
		return fmt.Sprintf("repository locked by user \"%s\", who alone can push until it is unlocked (API method lock)", wire.Escape(l.Name))
	}
	if reason := p.narrowed(c); reason != "" {
		return reason
	}
	c.branch = p.rules.Protects(c.Name)
	b := c.branch
	switch {
	case b != nil && !b.Lets(p.ses.Actor.ID, p.ses.Actor.Line):
		return protected(b, "does not let you push")
	case b != nil && c.delete() && !b.Delete:
		return protected(b, "allows no deletion")
	case b != nil && c.create() && b.NoCreate:
		return protected(b, "allows no creation")
	case c.delete() && p.rules.DenyDeletes:
		return "deletion prohibited: this repository allows none (receive.deny_deletes)"
	}
	return ""
}

// narrowed says what in the credential itself speaks against a command; empty for nothing.
func (p *push) narrowed(c *command) string {
	w := &p.ses.Writes
	switch {
	case !w.Allows(c.Name):
		return "this credential may only write " + wire.Escape(listed(w.Patterns)) + "; push with another"
	case c.delete() && w.NoDelete:
		return "this credential may not delete refs; use another"
	}
	return ""
}

// maxListed is how many patterns a refusal names.
const maxListed = 5

// listed is the first of some patterns in words.
func listed(patterns []string) string {
	more := ""
	if len(patterns) > maxListed {
		patterns, more = patterns[:maxListed], " and other refs"
	}
	return strings.Join(patterns, ", ") + more
}

func protected(b *rules.Branch, what string) string {
	return fmt.Sprintf("protected branch: the rule \"%s\" %s", wire.Escape(b.Pattern), what)
}

// forbidForce refuses moves of refs that lose history, where the rules forbid them. All of a push together may walk no
// further than one proof of its connectivity.
func (p *push) forbidForce(set *pack.Set) error {
	budget := p.s.o.Limits.Walk
	for _, c := range p.commands {
		b := c.branch
		held := b != nil && !b.Force
		narrow := p.ses.Writes.FastForwardOnly
		if !c.live() || c.delete() || c.create() || !held && !narrow && !p.rules.DenyForce {
			continue
		}
		forward, err := p.forward(set, c.Old, c.New, &budget)
		switch {
		case errors.Is(err, reach.ErrBudget):
			c.refuse("cannot tell whether this is a fast-forward without too long a walk; push in smaller steps (an administrator can change receive.max_walk)")
		case err != nil:
			return fmt.Errorf("compare %s and %s: %w", c.Old, c.New, err)
		case forward:
		case narrow:
			c.refuse("non-fast-forward: this credential may only move refs forward; fetch and merge first, or push with another")
		case held:
			c.refuse(protected(b, "allows no force push"))
		default:
			c.refuse("non-fast-forward: this repository allows none (receive.deny_force)")
		}
	}
	return nil
}

// forward reports whether before is reachable from after; what is neither commit nor tag has no history.
func (p *push) forward(set *pack.Set, before, after oid.ID, budget *int) (bool, error) {
	if before == after {
		return true, nil
	}
	for _, id := range []oid.ID{before, after} {
		kind, _, err := set.Header(id)
		if errors.Is(err, pack.ErrNotFound) {
			return false, nil // a ref that was broken before
		}
		if err != nil || kind != plumbing.CommitObject && kind != plumbing.TagObject {
			return false, err
		}
	}
	if *budget <= 0 {
		return false, reach.ErrBudget
	}
	v := reach.NewVisible(set, []oid.ID{after}, reach.Options{Budget: *budget})
	ok, err := v.Commit(p.ctx, before)
	*budget -= v.Spent() + 1
	return ok, err
}

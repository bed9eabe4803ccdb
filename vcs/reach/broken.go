package reach

import (
	"context"
	"errors"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Broken finds, of a push that is not connected, the tips from which something is reached that is neither in fresh nor
// visible here, with the error that says what (ErrMissing). The tips that it leaves are to be proven by Connected.
//
// fresh is walked once, whatever the number of tips and of what is missing: a walk goes on behind a miss, and a commit is
// broken where one of its parents is. Only what lies below a miss may be read again, for each of the commits that hold it;
// budget is how many commits and trees may be read in all, and never less than four times the objects of fresh. ErrBudget
// beyond it.
func Broken(ctx context.Context, set *pack.Set, fresh *pack.Pack, tips []oid.ID, old *Visible, budget int) (map[oid.ID]error, error) {
	if fresh != nil {
		budget = max(budget, 4*int(fresh.Count()))
	}
	t := &triage{connection: newConnection(ctx, set, fresh, old), broken: map[oid.ID]error{}, found: map[oid.ID]object.Commit{}}
	t.purse = newPurse(max(budget, 1))
	t.trail = &trail{}
	if err := t.begin(tips); err != nil {
		return nil, err
	}
	if err := t.history(); err != nil {
		return nil, err
	}
	if err := t.contents(); err != nil {
		return nil, err
	}
	return t.verdict(tips)
}

// triage is a proof that goes on where something is missing.
type triage struct {
	*connection
	broken map[oid.ID]error // tips and commits
	found  map[oid.ID]object.Commit
	order  []oid.ID // the commits of found as they were met
}

// trail is what a step of a proof has marked, so that a step that fails can be taken back: what lies below it is not proven.
type trail []mark

type mark struct {
	at   pack.Location
	kind plumbing.ObjectType
}

// step does one part of the proof. Where something is missing it is taken back, and the commit or tip is broken.
func (t *triage) step(id oid.ID, do func() error) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	*t.trail = (*t.trail)[:0]
	err := do()
	if err == nil {
		err = t.purse.spend(len(t.doubtful))
	}
	if err == nil {
		err = t.ask()
	}
	clear(t.doubtful)
	if !errors.Is(err, ErrMissing) {
		return err
	}
	for _, m := range *t.trail {
		t.seen.remove(m.at)
		t.as[m.kind].remove(m.at)
	}
	t.broken[id] = err
	return nil
}

// begin settles the tips, but for the history of those that are commits.
func (t *triage) begin(tips []oid.ID) error {
	for _, tip := range tips {
		if err := t.step(tip, func() error { return t.tip(tip) }); err != nil {
			return err
		}
	}
	return nil
}

// history walks the commits of fresh.
func (t *triage) history() error {
	for len(t.commits) > 0 {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		*t.trail = (*t.trail)[:0]
		id := t.commits[len(t.commits)-1]
		t.commits = t.commits[:len(t.commits)-1]
		commit, err := t.commit(id)
		if errors.Is(err, ErrMissing) {
			t.broken[id] = err
			continue
		}
		if err == nil {
			err = t.count(id, commit)
		}
		if err != nil {
			return err
		}
		t.found[id] = commit
		t.order = append(t.order, id)
		for _, parent := range commit.Parents {
			err := t.parent(parent)
			if err != nil && !errors.Is(err, ErrMissing) {
				return err
			}
			if err != nil {
				t.broken[id] = err
			}
		}
	}
	return nil
}

// contents walks the trees of the commits that have all their history, parents first.
func (t *triage) contents() error {
	for _, id := range parentsFirst(t.order, func(id oid.ID) []oid.ID { return t.found[id].Parents }) {
		for _, parent := range t.found[id].Parents {
			if err := t.broken[parent]; err != nil && t.broken[id] == nil {
				t.broken[id] = err
			}
		}
		if t.broken[id] != nil {
			continue
		}
		if err := t.step(id, func() error { return t.content(id, t.found) }); err != nil {
			return err
		}
	}
	return nil
}

// verdict says which tips are broken, or lead to a commit that is.
func (t *triage) verdict(tips []oid.ID) (map[oid.ID]error, error) {
	bad := map[oid.ID]error{}
	for _, tip := range tips {
		err := t.broken[tip]
		if err == nil {
			to, _, _, perr := t.peel(tip)
			if perr != nil && !errors.Is(perr, ErrMissing) {
				return nil, perr
			}
			if err = perr; err == nil {
				err = t.broken[to]
			}
		}
		if err != nil {
			bad[tip] = err
		}
	}
	return bad, nil
}

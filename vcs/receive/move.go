package receive

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// applied proves the push and moves the refs. Where maintenance, or a change of the rules, came between, it does so again;
// the journal's entry is one for all tries.
func (p *push) applied(q storage.Quarantine, name string) error {
	err := p.apply(q, name)
	for try := 0; try < retries && errors.Is(err, storage.ErrRecheck); try++ {
		err = p.apply(q, name)
	}
	if errors.Is(err, storage.ErrRecheck) {
		err = errChanged
	}
	p.conclude(err)
	return err
}

// admitted asks whether the pusher may still push, and whether the rules are those by which the push was judged: a
// *host.Refusal, or storage.ErrRecheck where they are not. It is asked before the journal is written, and again when
// nothing can come between any more.
func (p *push) admitted(ctx context.Context) error {
	if err := p.ses.Recheck(ctx); err != nil {
		return fmt.Errorf("ask the door again: %w", err)
	}
	now, err := p.rulesNow()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(now, p.rules) {
		return storage.ErrRecheck
	}
	return nil
}

// publish lets others find a repository that this push makes; once, also where the push is checked again.
func (p *push) publish() error {
	if p.unborn == nil || p.published {
		return nil
	}
	if err := p.unborn.Publish(p.ctx); err != nil {
		return err
	}
	p.published = true
	return nil
}

// move writes the journal and moves the refs of the live commands. Where the door says no, it is noted at the commands.
func (p *push) move(refs *storage.Snapshot, staged []storage.Staged) error {
	err := p.admitted(p.ctx)
	if err == nil {
		err = p.publish()
	}
	if err == nil {
		err = p.update(refs, staged)
	}
	var no *host.Refusal
	if !errors.As(err, &no) {
		return err
	}
	for _, c := range p.commands {
		c.refuse(wire.Escape(no.Sentence))
	}
	return nil
}

// update is move once nothing is known to speak against it.
func (p *push) update(refs *storage.Snapshot, staged []storage.Staged) error {
	b := storage.Batch{Atomic: p.caps.Has("atomic"), Actor: p.ses.Actor, Reason: "push", Staged: staged, Admit: p.admitted}
	var live []*command
	for _, c := range p.commands {
		if c.live() {
			b.Updates = append(b.Updates, c.RefUpdate)
			live = append(live, c)
		}
	}
	if branch := p.firstBranch(refs, live); branch != "" {
		b.Updates = append(b.Updates, storage.RefUpdate{Name: "HEAD", Symref: branch})
	}
	// From here on a client that hangs up changes nothing: what was begun is brought to its end.
	ctx := context.WithoutCancel(p.ctx)
	if err := p.begin(ctx, b.Updates); err != nil {
		return err
	}
	results, err := p.repo.Update(ctx, refs.Basis, b)
	if err != nil {
		return err
	}
	for i, c := range live {
		if err := results[i].Err; err != nil {
			c.refuse(reason(err))
		}
	}
	if len(results) > len(live) {
		p.head = results[len(live)].Err
	}
	return nil
}

// begin writes the push into the journal, once: tried again, it has no more updates than at first.
func (p *push) begin(ctx context.Context, updates []storage.RefUpdate) error {
	p.head = storage.ErrNotApplied
	if p.begun.ID != "" {
		return nil
	}
	e := p.entry(updates)
	var err error
	if e.ID, err = p.s.o.Journal.Begin(ctx, e); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	p.begun = e
	return nil
}

// conclude ends the journal's entry with what became of each ref; failed is what ended the push as a whole. Where the end
// cannot be written, it is tried again later: what happened is known.
func (p *push) conclude(failed error) {
	if p.begun.ID == "" {
		return
	}
	results := make([]storage.RefResult, len(p.begun.Updates))
	for i, u := range p.begun.Updates {
		results[i] = storage.RefResult{Name: u.Name, Err: failed}
		switch c := p.seen[u.Name]; {
		case u.Symref != "" && failed == nil:
			results[i].Err = p.head
		case u.Symref == "" && !c.live():
			results[i].Err = errors.New(c.reason)
		}
	}
	id, journal := p.begun.ID, p.s.o.Journal
	end := func(ctx context.Context) error { return journal.End(ctx, id, results) }
	if err := end(context.WithoutCancel(p.ctx)); err != nil {
		p.s.o.Log.ErrorContext(p.ctx, "journal entry cannot be ended; it is tried again", "entry", id, "error", err)
		p.s.owed.add(debt{refs: len(results), pay: end})
	}
}

// entry is what the journal keeps of the push.
func (p *push) entry(updates []storage.RefUpdate) Entry {
	return Entry{RepoID: p.repo.ID(), Actor: p.ses.Actor, At: time.Now().UTC(), Updates: updates, Options: p.options, Certificate: p.accepted, Notes: append(p.inspect.forgiven(), p.leakNotes()...)}
}

// reason puts a storage's error into words for the client.
func reason(err error) string {
	switch {
	case errors.Is(err, storage.ErrConflict):
		return "stale: the ref has moved in the meantime; fetch first"
	case errors.Is(err, storage.ErrNameClash):
		return "the name clashes with another ref"
	case errors.Is(err, storage.ErrBadName):
		return "funny refname"
	case errors.Is(err, storage.ErrNotApplied):
		return atomicFailure
	}
	return "failed to update ref"
}

// firstBranch is what an unborn HEAD is to name after a first push: main, else master, else the first by name; empty
// where HEAD stays as it is. Where the branch that HEAD names is protected, it stays unless the rule is the same for both and
// lets this pusher make the branch: a default branch that others are to make is not taken away from them. Nor by a
// credential that may not write it.
func (p *push) firstBranch(refs *storage.Snapshot, live []*command) string {
	if !refs.Head.ID.IsZero() || refs.Head.Target == "" {
		return ""
	}
	first := p.firstOfAll(refs.Head.Target, live)
	if first == "" || first == refs.Head.Target {
		return ""
	}
	if !p.ses.Writes.Allows(refs.Head.Target) {
		return ""
	}
	if b := p.rules.Protects(refs.Head.Target); b != nil {
		target := &command{RefUpdate: storage.RefUpdate{Name: refs.Head.Target, New: live[0].New}}
		if p.rules.Protects(first) != b || p.forbidden(target) != "" {
			return ""
		}
	}
	return first
}

// firstOfAll is the branch that goes before all others: the one that HEAD names where the refs were fetched from, the one
// that it names here, main, master, the first by name; empty where no branch is among the commands.
func (p *push) firstOfAll(named string, live []*command) string {
	there := map[string]bool{}
	first := ""
	for _, c := range live {
		if c.delete() || !strings.HasPrefix(c.Name, "refs/heads/") {
			continue
		}
		there[c.Name] = true
		if first == "" || c.Name < first {
			first = c.Name
		}
	}
	order := []string{named, "refs/heads/main", "refs/heads/master"}
	if p.taking != nil {
		order = append([]string{p.taking.Head}, order...)
	}
	for _, branch := range order {
		if there[branch] {
			return branch
		}
	}
	return first
}

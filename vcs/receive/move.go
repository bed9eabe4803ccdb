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

// admitted asks once more, right before refs move, whether the pusher may push, and whether the rules are still those by
// which the push was judged: storage.ErrRecheck where they are not. A refusal is noted at the commands.
func (p *push) admitted() error {
	err := p.ses.Recheck(p.ctx)
	if err == nil {
		now, rerr := p.rulesNow()
		if rerr != nil {
			return rerr
		}
		if !reflect.DeepEqual(now, p.rules) {
			return storage.ErrRecheck
		}
		err = p.publish()
	}
	var r *host.Refusal
	if errors.As(err, &r) {
		for _, c := range p.commands {
			c.refuse(wire.Escape(r.Sentence))
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask the door again: %w", err)
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

// move writes the journal and moves the refs of the live commands.
func (p *push) move(refs *storage.Snapshot, staged []storage.Staged) error {
	if err := p.admitted(); err != nil || !p.anyLive() {
		return err
	}
	b := storage.Batch{Atomic: p.caps.Has("atomic"), Actor: p.ses.Actor, Reason: "push", Staged: staged}
	var live []*command
	for _, c := range p.commands {
		if c.live() {
			b.Updates = append(b.Updates, c.RefUpdate)
			live = append(live, c)
		}
	}
	if branch := firstBranch(refs, live); branch != "" {
		b.Updates = append(b.Updates, storage.RefUpdate{Name: "HEAD", Symref: branch})
	}
	// From here on a client that hangs up changes nothing: what was begun is brought to its end.
	ctx := context.WithoutCancel(p.ctx)
	id, err := p.s.o.Journal.Begin(ctx, p.entry(b.Updates))
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	results, err := p.repo.Update(ctx, refs.Basis, b)
	if err != nil {
		for _, u := range b.Updates {
			results = append(results, storage.RefResult{Name: u.Name, Err: err})
		}
		results = results[:len(b.Updates)]
	}
	if jerr := p.s.o.Journal.End(ctx, id, results); jerr != nil {
		// The refs have moved; the entry is settled at the next start.
		p.s.o.Log.ErrorContext(ctx, "journal entry cannot be ended", "entry", id, "error", jerr)
	}
	if err != nil {
		return err
	}
	for i, c := range live {
		if err := results[i].Err; err != nil {
			c.refuse(reason(err))
		}
	}
	return nil
}

// entry is what the journal keeps of the push.
func (p *push) entry(updates []storage.RefUpdate) Entry {
	return Entry{RepoID: p.repo.ID(), Actor: p.ses.Actor, At: time.Now().UTC(), Updates: updates, Options: p.options, Certificate: p.accepted, Notes: p.inspect.forgiven()}
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
		return "atomic push failure"
	}
	return "failed to update ref"
}

// firstBranch is what an unborn HEAD is to name after a first push: main, else master, else the first by name; empty
// where HEAD stays as it is.
func firstBranch(refs *storage.Snapshot, live []*command) string {
	if !refs.Head.ID.IsZero() || refs.Head.Target == "" {
		return ""
	}
	first := ""
	for _, c := range live {
		if c.delete() || !strings.HasPrefix(c.Name, "refs/heads/") {
			continue
		}
		if c.Name == refs.Head.Target || c.Name == "refs/heads/main" {
			first = c.Name
			break
		}
		if first == "" || c.Name == "refs/heads/master" || first != "refs/heads/master" && c.Name < first {
			first = c.Name
		}
	}
	if first == refs.Head.Target {
		return ""
	}
	return first
}

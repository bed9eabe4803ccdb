package receive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// push is one push on its way.
type push struct {
	s   *Server
	ctx context.Context
	ses Session
	in  *wire.Reader
	out *wire.Writer
	// band is nil where the client takes no side-band.
	band     *wire.SideBand
	caps     wire.Caps
	commands []*command
	named    int // bytes of the refs' names
	shallow  []oid.ID
	repo     storage.Repository
	// unpack is what is said of the pack: "ok", or what is wrong with it.
	unpack string
	// inspect checks the objects.
	inspect *inspection
}

// errNothing says that nothing is left of a push that would have made a repository.
var errNothing = refuse("nothing of this push is allowed, so no repository was made")

// retries is how often a push is checked again when maintenance came between.
const retries = 3

// run does everything between the commands and the report.
func (p *push) run() error {
	p.inspect = newInspection(p.ses.Rules, p.s.o.Limits.Objects)
	p.repo = p.ses.Repo
	if p.repo == nil && !p.anyLive() {
		return errNothing
	}
	if p.repo == nil {
		repo, err := p.ses.Create(p.ctx)
		if err != nil {
			return fmt.Errorf("create repository: %w", err)
		}
		p.repo = repo
	}
	q, err := p.repo.Quarantine(p.ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err := q.Close(); err != nil {
			p.s.o.Log.ErrorContext(p.ctx, "quarantine cannot be removed", "dir", q.Dir(), "error", err)
		}
	}()
	quiet := p.keepAlive()
	defer quiet.stop()
	name, err := p.receive(q, quiet)
	if err != nil {
		return err
	}
	quiet.begin()
	p.unpack = "ok"
	for try := 0; ; try++ {
		err := p.apply(q, name)
		if !errors.Is(err, storage.ErrRecheck) || try == retries {
			return err
		}
	}
}

// receive takes the pack into the quarantine; a push of deletes alone brings none.
func (p *push) receive(q storage.Quarantine, quiet *silence) (string, error) {
	deletes := true
	for _, c := range p.commands {
		deletes = deletes && c.delete()
	}
	if deletes {
		return "", nil
	}
	view, err := p.repo.View(p.ctx)
	if err != nil {
		return "", fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	res, err := ingest.Receive(p.ctx, p.in.Rest(), ingest.Options{
		Dir: q.Dir(), Limits: p.s.o.Limits.Pack, Bases: &bases{p.ctx, view.Objects, p.visible(view)}, Check: p.inspect.object,
		Progress: p.progress(quiet),
	})
	if err != nil {
		return "", fmt.Errorf("receive pack: %w", err)
	}
	return res.Name, nil
}

// visible knows what the pusher may refer to in this repository.
func (p *push) visible(view *storage.View) *reach.Visible {
	tips := make([]oid.ID, 0, len(view.Refs.Refs))
	for _, ref := range view.Refs.Refs {
		tips = append(tips, ref.ID)
	}
	return reach.NewVisible(view.Objects, tips, reach.Options{Budget: p.s.o.Limits.Walk})
}

// bases answers for thin packs: only what the pusher may know of.
type bases struct {
	ctx     context.Context
	set     *pack.Set
	visible *reach.Visible
}

// Base implements ingest.Bases.
func (b *bases) Base(id oid.ID) (plumbing.ObjectType, []byte, error) {
	ok, err := b.visible.Object(b.ctx, id)
	if err != nil {
		return plumbing.InvalidObject, nil, err
	}
	if !ok {
		return plumbing.InvalidObject, nil, pack.ErrNotFound
	}
	return b.set.Read(id, 0)
}

// apply proves the push whole over the repository of this moment and moves the refs.
func (p *push) apply(q storage.Quarantine, name string) error {
	view, err := p.repo.View(p.ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	p.rules(view.Refs)
	var staged []storage.Staged
	var fresh *pack.Pack
	set := view.Objects
	if name != "" {
		if fresh, err = q.Open(p.ctx, name); err != nil {
			return err
		}
		set = pack.NewSet(append([]*pack.Pack{fresh}, view.Objects.Packs()...), 32<<20)
	}
	roots, err := p.connect(view, set, fresh)
	if err != nil {
		return err
	}
	if fresh != nil {
		if err := p.inspect.contents(p.ctx, set, fresh, p.visible(view)); err != nil {
			p.unpack = ""
			return err
		}
	}
	p.kinds(set)
	if p.atomicFailed() || !p.anyLive() {
		return nil
	}
	if fresh != nil {
		s, err := q.Stage(p.ctx, name, roots)
		if err != nil {
			return err
		}
		staged = append(staged, s)
	}
	return p.move(view.Refs, staged)
}

// connect proves the tips of all live commands at once, and one by one where that fails: others need not suffer.
func (p *push) connect(view *storage.View, set *pack.Set, fresh *pack.Pack) (*pack.Roots, error) {
	old := p.visible(view)
	roots, err := reach.Connected(p.ctx, set, fresh, p.tips(), old)
	if err == nil || !missing(err) {
		return roots, err
	}
	for _, c := range p.commands {
		if !c.live() || c.delete() {
			continue
		}
		if _, err := reach.Connected(p.ctx, set, fresh, []oid.ID{c.New}, old); missing(err) {
			p.s.o.Log.InfoContext(p.ctx, "push refused", "repository", p.repo.ID(), "ref", c.Name, "error", err)
			if len(p.shallow) > 0 {
				c.refuse("shallow update not allowed")
			} else {
				c.refuse("missing necessary objects")
			}
		} else if err != nil {
			return nil, err
		}
	}
	return reach.Connected(p.ctx, set, fresh, p.tips(), old)
}

func missing(err error) bool { return errors.Is(err, reach.ErrMissing) }

// tips are the new values of the live commands.
func (p *push) tips() []oid.ID {
	var tips []oid.ID
	for _, c := range p.commands {
		if c.live() && !c.delete() {
			tips = append(tips, c.New)
		}
	}
	return tips
}

// rules refuses what git refuses, over the refs of the moment.
func (p *push) rules(refs *storage.Snapshot) {
	for _, c := range p.commands {
		ref, there := refs.Lookup(c.Name)
		switch {
		case c.delete() && refs.Head.Target == c.Name && there:
			c.refuse("deletion of the current branch prohibited")
		case there && c.Old.IsZero():
			c.refuse("reference already exists")
		case ref.ID != c.Old:
			c.refuse("stale: the ref has moved in the meantime; fetch first")
		}
	}
}

// kinds refuses branches that would point to something that is no commit.
func (p *push) kinds(set *pack.Set) {
	for _, c := range p.commands {
		if !c.live() || c.delete() || !strings.HasPrefix(c.Name, "refs/heads/") {
			continue
		}
		if kind, _, err := set.Header(c.New); err != nil || kind != plumbing.CommitObject {
			c.refuse("a branch can only point to a commit")
		}
	}
}

func (p *push) anyLive() bool {
	for _, c := range p.commands {
		if c.live() {
			return true
		}
	}
	return false
}

// atomicFailed refuses all where one was refused and the client wants all or none.
func (p *push) atomicFailed() bool {
	if !p.caps.Has("atomic") {
		return false
	}
	bad := false
	for _, c := range p.commands {
		bad = bad || !c.live()
	}
	for _, c := range p.commands {
		if bad {
			c.refuse("atomic push failure")
		}
	}
	return bad
}

// move asks the gate once more, writes the journal and moves the refs.
func (p *push) move(refs *storage.Snapshot, staged []storage.Staged) error {
	if err := p.ses.Recheck(p.ctx); err != nil {
		var r *host.Refusal
		if !errors.As(err, &r) {
			return fmt.Errorf("ask the door again: %w", err)
		}
		for _, c := range p.commands {
			c.refuse(wire.Escape(r.Sentence))
		}
		return nil
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
	id, err := p.s.o.Journal.Begin(ctx, Entry{RepoID: p.repo.ID(), Actor: p.ses.Actor, At: time.Now().UTC(), Updates: b.Updates, Notes: p.inspect.forgiven()})
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
	if p.s.o.Pushed != nil {
		p.s.o.Pushed(p.repo)
	}
	for i, c := range live {
		if err := results[i].Err; err != nil {
			c.refuse(reason(err))
		}
	}
	return nil
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

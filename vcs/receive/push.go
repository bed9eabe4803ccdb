package receive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
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
	seen     map[string]*command // by the ref's name
	named    int                 // bytes of the refs' names
	// kept is how many bytes of commands and the like are held, held how many are accounted for in Server.memory, room how
	// many there may be.
	kept, held, room int64
	shallow          []oid.ID
	options          []string
	// signed is the text of a certificate, cert what it says, accepted the same once it was found to be of this push.
	signed   string
	cert     certificate
	accepted *Certificate
	rules    rules.Rules
	repo     storage.Repository
	unborn   *host.Unborn // the repository that this push makes; nil where one was there
	// published says that others find it.
	published bool
	// begun is the journal's entry of this push, with an ID once it is written; head is what became of HEAD's update in it.
	begun Entry
	head  error
	// based says that the pack was completed by objects that the pusher was shown.
	based atomic.Bool
	// unpack is what is said of the pack: "ok", or what is wrong with it.
	unpack string
	// inspect checks the objects.
	inspect *inspection
	// leaks are secrets that were found.
	leaks leaks
	// taking is what the server itself has fetched; nil where somebody pushes.
	taking *Taking
	// rest says that the client is sending, or has sent, what nobody has read.
	rest bool
}

// Errors that end a push as a whole and are told as they are.
var (
	errNothing = refuse("nothing of this push is allowed, so no repository was made")
	errChanged = refuse("the repository or its rules were changed while the push was checked; push again")
)

// retries is how often a push is checked again when maintenance, or a change of the rules, came between.
const retries = 3

// run does everything between the commands and the report. What can be refused without the pack is refused before it is
// read.
func (p *push) run() error {
	p.inspect = newInspection(p.rules, p.s.o.Limits.Objects)
	p.rest = !p.deletesAlone()
	if err := p.s.slots.take(p.ses.Actor.ID, 1); err != nil {
		return err
	}
	defer p.s.slots.give(p.ses.Actor.ID, 1)
	defer p.watch()()
	return p.revoked(p.take())
}

// take is run once the push has its place among others.
func (p *push) take() error {
	if err := p.open(); err != nil {
		return err
	}
	defer p.drop()
	if err := p.first(); err != nil {
		return err
	}
	if err := p.look(); err != nil {
		return err
	}
	p.names()
	if p.atomicFailed() || !p.anyLive() {
		p.unpack = "ok" // nobody has looked
		return nil
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
	p.rest = false
	quiet.begin()
	p.unpack = "ok"
	return p.applied(q, name)
}

// open finds the repository, or makes one that nobody finds as yet.
func (p *push) open() error {
	if p.repo = p.ses.Repo; p.repo != nil {
		return nil
	}
	if !p.anyLive() || p.deletesAlone() {
		return errNothing
	}
	unborn, err := p.ses.Create(p.ctx)
	var no *host.Refusal
	if errors.As(err, &no) {
		return refuse("%s", wire.Escape(no.Sentence))
	}
	if err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	p.unborn, p.repo = unborn, unborn.Repo
	return nil
}

// drop removes a repository that was made for this push and has got no ref by it. That it cannot be removed changes
// nothing of what the client is told of its refs.
func (p *push) drop() {
	if p.unborn == nil {
		return
	}
	if err := p.unborn.Drop(context.WithoutCancel(p.ctx)); err != nil {
		p.s.o.Log.ErrorContext(p.ctx, "the repository of a push cannot be removed or let go of", "repository", p.repo.ID(), "error", err)
	}
}

// first refuses what the refs of the moment and the rules speak against.
func (p *push) first() error {
	view, err := p.repo.View(p.ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	p.compare(view.Refs)
	return p.forbid()
}

// deletesAlone reports whether all commands delete; such a push brings no pack.
func (p *push) deletesAlone() bool {
	for _, c := range p.commands {
		if !c.delete() {
			return false
		}
	}
	return true
}

// receive takes the pack into the quarantine; a push of deletes alone brings none.
func (p *push) receive(q storage.Quarantine, quiet *silence) (string, error) {
	if p.deletesAlone() {
		return "", nil
	}
	view, err := p.repo.View(p.ctx)
	if err != nil {
		return "", fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	o := ingest.Options{
		Dir: q.Dir(), Limits: p.s.o.Limits.Pack, Bases: &bases{ctx: p.ctx, set: view.Objects, visible: p.visible(view), used: &p.based}, Check: p.object,
		Progress: p.progress(quiet),
	}
	if p.leaks.scan != nil {
		o.Blobs = p.leaks.scan
	}
	res, err := ingest.Receive(p.ctx, p.in.Rest(), o)
	if err != nil {
		return "", fmt.Errorf("receive pack: %w", err)
	}
	return res.Name, nil
}

// object checks a commit, tree or tag, and looks through it for secrets.
func (p *push) object(kind plumbing.ObjectType, id oid.ID, content []byte) error {
	if err := p.inspect.object(kind, id, content); err != nil || p.leaks.scan == nil {
		return err
	}
	p.leaks.scan.Object(kind, id, content)
	return nil
}

// visible knows what the pusher may refer to in this repository: what is reachable from the refs that he is shown.
func (p *push) visible(view *storage.View) *reach.Visible {
	return reach.NewVisible(view.Objects, sight.New(&p.rules, view.Refs).Tips(), reach.Options{Budget: p.s.o.Limits.Walk})
}

// bases answers for thin packs: only what the pusher may know of.
type bases struct {
	ctx     context.Context
	set     *pack.Set
	visible *reach.Visible
	used    *atomic.Bool // set once one was given
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
	b.used.Store(true)
	return b.set.Read(id, 0)
}

// apply proves the push whole over the repository of this moment, by the rules of this moment, and moves the refs.
func (p *push) apply(q storage.Quarantine, name string) (err error) {
	if p.rules, err = p.rulesNow(); err != nil {
		return err
	}
	if p.outdated() {
		return errChanged
	}
	view, err := p.repo.View(p.ctx)
	if err != nil {
		return fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	p.compare(view.Refs)
	if err := p.forbid(); err != nil {
		return err
	}
	var fresh *pack.Pack
	set := view.Objects
	if name != "" {
		if fresh, err = q.Open(p.ctx, name); err != nil {
			return err
		}
		set = pack.NewSet(append([]*pack.Pack{fresh}, view.Objects.Packs()...), 32<<20)
		set.CutOff(view.Objects.Ends())
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
	if err := p.protect(view, set, fresh); err != nil {
		return err
	}
	p.kinds(set)
	if err := p.forbidForce(set); err != nil {
		return err
	}
	if p.atomicFailed() || !p.anyLive() {
		return nil
	}
	var staged []storage.Staged
	if fresh != nil {
		s, err := q.Stage(p.ctx, name, roots)
		if err != nil {
			return err
		}
		staged = append(staged, s)
	}
	return p.move(view.Refs, staged)
}

// tips are the new values of the live commands, each once.
func (p *push) tips() []oid.ID {
	var tips []oid.ID
	seen := map[oid.ID]bool{}
	for _, c := range p.commands {
		if c.live() && !c.delete() && !seen[c.New] {
			seen[c.New] = true
			tips = append(tips, c.New)
		}
	}
	return tips
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

// atomicFailure is git's word for what would have moved, were it alone.
const atomicFailure = "atomic push failure"

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
			c.refuse(atomicFailure)
		}
	}
	return bad
}

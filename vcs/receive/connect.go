package receive

import (
	"errors"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// errWhich ends a push whose broken refs cannot be told from the whole ones.
var errWhich = refuse("missing necessary objects, and it would take too long a walk to say for which refs; push fewer at a time")

// connect proves the tips of all live commands at once. Where that fails it finds out which are broken, in one more walk
// whatever their number, and proves the others: they need not suffer.
//
// A push from a shallow clone is proven like any other: where the history that its client lacks is here, nothing is
// missing. Where it is not, the repository would become shallow by the push, and that is refused for the refs concerned.
func (p *push) connect(view *storage.View, set *pack.Set, fresh *pack.Pack) (*pack.Roots, error) {
	old, tips := p.visible(view), p.tips()
	roots, err := reach.Connected(p.ctx, set, fresh, tips, old)
	if !errors.Is(err, reach.ErrMissing) {
		return roots, err
	}
	broken, err := reach.Broken(p.ctx, set, fresh, tips, old, p.s.o.Limits.Walk)
	if errors.Is(err, reach.ErrBudget) {
		return nil, errWhich
	}
	if err != nil {
		return nil, err
	}
	cut, err := p.cutOff(fresh, broken)
	if err != nil {
		return nil, err
	}
	for _, c := range p.commands {
		err := broken[c.New]
		if err == nil || !c.live() {
			continue
		}
		c.refuse("missing necessary objects")
		if cut[gone(err)] {
			c.reason = "shallow update not allowed"
		}
		p.s.o.Log.InfoContext(p.ctx, "push refused", "repository", p.repo.ID(), "ref", wire.Escape(c.Name), "error", err)
	}
	return reach.Connected(p.ctx, set, fresh, p.tips(), old)
}

// gone is the object that an error says is missing; zero where it names none.
func gone(err error) oid.ID {
	var missing *reach.MissingError
	if errors.As(err, &missing) {
		return missing.ID
	}
	return oid.Zero
}

// Commits of the boundary of a client's shallow clone are read only for the words of a refusal: none that is larger than
// maxBoundary bytes, and not more than maxBoundaries bytes of them. Of what lies behind others it is said that it is missing.
const (
	maxBoundary   = 1 << 20
	maxBoundaries = 64 << 20
)

// cutOff finds, of the objects that broken refs lack, those that lie right behind the end of the client's own, shallow
// history.
func (p *push) cutOff(fresh *pack.Pack, broken map[oid.ID]error) (map[oid.ID]bool, error) {
	cut := map[oid.ID]bool{}
	if fresh == nil || len(p.shallow) == 0 {
		return cut, nil
	}
	lacked := map[oid.ID]bool{}
	for _, err := range broken {
		lacked[gone(err)] = true
	}
	set, asked, left := pack.NewSet([]*pack.Pack{fresh}, 1<<20), map[oid.ID]bool{}, int64(maxBoundaries)
	for _, id := range p.shallow {
		if err := p.ctx.Err(); err != nil {
			return nil, err
		}
		kind, size, err := set.Header(id)
		if err != nil || asked[id] || kind != plumbing.CommitObject || size > min(maxBoundary, left) {
			continue
		}
		asked[id] = true
		left -= size
		for _, parent := range parents(set, id) {
			if lacked[parent] {
				cut[parent] = true
			}
		}
	}
	return cut, nil
}

// parents are those of a commit of the set; none where it is none.
func parents(set *pack.Set, id oid.ID) []oid.ID {
	_, data, err := set.Read(id, maxBoundary)
	if err != nil {
		return nil
	}
	c, err := object.ParseCommit(data)
	if err != nil {
		return nil
	}
	return c.Parents
}

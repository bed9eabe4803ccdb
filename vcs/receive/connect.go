package receive

import (
	"errors"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/storage"
)

// connect proves the tips of all live commands at once, and one by one where that fails: others need not suffer.
//
// A push from a shallow clone is proven like any other: where the history that its client lacks is here, nothing is
// missing. Where it is not, the repository would become shallow by the push, and that is refused for the refs concerned.
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
			c.refuse(p.missing(fresh, err))
		} else if err != nil {
			return nil, err
		}
	}
	return reach.Connected(p.ctx, set, fresh, p.tips(), old)
}

func missing(err error) bool { return errors.Is(err, reach.ErrMissing) }

// missing says of what was not found whether it lies behind the end of the client's own, shallow history.
func (p *push) missing(fresh *pack.Pack, err error) string {
	var gone *reach.MissingError
	if fresh != nil && errors.As(err, &gone) {
		set := pack.NewSet([]*pack.Pack{fresh}, 1<<20)
		for _, id := range p.shallow {
			if parentOf(set, gone.ID, id) {
				return "shallow update not allowed"
			}
		}
	}
	return "missing necessary objects"
}

// parentOf reports whether id names a commit of the set that has this parent.
func parentOf(set *pack.Set, parent, id oid.ID) bool {
	kind, size, err := set.Header(id)
	if err != nil || kind != plumbing.CommitObject || size > maxBoundary {
		return false
	}
	_, data, err := set.Read(id, maxBoundary)
	if err != nil {
		return false
	}
	c, err := object.ParseCommit(data)
	if err != nil {
		return false
	}
	for _, p := range c.Parents {
		if p == parent {
			return true
		}
	}
	return false
}

// maxBoundary is the largest commit that is looked at for the words of a refusal, in bytes.
const maxBoundary = 1 << 20

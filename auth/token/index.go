package token

import (
	"fmt"
	"slices"
	"sync/atomic"

	"jeton/db"
)

// index is all tokens in memory. Entries are replaced, never changed, but for their counts of uses, their neighbours, and
// what was read of them late.
type index struct {
	byHash map[string]*entry
	byID   map[string]*entry
	// byOwner has the first of each owner's; the others follow it.
	byOwner map[owner]*entry
	// sealed holds the ids of those with a sealed text.
	sealed map[string]bool
}

func newIndex(size int) index {
	return index{byHash: make(map[string]*entry, size), byID: make(map[string]*entry, size), byOwner: make(map[owner]*entry, size/2), sealed: map[string]bool{}}
}

// owner is whose a token is: a person, or what a deploy token belongs to.
type owner struct {
	userID string
	deploy Deploy
}

// entry is a token in memory.
type entry struct {
	id, hash string
	owner    owner
	// repositories are those that it is bound to.
	repositories []string
	// fields are the rest as the database holds it: a server that starts looks into no token, and a token that is not
	// used needs less room so. They are read when it is asked for; "" where it was told and is read already.
	fields string
	sealed bool
	used   *usage
	read   atomic.Pointer[contents]
	// before and after are neighbours among the tokens of its owner.
	before, after *entry
}

// contents are all that the database says of a token.
type contents struct {
	Token
	// sealed is the successor's text, fetched tells that a holder of this token was given it.
	sealed  string
	fetched bool
}

func contentsOf(r db.Token) *contents {
	return &contents{Token: fromRow(r), sealed: r.Sealed, fetched: r.FetchedAt != nil}
}

// told is the entry of a row that is known whole.
func told(r db.Token, used *usage) *entry {
	e := &entry{id: r.ID, hash: r.Hash, owner: owner{r.UserID, Deploy{RepositoryID: r.DeployRepositoryID, GroupID: r.DeployGroupID}},
		repositories: r.Repositories, sealed: r.Sealed != "", used: used}
	e.read.Store(contentsOf(r))
	return e
}

// packed is the entry of a row that was read and not looked into.
func packed(p db.PackedToken, used *usage) *entry {
	return &entry{id: p.ID, hash: p.Hash, owner: owner{p.UserID, Deploy{RepositoryID: p.DeployRepositoryID, GroupID: p.DeployGroupID}},
		repositories: p.Repositories, fields: p.Fields, sealed: p.HasSealed(), used: used}
}

// look is what the database says of the token, read now where it was not yet, and not kept.
func (e *entry) look() (*contents, error) {
	if c := e.read.Load(); c != nil {
		return c, nil
	}
	r, err := db.PackedToken{ID: e.id, UserID: e.owner.userID, DeployRepositoryID: e.owner.deploy.RepositoryID,
		DeployGroupID: e.owner.deploy.GroupID, Hash: e.hash, Repositories: e.repositories, Fields: e.fields}.Token()
	if err != nil {
		return nil, fmt.Errorf("read a token: %w", err)
	}
	return contentsOf(r), nil
}

// open is look for what is asked again and again: the answer is kept.
func (e *entry) open() (*contents, error) {
	c, err := e.look()
	if err == nil {
		e.read.Store(c)
	}
	return c, err
}

// put enters a token, in the place of an earlier one of the same id.
func (x *index) put(e *entry) {
	x.drop(e.id)
	x.byID[e.id], x.byHash[e.hash] = e, e
	if e.after = x.byOwner[e.owner]; e.after != nil {
		e.after.before = e
	}
	x.byOwner[e.owner] = e
	if e.sealed {
		x.sealed[e.id] = true
	}
}

func (x *index) drop(id string) {
	e := x.byID[id]
	if e == nil {
		return
	}
	delete(x.byID, id)
	delete(x.byHash, e.hash)
	delete(x.sealed, id)
	switch {
	case e.before != nil:
		e.before.after = e.after
	case e.after != nil:
		x.byOwner[e.owner] = e.after
	default:
		delete(x.byOwner, e.owner)
	}
	if e.after != nil {
		e.after.before = e.before
	}
}

// of are the tokens of one owner.
func (x *index) of(o owner) (list []*entry) {
	for e := x.byOwner[o]; e != nil; e = e.after {
		list = append(list, e)
	}
	return list
}

func (x *index) dropOf(o owner) {
	for _, e := range x.of(o) {
		x.drop(e.id)
	}
}

// unbind forgets a repository that is gone. Its id is never used again, so this only tidies what lists show.
func (x *index) unbind(repoID string) {
	var bound []*entry
	for _, e := range x.byID {
		if slices.Contains(e.repositories, repoID) {
			bound = append(bound, e)
		}
	}
	for _, e := range bound {
		left := slices.DeleteFunc(slices.Clone(e.repositories), func(r string) bool { return r == repoID })
		next := &entry{id: e.id, hash: e.hash, owner: e.owner, repositories: left, fields: e.fields, sealed: e.sealed, used: e.used}
		if c := e.read.Load(); c != nil {
			without := *c
			without.Repositories = slices.Clone(left)
			next.read.Store(&without)
		}
		x.put(next)
	}
}

package token

import (
	"slices"

	"jeton/db"
)

// index is all tokens in memory. Entries are replaced, never changed, but for their counts of uses.
type index struct {
	byHash  map[string]*entry
	byID    map[string]*entry
	byOwner map[owner]map[string]*entry
	// sealed holds the ids of those with a sealed text.
	sealed map[string]bool
}

func newIndex() index {
	return index{byHash: map[string]*entry{}, byID: map[string]*entry{}, byOwner: map[owner]map[string]*entry{}, sealed: map[string]bool{}}
}

// owner is whose a token is: a person, or what a deploy token belongs to.
type owner struct {
	userID string
	deploy Deploy
}

// entry is a token in memory.
type entry struct {
	Token
	hash string
	used *usage
	// sealed is the successor's text, fetched tells that a holder of this token was given it.
	sealed  string
	fetched bool
}

func (e *entry) owner() owner { return owner{e.UserID, e.Deploy} }

// put enters a row, in the place of an earlier one of the same token.
func (x *index) put(r db.Token, used *usage) {
	x.enter(&entry{Token: fromRow(r), hash: r.Hash, sealed: r.Sealed, fetched: r.FetchedAt != nil, used: used})
	if delete(x.sealed, r.ID); r.Sealed != "" {
		x.sealed[r.ID] = true
	}
}

func (x *index) enter(e *entry) {
	x.byID[e.ID], x.byHash[e.hash] = e, e
	of := x.byOwner[e.owner()]
	if of == nil {
		of = map[string]*entry{}
		x.byOwner[e.owner()] = of
	}
	of[e.ID] = e
}

func (x *index) drop(id string) {
	e := x.byID[id]
	if e == nil {
		return
	}
	delete(x.byID, id)
	delete(x.byHash, e.hash)
	delete(x.sealed, id)
	if of := x.byOwner[e.owner()]; len(of) > 1 {
		delete(of, id)
	} else {
		delete(x.byOwner, e.owner())
	}
}

func (x *index) dropOf(o owner) {
	for id := range x.byOwner[o] {
		x.drop(id)
	}
}

// unbind forgets a repository that is gone. Its id is never used again, so this only tidies what lists show.
func (x *index) unbind(repoID string) {
	for _, e := range x.byID {
		if !slices.Contains(e.Repositories, repoID) {
			continue
		}
		next := *e
		next.Repositories = slices.DeleteFunc(slices.Clone(e.Repositories), func(r string) bool { return r == repoID })
		x.enter(&next)
	}
}

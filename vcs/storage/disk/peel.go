package disk

import (
	"errors"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/storage"
)

// maxTag is the largest tag object that is read to be peeled, in bytes.
const maxTag = 64 << 20

// peelable reports whether a ref may be an annotated tag: branches point to commits, and symbolic refs are peeled by
// what they lead to.
func peelable(ref storage.Ref) bool {
	return ref.Target == "" && !strings.HasPrefix(ref.Name, "refs/heads/")
}

// peelAll finds what annotated tags finally point to. A tag that cannot be read is left unpeeled: that is for whoever
// fetches it, and must not close the repository to all others.
func (r *Repository) peelAll(set *pack.Set, refs []storage.Ref) {
	for i := range refs {
		refs[i].Peeled = oid.Zero // what packed-refs says may be another tool's error
		if peelable(refs[i]) {
			refs[i].Peeled = r.peel(set, refs[i])
		}
	}
}

func (r *Repository) peel(set *pack.Set, ref storage.Ref) oid.ID {
	peeled, err := peel(set, ref.ID)
	if err != nil {
		r.o.log().Warn("tag cannot be peeled", "repository", r.id, "ref", ref.Name, "error", err)
	}
	return peeled
}

// peel follows tags; zero where id is no tag, or leads to something that is not there.
func peel(set *pack.Set, id oid.ID) (oid.ID, error) {
	for depth := range 1000 {
		kind, _, err := set.Header(id)
		if errors.Is(err, pack.ErrNotFound) {
			return oid.Zero, nil
		}
		if err != nil {
			return oid.Zero, err
		}
		if kind != plumbing.TagObject {
			if depth == 0 {
				return oid.Zero, nil
			}
			return id, nil
		}
		_, content, err := set.Read(id, maxTag)
		if err != nil {
			return oid.Zero, err
		}
		if id, _, err = object.ParseTag(content); err != nil {
			return oid.Zero, nil
		}
	}
	return oid.Zero, nil
}

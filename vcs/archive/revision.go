package archive

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/revision"
	"jeton/vcs/wire"
)

// named is what a client of git-upload-archive named, in git's own way.
type named struct {
	tree   oid.ID
	commit oid.ID // zero where a tree was named
	when   time.Time
}

// resolver finds revisions by git's rules and in git's words, among what one client sees. Addresses have rules of their
// own (revision.Finder).
type resolver struct {
	ctx  context.Context
	find *revision.Finder
}

// resolve reads REF, ID, REF:PATH or ID:PATH. What is not there and what may not be seen are answered alike, in git's
// words.
func (v *resolver) resolve(rev string) (named, error) {
	name, path, inside := strings.Cut(rev, ":")
	id, err := v.start(name)
	if err != nil {
		return named{}, err
	}
	found, err := v.find.Peel(v.ctx, id)
	if err != nil {
		return named{}, err
	}
	if found.Tree.IsZero() {
		return named{}, refuse("not a tree object: %s", found.ID)
	}
	r := named{tree: found.Tree, commit: found.Commit, when: found.When}
	if last := time.Unix(maxTime, 0); r.when.After(last) {
		r.when = last
	}
	if inside {
		r.commit = oid.Zero // it is not the commit's tree any more; its time is kept
		r.tree, err = v.inside(rev, r.tree, path)
	}
	return r, err
}

// start finds the object that a name or a full id means.
func (v *resolver) start(name string) (oid.ID, error) {
	if id, ok := v.ref(name); ok {
		return id, nil
	}
	id, ok := oid.Parse(name)
	if !ok {
		return oid.Zero, refuse("no such ref: %s", wire.Escape(name))
	}
	ok, err := v.find.Visible(v.ctx, id)
	if err != nil && !errors.Is(err, reach.ErrBudget) {
		return id, err
	}
	if !ok {
		return id, v.unseen(id)
	}
	return id, nil
}

// unseen refuses an id that is not proven visible, in the same words whether it is hidden, not there, or too far to be
// found.
func (v *resolver) unseen(id oid.ID) error {
	if walk := v.find.Far(); walk > 0 {
		return refuse("no such ref: %s: no ref that you see leads to it within the %d commits and trees that this server walks to find out; name a ref", id, walk)
	}
	return refuse("no such ref: %s", id)
}

// ref finds a ref by the end of its name, by the order of gitrevisions.
func (v *resolver) ref(name string) (oid.ID, bool) {
	if name == "@" {
		name = "HEAD"
	}
	if name == "" {
		return oid.Zero, false
	}
	for _, full := range []string{name, "refs/" + name, "refs/tags/" + name, "refs/heads/" + name, "refs/remotes/" + name, "refs/remotes/" + name + "/HEAD"} {
		if r, ok := v.find.Sight().Find(full); ok {
			return r.ID, true
		}
	}
	return oid.Zero, false
}

// inside finds a folder of a tree. A submodule is none: its commit is another repository's.
func (v *resolver) inside(rev string, tree oid.ID, path string) (oid.ID, error) {
	e, err := v.find.Entry(v.ctx, tree, strings.TrimSuffix(path, "/"))
	switch {
	case errors.Is(err, revision.ErrNotFound), errors.Is(err, revision.ErrBad), errors.Is(err, pack.ErrNotFound),
		err == nil && e.Kind == plumbing.CommitObject:
		return tree, refuse("not a valid object name: %s", wire.Escape(rev))
	case err != nil:
		return tree, err
	case e.Kind != plumbing.TreeObject:
		return tree, refuse("not a tree object: %s", e.ID)
	}
	return e.ID, nil
}

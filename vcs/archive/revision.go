package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// maxTags is how many tags may point to each other in a row.
const maxTags = 1000

// revision is what a client named.
type revision struct {
	tree   oid.ID
	commit oid.ID // zero where a tree was named
	when   time.Time
}

// resolver finds revisions among what one client sees.
type resolver struct {
	ctx   context.Context
	view  *storage.View
	rules *rules.Rules
	walk  int // see reach.Options
}

// resolve reads REF, ID, REF:PATH or ID:PATH. What is not there and what may not be seen are answered alike, in git's
// words.
func (v *resolver) resolve(rev string) (revision, error) {
	name, path, inside := strings.Cut(rev, ":")
	id, err := v.start(name)
	if err != nil {
		return revision{}, err
	}
	id, kind, err := v.peel(id)
	if err != nil {
		return revision{}, err
	}
	r := revision{tree: id, when: time.Unix(0, 0)}
	if kind == plumbing.CommitObject {
		c, err := v.commit(id)
		if err != nil {
			return r, err
		}
		r = revision{tree: c.Tree, commit: id, when: time.Unix(min(c.When, maxTime), 0)}
	}
	if kind == plumbing.BlobObject {
		return r, refuse("not a tree object: %s", id)
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
	if id, ok := oid.Parse(name); ok {
		ok, err := v.visible(id)
		if errors.Is(err, reach.ErrBudget) {
			return id, fmt.Errorf("%w (%w)", v.unseen(id), err)
		}
		if err != nil {
			return id, fmt.Errorf("look for %s: %w", id, err)
		}
		if !ok {
			return id, v.unseen(id)
		}
		return id, nil
	}
	return oid.Zero, refuse("no such ref: %s", wire.Escape(name))
}

// unseen refuses an id that is not proven visible, in the same words whether it is hidden, not there, or too far to be
// found: whether the bound was met would tell that something is there. A store that holds fewer objects than may be walked
// was walked to its end.
func (v *resolver) unseen(id oid.ID) error {
	if !v.rules.AdvertisedOnly && v.view.Objects.Count() > v.walk {
		return refuse("no such ref: %s: no ref that you see leads to it within the %d commits and trees that this server walks to find out; name a ref", id, v.walk)
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
		if r, ok := v.sight().Find(full); ok {
			return r.ID, true
		}
	}
	return oid.Zero, false
}

// sight is which refs the client sees.
func (v *resolver) sight() sight.Sight { return sight.New(v.rules, v.view.Refs) }

// visible reports whether the client may name an object by its id.
func (v *resolver) visible(id oid.ID) (bool, error) {
	see := v.sight()
	if see.Tip(id) {
		return true, nil
	}
	if v.rules.AdvertisedOnly {
		return false, nil
	}
	return reach.NewVisible(v.view.Objects, see.Tips(), reach.Options{Budget: v.walk}).Object(v.ctx, id)
}

// peel follows tags to what they finally point to.
func (v *resolver) peel(id oid.ID) (oid.ID, plumbing.ObjectType, error) {
	for range maxTags {
		kind, _, err := v.view.Objects.Header(id)
		if err != nil || kind != plumbing.TagObject {
			return id, kind, err
		}
		_, data, err := v.view.Objects.Read(id, maxTree)
		if err != nil {
			return id, kind, err
		}
		if id, _, err = object.ParseTag(data); err != nil {
			return id, kind, fmt.Errorf("tag %s: %w", id, err)
		}
	}
	return id, plumbing.TagObject, fmt.Errorf("more than %d tags in a row: %w", maxTags, object.ErrMalformed)
}

func (v *resolver) commit(id oid.ID) (object.Commit, error) {
	_, data, err := v.view.Objects.Read(id, maxTree)
	if err != nil {
		return object.Commit{}, err
	}
	return object.ParseCommit(data)
}

// inside finds a folder of a tree.
func (v *resolver) inside(rev string, tree oid.ID, path string) (oid.ID, error) {
	for name := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		if path == "" {
			break
		}
		kind, data, err := v.view.Objects.Read(tree, maxTree)
		if err != nil {
			return tree, err
		}
		id, ok := oid.Zero, false
		if kind == plumbing.TreeObject {
			id, ok = entryOf(data, name)
		}
		if !ok {
			return tree, refuse("not a valid object name: %s", wire.Escape(rev))
		}
		tree = id
	}
	kind, _, err := v.view.Objects.Header(tree)
	switch {
	case errors.Is(err, pack.ErrNotFound): // a submodule: its commit is another repository's
		return tree, refuse("not a valid object name: %s", wire.Escape(rev))
	case err != nil:
		return tree, err
	case kind != plumbing.TreeObject:
		return tree, refuse("not a tree object: %s", tree)
	}
	return tree, nil
}

func entryOf(tree []byte, name string) (oid.ID, bool) {
	t := object.NewTree(tree)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		if string(e.Name) == name && !e.IsLink() {
			return e.ID, true
		}
	}
	return oid.Zero, false
}

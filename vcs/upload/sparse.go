package upload

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/filter"
	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// patterns finds the blob that sparse:oid names: by its id, by a ref that points to it itself, or as <rev>:<path>, where <rev> is a
// ref or the id of a commit, tag or tree. Whatever the client may not know of is not there.
func (c *conversation) patterns(name string) (oid.ID, []byte, error) {
	rev, path, inside := strings.Cut(name, ":")
	id, ok, err := c.revision(rev)
	if err == nil && ok && inside {
		id, ok, err = c.file(id, path)
	}
	if err != nil {
		return id, nil, fmt.Errorf("find sparse patterns: %w", tooLong(err))
	}
	refusal := refuse("unable to access sparse blob in '%s'", wire.Escape(name))
	if !ok {
		return id, nil, refusal
	}
	kind, _, err := c.view.Objects.Header(id)
	if err != nil || kind != plumbing.BlobObject { // nor a tag of one, as git has it
		return id, nil, errors.Join(refusal, err)
	}
	if _, size, err := c.view.Objects.Header(id); err != nil || size > filter.MaxPatternBytes {
		return id, nil, errors.Join(refuse("unable to parse sparse filter data in %s: more than %d bytes", id, filter.MaxPatternBytes), err)
	}
	_, content, err := c.view.Objects.Read(id, filter.MaxPatternBytes)
	return id, content, err
}

// revision is what a ref or an id stands for, as far as the client may know of it.
func (c *conversation) revision(name string) (oid.ID, bool, error) {
	if found := c.named(name); len(found) > 0 {
		return found[0].ID, true, nil
	}
	id, ok := oid.Parse(name)
	if !ok {
		return id, false, nil
	}
	ok, err := c.visible().Object(c.ctx, id)
	if errors.Is(err, reach.ErrBudget) {
		return id, false, nil // like one that is not there
	}
	return id, ok, err
}

// file goes down a path from a tag, a commit or a tree. Whoever may know of these may know of what they reach.
func (c *conversation) file(id oid.ID, path string) (oid.ID, bool, error) {
	id, kind, err := c.peel(id)
	if err != nil {
		return id, false, err
	}
	if kind == plumbing.CommitObject {
		commit, ok := c.commit(id)
		if !ok {
			return id, false, nil
		}
		id = commit.Tree
	}
	for name := range strings.SplitSeq(path, "/") {
		kind, data, err := c.view.Objects.Read(id, maxObject)
		if err != nil || kind != plumbing.TreeObject {
			return id, false, err
		}
		var ok bool
		if id, ok = entry(data, name); !ok {
			return id, false, nil
		}
	}
	return id, true, nil
}

// entry is what a tree holds under a name; a submodule is nothing that is here.
func entry(tree []byte, name string) (oid.ID, bool) {
	t := object.NewTree(tree)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		if string(e.Name) == name {
			return e.ID, !e.IsLink()
		}
	}
	return oid.Zero, false
}

// peel follows tags to what they finally point to.
func (c *conversation) peel(id oid.ID) (oid.ID, plumbing.ObjectType, error) {
	for range maxTags {
		kind, _, err := c.view.Objects.Header(id)
		if err != nil || kind != plumbing.TagObject {
			return id, kind, err
		}
		_, data, err := c.view.Objects.Read(id, maxObject)
		if err == nil {
			id, _, err = object.ParseTag(data)
		}
		if err != nil {
			return id, kind, err
		}
	}
	return id, plumbing.TagObject, nil
}

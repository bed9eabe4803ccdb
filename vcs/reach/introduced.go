package reach

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Wanted is what Introduced looks for in a push.
type Wanted struct {
	// Objects are blobs, commits, tags, and trees in which an entry is looked for.
	Objects map[oid.ID]bool
	// Entry is asked of each new entry of a tree that is wanted, whether it is the one.
	Entry func(tree oid.ID, name []byte) bool
	// Counts is told of each place where a commit brings a wanted object anew, parents before children, and decides whether
	// it counts there.
	Counts func(Place) bool
}

// Place is where a push brings a wanted object.
type Place struct {
	// Object is what was wanted; Commit the commit that brings it, zero where a tag or a ref leads to it directly. Path is that of the file, "" where Object is the commit or the tag itself.
	Object, Commit oid.ID
	Path           string
}

// Introduced finds where a pushed pack, fresh, brings what is wanted, as each of its commits compares with all its
// parents. What a visible commit has is not brought by the push, even where it came along. It
// returns which commits and tags of the push reach something that is brought, themselves too.
//
// Only objects of fresh are walked. ErrBudget where these are more than budget commits and trees.
func Introduced(ctx context.Context, set *pack.Set, fresh *pack.Pack, tips []oid.ID, old *Visible, wanted Wanted, budget int) (map[oid.ID]bool, error) {
	i := &introduction{reader: reader{set: set, purse: newPurse(budget)}, ctx: ctx, fresh: fresh, old: old, wanted: wanted,
		reached: map[oid.ID]bool{}, trees: map[oid.ID]bool{}, commits: map[oid.ID]object.Commit{}}
	for _, tip := range tips {
		if err := i.tip(tip); err != nil {
			return nil, err
		}
	}
	for _, id := range parentsFirst(i.order, func(id oid.ID) []oid.ID { return i.commits[id].Parents }) {
		if err := i.commit(id); err != nil {
			return nil, fmt.Errorf("commit %s: %w", id, err)
		}
	}
	for k := len(i.tags) - 1; k >= 0; k-- { // what a tag points to comes behind it
		tag := i.tags[k]
		i.reached[tag.id] = i.reached[tag.id] || i.reached[tag.to]
	}
	return i.reached, nil
}

// introduction is one search.
type introduction struct {
	reader
	ctx     context.Context
	fresh   *pack.Pack
	old     *Visible
	wanted  Wanted
	reached map[oid.ID]bool
	// trees are those of fresh that were walked with all that is in them, and whether something of it is wanted.
	trees   map[oid.ID]bool
	commits map[oid.ID]object.Commit
	order   []oid.ID
	tags    []link
}

// link is a tag and what it points to.
type link struct{ id, to oid.ID }

// isNew reports whether a commit or tag is one that the push brings.
func (i *introduction) isNew(id oid.ID) (bool, error) {
	_, in, err := i.fresh.Find(id)
	if err != nil || !in {
		return false, err
	}
	seen, err := i.old.Commit(i.ctx, id)
	return !seen, err
}

// tip follows tags, and collects the new commits behind a tip.
func (i *introduction) tip(id oid.ID) error {
	for range maxTags {
		isNew, err := i.isNew(id)
		if err != nil || !isNew {
			return err
		}
		kind, err := i.kind(id)
		if err != nil {
			return err
		}
		if kind != plumbing.TagObject {
			return i.history(id, kind)
		}
		i.reached[id] = i.brings(Place{Object: id})
		to, _, err := i.reader.tag(id)
		if err != nil {
			return err
		}
		i.tags = append(i.tags, link{id, to})
		id = to
	}
	return tooManyTags(id)
}

// history collects new commits; what is no commit is looked through at once.
func (i *introduction) history(id oid.ID, kind plumbing.ObjectType) error {
	switch kind {
	case plumbing.BlobObject:
		i.reached[id] = i.brings(Place{Object: id})
		return nil
	case plumbing.TreeObject:
		found, err := i.tree(newcomer{tree: id}, oid.Zero)
		i.reached[id] = found
		return err
	}
	for queue := []oid.ID{id}; len(queue) > 0; {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if _, met := i.commits[id]; met {
			continue
		}
		if err := i.spend(1); err != nil {
			return err
		}
		isNew, err := i.isNew(id)
		if err != nil {
			return err
		}
		if !isNew {
			continue
		}
		c, err := i.reader.commit(id)
		if err != nil {
			return err
		}
		i.commits[id] = c
		i.order = append(i.order, id)
		queue = append(queue, c.Parents...)
	}
	return nil
}

// brings reports whether what stands at a place is wanted and counts there.
func (i *introduction) brings(at Place) bool {
	return i.wanted.Objects[at.Object] && i.wanted.Counts(at)
}

func (i *introduction) spend(n int) error {
	if err := i.ctx.Err(); err != nil {
		return err
	}
	return i.purse.spend(n)
}

// commit finds what a commit brings. Its parents had their turn.
func (i *introduction) commit(id oid.ID) error {
	i.reached[id] = i.brings(Place{Object: id, Commit: id})
	c := i.commits[id]
	for _, parent := range c.Parents {
		i.reached[id] = i.reached[id] || i.reached[parent]
	}
	root := newcomer{tree: c.Tree}
	for _, parent := range c.Parents[:min(maxCompanions, len(c.Parents))] {
		p, ok := i.commits[parent]
		if !ok {
			var err error
			if p, err = i.reader.commit(parent); err != nil {
				return err
			}
		}
		if p.Tree == c.Tree {
			return nil
		}
		root.companions = append(root.companions, p.Tree)
	}
	found, err := i.tree(root, id)
	i.reached[id] = i.reached[id] || found
	return err
}

// newcomer is a tree that differs from those at the same path in the parents.
type newcomer struct {
	tree       oid.ID
	companions []oid.ID
	path       string
	above      int // where the folder that it lies in stands among those that were visited
	found      bool
}

// tree finds what a tree brings, and whether it brings anything. No recursion: a hostile tree may be as deep as it likes.
func (i *introduction) tree(root newcomer, commit oid.ID) (bool, error) {
	root.above = -1
	stack, visited := []newcomer{root}, []newcomer(nil)
	for len(stack) > 0 {
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if found, walked := i.trees[w.tree]; walked {
			if found && w.above < 0 {
				return true, nil
			}
			if found {
				i.mark(visited, w.above)
			}
			continue
		}
		_, in, err := i.fresh.Find(w.tree)
		if err != nil {
			return false, err
		}
		if !in {
			continue // it was here before
		}
		if err := i.spend(1 + len(w.companions)); err != nil {
			return false, err
		}
		if len(w.companions) == 0 {
			i.trees[w.tree] = false
		}
		visited = append(visited, w)
		if stack, err = i.entries(w, commit, len(visited)-1, visited, stack); err != nil {
			return false, err
		}
		if len(stack) > maxWaiting {
			return false, ErrBudget
		}
	}
	return len(visited) > 0 && visited[0].found, nil
}

// mark notes that something was found in a tree, and so in the folders above it.
func (i *introduction) mark(visited []newcomer, at int) {
	for ; at >= 0 && !visited[at].found; at = visited[at].above {
		visited[at].found = true
		if len(visited[at].companions) == 0 {
			i.trees[visited[at].tree] = true
		}
	}
}

// entries looks at the new entries of one tree.
func (i *introduction) entries(w newcomer, commit oid.ID, at int, visited, stack []newcomer) ([]newcomer, error) {
	data, err := i.read(w.tree, plumbing.TreeObject)
	if err != nil {
		return stack, err
	}
	others, err := i.cursors(w.companions)
	if err != nil {
		return stack, err
	}
	byName := i.wanted.Objects[w.tree]
	t := object.NewTree(data)
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		same, companions := match(e, others)
		if same {
			continue
		}
		if byName && i.wanted.Entry(w.tree, e.Name) && i.brings(Place{Object: w.tree, Commit: commit, Path: w.path + string(e.Name)}) {
			i.mark(visited, at)
		}
		switch {
		case e.IsLink():
		case e.IsTree():
			stack = append(stack, newcomer{tree: e.ID, companions: companions, path: w.path + string(e.Name) + "/", above: at})
		case i.brings(Place{Object: e.ID, Commit: commit, Path: w.path + string(e.Name)}):
			i.mark(visited, at)
		}
	}
	return stack, t.Err()
}

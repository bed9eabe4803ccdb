package remote

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/receive"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
)

// plan is what is to be done so that branches and tags here are as they are there.
type plan struct {
	there   refs
	updates []storage.RefUpdate
	// want are the objects that are asked for, have those that the other server is told are here.
	want, have []oid.ID
	// read is the pack on its way; nil before it is.
	read *heard
}

// maxHave is how many commits the other server is told of, and how far each branch is followed back for that.
const maxHave = 512

// compare finds out which refs differ. What is told to the other server is what whoever asked for the pull may see.
func compare(ctx context.Context, ses receive.Session, there refs) (*plan, error) {
	view, err := ses.Repo.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("open view: %w", err)
	}
	defer view.Close()
	p := &plan{there: there}
	seen := sight.New(&ses.Rules, view.Refs).Tips()
	visible := reach.NewVisible(view.Objects, seen, reach.Options{Budget: reach.DefaultBudget})
	wanted := map[oid.ID]bool{}
	for _, r := range there.list {
		here, _ := view.Refs.Lookup(r.Name)
		if here.ID == r.ID {
			continue
		}
		p.updates = append(p.updates, storage.RefUpdate{Name: r.Name, Old: here.ID, New: r.ID})
		if wanted[r.ID] {
			continue
		}
		ok, err := visible.Object(ctx, r.ID)
		if err != nil && !errors.Is(err, reach.ErrBudget) {
			return nil, fmt.Errorf("find what is here already: %w", err)
		}
		if !ok {
			wanted[r.ID] = true
			p.want = append(p.want, r.ID)
		}
	}
	if len(p.want) > 0 {
		p.have, err = haves(ctx, view.Objects, seen)
	}
	return p, err
}

// haves are tips and what lies right behind them, nearest first.
func haves(ctx context.Context, set *pack.Set, tips []oid.ID) ([]oid.ID, error) {
	var list []oid.ID
	seen := map[oid.ID]bool{}
	add := func(id oid.ID) {
		if !seen[id] && len(list) < maxHave {
			seen[id] = true
			list = append(list, id)
		}
	}
	for _, id := range tips {
		add(id)
	}
	for i := 0; i < len(list) && len(list) < maxHave; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		kind, content, err := set.Read(list[i], maxCommit)
		switch {
		case errors.Is(err, pack.ErrTooLarge) || err == nil && kind != plumbing.CommitObject:
			continue
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", list[i], err)
		}
		c, err := object.ParseCommit(content)
		if err != nil {
			continue
		}
		for _, parent := range c.Parents {
			if !set.IsEnd(list[i]) {
				add(parent)
			}
		}
	}
	return list, nil
}

// maxCommit is how large a commit is read at most to find its parents, in bytes.
const maxCommit = 1 << 20

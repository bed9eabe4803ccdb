package receive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// Opener opens a repository by its id; host.ErrNotFound for one that was deleted.
type Opener func(ctx context.Context, id string) (storage.Repository, error)

// errNotSeen is the result of an update that a crash has cut short, as far as can be told: had another program moved the
// ref since, nothing would show that ours came before.
var errNotSeen = errors.New("the server died in the middle of the push, and nothing shows that the ref has moved")

// Settle closes the journal's open entries when a server starts: whether each update came to pass is read off the refs,
// and off the moves that are known to have followed. Of a repository that is gone none did. Entries of one that cannot be
// read are tried again while Run runs.
func (s *Server) Settle(ctx context.Context, open Opener) error {
	entries, err := s.o.Journal.Open(ctx)
	if err != nil {
		return fmt.Errorf("read open journal entries: %w", err)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.RepoID, b.RepoID) })
	for len(entries) > 0 {
		n := slices.IndexFunc(entries, func(e Entry) bool { return e.RepoID != entries[0].RepoID })
		if n < 0 {
			n = len(entries)
		}
		of := entries[:n]
		entries = entries[n:]
		settle := func(ctx context.Context) error { return s.settle(ctx, of, open) }
		if err := settle(ctx); err != nil {
			s.o.Log.ErrorContext(ctx, "journal entries cannot be settled; it is tried again", "repository", of[0].RepoID, "error", err)
			refs := 0
			for _, e := range of {
				refs += len(e.Updates)
			}
			s.owed.add(debt{refs: refs, pay: settle})
		}
	}
	return nil
}

// settle closes the open entries of one repository, oldest first.
func (s *Server) settle(ctx context.Context, entries []Entry, open Opener) error {
	refs, err := refsOf(ctx, entries[0].RepoID, open)
	if err != nil {
		return err
	}
	results := make([][]storage.RefResult, len(entries))
	trails := map[string][]step{}
	for i, e := range entries {
		results[i] = make([]storage.RefResult, len(e.Updates))
		for k, u := range e.Updates {
			results[i][k] = storage.RefResult{Name: u.Name, Err: storage.UpdateError(u.Name, errNotSeen)}
			if u.Symref == "" {
				trails[u.Name] = append(trails[u.Name], step{entry: e.ID, from: u.Old, to: u.New, result: &results[i][k]})
			} else if ref, there := refs.Lookup(u.Name); there && ref.Target == u.Symref {
				results[i][k].Err = nil
			}
		}
	}
	if err := s.known(ctx, entries[0], trails); err != nil {
		return err
	}
	for refName, trail := range trails {
		ref, _ := refs.Lookup(refName)
		slices.SortStableFunc(trail, func(a, b step) int { return cmp.Compare(a.entry, b.entry) })
		walkBack(trail, ref.ID)
	}
	for i, e := range entries {
		if err := s.o.Journal.End(ctx, e.ID, results[i]); err != nil {
			return fmt.Errorf("settle journal entry %s: %w", e.ID, err)
		}
	}
	return nil
}

// known adds to trails what is known to have come to pass since the oldest open entry was begun.
func (s *Server) known(ctx context.Context, oldest Entry, trails map[string][]step) error {
	for since := oldest.ID; since != ""; {
		moves, next, err := s.o.Journal.Moved(ctx, oldest.RepoID, since)
		if err != nil {
			return fmt.Errorf("read the moves of repository %s: %w", oldest.RepoID, err)
		}
		for _, m := range moves {
			if trail, ok := trails[m.Name]; ok && m.Symref == "" {
				trails[m.Name] = append(trail, step{entry: m.Entry, from: m.Old, to: m.New})
			}
		}
		since = next
	}
	return nil
}

// step is a move of one ref as the journal has it.
type step struct {
	entry    string
	from, to oid.ID
	// result is where it is written that it came to pass; nil for one of which that is known.
	result *storage.RefResult
}

// walkBack finds out which steps of a ref's trail came to pass. They are in the order in which their entries were begun,
// which is that of the moves as well: an entry is begun when the ref has the value that it wants to move away from. now is
// the ref's value, zero where there is none.
//
//	A ─► B     B ─► C     C ─► D     C ─► E     now: E
//	 open       known      open       open
//	came to     leaves    did not    came to
//	 pass         B                   pass
func walkBack(trail []step, now oid.ID) {
	for end := len(trail); end > 0; {
		i := end
		for i > 0 && trail[i-1].result != nil {
			i--
		}
		if i == 0 {
			link(trail[:end], nil, now)
			return
		}
		link(trail[i:end], &trail[i-1].to, now)
		now, end = trail[i-1].from, i-1
	}
}

// link finds the open steps that lead from one value to another, the longest such chain, and of those the oldest; from is
// nil where it is not known.
func link(open []step, from *oid.ID, to oid.ID) {
	type link struct{ before, length int }
	links := make([]link, len(open))
	last := map[oid.ID]int{} // by value, the step that ends the longest chain to it
	for i, s := range open {
		k, reached := last[s.from]
		switch {
		case reached:
			links[i] = link{k, links[k].length + 1}
		case from == nil || *from == s.from:
			links[i] = link{-1, 1}
		default:
			continue
		}
		if k, ok := last[s.to]; !ok || links[k].length < links[i].length {
			last[s.to] = i
		}
	}
	i, ok := last[to]
	for ; ok && i >= 0; i = links[i].before {
		open[i].result.Err = nil
	}
}

// refsOf are the refs of a repository; none where it is gone.
func refsOf(ctx context.Context, id string, open Opener) (*storage.Snapshot, error) {
	repo, err := open(ctx, id)
	if errors.Is(err, host.ErrNotFound) {
		return &storage.Snapshot{}, nil
	}
	if err != nil {
		return nil, err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	return view.Refs, nil
}

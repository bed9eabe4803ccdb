package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
)

// ErrNoBranch: clients see no such branch in the repository.
var ErrNoBranch = errors.New("there is no such branch")

// Fork makes a repository of what clients see of another: its refs and its default branch, with the packs by hard link.
// Refs that the other's rules hide, and the server's own, are not in it; what only these reach may lie in its packs, where
// nobody gets at it, as with all that no ref reaches, until maintenance drops it. It has no rules of its own yet. Like
// Create it makes the folder first, then the row. ErrNotFound where the other is gone, ErrTaken, ErrBadPath.
func (h *Host) Fork(ctx context.Context, of string, r Repo) (Repo, error) {
	source, err := h.repository(ctx, of)
	if err != nil {
		return Repo{}, err
	}
	hidden, err := h.Rules(ctx, of)
	if err != nil {
		return Repo{}, fmt.Errorf("fork repository: %w", err)
	}
	view, err := source.View(ctx)
	if err != nil {
		return Repo{}, fmt.Errorf("fork repository: %w", err)
	}
	defer view.Close()
	r.ForkOf = of
	r, err = h.begin(ctx, r, func(r Repo) error { return source.Fork(ctx, view, shown(view.Refs, &hidden), h.Dir(r.ID)) })
	if err != nil {
		return Repo{}, err
	}
	return h.bring(ctx, r)
}

// shown is what clients see of a snapshot of refs.
func shown(all *storage.Snapshot, r *rules.Rules) *storage.Snapshot {
	s := sight.New(r, all)
	out := &storage.Snapshot{Head: storage.Ref{Name: "HEAD", Target: "refs/heads/main"}}
	if s.Shows(&all.Head) {
		out.Head = all.Head
	} else if unborn := s.Unborn(); unborn != "" {
		out.Head.Target = unborn
	}
	for i := range all.Refs {
		if s.Shows(&all.Refs[i]) {
			out.Refs = append(out.Refs, all.Refs[i])
		}
	}
	return out
}

// SetHead makes a branch, by its short name, a repository's default one. In a repository without branches it may be one
// that is still to come. ErrNotFound, ErrNoBranch.
func (h *Host) SetHead(ctx context.Context, id, branch string, by storage.Actor) error {
	ref := "refs/heads/" + branch
	if !name.Ref(ref) {
		return fmt.Errorf("%w: %.100q", ErrNoBranch, branch)
	}
	repo, err := h.repository(ctx, id)
	if err != nil {
		return err
	}
	hidden, err := h.Rules(ctx, id)
	if err != nil {
		return fmt.Errorf("change the default branch: %w", err)
	}
	for {
		err := setHead(ctx, repo, ref, &hidden, by)
		if !errors.Is(err, storage.ErrRecheck) { // maintenance came between; nothing else is waited for
			return err
		}
	}
}

func setHead(ctx context.Context, repo storage.Repository, ref string, r *rules.Rules, by storage.Actor) error {
	view, err := repo.View(ctx)
	if err != nil {
		return fmt.Errorf("change the default branch: %w", err)
	}
	defer view.Close()
	s := sight.New(r, view.Refs)
	_, there := s.Find(ref)
	switch {
	case r.Hides(ref), !there && len(view.Refs.WithPrefix("refs/heads/")) > 0:
		return ErrNoBranch
	case view.Refs.Head.Target == ref:
		return nil
	}
	results, err := repo.Update(ctx, view.Refs.Basis, storage.Batch{Actor: by, Reason: "default branch",
		Updates: []storage.RefUpdate{{Name: "HEAD", Symref: ref}}})
	if err == nil && len(results) > 0 {
		err = results[0].Err
	}
	if err != nil {
		return fmt.Errorf("change the default branch: %w", err)
	}
	return nil
}

// Default is the short name of the branch that a repository's HEAD names, as its folder says it; "" where it names none, or
// the folder is not here. It opens no repository. Whoever tells it asks the rules whether it may be told.
func (h *Host) Default(id string) string {
	dir := h.Dir(id)
	if dir == "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(dir, "HEAD"))
	if err != nil {
		return ""
	}
	branch, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: refs/heads/")
	if !ok {
		return ""
	}
	return branch
}

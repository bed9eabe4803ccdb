package repos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/vcs/host"
	"jeton/web/api/method"
)

// kindDelete is the job that deletes a repository with its forks.
const kindDelete = "delete_repo"

// deleteRepo declares delete_repo.
func (s *server) deleteRepo() method.Method {
	type args struct {
		Repo  method.Ref `arg:"repoid" doc:"Name or id of the repository."`
		Forks string     `arg:"forks,optional" doc:"What becomes of its forks: detach or delete. Where left out, a repository with forks is not deleted." max:"20"`
	}
	return method.Of(method.Method{
		Name: "delete_repo", Doc: "Deletes a repository. It can come back with all that refers to it for as long as the setting repos.trash_keep says (jeton repo restore). Forks that the caller may not read are detached and not spoken of.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "forks": "detach"}`, REST: "DELETE repos/{repoid}",
		Fails: []string{"repository `team/app` does not exist", "Cannot delete `team/app` it still contains attached forks"},
	}, func(ctx context.Context, c *method.Call, in args) (Made, error) {
		forks := s.forksSeen(c, c.Repo.ID)
		msg := "Deleted repository `" + c.Repo.Path + "`"
		d := deleting{IDs: []string{c.Repo.ID}}
		switch {
		case in.Forks == "delete":
			all, err := s.withForks(c, c.Repo, map[string]bool{})
			if err != nil {
				return Made{}, err
			}
			d.IDs = all
			msg += fmt.Sprintf(" Deleted %d forks", len(forks))
		case in.Forks == "detach":
			msg += fmt.Sprintf(" Detached %d forks", len(forks))
		case in.Forks != "":
			return Made{}, method.Fail(method.Invalid, "forks is detach or delete, not `%s`", in.Forks)
		case len(forks) > 0:
			return Made{}, method.Fail(method.Conflict, "Cannot delete `%s` it still contains attached forks", c.Repo.Path)
		}
		if len(d.IDs) == 1 { // which is quick, however large it is
			return made(msg, ""), gone(s.delete(ctx, c.Actor, d.IDs[0]), c)
		}
		_, task, err := s.o.Jobs.Do(ctx, Job{Kind: kindDelete, RepoID: c.Repo.ID, UserID: c.Identity.UserID, By: c.Actor, Args: d})
		return made(msg, task), err
	})
}

// forksSeen are the forks of a repository that a caller may read.
func (s *server) forksSeen(c *method.Call, id string) []access.Repository {
	var list []access.Repository
	for _, f := range s.o.Access.Forks(id) {
		if c.Sees(f.ID, access.Read) {
			list = append(list, f)
		}
	}
	return list
}

// withForks are the ids of a repository and of its forks and theirs, forks first. Each that the caller sees must be theirs to
// delete. Those that were seen on the way are not gone through again.
func (s *server) withForks(c *method.Call, r access.Repository, seen map[string]bool) ([]string, error) {
	seen[r.ID] = true
	if !c.Sees(r.ID, access.Admin) {
		return nil, method.Fail(method.Denied, "Cannot delete `%s`: its fork `%s` is not yours to delete. Detach the forks, or have an administrator delete them.", c.Repo.Path, r.Path)
	}
	var ids []string
	for _, f := range s.forksSeen(c, r.ID) {
		if seen[f.ID] {
			continue
		}
		below, err := s.withForks(c, f, seen)
		if err != nil {
			return nil, err
		}
		ids = append(ids, below...)
	}
	return append(ids, r.ID), nil
}

// deleting is what the job is told.
type deleting struct{ IDs []string }

func (s *server) runDelete(ctx context.Context, by audit.Actor, text json.RawMessage, report func(string)) (any, error) {
	var d deleting
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("read what is to be deleted: %w", err)
	}
	for i, id := range d.IDs {
		report(fmt.Sprintf("%d of %d repositories deleted", i, len(d.IDs)))
		r, lives := s.o.Access.ByID(id)
		if !lives { // by an attempt before
			continue
		}
		switch may, err := s.still(ctx, by, r, access.Admin); {
		case err != nil:
			return nil, err
		case !may:
			return nil, method.Fail(method.Denied, "Whoever asked for it may not delete `%s` any more.", r.Path)
		}
		if err := s.delete(ctx, by, id); err != nil && !errors.Is(err, host.ErrNotFound) {
			return nil, err
		}
	}
	return d, nil
}

// delete detaches the forks of a repository and deletes it. host.ErrNotFound.
func (s *server) delete(ctx context.Context, by audit.Actor, id string) error {
	r, lives := s.o.Access.ByID(id)
	if !lives {
		return host.ErrNotFound
	}
	for _, f := range s.o.Access.Forks(id) {
		if err := s.o.Access.SetForkOf(ctx, by, f.ID, ""); err != nil && !isGone(err) {
			return err
		}
	}
	if err := s.o.Host.Delete(ctx, id); err != nil {
		return err
	}
	s.book.forget(id)
	s.tell(ctx, Happened{What: Deleted, Repo: r, By: by})
	return s.o.Note(ctx, by, "repository.delete", r.Path, "")
}

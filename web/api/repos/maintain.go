package repos

import (
	"context"
	"encoding/json"
	"fmt"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/web/api/method"
)

// kindMaintain is the job that packs a repository anew.
const kindMaintain = "maintenance"

// Invalidated is what RhodeCode answers where caches were dropped.
type Invalidated struct {
	Msg  string `json:"msg" doc:"What was done."`
	Repo string `json:"repository" doc:"Path of the repository."`
}

// invalidateCache declares invalidate_cache.
func (s *server) invalidateCache() method.Method {
	type args struct {
		Repo   method.Ref `arg:"repoid" doc:"Name or id of the repository."`
		Delete bool       `arg:"delete_keys,optional" doc:"Also removes archives that are kept on disk."`
	}
	return method.Of(method.Method{
		Name: "invalidate_cache", Doc: "Reads a repository's folder anew, for what another program has changed in it, and forgets what is kept of it in memory. Pushes are seen without it.",
		On: onRepo(access.Write), Changes: true, Example: `{"repoid": "team/app"}`, REST: "POST repos/{repoid}/invalidate_cache",
		Fails: []string{"repository `team/app` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) (Invalidated, error) {
		if err := s.o.Host.Rescan(ctx, c.Repo.ID); err != nil {
			return Invalidated{}, gone(err, c)
		}
		s.book.forget(c.Repo.ID)
		if in.Delete {
			s.o.Forget(c.Repo.ID)
		}
		return Invalidated{Msg: "Cache for repository `" + string(in.Repo) + "` was invalidated", Repo: c.Repo.Path}, nil
	})
}

// Maintained is what RhodeCode answers of maintenance.
type Maintained struct {
	Msg     string   `json:"msg" doc:"What was done."`
	Actions []string `json:"executed_actions" doc:"What that was, one by one; empty while the job goes on."`
	Repo    string   `json:"repository" doc:"Path of the repository."`
	Task    *string  `json:"task" doc:"The id of the job that goes on (get_job tells of it); null where all is done."`
}

// maintenance declares maintenance.
func (s *server) maintenance() method.Method {
	type args struct {
		Repo method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	}
	return method.Of(method.Method{
		Name: "maintenance", Doc: "Packs a repository anew. What no ref reaches goes once it is older than the setting maintain.grace.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app"}`, REST: "POST repos/{repoid}/maintenance",
		Fails: []string{"repository `team/app` does not exist"},
	}, func(ctx context.Context, c *method.Call, _ args) (Maintained, error) {
		out := Maintained{Msg: "executed maintenance command", Actions: []string{}, Repo: c.Repo.Path}
		result, task, err := s.o.Jobs.Do(ctx, Job{Kind: kindMaintain, RepoID: c.Repo.ID, UserID: c.Identity.UserID, By: c.Actor, Args: maintaining{c.Repo.ID}})
		if err != nil {
			return out, err
		}
		if task != "" {
			out.Task = &task
		}
		if len(result) > 0 {
			if err := json.Unmarshal(result, &out.Actions); err != nil {
				return out, fmt.Errorf("read what maintenance has done: %w", err)
			}
		}
		return out, nil
	})
}

// maintaining is what the job is told.
type maintaining struct{ ID string }

func (s *server) runMaintain(ctx context.Context, by audit.Actor, text json.RawMessage, _ func(string)) (any, error) {
	var m maintaining
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read what is to be maintained: %w", err)
	}
	r, lives := s.o.Access.ByID(m.ID)
	if !lives {
		return nil, method.NoRepository(method.Ref(m.ID))
	}
	report, err := s.o.Maintain(ctx, m.ID)
	if isGone(err) {
		return nil, method.NoRepository(method.Ref(r.Path))
	}
	if err != nil {
		return nil, err
	}
	done := []string{
		fmt.Sprintf("packs: %d before, %d now, with %d objects that refs reach", report.PacksBefore, report.PacksAfter, report.Reachable),
		fmt.Sprintf("objects that no ref reaches: %d kept for now, %d removed", report.Kept, report.Dropped),
	}
	return done, s.o.Note(ctx, by, "repository.maintain", r.Path, "")
}

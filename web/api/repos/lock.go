package repos

import (
	"context"
	"fmt"
	"time"

	"jeton/auth/access"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// lockReason is RhodeCode's word for a lock that was made through the API.
const lockReason = "lock_api"

// LockState is the lock of a repository as RhodeCode answers it.
type LockState struct {
	Repo    string   `json:"repo" doc:"Path of the repository."`
	Locked  bool     `json:"locked" doc:"One person alone may push."`
	Since   *float64 `json:"locked_since" doc:"Since when, in seconds since 1970; null where it is not locked."`
	By      *string  `json:"locked_by" doc:"User name of who may push, or has given the lock back; null where it was not locked."`
	Reason  *string  `json:"lock_reason" doc:"lock_api: by this method."`
	Changed bool     `json:"lock_state_changed" doc:"This call has changed it."`
	Msg     string   `json:"msg" doc:"The same in words."`
}

// lock declares lock.
func (s *server) lock() method.Method {
	type args struct {
		Repo   method.Ref  `arg:"repoid" doc:"Name or id of the repository."`
		Locked *bool       `arg:"locked,optional" doc:"true locks it, false gives it back. Where left out it is only told how it stands."`
		User   *method.Ref `arg:"userid,optional" doc:"Who is to push alone; somebody else than oneself, for administrators."`
	}
	return method.Of(method.Method{
		Name: "lock", Doc: "Lets one person alone push to a repository, tells who that is, or lets all push again who may write. Pushes of others are refused from then on, those too that are under way and have not moved a ref yet.",
		On: onRepo(access.Write), Changes: true, Example: `{"repoid": "team/app", "locked": true}`, REST: "POST repos/{repoid}/lock",
		Fails: []string{"repository `team/app` does not exist", "userid is not the same as your user", "user `ada` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) (LockState, error) {
		u, err := s.person(method.Ref(c.Identity.UserID))
		if in.User != nil {
			u, err = person.As(c, s.o.Users, *in.User, c.Admin())
		}
		if err != nil {
			return LockState{}, err
		}
		if in.Locked == nil {
			return s.lockState(c.Repo), nil
		}
		out := LockState{Repo: c.Repo.Path, Locked: *in.Locked, Changed: true, By: &u.Name, Reason: ptr(lockReason),
			Msg: fmt.Sprintf("User `%s` set lock state for repo `%s` to `%s`", u.Name, c.Repo.Path, pythonBool(*in.Locked))}
		if !*in.Locked {
			return out, gone(s.o.Access.Unlock(ctx, c.Actor, c.Repo.ID), c)
		}
		if err := s.o.Access.Lock(ctx, c.Actor, c.Repo.ID, u.ID, lockReason); err != nil {
			return LockState{}, gone(err, c)
		}
		if l, ok := s.o.Access.LockOf(c.Repo.ID); ok {
			out.Since = seconds(l.At)
		}
		return out, nil
	})
}

func (s *server) lockState(r access.Repository) LockState {
	l, locked := s.o.Access.LockOf(r.ID)
	if !locked {
		return LockState{Repo: r.Path, Msg: "Repo `" + r.Path + "` not locked."}
	}
	u, _ := s.o.Users.ByID(l.UserID)
	return LockState{Repo: r.Path, Locked: true, Since: seconds(l.At), By: &u.Name, Reason: &l.Reason,
		Msg: fmt.Sprintf("Repo `%s` locked by `%s` on `\"%s\"`.", r.Path, u.Name, method.Time(l.At))}
}

func seconds(t time.Time) *float64 {
	return ptr(float64(t.UnixMilli()) / 1000)
}

// pythonBool is how RhodeCode writes a boolean into a sentence.
func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func ptr[T any](v T) *T { return &v }

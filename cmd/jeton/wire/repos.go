package wire

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"jeton/auth/gate"
	"jeton/web/api/method"
	"jeton/web/api/repos"
	"jeton/web/work"
)

// repos is what the methods about repositories need; the zero Options for a zero Store.
func (s *Store) repos() repos.Options {
	if s.settings == nil {
		return repos.Options{}
	}
	return repos.Options{Host: s.Host, Access: s.Access, Users: s.Users, UserGroups: s.UserGroups, Rules: s.Rules, Jobs: doer{s.Jobs}, Remotes: s.Remotes,
		Create: s.create, Private: s.settings.On("repos.private"), Bound: s.bound, Ended: s.hasEnded, Maintain: s.Maintain, Forget: s.forgetArchives, Note: s.Note, Events: happened{s}, Log: s.Log}
}

// bound tells whether the token of somebody is bound to some repositories; one that is gone is bound to none.
func (s *Store) bound(id gate.Identity) bool {
	t, ok := s.Tokens.ByID(id.Proven.TokenID)
	return !ok || t.Bound
}

// registerJobs has the queue do what the methods about repositories and remotes leave to it.
func (s *Store) registerJobs() {
	for _, k := range append(repos.Kinds(s.repos()), s.Remotes.Kind()) {
		s.Jobs.Register(work.Kind{Name: k.Name, Run: func(ctx context.Context, j work.Job) (any, error) {
			return k.Run(ctx, j.Actor, j.Args, j.Report)
		}})
	}
}

// doer is repos.Jobs over the queue.
type doer struct{ queue *work.Queue }

// Do implements repos.Jobs.
func (d doer) Do(ctx context.Context, j repos.Job) (json.RawMessage, string, error) {
	done, err := d.queue.Quick(ctx, work.New{Kind: j.Kind, RepoID: j.RepoID, OwnerID: j.UserID, Args: j.Args, Actor: j.By})
	switch {
	case err != nil:
		return nil, "", queueError(err)
	case done.State == work.Done:
		return done.Result, "", nil
	case done.State == work.Failed:
		return nil, "", method.Fail(method.Failed, "%s", done.Error)
	case done.State == work.Cancelled:
		return nil, "", method.Fail(method.Conflict, "The job %s was cancelled.", done.ID)
	}
	return nil, done.ID, nil
}

// queueError is an error of the queue in the API's words.
func queueError(err error) error {
	if errors.Is(err, work.ErrFull) {
		return &method.Error{Code: method.Limited, Text: "Too many jobs are waiting. Try again when some have ended (get_jobs tells of yours).", RetryAfter: time.Minute}
	}
	return err
}

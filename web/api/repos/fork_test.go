package repos_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/web/api/method"
	"jeton/web/api/repos"
)

func TestAForkIsMadeByAJob(t *testing.T) {
	w := newWorld(t)
	one := w.push(w.app.ID, "one", "refs/heads/main")
	w.push(w.app.ID, "two", "refs/heads/next", one)
	got := w.must("bob", "fork_repo", `{"repoid": "team/app", "fork_name": "bob/app", "description": "mine", "landing_rev": "branch:next", "copy_permissions": true}`)
	if got["msg"] != "Created fork of `team/app` as `bob/app`" || got["success"] != true || got["task"] != nil {
		t.Errorf("got %v", got)
	}
	f := w.repo("bob/app")
	shown := w.must("bob", "get_repo", `{"repoid": "bob/app"}`)
	if !f.Private || f.OwnerID != w.people["bob"].ID || shown["fork_of"] != "team/app" || shown["description"] != "mine" || fmt.Sprint(shown["landing_rev"]) != "[branch next]" {
		t.Errorf("made %+v, %v", f, shown)
	}
	if len(w.s.Access.Given(f.ID)) != 1 {
		t.Errorf("given is %+v", w.s.Access.Given(f.ID))
	}
	// The same job again, as after a crash behind its end: all is there.
	if _, err := w.run(t.Context(), w.jobs[0]); err != nil {
		t.Errorf("the job again: %v", err)
	}
	w.fails("bob", "fork_repo", `{"repoid": "team/app", "fork_name": "bob/app"}`, method.Conflict, "fork `bob/app` already exist")
	w.fails("ada", "fork_repo", `{"repoid": "team/app", "fork_name": "team/app"}`, method.Conflict, "repo `team/app` already exist")
	w.fails("eve", "fork_repo", `{"repoid": "team/app", "fork_name": "eve/app"}`, method.NotFound, "repository `team/app` does not exist")
	w.fails("bob", "fork_repo", `{"repoid": "team/app", "fork_name": "bob/x", "owner": "eve"}`, method.Denied, "Only RhodeCode admin can specify `owner` param")
	w.fails("bob", "fork_repo", `{"repoid": "team/app", "fork_name": "bob/x", "private": false}`, method.Invalid, "is private, so its forks are")
	w.fails("bob", "fork_repo", `{"repoid": "team/app", "fork_name": "bob/x", "clone_uri": "https://x"}`, method.Invalid, "leave `clone_uri` out")
	// Told at each attempt, since one before may have ended in between; who keeps events knows the fork's.
	if want := []string{"forked team/app as bob/app", "forked team/app as bob/app"}; !slices.Equal(w.happened, want) {
		t.Errorf("told was %q", w.happened)
	}
	// Who may not see what it was forked from is not told of it.
	ok(t, w.s.Access.Take(t.Context(), root, w.app.ID, w.people["bob"].ID))
	if shown := w.must("bob", "get_repo", `{"repoid": "bob/app"}`); shown["fork_of"] != nil {
		t.Errorf("fork_of is %v", shown["fork_of"])
	}
}

func TestAForkWhoseTimeComesLateAsksOnceMore(t *testing.T) {
	w := newWorld(t)
	w.later = true
	if got := w.must("bob", "fork_repo", `{"repoid": "team/app", "fork_name": "bob/app"}`); got["task"] != "job-1" {
		t.Errorf("got %v", got)
	}
	if got := w.must("ada", "maintenance", `{"repoid": "team/app"}`); got["task"] != "job-1" || len(got["executed_actions"].([]any)) != 0 {
		t.Errorf("got %v", got)
	}
	ok(t, w.s.Access.Take(t.Context(), root, w.app.ID, w.people["bob"].ID))
	if _, err := w.run(t.Context(), w.jobs[0]); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("bob may not read it any more: %v", err)
	}
	if _, lives := w.s.Access.ByPath("bob/app"); lives {
		t.Error("it was forked all the same")
	}
}

// TestJobsThatBeginLaterAskAgain: what waits in the queue ends with the token that asked for it, and with the permission.
func TestJobsThatBeginLaterAskAgain(t *testing.T) {
	w := newWorld(t)
	w.push(w.app.ID, "one", "refs/heads/main")
	w.must("ada", "fork_repo", `{"repoid": "team/app", "fork_name": "team/fork"}`)
	w.later = true
	w.must("ada", "delete_repo", `{"repoid": "team/app", "forks": "delete"}`)
	w.must("ada", "fork_repo", `{"repoid": "team/app", "fork_name": "team/second"}`)
	deletion, fork := w.jobs[len(w.jobs)-2], w.jobs[len(w.jobs)-1]
	ended := true
	w.o.Ended = func(context.Context, audit.Actor) (bool, error) { return ended, nil }
	for _, j := range []repos.Job{deletion, fork} {
		if _, err := w.run(t.Context(), j); err == nil {
			t.Errorf("%s was done after its token had ended", j.Kind)
		}
	}
	ended = false
	active := func(is bool) {
		_, err := w.s.Users.Edit(t.Context(), root, w.people["ada"].ID, access.UserChange{Active: &is})
		ok(t, err)
	}
	active(false)
	if _, err := w.run(t.Context(), deletion); err == nil || !strings.Contains(err.Error(), "may not delete") {
		t.Errorf("ada is not let in any more: %v", err)
	}
	for path, lives := range map[string]bool{"team/app": true, "team/fork": true, "team/second": false} {
		if _, is := w.s.Access.ByPath(path); is != lives {
			t.Errorf("%s is there: %v", path, is)
		}
	}
	active(true)
	if _, err := w.run(t.Context(), deletion); err != nil {
		t.Error(err)
	}
	if r, is := w.s.Access.ByPath("team/fork"); is && r.Is("team/fork") {
		t.Error("the fork is still there")
	}
}

func TestARepositoryIsDeletedOnce(t *testing.T) {
	w := newWorld(t)
	got := w.must("ada", "delete_repo", `{"repoid": "team/app", "forks": ""}`)
	if got["msg"] != "Deleted repository `team/app`" || got["success"] != true {
		t.Errorf("got %v", got)
	}
	w.fails("ada", "delete_repo", `{"repoid": "team/app"}`, method.NotFound, "repository `team/app` does not exist")
	if want := []string{"deleted team/app"}; !slices.Equal(w.happened, want) {
		t.Errorf("told was %q", w.happened)
	}
}

func TestForksAreDetachedOrDeletedWithTheirRepository(t *testing.T) {
	w := newWorld(t)
	fork := func(as, of, to string) {
		t.Helper()
		w.must(as, "fork_repo", fmt.Sprintf(`{"repoid": %q, "fork_name": %q}`, of, to))
	}
	fork("ada", "team/app", "team/fork")
	fork("ada", "team/fork", "team/fork2")
	fork("bob", "team/app", "bob/secret") // which ada may not see
	w.fails("ada", "delete_repo", `{"repoid": "team/app"}`, method.Conflict, "Cannot delete `team/app` it still contains attached forks")
	w.fails("ada", "delete_repo", `{"repoid": "team/app", "forks": "burn"}`, method.Invalid, "forks is detach or delete")
	got := w.must("ada", "delete_repo", `{"repoid": "team/app", "forks": "delete"}`)
	if got["msg"] != "Deleted repository `team/app` Deleted 1 forks" {
		t.Errorf("got %v", got)
	}
	if shown := w.must("bob", "get_repo", `{"repoid": "bob/secret"}`); shown["fork_of"] != nil {
		t.Errorf("it is a fork of %v", shown["fork_of"])
	}
	for _, path := range []string{"team/fork", "team/fork2"} {
		if _, lives := w.s.Access.ByPath(path); lives {
			t.Errorf("%s lives", path)
		}
	}
	if _, err := w.run(t.Context(), w.jobs[len(w.jobs)-1]); err != nil {
		t.Errorf("the job again: %v", err)
	}

	w.must("ada", "create_repo", `{"repo_name": "ada/base", "repo_type": "git"}`)
	fork("bob", "ada/base", "bob/base")
	w.fails("ada", "delete_repo", `{"repoid": "ada/base", "forks": "delete"}`, method.Denied, "its fork `bob/base` is not yours to delete")
	if got := w.must("ada", "delete_repo", `{"repoid": "ada/base", "forks": "detach"}`); got["msg"] != "Deleted repository `ada/base` Detached 1 forks" {
		t.Errorf("got %v", got)
	}
	if about, _ := w.s.Access.About(w.repo("bob/base").ID); about.ForkOf != "" {
		t.Errorf("it is %+v", about)
	}
}

package repos_test

import (
	"fmt"
	"slices"
	"testing"

	"jeton/vcs/host"
	"jeton/web/api/method"
)

func TestARepositoryIsChanged(t *testing.T) {
	w := newWorld(t)
	one := w.push(w.app.ID, "one", "refs/heads/main")
	w.push(w.app.ID, "two", "refs/heads/next", one)
	other, err := w.s.Host.Create(t.Context(), host.Repo{Path: "team/other", OwnerID: w.people["ada"].ID})
	ok(t, err)
	got := w.must("ada", "update_repo", `{"repoid": "team/app", "name": "team/tool", "description": "new", "private": false, "archived": true,
		"landing_rev": "branch:next", "enable_downloads": false, "fork_of": "team/other", "push_uri": ""}`)
	if got["msg"] != "updated repo ID:"+w.app.ID+" team/tool" {
		t.Errorf("msg is %v", got["msg"])
	}
	shown, _ := got["repository"].(map[string]any)
	for key, want := range map[string]any{"repo_name": "team/tool", "description": "new", "private": false, "archived": true, "enable_downloads": false, "fork_of": "team/other"} {
		if shown[key] != want {
			t.Errorf("%s is %v, want %v", key, shown[key], want)
		}
	}
	if fmt.Sprint(shown["landing_rev"]) != "[branch next]" {
		t.Errorf("landing_rev is %v", shown["landing_rev"])
	}
	w.must("ada", "update_repo", `{"repoid": "team/app", "archived": false, "private": true, "fork_of": "", "enable_downloads": true}`) // by its old path
	if r := w.repo("team/tool"); r.Archived || !r.Private || w.rules(r.ID).NoArchives {
		t.Errorf("it is %+v", r)
	}
	w.must("root", "update_repo", fmt.Sprintf(`{"repoid": %q, "owner": "bob", "group": "team"}`, other.ID))
	if w.repo("team/other").OwnerID != w.people["bob"].ID {
		t.Error("the owner is who it was")
	}
	if !slices.Contains(w.happened, "renamed team/tool from team/app") {
		t.Errorf("told was %q", w.happened)
	}
}

// TestForksInACircleEnd: what comes out of the trash may close a circle, and whoever follows it must not run for ever.
func TestForksInACircleEnd(t *testing.T) {
	w := newWorld(t)
	ids := map[string]string{"a": w.app.ID}
	for _, name := range []string{"b", "c", "d"} {
		r, err := w.s.Host.Create(t.Context(), host.Repo{Path: "team/" + name, OwnerID: w.people["ada"].ID})
		ok(t, err)
		ids[name] = r.ID
	}
	ok(t, w.s.Access.SetForkOf(t.Context(), root, ids["b"], ids["a"]))
	ok(t, w.s.Access.SetForkOf(t.Context(), root, ids["c"], ids["b"]))
	ok(t, w.s.Host.Delete(t.Context(), ids["b"]))
	ok(t, w.s.Access.SetForkOf(t.Context(), root, ids["a"], ids["c"]))
	_, err := w.s.Host.Restore(t.Context(), ids["b"], "")
	ok(t, err)
	w.must("ada", "update_repo", `{"repoid": "team/d", "fork_of": "team/c"}`)
	w.fails("ada", "update_repo", `{"repoid": "team/c", "fork_of": "team/app"}`, method.Invalid, "cannot be a fork of itself")
	w.must("ada", "delete_repo", `{"repoid": "team/app", "forks": "delete"}`)
	for name, id := range ids {
		if _, lives := w.s.Access.ByID(id); lives {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestWhatCannotBeChangedChangesNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.Host.Create(t.Context(), host.Repo{Path: "team/other", OwnerID: w.people["ada"].ID})
	ok(t, err)
	_, err = w.s.Access.CreateGroup(t.Context(), root, "closed", w.people["root"].ID)
	ok(t, err)
	_, err = w.s.Host.Create(t.Context(), host.Repo{Path: "closed/there", OwnerID: w.people["root"].ID, Private: true})
	ok(t, err)
	w.push(w.app.ID, "one", "refs/heads/main")
	for args, want := range map[string]struct {
		code method.Code
		text string
	}{
		`"name": "team/other"`:                 {method.Conflict, "repo `team/other` already exist"},
		`"name": "closed/app"`:                 {method.NotFound, "repository group `closed` does not exist"},
		`"group": "closed"`:                    {method.NotFound, "repository group `closed` does not exist"},
		`"name": "closed/there"`:               {method.NotFound, "repository group `closed` does not exist"}, // though a repository is there
		`"name": "closed"`:                     {method.Denied, "You may not give a repository the path `closed`"},
		`"name": "elsewhere"`:                  {method.Denied, "You may not give a repository the path `elsewhere`"},
		`"name": "elsewhere/app"`:              {method.NotFound, "repository group `elsewhere` does not exist"}, // as a group that is closed to her
		`"name": "team/info"`:                  {method.Invalid, "not a valid path"},
		`"owner": "bob"`:                       {method.Denied, "Only RhodeCode admin can specify `owner` param"},
		`"fork_of": "nothing"`:                 {method.NotFound, "repository `nothing` does not exist"},
		`"fork_of": "team/app"`:                {method.Invalid, "cannot be a fork of itself"},
		`"clone_uri": "https://example.com/x"`: {method.Invalid, "clone_uri cannot be set"},
		`"fields": "a=b"`:                      {method.Invalid, "no extra fields"},
		`"landing_rev": "x:y"`:                 {method.Invalid, "neither rev:tip nor branch:NAME"},
		`"landing_rev": "branch:none"`:         {method.NotFound, "no branch `none`"},
	} {
		w.fails("ada", "update_repo", `{"repoid": "team/app", "description": "changed", `+args+`}`, want.code, want.text)
	}
	if about, _ := w.s.Access.About(w.repo("team/app").ID); about.Description != "Our app" {
		t.Errorf("the description is %q after changes that were refused", about.Description)
	}
	w.must("ada", "update_repo", `{"repoid": "team/app", "name": "ada/app"}`) // below one's own name
	w.o.Bound = nil                                                           // which is not asked within a group
	w.must("ada", "update_repo", `{"repoid": "ada/app", "name": "ada/App"}`)
}

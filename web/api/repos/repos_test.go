package repos_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/web/api/method"
	"jeton/web/api/repos"
)

// TestMethodsAreDeclaredWithoutStores: documents and clients make them so.
func TestMethodsAreDeclaredWithoutStores(t *testing.T) {
	all := repos.Methods(repos.Options{})
	if len(all) != 15 || len(repos.Kinds(repos.Options{})) != 3 {
		t.Fatalf("%d methods", len(all))
	}
	for _, m := range all {
		var v method.Values
		if err := json.Unmarshal([]byte(m.Example), &v); err != nil {
			t.Errorf("%s: its example is no JSON: %v", m.Name, err)
		}
		if _, err := m.Prepare(v); err != nil {
			t.Errorf("%s: its example is refused: %v", m.Name, err)
		}
	}
}

func TestARepositoryIsToldInRhodeCodesShape(t *testing.T) {
	w := newWorld(t)
	empty := w.must("bob", "get_repo", `{"repoid": "team/app"}`)
	last, _ := empty["last_changeset"].(map[string]any)
	if last["raw_id"] != oid.Zero.String() || last["revision"] != -1.0 || last["branch"] != "main" {
		t.Errorf("without commits: %v", last)
	}
	one := w.push(w.app.ID, "one", "refs/heads/main")
	two := w.push(w.app.ID, "two", "refs/heads/main", one)
	got := w.must("bob", "get_repo", fmt.Sprintf(`{"repoid": %q}`, w.app.ID))
	for key, want := range map[string]any{"repo_id": w.app.ID, "repo_name": "team/app", "repo_type": "git", "clone_uri": "", "url": "https://jeton.example/team/app",
		"private": true, "archived": false, "description": "Our app", "owner": "ada", "fork_of": nil, "enable_statistics": false, "enable_locking": false,
		"enable_downloads": true, "locked_by": nil, "locked_date": nil, "lock_reason": nil} {
		if v, there := got[key]; !there || v != want {
			t.Errorf("%s is %v, want %v", key, v, want)
		}
	}
	if fmt.Sprint(got["landing_rev"]) != "[branch main]" {
		t.Errorf("landing_rev is %v", got["landing_rev"])
	}
	last, _ = got["last_changeset"].(map[string]any)
	if last["raw_id"] != two.String() || last["revision"] != 1.0 || last["short_id"] != two.String()[:12] ||
		fmt.Sprint(last["parents"]) != fmt.Sprintf("[map[raw_id:%s]]", one) || !strings.Contains(fmt.Sprint(last["author"]), "<") {
		t.Errorf("last_changeset is %v", last)
	}
	perms := fmt.Sprint(got["permissions"])
	for _, row := range []string{"name:root origin:super-admin", "name:ada origin:owner permission:repository.admin type:user", "name:bob origin:permission permission:repository.read"} {
		if !strings.Contains(perms, row) {
			t.Errorf("permissions are %s, without %s", perms, row)
		}
	}
	if fmt.Sprint(got["members"]) != perms {
		t.Error("members are not permissions")
	}
	followers, _ := got["followers"].([]any)
	if len(followers) != 1 || !strings.Contains(fmt.Sprint(followers[0]), "username:ada") || strings.Contains(fmt.Sprint(followers[0]), "@") {
		t.Errorf("followers, for who may know no e-mail address, are %v", followers)
	}
	if got := fmt.Sprint(w.must("root", "get_repo", `{"repoid": "team/app"}`)["followers"]); !strings.Contains(got, "ada@example.com") {
		t.Errorf("followers, for an administrator, are %s", got)
	}
}

func TestTheLastCommitIsOneThatClientsSee(t *testing.T) {
	w := newWorld(t)
	w.push(w.app.ID, "one", "refs/heads/main")
	ok(t, w.s.Rules.Change(t.Context(), root, w.app, "repository.set", "", func(r *rules.Rules) error { return r.Set("fetch.hide_refs=refs/heads/main") }))
	got := w.must("bob", "get_repo", `{"repoid": "team/app"}`)
	last, _ := got["last_changeset"].(map[string]any)
	if last["raw_id"] != oid.Zero.String() || last["branch"] != "" || fmt.Sprint(got["landing_rev"]) != "[rev tip]" {
		t.Errorf("of a hidden default branch is told %v, %v", last, got["landing_rev"])
	}
}

func TestRepositoriesAreListedForWhoMayReadThem(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"team/lib", "team/deep/er", "ada/own", "alone"} {
		_, err := w.s.Host.Create(t.Context(), host.Repo{Path: path, OwnerID: w.people["ada"].ID, Private: true})
		ok(t, err)
	}
	list := func(as, args string) string {
		t.Helper()
		result, err := w.raw(as, "get_repos", args)
		ok(t, err)
		all, _ := result.([]repos.Repo)
		names := make([]string, len(all))
		for i, r := range all {
			names[i] = r.Name
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct{ as, args, want string }{
		{"root", `{}`, "ada/own alone team/app team/deep/er team/lib"},
		{"bob", `{}`, "team/app"},
		{"eve", `{}`, ""},
		{"ada", `{"root": "team"}`, "team/app team/deep/er team/lib"},
		{"ada", `{"root": "team", "traverse": "False"}`, "team/app team/lib"},
		{"ada", `{"traverse": false}`, "alone"},
		{"bob", `{"root": "team"}`, "team/app"},
	} {
		if got := list(c.as, c.args); got != c.want {
			t.Errorf("%s with %s: got %q, want %q", c.as, c.args, got, c.want)
		}
	}
	w.fails("eve", "get_repos", `{"root": "team"}`, method.NotFound, "repository group `team` does not exist")
	w.fails("ada", "get_repos", `{"root": "nothing"}`, method.NotFound, "repository group `nothing` does not exist")
}

func TestARepositoryIsMade(t *testing.T) {
	w := newWorld(t)
	g, _ := w.s.Access.Group("team")
	ok(t, w.s.Access.Grant(t.Context(), root, access.Object{GroupID: g.ID}, access.Subject{UserID: w.people["eve"].ID}, access.Write))
	got := w.must("ada", "create_repo", `{"repo_name": "team/deep/new", "repo_type": "git", "description": "d", "private": "True", "landing_rev": "branch:trunk",
		"enable_downloads": false, "enable_statistics": true, "enable_locking": true, "copy_permissions": true}`)
	if got["msg"] != "Created new repository `team/deep/new`" || got["success"] != true || got["task"] != nil {
		t.Errorf("got %v", got)
	}
	r := w.repo("team/deep/new")
	if !r.Private || r.OwnerID != w.people["ada"].ID || !w.rules(r.ID).NoArchives || w.view(r.ID).Refs.Head.Target != "refs/heads/trunk" {
		t.Errorf("made %+v, %+v, HEAD %+v", r, w.rules(r.ID), w.view(r.ID).Refs.Head)
	}
	if len(w.s.Access.Given(r.ID)) != 0 { // the group team/deep was made for it, and nothing was given on that
		t.Errorf("given is %+v", w.s.Access.Given(r.ID))
	}
	w.must("ada", "create_repo", `{"repo_name": "team/new", "repo_type": "git", "copy_permissions": true}`)
	if list := w.s.Access.Given(w.repo("team/new").ID); len(list) != 1 || list[0].To.UserID != w.people["eve"].ID || list[0].Level != access.Write {
		t.Errorf("given is %+v", list)
	}
	if w.repo("team/new").Private {
		t.Error("it is private where neither the call nor the server says so")
	}
	w.o.Private = true
	w.must("root", "create_repo", `{"repo_name": "bob/his", "repo_type": "git", "owner": "bob"}`)
	if r := w.repo("bob/his"); r.OwnerID != w.people["bob"].ID || !r.Private {
		t.Errorf("made %+v", r)
	}
	if want := []string{"created team/deep/new", "created team/new", "created bob/his"}; !slices.Equal(w.happened, want) {
		t.Errorf("told was %q", w.happened)
	}
}

func TestWhatCannotBeMadeIsSaidInRhodeCodesWords(t *testing.T) {
	w := newWorld(t)
	for args, want := range map[string]struct {
		code method.Code
		text string
	}{
		`{"repo_name": "team/app", "repo_type": "git"}`:                           {method.Conflict, "repo `team/app` already exist"},
		`{"repo_name": "TEAM/App", "repo_type": "git"}`:                           {method.Conflict, "already exist"},
		`{"repo_name": "team", "repo_type": "git"}`:                               {method.Conflict, "repository group `team` already exist"},
		`{"repo_name": "ada/x", "repo_type": "hg"}`:                               {method.Invalid, "Invalid backend type hg"},
		`{"repo_name": "ada/x", "repo_type": "git", "owner": "bob"}`:              {method.Denied, "Only RhodeCode admin can specify `owner` param"},
		`{"repo_name": "ada/x", "repo_type": "git", "clone_uri": "https://x"}`:    {method.Invalid, "clone_uri cannot be set"},
		`{"repo_name": "ada/x", "repo_type": "git", "push_uri": "https://x"}`:     {method.Invalid, "no push_uri"},
		`{"repo_name": "ada/x", "repo_type": "git", "landing_rev": "book:x"}`:     {method.Invalid, "neither rev:tip nor branch:NAME"},
		`{"repo_name": "ada/../x", "repo_type": "git"}`:                           {method.Invalid, "not a valid path"},
		`{"repo_name": "ada/x"}`:                                                  {method.Invalid, "Missing non optional `repo_type` arg in JSON DATA"},
		`{"repo_name": "ada/x", "repo_type": "git", "private": "perhaps"}`:        {method.Invalid, "private"},
		`{"repo_name": "ada/x", "repo_type": "git", "landing_rev": "branch:a b"}`: {method.NotFound, "no branch `a b`"},
	} {
		w.fails("ada", "create_repo", args, want.code, want.text)
	}
	w.fails("root", "create_repo", `{"repo_name": "ada/y", "repo_type": "git", "owner": "nobody"}`, method.NotFound, "user `nobody` does not exist")
}

func TestALockIsToldAndKept(t *testing.T) {
	w := newWorld(t)
	ok(t, w.s.Access.Give(t.Context(), root, w.app.ID, w.people["bob"].ID, access.Write))
	if got := w.must("ada", "lock", `{"repoid": "team/app"}`); got["locked"] != false || got["locked_by"] != nil || got["msg"] != "Repo `team/app` not locked." || got["lock_state_changed"] != false {
		t.Errorf("got %v", got)
	}
	got := w.must("bob", "lock", `{"repoid": "team/app", "locked": "1"}`)
	if got["locked"] != true || got["locked_by"] != "bob" || got["lock_reason"] != "lock_api" || got["lock_state_changed"] != true ||
		got["msg"] != "User `bob` set lock state for repo `team/app` to `True`" || got["locked_since"].(float64) < 1e9 {
		t.Errorf("got %v", got)
	}
	if l := w.rules(w.app.ID).Lock; !l.Bars(w.people["ada"].ID) || l.Bars(w.people["bob"].ID) {
		t.Errorf("the rule is %+v", l)
	}
	got = w.must("ada", "lock", `{"repoid": "team/app"}`)
	if msg := fmt.Sprint(got["msg"]); got["locked"] != true || got["locked_by"] != "bob" || !strings.HasPrefix(msg, "Repo `team/app` locked by `bob` on `\"20") {
		t.Errorf("got %v", got)
	}
	shown := w.must("ada", "get_repo", `{"repoid": "team/app"}`)
	if by, _ := shown["locked_by"].(map[string]any); by["username"] != "bob" || shown["locked_date"] == nil || shown["lock_reason"] != "lock_api" {
		t.Errorf("get_repo tells %v", shown)
	}
	w.fails("ada", "lock", `{"repoid": "team/app", "locked": true, "userid": "bob"}`, method.Denied, "userid is not the same as your user")
	w.fails("root", "lock", `{"repoid": "team/app", "locked": true, "userid": "nobody"}`, method.NotFound, "user `nobody` does not exist")
	w.must("root", "lock", `{"repoid": "team/app", "locked": true, "userid": "ada"}`)
	if list := w.s.Access.Locks(w.people["ada"].ID); len(list) != 1 || list[0].Path != "team/app" {
		t.Errorf("ada has locked %+v", list)
	}
	got = w.must("bob", "lock", `{"repoid": "team/app", "locked": false, "userid": "bob"}`)
	if got["locked"] != false || got["locked_since"] != nil || got["locked_by"] != "bob" || got["msg"] != "User `bob` set lock state for repo `team/app` to `False`" {
		t.Errorf("got %v", got)
	}
	if l := w.rules(w.app.ID).Lock; l != (rules.Lock{}) {
		t.Errorf("the rule is %+v", l)
	}
}

func TestPermissionsAreGivenAndTaken(t *testing.T) {
	w := newWorld(t)
	g, err := w.s.UserGroups.Create(t.Context(), root, access.NewUserGroup{Name: "devs"})
	ok(t, err)
	ok(t, w.s.Access.Grant(t.Context(), root, access.Object{UserGroupID: g.ID}, access.Subject{UserID: w.people["ada"].ID}, access.Read))
	for _, c := range []struct{ name, args, want string }{
		{"grant_user_permission", `"userid": "eve", "perm": "repository.write"`, "Granted perm: `repository.write` for user: `eve` in repo: `team/app`"},
		{"grant_user_permission", `"userid": "default", "perm": "repository.none"`, "Granted perm: `repository.none` for user: `default` in repo: `team/app`"},
		{"revoke_user_permission", `"userid": "bob"`, "Revoked perm for user: `bob` in repo: `team/app`"},
		{"revoke_user_permission", `"userid": "bob"`, "Revoked perm for user: `bob` in repo: `team/app`"},
		{"grant_user_group_permission", `"usergroupid": "devs", "perm": "repository.admin"`, "Granted perm: `repository.admin` for user group: `devs` in repo: `team/app`"},
	} {
		if got := w.must("ada", c.name, `{"repoid": "team/app", `+c.args+`}`); got["msg"] != c.want || got["success"] != true {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	given := w.s.Access.Given(w.app.ID)
	if len(given) != 3 {
		t.Errorf("given is %+v", given)
	}
	if got := w.must("ada", "revoke_user_group_permission", `{"repoid": "team/app", "usergroupid": "devs"}`); got["msg"] != "Revoked perm for user group: `devs` in repo: `team/app`" {
		t.Errorf("got %v", got)
	}
	for name, c := range map[string]struct {
		args, text string
		code       method.Code
	}{
		"grant_user_permission":        {`"userid": "nobody", "perm": "repository.read"`, "user `nobody` does not exist", method.NotFound},
		"revoke_user_permission":       {`"userid": "nobody"`, "user `nobody` does not exist", method.NotFound},
		"grant_user_group_permission":  {`"usergroupid": "none", "perm": "repository.read"`, "user group `none` does not exist", method.NotFound},
		"revoke_user_group_permission": {`"usergroupid": "none"`, "user group `none` does not exist", method.NotFound},
	} {
		w.fails("ada", name, `{"repoid": "team/app", `+c.args+`}`, c.code, c.text)
	}
	w.fails("ada", "grant_user_permission", `{"repoid": "team/app", "userid": "eve", "perm": "group.read"}`, method.Invalid, "permission `group.read` is invalid")
	w.fails("ada", "grant_user_group_permission", `{"repoid": "team/app", "usergroupid": "devs", "perm": "all"}`, method.Invalid, "permission `all` does not exist")
	w.fails("bob", "grant_user_group_permission", `{"repoid": "team/app", "usergroupid": "devs", "perm": "repository.read"}`, method.NotFound, "user group `devs` does not exist")
}

func TestSettingsAreReadAndWrittenBack(t *testing.T) {
	w := newWorld(t)
	got := w.must("ada", "get_repo_settings", `{"repoid": "team/app"}`)
	if got["receive.deny_force"] != false || got["downloads"] != "on" || got["hooks_changegroup_push_logger"] != true || got["rhodecode_pr_merge_enabled"] != false {
		t.Errorf("got %v", got)
	}
	got["receive.deny_force"], got["fetch.hide_refs"], got["downloads"] = true, []string{"refs/pull", "!refs/pull/1"}, "off"
	text, err := json.Marshal(map[string]any{"repoid": "team/app", "settings": got})
	ok(t, err)
	if done := w.must("ada", "set_repo_settings", string(text)); done[""] != true {
		t.Errorf("got %v", done)
	}
	if r := w.rules(w.app.ID); !r.DenyForce || !r.NoArchives || len(r.Hidden) != 2 {
		t.Errorf("in force is %+v", r)
	}
	if v := w.must("ada", "get_repo_settings", `{"repoid": "team/app", "key": "fetch.hide_refs"}`)[""]; fmt.Sprint(v) != "[refs/pull !refs/pull/1]" {
		t.Errorf("got %v", v)
	}
	if v := w.must("ada", "get_repo_settings", `{"repoid": "team/app", "key": "none"}`)[""]; v != nil {
		t.Errorf("got %v", v)
	}
	w.must("ada", "set_repo_settings", `{"repoid": "team/app", "settings": {"fetch.hide_refs": null, "downloads": "on"}}`)
	before := w.rules(w.app.ID)
	if !before.DenyForce || before.NoArchives || len(before.Hidden) != 0 {
		t.Errorf("in force is %+v", before)
	}
	for settings, want := range map[string]string{
		`{"nothing": true}`: `a repository has no setting "nothing"`,
		`{"receive.deny_deletes": true, "receive.secrets": "maybe"}`: "secrets are off, warn or refuse",
		`{"receive.deny_deletes": true, "fetch.wants": 7}`:           "fetch.wants",
		`{"receive.deny_deletes": {}}`:                               "a setting is a string, a boolean, a number, or a list of strings",
		`{"fetch.hide_refs": ["a,b"]}`:                               `a list holds strings without ","`,
		`{"rhodecode_pr_merge_enabled": true}`:                       "always false: there are no pull requests",
	} {
		w.fails("ada", "set_repo_settings", `{"repoid": "team/app", "settings": `+settings+`}`, method.Invalid, want)
	}
	if now := w.rules(w.app.ID); now.DenyDeletes {
		t.Errorf("what was refused has changed something: %+v", now)
	}
	w.fails("ada", "set_repo_settings", `{"repoid": "team/app", "settings": "x"}`, method.Invalid, "settings")
}

func TestMaintenanceAndCaches(t *testing.T) {
	w := newWorld(t)
	one := w.push(w.app.ID, "one", "refs/heads/main")
	w.push(w.app.ID, "two", "refs/heads/main", one)
	got := w.must("ada", "maintenance", `{"repoid": "team/app"}`)
	if got["msg"] != "executed maintenance command" || got["repository"] != "team/app" || got["task"] != nil || !strings.Contains(fmt.Sprint(got["executed_actions"]), "packs: 2 before, 1 now") {
		t.Errorf("got %v", got)
	}
	got = w.must("ada", "invalidate_cache", fmt.Sprintf(`{"repoid": %q}`, w.app.ID))
	if got["msg"] != "Cache for repository `"+w.app.ID+"` was invalidated" || got["repository"] != "team/app" || len(w.forgotten) != 0 {
		t.Errorf("got %v, forgotten %v", got, w.forgotten)
	}
	w.must("ada", "invalidate_cache", `{"repoid": "team/app", "delete_keys": true}`)
	if !slices.Equal(w.forgotten, []string{w.app.ID}) {
		t.Errorf("forgotten are %v", w.forgotten)
	}
}

// TestEveryChangeIsRecorded looks for an entry of each method that changes something.
func TestEveryChangeIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.push(w.app.ID, "one", "refs/heads/main")
	w.push(w.app.ID, "two", "refs/heads/next")
	for _, c := range [][2]string{
		{"update_repo", `{"repoid": "team/app", "name": "team/tool", "description": "d", "private": false, "landing_rev": "branch:next", "enable_downloads": false}`},
		{"create_repo", `{"repo_name": "ada/new", "repo_type": "git"}`}, {"fork_repo", `{"repoid": "team/tool", "fork_name": "ada/fork"}`},
		{"lock", `{"repoid": "team/tool", "locked": true}`}, {"lock", `{"repoid": "team/tool", "locked": false}`},
		{"grant_user_permission", `{"repoid": "team/tool", "userid": "eve", "perm": "repository.read"}`},
		{"revoke_user_permission", `{"repoid": "team/tool", "userid": "eve"}`}, {"maintenance", `{"repoid": "team/tool"}`},
		{"set_repo_settings", `{"repoid": "team/tool", "settings": {"receive.deny_force": true}}`},
		{"delete_repo", `{"repoid": "team/tool", "forks": "detach"}`},
	} {
		w.must("ada", c[0], c[1])
	}
	got := actions(t, w)
	for _, want := range []string{"repository.describe team/app", "repository.publish team/app", "repository.default_branch team/app", "repository.rename team/tool",
		"repository.create ada/new", "repository.fork ada/fork", "repository.lock team/tool", "repository.unlock team/tool", "permission.grant team/tool",
		"permission.revoke team/tool", "repository.maintain team/tool", "repository.set team/tool", "repository.fork_of ada/fork", "repository.delete team/tool"} {
		if !slices.Contains(got, want) {
			t.Errorf("the record lacks %q by ada: %q", want, got)
		}
	}
}

// actions are what the record says that ada has done through the API.
func actions(t *testing.T, w *world) (list []string) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Path: w.s.Dir + "/jeton.db"})
	ok(t, err)
	defer func() { ok(t, d.Close()) }()
	entries, err := d.Audit().Since(t.Context(), "", 1000)
	ok(t, err)
	for _, e := range entries {
		if e.UserName == "ada" && e.Door == "api" {
			list = append(list, e.Action+" "+e.Resource)
		}
	}
	return list
}

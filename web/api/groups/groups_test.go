package groups

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/apitest"
)

// world has ada's group team with the group team/web and the repositories team/app and team/web/site in it; bob may read
// team, and eve nothing. devs is a user group of ada's.
func world(t *testing.T) *apitest.World {
	t.Helper()
	w := apitest.New(t)
	team := w.Group("team", "ada")
	w.Group("team/web", "")
	w.Repo("team/app", "ada")
	w.Repo("team/web/site", "ada")
	ok(t, w.Repositories.Grant(t.Context(), apitest.Root, access.Object{GroupID: team.ID}, access.Subject{UserID: w.User("bob").ID}, access.Read))
	_, err := w.UserGroups.Create(t.Context(), apitest.Root, access.NewUserGroup{Name: "devs", OwnerID: w.User("ada").ID})
	ok(t, err)
	w.Serve(Methods(Options{Groups: w.Repositories, People: w.Users, UserGroups: w.UserGroups}))
	return w
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// masked is a result with the ids of groups and tokens taken out.
func masked(w *apitest.World, result json.RawMessage) string {
	text := string(result)
	for _, g := range w.Repositories.Groups() {
		text = strings.ReplaceAll(text, g.ID, "ID:"+g.Path)
	}
	return text
}

func TestGroupsAreShownInRhodeCodesShape(t *testing.T) {
	w := world(t)
	result, fault := w.Call("bob", "get_repo_group", `{"repogroupid":"TEAM"}`)
	rows := `[{"name":"chief","permission":"group.admin","origin":"super-admin","type":"user"},{"name":"ada","permission":"group.admin","origin":"owner","type":"user"},` +
		`{"name":"bob","permission":"group.read","origin":"permission","type":"user"}]`
	want := `{"group_id":"ID:team","group_name":"team","group_description":"","parent_group":null,"repositories":["team/app"],"owner":"ada","members":` + rows + `,"permissions":` + rows + `}`
	if got := masked(w, result); got != want || fault != "" {
		t.Errorf("got %s %s\nwant %s", got, fault, want)
	}
	result, _ = w.Call("ada", "get_repo_groups", `{}`)
	if got := masked(w, result); !strings.Contains(got, `"group_name":"team/web","group_description":"","parent_group":"team","repositories":["team/web/site"],"owner":null}`) {
		t.Errorf("got %s", got)
	}
	byID, _ := w.Repositories.Group("team/web")
	if _, fault := w.Call("ada", "get_repo_group", `{"repogroupid":"`+byID.ID+`"}`); fault != "" {
		t.Errorf("by its id: %s", fault)
	}
	w.Refuses("eve", "get_repo_group", `{"repogroupid":"team"}`, "repository group `team` does not exist")
	w.Refuses("eve", "get_repo_group", `{"repogroupid":"nothing"}`, "repository group `nothing` does not exist")
	if result, _ := w.Call("eve", "get_repo_groups", `{}`); string(result) != "[]" {
		t.Errorf("eve sees %s", result)
	}
}

func TestRepositoriesOfAGroupThatTheCallerMayNotReadAreNotTold(t *testing.T) {
	w := world(t)
	app, _ := w.Repositories.ByPath("team/app")
	ok(t, w.Repositories.Give(t.Context(), apitest.Root, app.ID, w.User("bob").ID, access.None))
	for _, call := range []string{"get_repo_group", "get_repo_groups"} {
		result, fault := w.Call("bob", call, `{"repogroupid":"team"}`)
		if fault != "" || strings.Contains(string(result), "team/app") {
			t.Errorf("%s: %s %s", call, result, fault)
		}
	}
}

func TestABoundTokenIsShownItsGroupsAlone(t *testing.T) {
	w := world(t)
	web, _ := w.Repositories.Group("team/web")
	w.API("web", "ada", func(q *token.Request) { q.Groups = []string{web.ID} })
	var list []group
	w.Into(&list, "web", "get_repo_groups", `{}`)
	if len(list) != 1 || list[0].Name != "team/web" {
		t.Errorf("got %+v", list)
	}
	if _, fault := w.Call("web", "get_repo_group", `{"repogroupid":"team/web"}`); !strings.HasPrefix(fault, "Access was denied to this resource.") {
		t.Errorf("methods about one group need a token that is bound to nothing; got %q", fault)
	}
}

func TestGroupsAreMade(t *testing.T) {
	w := world(t)
	result, fault := w.Call("ada", "create_repo_group", `{"group_name":"team/new","description":"Fresh","copy_permissions":"True"}`)
	want := `{"msg":"Created new repo group ` + "`team/new`" + `","repo_group":{"group_id":"ID:team/new","group_name":"team/new","group_description":"Fresh","parent_group":"team","repositories":[],"owner":"ada"}}`
	if got := masked(w, result); got != want || fault != "" {
		t.Errorf("got %s %s, want %s", got, fault, want)
	}
	made, _ := w.Repositories.Group("team/new")
	if given := w.Repositories.Given(made.ID); len(given) != 1 || given[0].Level != access.Read {
		t.Errorf("given on the copy: %+v", given)
	}
	if _, fault := w.Call("chief", "create_repo_group", `{"group_name":"crew","owner":"bob"}`); fault != "" {
		t.Errorf("at the top, for bob: %s", fault)
	}
	if crew, _ := w.Repositories.Group("crew"); crew.OwnerID != w.User("bob").ID {
		t.Errorf("crew is %+v", crew)
	}
	for _, row := range []struct{ as, args, want string }{
		{"ada", `{"group_name":"team/x","owner":"bob"}`, "Only RhodeCode super-admin can specify `owner` param"},
		{"chief", `{"group_name":"team/x","owner":"nobody"}`, "user `nobody` does not exist"},
		{"chief", `{"group_name":"nowhere/x"}`, "{\"repo_group\":\"Parent repository group `nowhere` does not exist\"}"},
		{"eve", `{"group_name":"team/x"}`, "{\"repo_group\":\"Parent repository group `team` does not exist\"}"},
		{"bob", `{"group_name":"team/x"}`, "{\"repo_group\":\"Parent repository group `team` does not exist\"}"},
		{"eve", `{"group_name":"x"}`, `{"repo_group":"You do not have the permission to store repository groups in the root location."}`},
		{"ada", `{"group_name":"team/web"}`, "{\"unique_repo_group_name\":\"Repository group with name `team/web` already exists\"}"},
		{"ada", `{"group_name":"team/app"}`, "{\"unique_repo_group_name\":\"Repository group with name `team/app` already exists\"}"},
		{"ada", `{}`, "Missing non optional `group_name` arg in JSON DATA"},
	} {
		w.Refuses(row.as, "create_repo_group", row.args, row.want)
	}
	if _, made := w.Repositories.Group("nowhere"); made {
		t.Error("a group above was made, which RhodeCode does not")
	}
}

func TestGroupsAreChanged(t *testing.T) {
	w := world(t)
	team, _ := w.Repositories.Group("team")
	result, fault := w.Call("ada", "update_repo_group", `{"repogroupid":"team/web","group_name":"team/www","description":"Pages","owner":"bob","enable_locking":true}`)
	want := `{"msg":"updated repository group ID:ID:team/www team/www","repo_group":{"group_id":"ID:team/www","group_name":"team/www","group_description":"Pages","parent_group":"team","repositories":["team/www/site"],"owner":"bob"}}`
	if got := masked(w, result); got != want || fault != "" {
		t.Errorf("got %s %s\nwant %s", got, fault, want)
	}
	w.Group("other", "bob")
	for _, row := range []struct{ as, args, want string }{
		{"bob", `{"repogroupid":"team"}`, "repository group `team` does not exist"},
		{"eve", `{"repogroupid":"team","description":"x"}`, "repository group `team` does not exist"},
		{"ada", `{"repogroupid":"team","group_name":"bob"}`, `{"repo_group":"You do not have the permission to store repository groups in the root location."}`},
		{"ada", `{"repogroupid":"team","group_name":"other/team"}`, "{\"repo_group\":\"Parent repository group `other` does not exist\"}"},
		{"ada", `{"repogroupid":"team","group_name":"nowhere/team"}`, "{\"repo_group\":\"Parent repository group `nowhere` does not exist\"}"},
		{"chief", `{"repogroupid":"team","group_name":"other"}`, "{\"unique_repo_group_name\":\"Repository group with name `other` already exists\"}"},
		{"chief", `{"repogroupid":"team","group_name":"team/team"}`, `{"repo_group_name":"a group cannot lie in itself"}`},
		{"chief", `{"repogroupid":"team","owner":"nobody"}`, "user `nobody` does not exist"},
	} {
		w.Refuses(row.as, "update_repo_group", row.args, row.want)
	}
	if now, _ := w.Repositories.GroupByID(team.ID); now.Path != "team" || now.OwnerID != w.User("ada").ID {
		t.Errorf("what was refused has changed the group to %+v", now)
	}
	if _, fault := w.Call("chief", "update_repo_group", `{"repogroupid":"team","group_name":"other/team"}`); fault != "" {
		t.Errorf("an administrator moves it: %s", fault)
	}
}

func TestGroupsAreDeletedWhereNothingLiesInThem(t *testing.T) {
	w := world(t)
	w.Group("team/old", "")
	old, _ := w.Repositories.Group("team/old")
	team, _ := w.Repositories.Group("team")
	w.Refuses("ada", "delete_repo_group", `{"repogroupid":"team"}`, "failed to delete repo group ID:"+team.ID+" team: groups or repositories lie in it; delete or move these first")
	w.Refuses("bob", "delete_repo_group", `{"repogroupid":"team"}`, "repository group `team` does not exist")
	result, fault := w.Call("ada", "delete_repo_group", `{"repogroupid":"team/old"}`)
	if want := `{"msg":"deleted repo group ID:` + old.ID + ` team/old","repo_group":null}`; string(result) != want || fault != "" {
		t.Errorf("got %s %s, want %s", result, fault, want)
	}
	if _, there := w.Repositories.GroupByID(old.ID); there {
		t.Error("it is still there")
	}
}

func TestPermissionsAreGivenAndTakenInRhodeCodesWords(t *testing.T) {
	w := world(t)
	web, _ := w.Repositories.Group("team/web")
	for _, row := range []struct{ method, args, want string }{
		{"grant_user_permission_to_repo_group", `{"repogroupid":"team/web","userid":"eve","perm":"group.write"}`,
			"Granted perm: `group.write` (recursive:none) for user: `eve` in repo group: `web`"},
		{"grant_user_group_permission_to_repo_group", `{"repogroupid":"team/web","usergroupid":"devs","perm":"group.admin","apply_to_children":"all"}`,
			"Granted perm: `group.admin` (recursive:all) for user group: `devs` in repo group: `web`"},
		{"revoke_user_permission_from_repo_group", `{"repogroupid":"team/web","userid":"eve"}`, "Revoked perm (recursive:none) for user: `eve` in repo group: `web`"},
		{"revoke_user_group_permission_from_repo_group", `{"repogroupid":"team/web","usergroupid":"devs","apply_to_children":"groups"}`,
			"Revoked perm (recursive:groups) for user group: `devs` in repo group: `web`"},
	} {
		result, fault := w.Call("ada", row.method, row.args)
		if want := `{"msg":"` + row.want + `","success":true}`; string(result) != want || fault != "" {
			t.Errorf("%s: got %s %s, want %s", row.method, result, fault, want)
		}
	}
	if given := w.Repositories.Given(web.ID); len(given) != 0 {
		t.Errorf("left: %+v", given)
	}
	for _, row := range []struct{ as, method, args, want string }{
		{"bob", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"bob","perm":"group.admin"}`, "repository group `team` does not exist"},
		{"ada", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"bob","perm":"haha.no.permission"}`, "permission `haha.no.permission` does not exist"},
		{"ada", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"bob","perm":"repository.read"}`, "permission `repository.read` is invalid, should start with group."},
		{"ada", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"nobody","perm":"group.read"}`, "user `nobody` does not exist"},
		{"ada", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"bob","perm":"group.read","apply_to_children":"some"}`,
			"Invalid `apply_to_children` arg in JSON DATA: it must be one of none, repos, groups, all"},
		{"ada", "revoke_user_group_permission_from_repo_group", `{"repogroupid":"team","usergroupid":"nobody"}`, "user group `nobody` does not exist"},
	} {
		w.Refuses(row.as, row.method, row.args, row.want)
	}
	ok(t, w.Repositories.Grant(t.Context(), apitest.Root, access.Object{GroupID: web.ID}, access.Subject{UserID: w.User("eve").ID}, access.Admin))
	w.Refuses("eve", "grant_user_group_permission_to_repo_group", `{"repogroupid":"team/web","usergroupid":"devs","perm":"group.read"}`, "user group `devs` does not exist")
}

// levels are what somebody has on team, team/web, team/app, team/web/site and team/open.
func levels(w *apitest.World, who string) string {
	u := w.User(who)
	var list []string
	for _, path := range []string{"team", "team/web"} {
		g, _ := w.Repositories.Group(path)
		list = append(list, w.Repositories.LevelOfGroup(u, g).String())
	}
	for _, path := range []string{"team/app", "team/web/site", "team/open"} {
		r, _ := w.Repositories.ByPath(path)
		list = append(list, w.Repositories.Level(u, r).String())
	}
	return strings.Join(list, " ")
}

func TestChildrenAreReachedAsRhodeCodeReachesThem(t *testing.T) {
	for children, want := range map[string]string{
		"none": "[group team]", "repos": "[group team repo team/app repo team/open repo team/web/site]", "groups": "[group team group team/web]",
		"all": "[group team group team/web repo team/app repo team/open repo team/web/site]",
	} {
		w := world(t)
		w.Repo("team/open", "ada")
		args := `{"repogroupid":"team","userid":"eve","perm":"group.write","apply_to_children":"` + children + `"}`
		if _, fault := w.Call("ada", "grant_user_permission_to_repo_group", args); fault != "" {
			t.Fatal(fault)
		}
		var on []string
		for _, g := range w.Repositories.Groups() {
			if len(w.Repositories.Given(g.ID)) > 0 && slices.ContainsFunc(w.Repositories.Given(g.ID), func(p access.Permission) bool { return p.To.UserID == w.User("eve").ID }) {
				on = append(on, "group "+g.Path)
			}
		}
		for _, r := range w.Repositories.Readable(w.User("chief")) {
			if len(w.Repositories.Given(r.ID)) > 0 {
				on = append(on, "repo "+r.Path)
			}
		}
		if got := fmt.Sprint(on); got != want {
			t.Errorf("%s: got %s, want %s", children, got, want)
		}
		if got := levels(w, "eve"); got != "write write write write write" {
			t.Errorf("%s: eve has %s", children, got)
		}
	}
}

// TestAnAdministratorOfAGroupTakesNothingThatWasKeptFromThem has bob administer team, but for what was kept from him.
func TestAnAdministratorOfAGroupTakesNothingThatWasKeptFromThem(t *testing.T) {
	w := world(t)
	open := w.Repo("team/open", "ada")
	team, _ := w.Repositories.Group("team")
	web, _ := w.Repositories.Group("team/web")
	app, _ := w.Repositories.ByPath("team/app")
	bob := access.Subject{UserID: w.User("bob").ID}
	ok(t, w.Repositories.Grant(t.Context(), apitest.Root, access.Object{GroupID: team.ID}, bob, access.Admin))
	ok(t, w.Repositories.Grant(t.Context(), apitest.Root, access.Object{GroupID: web.ID}, bob, access.None))
	ok(t, w.Repositories.Grant(t.Context(), apitest.Root, access.Object{RepositoryID: app.ID}, bob, access.Read))
	if _, fault := w.Call("bob", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"bob","perm":"group.admin","apply_to_children":"all"}`); fault != "" {
		t.Fatal(fault)
	}
	if got := levels(w, "bob"); got != "admin none read none admin" {
		t.Errorf("bob has %s", got)
	}
	if given := w.Repositories.Given(open.ID); len(given) != 1 {
		t.Errorf("on what he administers: %+v", given)
	}
}

func TestEveryoneIsNotLetIntoPrivateRepositoriesThroughChildren(t *testing.T) {
	w := world(t)
	open := w.Repo("team/open", "ada")
	ok(t, w.Repositories.Publish(t.Context(), apitest.Root, open.ID))
	w.Refuses("ada", "grant_user_permission_to_repo_group", `{"repogroupid":"team","userid":"default","perm":"group.none","apply_to_children":"all"}`, "")
	app, _ := w.Repositories.ByPath("team/app")
	if len(w.Repositories.Given(app.ID)) != 0 || len(w.Repositories.Given(open.ID)) != 1 {
		t.Errorf("on the private one %+v, on the public one %+v", w.Repositories.Given(app.ID), w.Repositories.Given(open.ID))
	}
}

func TestReadOnlyTokensChangeNoGroup(t *testing.T) {
	w := world(t)
	w.API("reader", "ada", func(q *token.Request) { q.Access = token.Read })
	for _, m := range Methods(Options{}) {
		if !m.Changes {
			continue
		}
		args := `{"repogroupid":"team/web","group_name":"team/x","userid":"eve","usergroupid":"devs","perm":"group.admin"}`
		if _, fault := w.Call("reader", m.Name, args); !strings.HasPrefix(fault, "Access was denied to this resource.") {
			t.Errorf("%s: got %q", m.Name, fault)
		}
	}
	if _, fault := w.Call("reader", "get_repo_group", `{"repogroupid":"team"}`); fault != "" {
		t.Error(fault)
	}
}

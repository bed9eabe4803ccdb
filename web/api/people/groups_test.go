package people

import (
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/web/api/method"
)

func TestAUserGroupIsMadeChangedAndDeleted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		w := newWorld(t, open())
		root := w.as("root")
		root.wants("create_user_group", `{"group_name":"devs","description":"who writes it","owner":"ada"}`,
			`{"msg":"created new user group `+"`devs`"+`","user_group":{"users_group_id":"<devs>","group_name":"devs","group_description":"who writes it","active":true,"owner":"ada","owner_email":"ada@example.com","sync":null,"users":[]}}`)
		root.wants("create_user_group", `{"group_name":"ops"}`, `{"user_group":{"owner":"root"}}`)
		root.fails("create_user_group", `{"group_name":"DEVS"}`, method.Conflict, "user group `DEVS` already exist")
		root.fails("create_user_group", `{"group_name":"x","owner":"none"}`, method.NotFound, "user `none` does not exist")
		root.fails("create_user_group", `{"group_name":"a/b"}`, method.Invalid, `map[user_group_name:Not a name that can be used: "a/b" holds a slash.]`)
		root.fails("create_user_group", `{"group_name":"x","active":false}`, method.Invalid, `map[active:User groups are always active. Take what it was given away, or remove its members.]`)
		root.fails("create_user_group", `{"group_name":"x","sync":true}`, method.Invalid, `map[sync:Members of user groups are not taken from elsewhere.]`)
		root.fails("create_user_group", `{"group_name":"x","description":"`+strings.Repeat("y", 10_001)+`"}`, method.Invalid,
			"failed to create group `x`: not a text that can be used: a description is longer than 10000 bytes")

		ada := w.as("ada")
		ada.wants("update_user_group", `{"usergroupid":"devs","group_name":"crew","description":"new","owner":"bob"}`,
			`{"msg":"updated user group ID:<crew> crew","user_group":{"group_name":"crew","group_description":"new","owner":"bob","owner_email":""}}`)
		root.wants("update_user_group", `{"usergroupid":"crew","group_name":""}`, `{"user_group":{"group_name":"crew","group_description":"new","owner":"bob"}}`)
		root.fails("update_user_group", `{"usergroupid":"crew","group_name":"OPS"}`, method.Conflict, "failed to update user group `crew`: the name, path or e-mail is taken: OPS")
		root.fails("update_user_group", `{"usergroupid":"crew","owner":"none"}`, method.NotFound, "user `none` does not exist")
		root.fails("update_user_group", `{"usergroupid":"crew","active":false}`, method.Invalid, `map[active:User groups are always active. Take what it was given away, or remove its members.]`)
		g, _ := w.o.UserGroups.ByName("crew")
		root.wants("delete_user_group", `{"usergroupid":"crew"}`, `{"msg":"deleted user group ID:`+g.ID+` crew","user_group":null}`)
		if _, there := w.o.UserGroups.ByName("crew"); there {
			t.Error("the group is still there")
		}
	})
}

func TestMembersComeAndGo(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	w.group("devs", "root")
	root := w.as("root")
	for _, row := range []struct{ method, args, want string }{
		{"add_user_to_user_group", `{"usergroupid":"devs","userid":"ada"}`, `{"success":true,"msg":"added member ` + "`ada` to user group `devs`" + `"}`},
		{"add_user_to_user_group", `{"usergroupid":"devs","userid":"ADA"}`, `{"success":false,"msg":"User is already in that group"}`},
		{"get_user_group", `{"usergroupid":"devs"}`, `{"users":[{"username":"ada","email":"ada@example.com"}]}`},
		{"remove_user_from_user_group", `{"usergroupid":"devs","userid":"ada"}`, `{"success":true,"msg":"removed member ` + "`ada` from user group `devs`" + `"}`},
		{"remove_user_from_user_group", `{"usergroupid":"devs","userid":"ada"}`, `{"success":false,"msg":"User wasn't in group"}`},
	} {
		root.wants(row.method, row.args, row.want)
	}
	for _, name := range []string{"add_user_to_user_group", "remove_user_from_user_group"} {
		root.fails(name, `{"usergroupid":"devs","userid":"none"}`, method.NotFound, "user `none` does not exist")
	}
}

func TestPermissionsOnUserGroupsAreGivenAndTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		w := newWorld(t, open())
		devs, leads := w.group("devs", "root"), w.group("leads", "root")
		w.ok(w.o.UserGroups.Add(t.Context(), audit.Command("test"), leads.ID, w.id("bob")))
		root := w.as("root")
		root.wants("grant_user_permission_to_user_group", `{"usergroupid":"devs","userid":"ada","perm":"usergroup.write"}`,
			`{"success":true,"msg":"Granted perm: `+"`usergroup.write` for user: `ada` in user group: `devs`"+`"}`)
		root.wants("grant_user_group_permission_to_user_group", `{"usergroupid":"devs","sourceusergroupid":"leads","perm":"usergroup.admin"}`,
			`{"success":true,"msg":"Granted perm: `+"`usergroup.admin` for user group: `leads` in user group: `devs`"+`"}`)
		root.wants("grant_user_permission_to_user_group", `{"usergroupid":"devs","userid":"default","perm":"usergroup.read"}`,
			`{"msg":"Granted perm: `+"`usergroup.read` for user: `default` in user group: `devs`"+`"}`)
		ada, _ := w.o.Users.ByName("ada")
		bob, _ := w.o.Users.ByName("bob")
		if a, b := w.o.UserGroups.Level(ada, devs), w.o.UserGroups.Level(bob, devs); a != access.Write || b != access.Admin {
			t.Errorf("levels %s and %s", a, b)
		}
		root.wants("get_user_group", `{"usergroupid":"devs"}`, `{"permissions":[{"name":"root","permission":"usergroup.admin","origin":"owner","type":"user"},{"name":"default","permission":"usergroup.read"},
			{"name":"ada","permission":"usergroup.write","origin":"permission"},{"name":"leads","permission":"usergroup.admin","type":"user_group"}],"members":[{},{},{},{}]}`)
		root.wants("revoke_user_permission_from_user_group", `{"usergroupid":"devs","userid":"ada"}`, `{"success":true,"msg":"Revoked perm for user: `+"`ada` in user group: `devs`"+`"}`)
		root.wants("revoke_user_group_permission_from_user_group", `{"usergroupid":"devs","sourceusergroupid":"leads"}`,
			`{"success":true,"msg":"Revoked perm for user group: `+"`leads` in user group: `devs`"+`"}`)
		root.wants("revoke_user_permission_from_user_group", `{"usergroupid":"devs","userid":"default"}`, `{"success":true}`)
		if left := w.o.UserGroups.Given(devs.ID); len(left) != 0 {
			t.Errorf("left are %+v", left)
		}
		for _, row := range []struct {
			method, args string
			code         method.Code
			want         string
		}{
			{"grant_user_permission_to_user_group", `{"usergroupid":"devs","userid":"none","perm":"usergroup.read"}`, method.NotFound, "user `none` does not exist"},
			{"grant_user_permission_to_user_group", `{"usergroupid":"devs","userid":"ada","perm":"usergroup.own"}`, method.Invalid, "permission `usergroup.own` does not exist"},
			{"grant_user_permission_to_user_group", `{"usergroupid":"devs","userid":"ada","perm":"group.read"}`, method.Invalid, "permission `group.read` is invalid, should start with usergroup."},
			{"revoke_user_permission_from_user_group", `{"usergroupid":"devs","userid":"none"}`, method.NotFound, "user `none` does not exist"},
			{"grant_user_group_permission_to_user_group", `{"usergroupid":"devs","sourceusergroupid":"none","perm":"usergroup.read"}`, method.NotFound, "user group `none` does not exist"},
			{"grant_user_group_permission_to_user_group", `{"usergroupid":"devs","sourceusergroupid":"leads","perm":"x"}`, method.Invalid, "permission `x` does not exist"},
			{"revoke_user_group_permission_from_user_group", `{"usergroupid":"devs","sourceusergroupid":"none"}`, method.NotFound, "user group `none` does not exist"},
		} {
			root.fails(row.method, row.args, row.code, row.want)
		}
		// A source that the caller may not read is one that is not there.
		w.ok(w.o.Repositories.Grant(t.Context(), audit.Command("test"), access.Object{UserGroupID: devs.ID}, access.Subject{UserID: ada.ID}, access.Admin))
		w.as("ada").fails("grant_user_group_permission_to_user_group", `{"usergroupid":"devs","sourceusergroupid":"leads","perm":"usergroup.read"}`, method.NotFound, "user group `leads` does not exist")
	})
}

func TestUserGroupsAreShownToThoseWhoMayReadThem(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	devs := w.group("devs", "root")
	w.group("leads", "root")
	w.ok(w.o.UserGroups.Add(t.Context(), audit.Command("test"), devs.ID, w.id("ada")))
	w.ok(w.o.UserGroups.Add(t.Context(), audit.Command("test"), devs.ID, w.id("bob")))
	w.as("bob").wants("get_user_groups", `{}`, `[{"group_name":"devs","owner":"root","users":[{"username":"ada","email":"","emails":[]},{"username":"bob"}]}]`)
	w.as("root").wants("get_user_groups", `{}`, `[{"group_name":"devs","users":[{"email":"ada@example.com"},{}]},{"group_name":"leads"}]`)

	mine, hidden := w.repo("mine", "bob"), w.repo("hidden", "root")
	for _, r := range []access.Repository{mine, hidden} {
		w.ok(w.o.Repositories.Grant(t.Context(), audit.Command("test"), access.Object{RepositoryID: r.ID}, access.Subject{UserGroupID: devs.ID}, access.None))
	}
	w.as("bob").wants("get_user_group", `{"usergroupid":"devs"}`, `{"permissions_summary":{"repositories":{"mine":"repository.none"},"repositories_groups":{}}}`)
	got, err := w.as("bob").call("get_user_group", `{"usergroupid":"`+devs.ID+`"}`)
	w.ok(err)
	if strings.Contains(got, "hidden") {
		t.Errorf("bob is told of what he may not read: %s", got)
	}
}

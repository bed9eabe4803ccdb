package given

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/db/dbtest"
	"jeton/web/api/method"
)

var root = audit.Command("test")

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWordsAreReadAsRhodeCodeReadsThem(t *testing.T) {
	for word, want := range map[string]string{
		"group.none": "none", "group.read": "read", "group.write": "write", "group.admin": "admin",
		"haha.no.permission": "permission `haha.no.permission` does not exist",
		"group.":             "permission `group.` does not exist",
		"group":              "permission `group` does not exist",
		"read":               "permission `read` does not exist",
		"":                   "permission `` does not exist",
		"group.group.read":   "permission `group.group.read` does not exist",
		"hg.admin":           "permission `hg.admin` does not exist",
		"repository.read":    "permission `repository.read` is invalid, should start with group.",
		"usergroup.admin":    "permission `usergroup.admin` is invalid, should start with group.",
	} {
		l, err := Group.Level(word)
		got := l.String()
		if err != nil {
			got = err.Error()
			if e := (*method.Error)(nil); !errors.As(err, &e) || e.Code != method.Invalid {
				t.Errorf("%s: the error is %#v", word, err)
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	if got := fmt.Sprint(Repository.Words()); got != "[repository.none repository.read repository.write repository.admin]" {
		t.Errorf("got %s", got)
	}
}

func TestRowsStandInRhodeCodesOrder(t *testing.T) {
	d := dbtest.New(t)
	all, err := access.Open(t.Context(), d, access.UserOptions{})
	ok(t, err)
	t.Cleanup(all.Close)
	id := map[string]string{}
	for _, name := range []string{"chief", "boss", "ada", "bob", "eve", "zoe"} {
		u, err := all.Users.Create(t.Context(), root, access.NewUser{Name: name, Admin: name == "chief" || name == "boss"})
		ok(t, err)
		id[name] = u.ID
	}
	devs, err := all.UserGroups.Create(t.Context(), root, access.NewUserGroup{Name: "devs", OwnerID: id["ada"]})
	ok(t, err)
	given := []access.Permission{
		{To: access.Subject{UserGroupID: devs.ID}, Level: access.Write},
		{To: access.Subject{UserID: id["zoe"]}, Level: access.Admin},
		{To: access.Subject{UserID: id["eve"]}, Level: access.Read},
		{To: access.Subject{UserID: id["bob"]}, Level: access.Read},
		{To: access.Subject{Everyone: true}, Level: access.None},
	}
	shown := func(owner string) []string {
		var list []string
		for _, r := range Rows(Group, owner, given, all.Users, all.UserGroups) {
			list = append(list, fmt.Sprint(r.Name, " ", r.Permission, " ", r.Origin, " ", r.Type))
		}
		return list
	}
	rest := []string{"default group.none permission user", "zoe group.admin permission user", "bob group.read permission user",
		"eve group.read permission user", "devs group.write permission user_group"}
	for owner, want := range map[string][]string{
		id["ada"]:   {"boss group.admin super-admin user", "chief group.admin super-admin user", "ada group.admin owner user"},
		id["chief"]: {"boss group.admin super-admin user", "chief group.admin owner user"},
		"":          {"boss group.admin super-admin user", "chief group.admin super-admin user"},
	} {
		if got := shown(owner); !slices.Equal(got, append(want, rest...)) {
			t.Errorf("got\n%q, want\n%q", got, append(want, rest...))
		}
	}
}

func TestDefaultIsEveryoneWhereNobodyIsCalledSo(t *testing.T) {
	d := dbtest.New(t)
	users, err := access.NewUsers(t.Context(), d, access.UserOptions{})
	ok(t, err)
	t.Cleanup(users.Close)
	if s, name, err := Person(users, "default"); err != nil || !s.Everyone || name != "default" {
		t.Errorf("got %+v, %q, %v", s, name, err)
	}
	if _, _, err := Person(users, "nobody"); err == nil || err.Error() != "user `nobody` does not exist" {
		t.Errorf("got %v", err)
	}
	u, err := users.Create(t.Context(), root, access.NewUser{Name: "default"})
	ok(t, err)
	for _, ref := range []method.Ref{"default", "Default", method.Ref(u.ID)} {
		if s, name, err := Person(users, ref); err != nil || s.UserID != u.ID || name != "default" {
			t.Errorf("%s: got %+v, %q, %v", ref, s, name, err)
		}
	}
}

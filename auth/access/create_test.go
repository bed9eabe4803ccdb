package access

import "testing"

func TestMayCreateGoesByTheSettingAndTheGroup(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "Ada"), w.user(t, "bob")
	chief := User{ID: "c", Name: "chief", Admin: true}
	group := func(path, owner string) Group {
		g, err := w.repos.CreateGroup(t.Context(), root, path, owner)
		ok(t, err)
		return g
	}
	group("old", bob.ID)
	group("old/deep", "")
	given := group("given", bob.ID)
	ok(t, w.repos.Grant(t.Context(), root, Object{GroupID: given.ID}, Subject{UserID: ada.ID}, Write))
	shown := group("shown", bob.ID)
	ok(t, w.repos.Grant(t.Context(), root, Object{GroupID: shown.ID}, Subject{Everyone: true}, Read))
	eve := w.user(t, "eve")
	group("eve2", eve.ID)
	for _, c := range []struct {
		name string
		rule CreateRule
		user User
		path string
		want bool
	}{
		{"below one's own name", CreateOwn, ada, "ada/app", true},
		{"deep below it", CreateOwn, ada, "ADA/group/app", true},
		{"the name itself", CreateOwn, ada, "ada", false},
		{"a name that begins so", CreateOwn, ada, "adam/app", false},
		{"elsewhere", CreateOwn, ada, "team/app", false},
		{"no rule is own", "", ada, "team/app", false},
		{"no rule is own, at home", "", ada, "ada/app", true},
		{"an unknown rule", "everyone", ada, "ada/app", false},
		{"anyone", CreateAnyone, ada, "team/app", true},
		{"anyone, at the top", CreateAnyone, ada, "app", true},
		{"anyone, in another's group", CreateAnyone, ada, "old/app", false},
		{"anyone, in a group below another's", CreateAnyone, ada, "old/deep/app", false},
		{"anyone, in another's name", CreateAnyone, ada, "bob/app", false},
		{"anyone, at home", CreateAnyone, ada, "ada/app", true},
		{"in a group to which one may write", CreateAdmins, ada, "given/app", true},
		{"in a new group below it", CreateOwn, ada, "given/new/app", true},
		{"in a group that one may read", CreateOwn, ada, "shown/app", false},
		{"in a group that one owns", CreateAdmins, bob, "old/deep/app", true},
		{"in a group of one's name that somebody else owns", CreateOwn, User{ID: "x", Name: "eve2"}, "eve2/app", false},
		{"administrators alone", CreateAdmins, ada, "ada/app", false},
		{"administrator", CreateAdmins, chief, "team/app", true},
		{"administrator, by own", CreateOwn, chief, "team/app", true},
		{"guest", CreateAnyone, User{}, "team/app", false},
		{"a guest who claims to be admin", CreateAnyone, User{Admin: true}, "team/app", false},
		{"a path that cannot be", CreateAnyone, chief, "/team", false},
		{"another", CreateAnyone, ada, "team/app.git", false},
	} {
		if got := w.repos.MayCreate(c.user, c.rule, c.path); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

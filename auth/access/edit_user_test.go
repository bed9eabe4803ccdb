package access

import (
	"errors"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
)

// peopled is a directory with the administrator root and ada.
func peopled(t *testing.T, d *db.DB) (all *Directory, root, ada User) {
	t.Helper()
	all, err := Open(t.Context(), d, UserOptions{Hasher: plain{}})
	ok(t, err)
	t.Cleanup(all.Close)
	root, err = all.Users.Create(t.Context(), audit.Command("test"), NewUser{Name: "root", Admin: true})
	ok(t, err)
	ada, err = all.Users.Create(t.Context(), audit.Command("test"), NewUser{Name: "ada", Email: "ada@example.com",
		Firstname: "Ada", Lastname: "Lovelace", Description: "counts", Inactive: true})
	ok(t, err)
	return all, root, ada
}

func TestEditChangesWhatIsGivenAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		all, _, ada := peopled(t, open())
		if ada.Active || ada.Firstname != "Ada" || ada.Lastname != "Lovelace" || ada.Description != "counts" {
			t.Fatalf("made as %+v", ada)
		}
		name, mail, first, yes, secret := "countess", "c@example.com", "Augusta", true, "long enough"
		got, err := all.Users.Edit(t.Context(), audit.Command("test"), ada.ID,
			UserChange{Name: &name, Email: &mail, Firstname: &first, Active: &yes, Admin: &yes, Password: &secret})
		ok(t, err)
		if got.Name != name || got.Email != mail || got.Firstname != first || got.Lastname != "Lovelace" || !got.Active || !got.Admin ||
			all.Users.PasswordHash(ada.ID) != "plain:"+secret {
			t.Fatalf("got %+v", got)
		}
		if _, found := all.Users.ByName("ada"); found {
			t.Error("the old name still finds her")
		}
		if again, found := all.Users.ByName("COUNTESS"); !found || again.ID != ada.ID {
			t.Error("the new name does not find her")
		}
		got, err = all.Users.Edit(t.Context(), audit.Command("test"), ada.ID, UserChange{})
		ok(t, err)
		if got.Name != name || got.Email != mail {
			t.Fatalf("after a change of nothing: %+v", got)
		}
		reread, err := Open(t.Context(), open(), UserOptions{})
		ok(t, err)
		defer reread.Close()
		if u, _ := reread.Users.ByID(ada.ID); u.Firstname != first || u.Lastname != "Lovelace" || u.Description != "counts" {
			t.Errorf("read anew: %+v", u)
		}
	})
}

func TestEditChangesAllOrNothing(t *testing.T) {
	all, root, ada := peopled(t, dbtest.New(t))
	text := func(s string) *string { return &s }
	yes, no := true, false
	for name, c := range map[string]struct {
		id   string
		c    UserChange
		want error
	}{
		"nobody":                {"none", UserChange{}, ErrNoUser},
		"a name that is taken":  {ada.ID, UserChange{Name: text("ROOT"), Firstname: text("x")}, ErrTaken},
		"a bad name":            {ada.ID, UserChange{Name: text("a/b"), Firstname: text("x")}, ErrBadName},
		"a bad e-mail":          {ada.ID, UserChange{Email: text("x"), Firstname: text("x")}, ErrBadEmail},
		"a long first name":     {ada.ID, UserChange{Firstname: text(strings.Repeat("x", 256))}, ErrBadText},
		"a line end":            {ada.ID, UserChange{Lastname: text("x\n"), Firstname: text("x")}, ErrBadText},
		"a long description":    {ada.ID, UserChange{Description: text(strings.Repeat("x", 10_001)), Firstname: text("x")}, ErrBadText},
		"NUL":                   {ada.ID, UserChange{Description: text("\x00"), Firstname: text("x")}, ErrBadText},
		"a short password":      {ada.ID, UserChange{Password: text("x"), Firstname: text("x")}, ErrBadPassword},
		"the last one demoted":  {root.ID, UserChange{Admin: &no, Firstname: text("x")}, ErrLastAdmin},
		"the last one shut out": {root.ID, UserChange{Active: &no, Firstname: text("x")}, ErrLastAdmin},
	} {
		if _, err := all.Users.Edit(t.Context(), audit.Command("test"), c.id, c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if u, _ := all.Users.ByID(ada.ID); u.Firstname != "Ada" || u.Name != "ada" {
		t.Errorf("ada is %+v", u)
	}
	_, err := all.Users.Edit(t.Context(), audit.Command("test"), ada.ID, UserChange{Admin: &yes, Active: &yes})
	ok(t, err)
	_, err = all.Users.Edit(t.Context(), audit.Command("test"), root.ID, UserChange{Admin: &no})
	ok(t, err)
}

func TestAUserGroupIsEditedAllOrNothing(t *testing.T) {
	all, _, ada := peopled(t, dbtest.New(t))
	by := audit.Command("test")
	g, err := all.UserGroups.Create(t.Context(), by, NewUserGroup{Name: "devs", Description: "old", OwnerID: ada.ID})
	ok(t, err)
	_, err = all.UserGroups.Create(t.Context(), by, NewUserGroup{Name: "ops"})
	ok(t, err)
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		c    UserGroupChange
		want error
	}{
		"a name that is taken": {UserGroupChange{Name: text("OPS"), Description: text("x")}, ErrTaken},
		"a bad name":           {UserGroupChange{Name: text("a/b"), Description: text("x")}, ErrBadName},
		"an owner of nowhere":  {UserGroupChange{OwnerID: text("none"), Description: text("x")}, ErrNoUser},
		"a long description":   {UserGroupChange{Description: text(strings.Repeat("x", 10_001))}, ErrBadText},
	} {
		if _, err := all.UserGroups.Edit(t.Context(), by, g.ID, c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if now, _ := all.UserGroups.ByID(g.ID); now != g {
		t.Errorf("got %+v, want %+v", now, g)
	}
	now, err := all.UserGroups.Edit(t.Context(), by, g.ID, UserGroupChange{Name: text("crew"), Description: text("new"), OwnerID: text("")})
	ok(t, err)
	if now.Name != "crew" || now.Description != "new" || now.OwnerID != "" {
		t.Errorf("got %+v", now)
	}
	if _, err := all.UserGroups.Edit(t.Context(), by, "none", UserGroupChange{}); !errors.Is(err, ErrNoUserGroup) {
		t.Errorf("got %v", err)
	}
}

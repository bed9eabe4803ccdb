package access

import (
	"errors"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
)

func TestDeleteToGivesEverythingToAnHeir(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		all, heir, ada := peopled(t, d)
		by := audit.Command("test")
		group, err := all.Repositories.CreateGroup(t.Context(), by, "team", ada.ID)
		ok(t, err)
		crew, err := all.UserGroups.Create(t.Context(), by, NewUserGroup{Name: "crew", OwnerID: ada.ID})
		ok(t, err)
		for _, path := range []string{"team/app", "team/gone"} {
			ok(t, d.Repositories().Insert(t.Context(), db.Repository{ID: "r-" + path, Path: path, FoldedPath: path, OwnerID: ada.ID, CreatedAt: time.Now()}))
		}
		ok(t, d.Repositories().Trash(t.Context(), "r-team/gone", time.Now()))

		had, err := all.Users.OwnedBy(t.Context(), ada.ID)
		ok(t, err)
		if want := "repositories (team/app, team/gone), repository groups (team), user groups (crew)"; had.String() != want || had.None() {
			t.Fatalf("got %q, want %q", had, want)
		}
		if err := all.Users.Delete(t.Context(), by, ada.ID); !errors.Is(err, ErrOwns) {
			t.Fatalf("without an heir: %v", err)
		}
		for _, nobody := range []string{"none", ada.ID} {
			if err := all.Users.DeleteTo(t.Context(), by, ada.ID, nobody); !errors.Is(err, ErrNoUser) {
				t.Fatalf("with an heir %s: %v", nobody, err)
			}
		}
		ok(t, all.Users.DeleteTo(t.Context(), by, ada.ID, heir.ID))
		if _, there := all.Users.ByID(ada.ID); there {
			t.Error("ada is still there")
		}
		got, err := all.Users.OwnedBy(t.Context(), heir.ID)
		ok(t, err)
		if got.String() != had.String() {
			t.Errorf("the heir has %q, want %q", got, had)
		}
		r, _ := all.Repositories.ByPath("team/app")
		g, _ := all.Repositories.GroupByID(group.ID)
		u, _ := all.UserGroups.ByID(crew.ID)
		if r.OwnerID != heir.ID || g.OwnerID != heir.ID || u.OwnerID != heir.ID {
			t.Errorf("owners in memory: %q %q %q", r.OwnerID, g.OwnerID, u.OwnerID)
		}
	})
}

func TestOwnedNamesFiveOfEach(t *testing.T) {
	o := Owned{Groups: []string{"a", "b", "c", "d", "e", "f", "g"}}
	if want := "repository groups (a, b, c, d, e and 2 more)"; o.String() != want {
		t.Errorf("got %q, want %q", o, want)
	}
	if !(Owned{}).None() {
		t.Error("nothing is something")
	}
}

func TestByEmailFindsWhoHasIt(t *testing.T) {
	all, _, ada := peopled(t, dbtest.New(t))
	for email, want := range map[string]bool{"ADA@example.com": true, "": false, "bob@example.com": false} {
		if u, found := all.Users.ByEmail(email); found != want || found && u.ID != ada.ID {
			t.Errorf("%q: found %v", email, found)
		}
	}
}

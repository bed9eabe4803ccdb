package wire

import (
	"path/filepath"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/db"
)

// TestADeployTokenOfAGroupIsForThoseWhoManageAllOfIt: it would open what a word further below keeps from them.
func TestADeployTokenOfAGroupIsForThoseWhoManageAllOfIt(t *testing.T) {
	ctx, by := t.Context(), audit.Command("test")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := db.Open(ctx, db.Options{Path: filepath.Join(t.TempDir(), "jeton.db")})
	must(err)
	t.Cleanup(func() { _ = d.Close() })
	users, err := access.NewUsers(ctx, d, access.UserOptions{})
	must(err)
	repos, err := access.NewRepositories(ctx, d)
	must(err)
	ada, err := users.Create(ctx, by, access.NewUser{Name: "ada"})
	must(err)
	bob, err := users.Create(ctx, by, access.NewUser{Name: "bob"})
	must(err)
	must(d.Repositories().Insert(ctx, db.Repository{ID: "r", Path: "team/sub/app", FoldedPath: "team/sub/app", OwnerID: bob.ID, Private: true}))
	team, _ := repos.Group("team")
	sub, _ := repos.Group("team/sub")
	p, of := places{repos, users}, token.Deploy{GroupID: team.ID}
	step := func(what string, err error, want bool) {
		t.Helper()
		must(err)
		if got := p.Manages(ada.ID, of); got != want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	to := access.Subject{UserID: ada.ID}
	step("nothing given", nil, false)
	step("write on the group", repos.Grant(ctx, by, access.Object{GroupID: team.ID}, to, access.Write), false)
	step("admin on the group", repos.Grant(ctx, by, access.Object{GroupID: team.ID}, to, access.Admin), true)
	step("less on a repository in it", repos.Grant(ctx, by, access.Object{RepositoryID: "r"}, to, access.Read), false)
	step("no longer", repos.Revoke(ctx, by, access.Object{RepositoryID: "r"}, to), true)
	step("nothing on a group in it", repos.Grant(ctx, by, access.Object{GroupID: sub.ID}, to, access.None), false)
	step("no longer", repos.Revoke(ctx, by, access.Object{GroupID: sub.ID}, to), true)
	step("not active", users.Deactivate(ctx, by, ada.ID), false)
}

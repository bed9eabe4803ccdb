package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
)

// plain is a hasher for tests that are not about hashing.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) {
	return "plain:" + password, nil
}

var root = audit.Command("root")

type world struct {
	db    *db.DB
	users *Users
	repos *Repositories
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d := dbtest.New(t)
	w := &world{db: d}
	w.users, w.repos = w.open(t)
	return w
}

// open reads the database anew, as a restart does.
func (w *world) open(t *testing.T) (*Users, *Repositories) {
	t.Helper()
	users, err := NewUsers(t.Context(), w.db, UserOptions{Hasher: plain{}})
	ok(t, err)
	t.Cleanup(users.Close)
	repos, err := NewRepositories(t.Context(), w.db)
	ok(t, err)
	t.Cleanup(repos.Close)
	return users, repos
}

func (w *world) user(t *testing.T, name string) User {
	t.Helper()
	u, err := w.users.Create(t.Context(), root, NewUser{Name: name})
	ok(t, err)
	return u
}

func (w *world) repo(t *testing.T, path string, owner User, private bool) Repository {
	t.Helper()
	row := db.Repository{ID: db.NewID(), Path: path, FoldedPath: strings.ToLower(path), OwnerID: owner.ID, Private: private,
		CreatedAt: time.Now()}
	ok(t, w.db.Repositories().Insert(t.Context(), row))
	r, found := w.repos.ByPath(path)
	if !found {
		t.Fatalf("%s is not there after its row was", path)
	}
	return r
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func TestCreateMakesSomebodyWhoIsFoundByAnyForm(t *testing.T) {
	w := newWorld(t)
	made, err := w.users.Create(t.Context(), root, NewUser{Name: "Ada", Email: "Ada@Example.org", Password: "correct horse", Admin: true})
	ok(t, err)
	again, _ := w.open(t)
	for name, s := range map[string]*Users{"at once": w.users, "after a restart": again} {
		got, found := s.ByName("aDA")
		if !found || got.ID != made.ID || got.Name != "Ada" || !got.Active || !got.Admin || !got.HasPassword {
			t.Errorf("%s: got %+v", name, got)
		}
		if !got.Is("ADA") || !got.Is("ada@example.ORG") || got.Is("bob") || got.Is("") || got.Is(strings.Repeat("a", 1<<20)) {
			t.Errorf("%s: Is is wrong about %+v", name, got)
		}
		if s.PasswordHash(made.ID) != "plain:correct horse" {
			t.Errorf("%s: got hash %q", name, s.PasswordHash(made.ID))
		}
	}
}

func TestCreateRefusesNamesThatWouldBeMistaken(t *testing.T) {
	w := newWorld(t)
	w.user(t, "ada")
	for name, want := range map[string]error{
		"": ErrBadName, "a/b": ErrBadName, "a b": ErrBadName, "git": ErrBadName, "Git": ErrBadName, "token": ErrBadName,
		"oauth2": ErrBadName, "x-access-token": ErrBadName, "x-token-auth": ErrBadName, "gitlab-ci-token": ErrBadName,
		"jet_vcs_x": ErrBadName, "JET_x": ErrBadName, "ADA": ErrTaken,
	} {
		if _, err := w.users.Create(t.Context(), root, NewUser{Name: name}); !errors.Is(err, want) {
			t.Errorf("%q: got error %v, want %v", name, err, want)
		}
	}
	if got := w.users.List(); len(got) != 1 {
		t.Errorf("got %+v, want ada alone", got)
	}
}

func TestCreateRefusesEmailsAndPasswordsThatCannotBe(t *testing.T) {
	w := newWorld(t)
	ada, err := w.users.Create(t.Context(), root, NewUser{Name: "ada", Email: "a@example.org"})
	ok(t, err)
	for email, want := range map[string]error{"x": ErrBadEmail, "@x": ErrBadEmail, "x@": ErrBadEmail, "a@b@c": ErrBadEmail,
		"a b@c": ErrBadEmail, "a@b\n": ErrBadEmail, "<a@b>": ErrBadEmail, strings.Repeat("a", 250) + "@b.org": ErrBadEmail,
		"A@example.org": ErrTaken} {
		if _, err := w.users.Create(t.Context(), root, NewUser{Name: "bob", Email: email}); !errors.Is(err, want) {
			t.Errorf("e-mail %q: got error %v, want %v", email, err, want)
		}
	}
	for _, password := range []string{"short", strings.Repeat("x", 1025), "with\x00NUL...", "two\nlines...", "jet_vcs_anything"} {
		wants(t, w.users.SetPassword(t.Context(), root, ada.ID, password), ErrBadPassword)
	}
	wants(t, w.users.SetEmail(t.Context(), root, ada.ID, "nonsense"), ErrBadEmail)
	ok(t, w.users.SetEmail(t.Context(), root, ada.ID, ""))
}

func TestChangesOfSomebodyAreInForceAndOnRecord(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	now := func() User { u, _ := w.users.ByID(ada.ID); return u }
	ok(t, w.users.Deactivate(t.Context(), root, ada.ID))
	if now().Active {
		t.Error("still active")
	}
	ok(t, w.users.Activate(t.Context(), root, ada.ID))
	ok(t, w.users.Promote(t.Context(), root, ada.ID))
	if u := now(); !u.Active || !u.Admin {
		t.Errorf("got %+v", u)
	}
	ok(t, w.users.Demote(t.Context(), root, ada.ID))
	ok(t, w.users.SetPassword(t.Context(), root, ada.ID, "correct horse"))
	if u := now(); u.Admin || !u.HasPassword || u.PasswordChangedAt.Before(ada.PasswordChangedAt) {
		t.Errorf("got %+v", u)
	}
	ok(t, w.users.SetPassword(t.Context(), root, ada.ID, ""))
	if now().HasPassword {
		t.Error("the password is still there")
	}
	list, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	var actions []string
	for _, e := range list {
		actions = append(actions, e.Action)
		if e.UserName != "root" || e.Resource != "ada" || strings.Contains(e.Detail, "horse") {
			t.Errorf("got entry %+v", e)
		}
	}
	want := []string{"user.create", "user.deactivate", "user.activate", "user.promote", "user.demote", "user.password", "user.password"}
	if !slices.Equal(actions, want) {
		t.Errorf("got record %v, want %v", actions, want)
	}
}

func TestChangesOfNobodyAreRefused(t *testing.T) {
	w := newWorld(t)
	wants(t, w.users.Activate(t.Context(), root, "nobody"), ErrNoUser)
	wants(t, w.users.Delete(t.Context(), root, "nobody"), ErrNoUser)
	wants(t, w.users.SetPassword(t.Context(), root, "nobody", "correct horse"), ErrNoUser)
	if _, found := w.users.ByName(strings.Repeat("a", 1<<20)); found {
		t.Error("found somebody of a name as long as a book")
	}
}

func TestDeleteIsRefusedWhileRepositoriesAreOwned(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	for _, p := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7"} {
		w.repo(t, p, ada, true)
	}
	err := w.users.Delete(t.Context(), root, ada.ID)
	wants(t, err, ErrOwns)
	if !strings.Contains(err.Error(), "a1, a2, a3, a4, a5 and 2 more") || !strings.Contains(err.Error(), "delete and purge them first") {
		t.Errorf("the sentence does not help: %v", err)
	}
	for _, r := range w.repos.Readable(ada) {
		ok(t, w.repos.SetOwner(t.Context(), root, r.ID, bob.ID))
	}
	ok(t, w.users.Delete(t.Context(), root, ada.ID))
	if _, found := w.users.ByName("ada"); found {
		t.Error("still there")
	}
	w.user(t, "ada") // the name is free again
}

func TestLevelFollowsTheRules(t *testing.T) {
	w := newWorld(t)
	ada, bob, eve := w.user(t, "ada"), w.user(t, "bob"), w.user(t, "eve")
	chief := User{ID: "chief", Admin: true}
	private, public := w.repo(t, "private", ada, true), w.repo(t, "public", ada, false)
	ok(t, w.repos.Give(t.Context(), root, private.ID, bob.ID, Write))
	ok(t, w.repos.Give(t.Context(), root, public.ID, bob.ID, None))
	for _, c := range []struct {
		name            string
		user            User
		private, public Level
	}{
		{"guest", User{}, None, Read},
		{"a guest who claims to be admin", User{Admin: true}, None, Read},
		{"owner", ada, Admin, Admin},
		{"administrator", chief, Admin, Admin},
		{"given write, and none on a public one", bob, Write, Read},
		{"anybody", eve, None, Read},
	} {
		if got := w.repos.Level(c.user, private); got != c.private {
			t.Errorf("%s, private: got %s, want %s", c.name, got, c.private)
		}
		if got := w.repos.Level(c.user, public); got != c.public {
			t.Errorf("%s, public: got %s, want %s", c.name, got, c.public)
		}
	}
}

func TestPermissionsFollowEveryChangeAtOnce(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	r := w.repo(t, "app", ada, true)
	level := func() Level { r, _ := w.repos.ByID(r.ID); return w.repos.Level(bob, r) }
	step := func(name string, err error, want Level) {
		t.Helper()
		ok(t, err)
		_, again := w.open(t)
		r, _ := again.ByID(r.ID)
		if got, restarted := level(), again.Level(bob, r); got != want || restarted != want {
			t.Errorf("%s: got %s, after a restart %s, want %s", name, got, restarted, want)
		}
	}
	step("given admin", w.repos.Give(t.Context(), root, r.ID, bob.ID, Admin), Admin)
	step("lowered", w.repos.Give(t.Context(), root, r.ID, bob.ID, Read), Read)
	step("taken", w.repos.Take(t.Context(), root, r.ID, bob.ID), None)
	step("taken again", w.repos.Take(t.Context(), root, r.ID, bob.ID), None)
	step("published", w.repos.Publish(t.Context(), root, r.ID), Read)
	step("hidden", w.repos.Hide(t.Context(), root, r.ID), None)
	step("made owner", w.repos.SetOwner(t.Context(), root, r.ID, bob.ID), Admin)
	wants(t, w.repos.Give(t.Context(), root, "nothing", bob.ID, Read), ErrNoRepository)
	wants(t, w.repos.Give(t.Context(), root, r.ID, "nobody", Read), ErrNoUser)
	wants(t, w.repos.SetOwner(t.Context(), root, r.ID, "nobody"), ErrNoUser)
	wants(t, w.repos.Take(t.Context(), root, "nothing", bob.ID), ErrNoRepository)
}

func TestRepositoriesFollowRowsWhoeverWritesThem(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	r := w.repo(t, "Team/App", ada, true)
	ok(t, w.repos.Give(t.Context(), root, r.ID, bob.ID, Read))
	ok(t, w.db.Repositories().Rename(t.Context(), r.ID, "team/new", "team/new"))
	if got, _ := w.repos.ByPath("team/APP"); got.ID != r.ID || got.Path != "Team/new" || got.Is("team/app") || !got.Is("TEAM/New") {
		t.Errorf("the old path leads to %+v", got)
	}
	if got, _ := w.repos.ByPath("TEAM/new"); got.ID != r.ID || w.repos.Level(bob, got) != Read {
		t.Errorf("got %+v", got)
	}
	ok(t, w.repos.Archive(t.Context(), root, r.ID))
	if got, _ := w.repos.ByID(r.ID); !got.Archived {
		t.Error("not archived")
	}
	ok(t, w.repos.Unarchive(t.Context(), root, r.ID))
	if got := w.repos.Given(r.ID); len(got) != 1 || got[0] != (Permission{To: Subject{UserID: bob.ID}, Level: Read}) {
		t.Errorf("got %+v", got)
	}
	ok(t, w.users.Delete(t.Context(), root, bob.ID))
	if got := w.repos.Given(r.ID); len(got) != 0 {
		t.Errorf("got %+v of somebody who is gone", got)
	}
	ok(t, w.db.Repositories().Delete(t.Context(), r.ID))
	if _, found := w.repos.ByID(r.ID); found || len(w.repos.Readable(ada)) != 0 {
		t.Error("still there after it was deleted")
	}
}

func TestPathsThroughARenamedGroupLeadOn(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	app, lib := w.repo(t, "team/web/app", ada, true), w.repo(t, "team/web/lib", ada, true)
	team, _ := w.repos.Group("team")
	_, err := w.repos.RenameGroup(t.Context(), root, team.ID, "crew")
	ok(t, err)
	leads := func(path, id string) {
		t.Helper()
		if got, _ := w.repos.ByPath(path); got.ID != id {
			t.Errorf("%s leads to %+v, want %s", path, got, id)
		}
	}
	leads("team/web/app", app.ID)
	leads("crew/web/app", app.ID)
	other := w.repo(t, "team/web/app", ada, true) // takes one path, and makes new groups for it
	leads("team/web/app", other.ID)
	leads("team/web/lib", lib.ID)
	ok(t, w.db.Repositories().Trash(t.Context(), other.ID, time.Now()))
	leads("team/web/app", "")
	ok(t, w.db.Repositories().Delete(t.Context(), other.ID))
	leads("team/web/app", "")
	leads("team/web/lib", lib.ID)
	leads(strings.Repeat("team/", 60)+"x", "")
}

func TestReadableIsSortedAndOnlyWhatMayBeRead(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	w.repo(t, "z", ada, false)
	w.repo(t, "a", ada, true)
	given := w.repo(t, "m", ada, true)
	ok(t, w.repos.Give(t.Context(), root, given.ID, bob.ID, Read))
	for name, c := range map[string]struct {
		who  User
		want []string
	}{"guest": {User{}, []string{"z"}}, "bob": {bob, []string{"m", "z"}}, "ada": {ada, []string{"a", "m", "z"}}} {
		var got []string
		for _, r := range w.repos.Readable(c.who) {
			got = append(got, r.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestLevelsAndRulesAreReadByName(t *testing.T) {
	for _, l := range []Level{None, Read, Write, Admin} {
		for _, text := range []string{l.String(), "repository." + l.String(), "group." + l.String(), "usergroup." + l.String()} {
			if got, err := ParseLevel(text); err != nil || got != l {
				t.Errorf("%s: got %v, %v", text, got, err)
			}
		}
	}
	for _, text := range []string{"", "owner", "READ", "user.read", "group.", ".read", "group.group.read"} {
		if _, err := ParseLevel(text); err == nil {
			t.Errorf("took %q for a level", text)
		}
	}
	for text, want := range map[string]CreateRule{"": CreateOwn, "own": CreateOwn, "anyone": CreateAnyone, "admins": CreateAdmins} {
		if got, err := ParseCreateRule(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if _, err := ParseCreateRule("all"); err == nil {
		t.Error("took all for a rule")
	}
}

func TestAnUnknownLevelInTheDatabaseGivesNothing(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	r := w.repo(t, "app", ada, true)
	ok(t, w.db.Permissions().Set(t.Context(), db.Permission{RepositoryID: &r.ID, UserID: &bob.ID, Level: "owner"}))
	if got := w.repos.Level(bob, r); got != None {
		t.Fatalf("got %s", got)
	}
}

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"ada", "git", "GIT", "jet_x", "a@b", "ａｄａ", "\xff", "", "x-access-token"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, err := (&Users{}).checkName(text)
		if err == nil && (TokenName(clean) || strings.HasPrefix(strings.ToLower(clean), "jet_") || strings.Contains(clean, "/")) {
			t.Errorf("took %q for a user name", text)
		}
		if _, err := checkEmail(text); err == nil && text != "" && strings.Count(text, "@") != 1 {
			t.Errorf("took %q for an e-mail", text)
		}
		User{Name: "ada", Email: "a@b"}.Is(text)
	})
}

package db

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// peopled is a database with ada, bob and ada's repository app.
func peopled(t *testing.T) *DB {
	t.Helper()
	d := fresh(t)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	ok(t, d.Users().Insert(t.Context(), user("bob")))
	ok(t, d.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	return d
}

func TestUsersKeepNamesAndEmailsApart(t *testing.T) {
	d := peopled(t)
	wants(t, d.Users().Insert(t.Context(), User{ID: "x", Name: "ADA", FoldedName: "ada"}), ErrTaken)
	mail := "a@b.example"
	ok(t, d.Users().SetEmail(t.Context(), "u-ada", "A@b.example", &mail))
	wants(t, d.Users().SetEmail(t.Context(), "u-bob", "a@B.example", &mail), ErrTaken)
	ok(t, d.Users().SetEmail(t.Context(), "u-ada", "", nil))
	ok(t, d.Users().SetEmail(t.Context(), "u-bob", "a@B.example", &mail))
}

func TestUsersChangeOneThingAtATime(t *testing.T) {
	d := peopled(t)
	ok(t, d.Users().SetPassword(t.Context(), "u-ada", "$argon2id$", noon.Add(time.Hour)))
	ok(t, d.Users().SetAdmin(t.Context(), "u-ada", true))
	ok(t, d.Users().SetActive(t.Context(), "u-ada", false))
	got, err := d.Users().ByID(t.Context(), "u-ada")
	ok(t, err)
	want := user("ada")
	want.PasswordHash, want.Admin, want.Active = "$argon2id$", true, false
	want.CreatedAt, want.PasswordChangedAt = stamp(noon), stamp(noon.Add(time.Hour))
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	wants(t, d.Users().SetActive(t.Context(), "nobody", true), ErrNotFound)
	wants(t, d.Users().Delete(t.Context(), "nobody"), ErrNotFound)
}

func TestUsersWhoOwnStay(t *testing.T) {
	d := peopled(t)
	wants(t, d.Users().Delete(t.Context(), "u-ada"), ErrInUse)
	ok(t, d.Repositories().SetOwner(t.Context(), "r-app", "u-bob"))
	ok(t, d.Users().Delete(t.Context(), "u-ada"))
	wants(t, d.Repositories().SetOwner(t.Context(), "r-app", "u-ada"), ErrInUse)
}

func TestRepositoriesAreFoundAndChanged(t *testing.T) {
	d := peopled(t)
	s := d.Repositories()
	wants(t, s.Insert(t.Context(), Repository{ID: "x", Path: "APP", FoldedPath: "app", OwnerID: "u-ada"}), ErrTaken)
	wants(t, s.Insert(t.Context(), repository("lib", "nobody")), ErrInUse)
	ok(t, s.Insert(t.Context(), repository("lib", "u-bob")))
	wants(t, s.Rename(t.Context(), "r-lib", "App", "app"), ErrTaken)
	ok(t, s.Rename(t.Context(), "r-lib", "Team/Lib", "team/lib"))
	ok(t, s.SetPrivate(t.Context(), "r-lib", false))
	ok(t, s.SetArchived(t.Context(), "r-lib", true))
	ok(t, s.Describe(t.Context(), "r-lib", "a library"))
	got, err := s.ByFoldedPath(t.Context(), "team/lib")
	ok(t, err)
	want := Repository{ID: "r-lib", GroupID: got.GroupID, Name: "Lib", FoldedName: "lib", Path: "Team/Lib", FoldedPath: "team/lib", OwnerID: "u-bob", Archived: true,
		Description: "a library", CreatedAt: stamp(noon)}
	if got != want {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	list, err := s.List(t.Context())
	ok(t, err)
	owned, err := s.OwnedBy(t.Context(), "u-ada")
	ok(t, err)
	if len(list) != 2 || list[0].Path != "app" || len(owned) != 1 {
		t.Fatalf("got list %+v, owned %+v", list, owned)
	}
	wants(t, s.Rename(t.Context(), "nothing", "x", "x"), ErrNotFound)
	wants(t, s.Delete(t.Context(), "nothing"), ErrNotFound)
}

func TestPermissionsReplaceOneAnother(t *testing.T) {
	d := peopled(t)
	s := d.Permissions()
	app, bob, nobody := "r-app", "u-bob", "nobody"
	ok(t, s.Set(t.Context(), Permission{RepositoryID: &app, UserID: &bob, Level: "read", CreatedAt: noon}))
	ok(t, s.Set(t.Context(), Permission{RepositoryID: &app, UserID: &bob, Level: "write", CreatedAt: noon}))
	list, err := s.List(t.Context())
	ok(t, err)
	if len(list) != 1 || list[0].Level != "write" {
		t.Fatalf("got %+v", list)
	}
	wants(t, s.Set(t.Context(), Permission{RepositoryID: &app, UserID: &nobody, Level: "read"}), ErrInUse)
	ok(t, s.Delete(t.Context(), Permission{RepositoryID: &app, UserID: &bob}))
	wants(t, s.Delete(t.Context(), Permission{RepositoryID: &app, UserID: &bob}), ErrNotFound)
}

func TestRulesReplaceTheirRowAndGoWithTheirRepository(t *testing.T) {
	d := peopled(t)
	s := d.Rules()
	got := heard(d)
	_, err := s.Of(t.Context(), "r-app")
	wants(t, err, ErrNotFound)
	wants(t, s.Save(t.Context(), RepositoryRules{RepositoryID: "nothing", Rules: "{}"}), ErrInUse)
	ok(t, s.Save(t.Context(), RepositoryRules{RepositoryID: "r-app", Rules: "{}", ChangedAt: noon}))
	ok(t, s.Save(t.Context(), RepositoryRules{RepositoryID: "r-app", Rules: `{"deny_force":true}`, ChangedAt: noon}))
	row, err := s.Of(t.Context(), "r-app")
	ok(t, err)
	want := RepositoryRules{RepositoryID: "r-app", Rules: `{"deny_force":true}`, ChangedAt: stamp(noon)}
	if row != want || len(*got) != 2 || (*got)[1].Row != want {
		t.Fatalf("got %+v, told %+v", row, *got)
	}
	ok(t, d.Repositories().Delete(t.Context(), "r-app"))
	list, err := s.List(t.Context())
	ok(t, err)
	if len(list) != 0 {
		t.Fatalf("rules of a deleted repository are left: %+v", list)
	}
}

func TestALockGoesWithItsRepositoryAndItsPerson(t *testing.T) {
	d := peopled(t)
	s, got := d.Locks(), heard(d)
	ok(t, d.Repositories().Insert(t.Context(), repository("lib", "u-ada")))
	wants(t, s.Set(t.Context(), RepositoryLock{RepositoryID: "nothing", UserID: "u-ada"}), ErrInUse)
	wants(t, s.Set(t.Context(), RepositoryLock{RepositoryID: "r-app", UserID: "nobody"}), ErrInUse)
	ok(t, s.Set(t.Context(), RepositoryLock{RepositoryID: "r-app", UserID: "u-ada", Reason: "a", LockedAt: noon}))
	want := RepositoryLock{RepositoryID: "r-app", UserID: "u-bob", Reason: "b", LockedAt: stamp(noon)}
	ok(t, s.Set(t.Context(), want))
	list, err := s.List(t.Context())
	ok(t, err)
	if len(list) != 1 || list[0] != want || (*got)[len(*got)-1].Row != want {
		t.Fatalf("got %+v, told %+v", list, *got)
	}
	ok(t, s.Delete(t.Context(), "r-app"))
	if last := (*got)[len(*got)-1]; !last.Deleted || last.Row != want {
		t.Fatalf("told %+v", last)
	}
	wants(t, s.Delete(t.Context(), "r-app"), ErrNotFound)
	ok(t, s.Set(t.Context(), want))
	ok(t, s.Set(t.Context(), RepositoryLock{RepositoryID: "r-lib", UserID: "u-ada", LockedAt: noon}))
	ok(t, d.Users().Delete(t.Context(), "u-bob"))
	ok(t, d.Repositories().Delete(t.Context(), "r-lib"))
	if list, err = s.List(t.Context()); err != nil || len(list) != 0 {
		t.Fatalf("left are %+v, %v", list, err)
	}
}

func TestAForkOutlivesWhatItWasForkedFrom(t *testing.T) {
	d := peopled(t)
	s, app := d.Repositories(), "r-app"
	fork := repository("fork", "u-ada")
	fork.ForkOf = &app
	ok(t, s.Insert(t.Context(), fork))
	none := "nothing"
	wants(t, s.SetForkOf(t.Context(), "r-fork", &none), ErrInUse)
	forkOf := func() string {
		t.Helper()
		list, err := s.List(t.Context())
		ok(t, err)
		one, err := s.ByID(t.Context(), "r-fork")
		ok(t, err)
		for _, r := range list {
			if r.ID == "r-fork" && first(r.ForkOf) != first(one.ForkOf) {
				t.Fatalf("listed with %q, found with %q", first(r.ForkOf), first(one.ForkOf))
			}
		}
		return first(one.ForkOf)
	}
	if got := forkOf(); got != "r-app" {
		t.Fatalf("it is a fork of %q", got)
	}
	ok(t, s.Trash(t.Context(), "r-app", noon))
	if got := forkOf(); got != "r-app" {
		t.Fatalf("it is a fork of %q", got)
	}
	ok(t, s.Delete(t.Context(), "r-app"))
	if got := forkOf(); got != "" {
		t.Fatalf("it is a fork of %q, which is gone for good", got)
	}
}

func tokenRow(id string, repositories ...string) Token {
	return Token{ID: id, UserID: "u-ada", Hash: "hash-" + id, Kind: "vcs", Hint: "Ab12", Label: "laptop", Access: "read",
		Bound: len(repositories) > 0, Repositories: repositories, CreatedAt: noon}
}

func TestTokensComeBackWhole(t *testing.T) {
	d := peopled(t)
	end := noon.Add(time.Hour)
	row := tokenRow("t1", "r-app")
	row.ExpiresAt = &end
	ok(t, d.Tokens().Insert(t.Context(), row))
	ok(t, d.Tokens().Insert(t.Context(), tokenRow("t2")))
	wants(t, d.Tokens().Insert(t.Context(), Token{ID: "t3", Hash: "hash-t1", UserID: "u-ada"}), ErrTaken)
	wants(t, d.Tokens().Insert(t.Context(), tokenRow("t4", "no-repository")), ErrInUse)
	list, err := d.Tokens().List(t.Context())
	ok(t, err)
	if len(list) != 2 || !list[0].ExpiresAt.Equal(stamp(end)) || !reflect.DeepEqual(list[0].Repositories, []string{"r-app"}) {
		t.Fatalf("got %+v", list)
	}
}

func TestTokensStayBoundWhenTheirRepositoryGoes(t *testing.T) {
	d := peopled(t)
	ok(t, d.Tokens().Insert(t.Context(), tokenRow("t1", "r-app")))
	ok(t, d.Repositories().Delete(t.Context(), "r-app"))
	got, err := d.Tokens().ByID(t.Context(), "t1")
	ok(t, err)
	if !got.Bound || len(got.Repositories) != 0 {
		t.Fatalf("got %+v, want bound to nothing", got)
	}
}

func TestTokensAreRevokedOnce(t *testing.T) {
	d := peopled(t)
	ok(t, d.Tokens().Insert(t.Context(), tokenRow("t1", "r-app")))
	ok(t, d.Tokens().Insert(t.Context(), tokenRow("t2")))
	got := heard(d)
	for _, c := range []struct {
		by   string
		ids  []string
		want []string
	}{{"root", []string{"t1", "t9"}, []string{"t1"}}, {"bob", []string{"t1", "t2"}, []string{"t2"}}, {"bob", nil, nil}, {"bob", []string{"t2"}, nil}} {
		ended, err := d.Tokens().Revoke(t.Context(), c.by, noon, c.ids...)
		ok(t, err)
		if !slices.Equal(ended, c.want) {
			t.Errorf("%s revokes %v: got %v, want %v", c.by, c.ids, ended, c.want)
		}
	}
	row, err := d.Tokens().ByID(t.Context(), "t1")
	ok(t, err)
	if !row.RevokedAt.Equal(stamp(noon)) || row.RevokedBy != "root" || len(*got) != 2 || !reflect.DeepEqual((*got)[0].Row, row) {
		t.Fatalf("got %+v, told %+v", row, *got)
	}
	ok(t, d.Tokens().Delete(t.Context(), "t1"))
	_, err = d.Tokens().ByID(t.Context(), "t1")
	wants(t, err, ErrNotFound)
	wants(t, d.Tokens().Delete(t.Context(), "t1"), ErrNotFound)
}

func TestTokensCountTheirUses(t *testing.T) {
	d := peopled(t)
	ok(t, d.Tokens().Insert(t.Context(), tokenRow("t1")))
	use := TokenUse{ID: "t1", At: noon, From: "192.0.2.1", Door: "git", Times: 3}
	ok(t, d.Tokens().RecordUses(t.Context(), []TokenUse{use, {ID: "gone", At: noon, Times: 1}, use}))
	got, err := d.Tokens().ByID(t.Context(), "t1")
	ok(t, err)
	if got.Uses != 6 || got.LastUsedFrom != "192.0.2.1" || got.LastUsedDoor != "git" || !got.LastUsedAt.Equal(stamp(noon)) {
		t.Fatalf("got %+v", got)
	}
}

func TestAnSSHKeyBelongsToOnePersonOrOneRepository(t *testing.T) {
	d := peopled(t)
	ada, bob, nobody, app := "u-ada", "u-bob", "nobody", "r-app"
	key := SSHKey{ID: "k1", UserID: &ada, Label: "laptop", Public: "ssh-ed25519 AAAA", Fingerprint: "SHA256:x", CreatedAt: stamp(noon)}
	ok(t, d.SSHKeys().Insert(t.Context(), key))
	deploy := SSHKey{ID: "k3", RepositoryID: &app, Access: "read", Fingerprint: "SHA256:z", NoTouch: true, CreatedAt: stamp(noon)}
	ok(t, d.SSHKeys().Insert(t.Context(), deploy))
	for name, c := range map[string]struct {
		row  SSHKey
		want error
	}{
		"another's key":             {SSHKey{UserID: &bob, Fingerprint: "SHA256:x"}, ErrTaken},
		"a key for deploying":       {SSHKey{UserID: &bob, Fingerprint: "SHA256:z"}, ErrTaken},
		"a person's, for deploying": {SSHKey{RepositoryID: &app, Fingerprint: "SHA256:x"}, ErrTaken},
		"nobody's":                  {SSHKey{UserID: &nobody, Fingerprint: "SHA256:y"}, ErrInUse},
		"of no repository":          {SSHKey{RepositoryID: &nobody, Fingerprint: "SHA256:y"}, ErrInUse},
	} {
		c.row.ID = "k2"
		if err := d.SSHKeys().Insert(t.Context(), c.row); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for name, row := range map[string]SSHKey{"both": {UserID: &ada, RepositoryID: &app}, "neither": {}} {
		row.ID, row.Fingerprint = "k2", "SHA256:y"
		if err := d.SSHKeys().Insert(t.Context(), row); err == nil {
			t.Errorf("a key of %s was stored", name)
		}
	}
	list, err := d.SSHKeys().List(t.Context())
	ok(t, err)
	if !reflect.DeepEqual(list, []SSHKey{key, deploy}) {
		t.Fatalf("got %+v", list)
	}
	ok(t, d.SSHKeys().Delete(t.Context(), "k1"))
	wants(t, d.SSHKeys().Delete(t.Context(), "k1"), ErrNotFound)
	ok(t, d.Repositories().Delete(t.Context(), app))
	list, err = d.SSHKeys().List(t.Context())
	ok(t, err)
	if len(list) != 0 {
		t.Errorf("after its repository was deleted a key is left: %+v", list)
	}
}

// TestKeysOutliveTheMigrationThatBroughtDeployKeys begins with the tables as they were before.
func TestKeysOutliveTheMigrationThatBroughtDeployKeys(t *testing.T) {
	d := reopen(t, older(t, 9,
		"INSERT INTO users VALUES ('u-ada', 'ada', 'ada', '', NULL, '', '2026-11-24 12:00:00+00:00', TRUE, FALSE, '2026-11-24 12:00:00+00:00')",
		"INSERT INTO ssh_keys VALUES ('k', 'u-ada', 'laptop', 'ssh-ed25519 AAAA', 'SHA256:x', '2026-11-24 12:00:00+00:00')"))
	list, err := d.SSHKeys().List(t.Context())
	ok(t, err)
	if len(list) != 1 || *list[0].UserID != "u-ada" || list[0].RepositoryID != nil || list[0].Fingerprint != "SHA256:x" || list[0].CreatedAt.IsZero() {
		t.Fatalf("got %+v", list)
	}
}

func TestPluginsReplaceTheirRow(t *testing.T) {
	d := fresh(t)
	ok(t, d.Plugins().Save(t.Context(), Plugin{ID: "token", Enabled: true, Position: 2, Settings: "{}"}))
	ok(t, d.Plugins().Save(t.Context(), Plugin{ID: "password", Position: 1, Settings: `{"passes":3}`}))
	ok(t, d.Plugins().Save(t.Context(), Plugin{ID: "token", Enabled: false, Position: 0, Settings: "{}"}))
	got, err := d.Plugins().List(t.Context())
	ok(t, err)
	want := []Plugin{{ID: "token", Settings: "{}"}, {ID: "password", Position: 1, Settings: `{"passes":3}`}}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func TestDeletingSomebodyTakesWhatIsTheirs(t *testing.T) {
	d := peopled(t)
	row := tokenRow("t1", "r-app")
	row.UserID = "u-bob"
	ok(t, d.Tokens().Insert(t.Context(), row))
	ok(t, d.SSHKeys().Insert(t.Context(), SSHKey{ID: "k", UserID: &row.UserID, Fingerprint: "f"}))
	app, bob := "r-app", "u-bob"
	ok(t, d.Permissions().Set(t.Context(), Permission{RepositoryID: &app, UserID: &bob, Level: "read"}))
	ok(t, d.Users().Delete(t.Context(), "u-bob"))
	for _, table := range []string{"tokens", "token_repositories", "ssh_keys", "permissions"} {
		var n int64
		ok(t, d.read.Table(table).Count(&n).Error)
		if n != 0 {
			t.Errorf("%s: %d rows are left", table, n)
		}
	}
}

func TestAuditReadsInTheOrderOfWriting(t *testing.T) {
	d := fresh(t)
	ok(t, d.Audit().Append(t.Context()))
	var batch []AuditEntry
	for i := range 250 {
		batch = append(batch, AuditEntry{At: noon, Action: fmt.Sprint(i), Outcome: "done"})
	}
	ok(t, d.Audit().Append(t.Context(), batch...))
	first, err := d.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	rest, err := d.Audit().Since(t.Context(), first[99].ID, 1000)
	ok(t, err)
	for i, e := range append(first, rest...) {
		if e.Action != fmt.Sprint(i) {
			t.Fatalf("entry %d is %s", i, e.Action)
		}
	}
	if len(rest) != 150 {
		t.Fatalf("got %d entries after the first 100, want 150", len(rest))
	}
}

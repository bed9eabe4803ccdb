package ldap_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/signin/ldap"
	"jeton/auth/signin/ldap/ldaptest"
	"jeton/db"
	"jeton/db/dbtest"
)

var root = audit.Command("root")

// world is a registry with the password and ldap plug-ins over a database of its own.
type world struct {
	t        *testing.T
	db       *db.DB
	users    *access.Users
	registry *signin.Registry
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d := dbtest.New(t)
	w := &world{t: t, db: d}
	var err error
	hasher := signin.NewHasher()
	hasher.SetCost(signin.Cost{MemoryKiB: 8192, Passes: 1, Threads: 1})
	w.users, err = access.NewUsers(t.Context(), d, access.UserOptions{Hasher: hasher})
	ok(t, err)
	t.Cleanup(w.users.Close)
	w.registry, err = signin.NewRegistry(t.Context(), d, signin.Options{People: w.users, Log: slog.New(slog.DiscardHandler),
		Plugins: []signin.Plugin{signin.NewPassword(d, w.users, hasher, nil), ldap.New()}})
	ok(t, err)
	t.Cleanup(w.registry.Close)
	return w
}

// settings are those by which a directory is asked without remembering; more come on top.
func settings(s *ldaptest.Server, more ...string) signin.Settings {
	all := signin.Settings{"url": s.SecureURL, "ca_file": s.CAFile, "bind_dn": ldaptest.ServiceDN, "bind_password": ldaptest.ServicePassword,
		"base_dn": ldaptest.People, "remember_seconds": "0"}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// on sets and switches on.
func (w *world) on(s signin.Settings) {
	w.t.Helper()
	ok(w.t, w.registry.Set(w.t.Context(), root, "ldap", s))
	ok(w.t, w.registry.Enable(w.t.Context(), root, "ldap"))
}

func (w *world) signIn(user, secret string) (access.User, error) {
	got, err := w.registry.SignIn(context.Background(), signin.Attempt{User: user, Secret: secret})
	u, _ := w.users.ByID(got.UserID)
	return u, err
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func TestTheRightPasswordAloneSignsIn(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s))
	for name, c := range map[string]struct{ user, secret string }{
		"wrong":                   {"ada", "analytical engine"},
		"empty":                   {"ada", ""},
		"another person's":        {"ada", ldaptest.GracePassword},
		"the service's":           {"ada", ldaptest.ServicePassword},
		"with a NUL":              {"ada", ldaptest.AdaPassword + "\x00"},
		"unknown":                 {"charles", ldaptest.AdaPassword},
		"star":                    {"*", ldaptest.AdaPassword},
		"star at the end":         {"ad*", ldaptest.AdaPassword},
		"a filter":                {")(uid=*", ldaptest.AdaPassword},
		"a filter that ends ours": {"ada)(objectClass=*))(|(uid=ada", ldaptest.AdaPassword},
		"or":                      {"x)(|(uid=ada)", ldaptest.AdaPassword},
		"escaped":                 {`\61da`, ldaptest.AdaPassword},
		"a NUL in the name":       {"ada\x00", ldaptest.AdaPassword},
		"a DN":                    {ldaptest.DN("ada"), ldaptest.AdaPassword},
		"a place holder":          {"{login}", ldaptest.AdaPassword},
		"a book":                  {strings.Repeat("a", 1<<16), ldaptest.AdaPassword},
	} {
		if _, err := w.signIn(c.user, c.secret); !errors.Is(err, signin.ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", name, err)
		}
	}
	if n := len(w.users.List()); n != 0 {
		t.Fatalf("%d people were made by refused sign-ins", n)
	}
	for _, user := range []string{"ada", "ADA", "Ada"} {
		u, err := w.signIn(user, ldaptest.AdaPassword)
		if err != nil || u.Name != "ada" || u.Email != "ada@example.com" || u.Admin || u.HasPassword || !u.Active {
			t.Errorf("%s: got %+v, %v", user, u, err)
		}
	}
	if n := len(w.users.List()); n != 1 {
		t.Errorf("got %d people, want ada alone", n)
	}
}

func TestAnEmptyPasswordNeverReachesTheDirectory(t *testing.T) {
	s := ldaptest.Start(t)
	p := ldap.New()
	ok(t, p.Configure(complete(p, settings(s))))
	s.Stop() // whoever asked would fail
	a, err := p.SignIn(t.Context(), "ada", "")
	if err != nil || a.Verdict == signin.Accept {
		t.Errorf("got %+v, %v", a, err)
	}
}

// complete fills in the defaults, as the registry does.
func complete(p *ldap.Plugin, s signin.Settings) signin.Settings {
	all := signin.Settings{}
	for _, k := range p.Describe().Keys {
		if all[k.Name] = k.Default; s[k.Name] != "" {
			all[k.Name] = s[k.Name]
		}
	}
	return all
}

func TestSimultaneousFirstSignInsMakeOnePerson(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s))
	ids := make([]string, 6)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			u, err := w.signIn("grace", ldaptest.GracePassword)
			if err != nil {
				t.Errorf("got %v", err)
			}
			ids[i] = u.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("got different people: %v", ids)
		}
	}
}

func TestARequiredGroupShutsOthersOut(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s, "group", ldaptest.Group))
	_, err := w.signIn("ada", ldaptest.AdaPassword)
	ok(t, err)
	_, err = w.signIn("grace", ldaptest.GracePassword)
	wants(t, err, signin.ErrRefused)
	a, err := w.registry.Test(t.Context(), "ldap", "grace", "")
	if err != nil || a.Verdict != signin.Refuse || !strings.Contains(a.Reason, "group") {
		t.Errorf("got %+v, %v", a, err)
	}
	wants(t, w.registry.Set(t.Context(), root, "ldap", signin.Settings{"group": "cn=none," + ldaptest.Base}), signin.ErrUnfit)
}

func TestAPersonIsTheSameAfterARename(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s))
	before, err := w.signIn("ada", ldaptest.AdaPassword)
	ok(t, err)
	s.Rename(t, "ada", "lovelace")
	s.SetMail(t, "lovelace", "countess@example.com")
	after, err := w.signIn("lovelace", ldaptest.AdaPassword)
	if err != nil || after.ID != before.ID || after.Name != "ada" || after.Email != "countess@example.com" {
		t.Fatalf("got %+v, %v; was %+v", after, err, before)
	}
	// Whoever gets the old name in the directory is somebody else, and the name is taken here.
	s.Add(t, "ada", "other@example.com", "another ada")
	_, err = w.signIn("ada", "another ada")
	wants(t, err, signin.ErrRefused)
}

func TestNamesOfThisServersOwnPeopleAreNotTakenOver(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	ada, err := w.users.Create(t.Context(), root, access.NewUser{Name: "ada", Password: "correct horse"})
	ok(t, err)
	w.on(settings(s))
	_, err = w.signIn("ada", ldaptest.AdaPassword)
	wants(t, err, signin.ErrRefused)
	u, err := w.signIn("ada", "correct horse")
	if err != nil || u.ID != ada.ID {
		t.Fatalf("got %+v, %v", u, err)
	}
	// An administrator gives the account to the directory: its own password ends there.
	ok(t, w.registry.Link(t.Context(), root, "ldap", ada.ID, "ada"))
	_, err = w.signIn("ada", "correct horse")
	wants(t, err, signin.ErrRefused)
	u, err = w.signIn("ada", ldaptest.AdaPassword)
	if err != nil || u.ID != ada.ID {
		t.Fatalf("got %+v, %v", u, err)
	}
	ok(t, w.registry.Link(t.Context(), root, "password", ada.ID, "ada"))
	_, err = w.signIn("ada", "correct horse")
	ok(t, err)
	wants(t, w.registry.Link(t.Context(), root, "token", ada.ID, "ada"), signin.ErrNoPlugin)
}

func TestPeopleOfTheDirectoryAreNotSignedInByAPasswordHere(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s))
	u, err := w.signIn("ada", ldaptest.AdaPassword)
	ok(t, err)
	ok(t, w.users.SetPassword(t.Context(), root, u.ID, "correct horse"))
	_, err = w.signIn("ada", "correct horse")
	wants(t, err, signin.ErrRefused)
	if !w.registry.Open(u.ID) {
		t.Error("her connections are closed")
	}
	ok(t, w.registry.Disable(t.Context(), root, "ldap"))
	if w.registry.Open(u.ID) {
		t.Error("her connections outlive the switch")
	}
	_, err = w.signIn("ada", "correct horse")
	wants(t, err, signin.ErrRefused)
}

func TestAnEmailOfSomebodyElseStaysTheirs(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	_, err := w.users.Create(t.Context(), root, access.NewUser{Name: "bob", Email: "ada@example.com"})
	ok(t, err)
	w.on(settings(s))
	u, err := w.signIn("ada", ldaptest.AdaPassword)
	if err != nil || u.Email != "" {
		t.Fatalf("got %+v, %v", u, err)
	}
	s.SetMail(t, "ada", "countess@example.com")
	if u, err = w.signIn("ada", ldaptest.AdaPassword); err != nil || u.Email != "countess@example.com" {
		t.Fatalf("got %+v, %v", u, err)
	}
}

package ldap_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/signin"
	"jeton/auth/signin/ldap"
	"jeton/auth/signin/ldap/ldaptest"
)

// TestWhatCannotWorkIsSaidAtTheSwitch tries every kind of wrong setting against a running directory.
func TestWhatCannotWorkIsSaidAtTheSwitch(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	nobody := "ldap://" + ln.Addr().String()
	ok(t, ln.Close())
	secret := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(secret, []byte(ldaptest.ServicePassword+"\n"), 0o600))
	for name, c := range map[string]struct {
		set  []string
		want string // "" where it works
	}{
		"as it should be":      {nil, ""},
		"StartTLS":             {[]string{"url", s.URL}, ""},
		"no TLS, as was asked": {[]string{"url", s.URL, "starttls", "false", "ca_file", ""}, ""},
		"two servers":          {[]string{"url", s.URL + ", " + s.SecureURL}, ""},
		"password in a file":   {[]string{"bind_password", "", "bind_password_file", secret}, ""},
		"nobody there":         {[]string{"url", nobody}, "connection refused"},
		"one of two":           {[]string{"url", s.SecureURL + " " + nobody}, "connection refused"},
		"wrong authority":      {[]string{"ca_file", s.WrongCAFile}, "unknown authority"},
		"over StartTLS too":    {[]string{"url", s.URL, "ca_file", s.WrongCAFile}, "unknown authority"},
		"the system's":         {[]string{"ca_file", ""}, "unknown authority"},
		"another name":         {[]string{"url", strings.Replace(s.SecureURL, "127.0.0.1", "localhost", 1)}, "localhost"},
		"TLS on the plain one": {[]string{"url", strings.Replace(s.URL, "ldap:", "ldaps:", 1)}, "TLS"},
		"wrong bind password":  {[]string{"bind_password", "nonsense"}, "Invalid Credentials"},
		"wrong bind DN":        {[]string{"bind_dn", "cn=none," + ldaptest.Base}, "Invalid Credentials"},
		"anonymous":            {[]string{"bind_dn", "", "bind_password", ""}, "base_dn"},
		"no such base":         {[]string{"base_dn", "ou=none," + ldaptest.Base}, "ou=none"},
		"no such group":        {[]string{"group", "cn=none," + ldaptest.Base}, "cn=none"},
	} {
		err := try(w, settings(s, c.set...))
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, signin.ErrUnfit) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if err != nil && (w.registry.Enabled("ldap") || strings.Contains(err.Error(), ldaptest.ServicePassword)) {
			t.Errorf("%s: it is on, or the secret is told: %v", name, err)
		}
		ok(t, w.registry.Disable(t.Context(), root, "ldap"))
	}
}

// try sets all, with the defaults, and switches on.
func try(w *world, given signin.Settings) error {
	s := complete(ldap.New(), given)
	if err := w.registry.Set(context.Background(), root, "ldap", s); err != nil {
		return err
	}
	return w.registry.Enable(context.Background(), root, "ldap")
}

// TestSettingsThatNobodyCouldUseAreRefused needs no directory.
func TestSettingsThatNobodyCouldUseAreRefused(t *testing.T) {
	p := ldap.New()
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	ok(t, os.WriteFile(garbage, []byte("garbage"), 0o600))
	good := func(more ...string) signin.Settings {
		return complete(p, settings(&ldaptest.Server{SecureURL: "ldaps://127.0.0.1"}, more...))
	}
	ok(t, p.Check(good()))
	ok(t, p.Check(good("bind_dn", "service@example.com")))
	ok(t, p.Check(good("bind_dn", `EXAMPLE\service`)))
	for name, set := range map[string][]string{
		"a page":               {"url", "https://127.0.0.1"},
		"a path":               {"url", "ldap://127.0.0.1/dc=example"},
		"a password in it":     {"url", "ldap://cn:secret@127.0.0.1"},
		"no host":              {"url", "ldap://"},
		"many":                 {"url", strings.Repeat("ldap://h ", 9)},
		"no DN":                {"base_dn", "example"},
		"bind DN":              {"bind_dn", "service"},
		"no filter":            {"filter", "uid={login}"},
		"an open filter":       {"filter", "(uid={login}"},
		"for everybody":        {"filter", "(objectClass=person)"},
		"group filter":         {"group_filter", "member={dn}"},
		"attribute":            {"attr_name", "uid)(x"},
		"no authority":         {"ca_file", "/nonexistent"},
		"garbage":              {"ca_file", garbage},
		"no file":              {"bind_password_file", "/nonexistent"},
		"a DN and no password": {"bind_dn", "cn=x", "bind_password", "-"},
	} {
		s := good(set...)
		if s["bind_password"] == "-" {
			s["bind_password"] = ""
		}
		if err := p.Check(s); !errors.Is(err, signin.ErrBadSetting) {
			t.Errorf("%s: got %v, want ErrBadSetting", name, err)
		}
	}
	if err := p.Check(good("bind_password_file", garbage)); err == nil || strings.Contains(err.Error(), ldaptest.ServicePassword) {
		t.Errorf("two passwords: got %v", err)
	}
}

func TestTheSecondServerAnswersForTheFirst(t *testing.T) {
	first, second, w := ldaptest.Start(t), ldaptest.Start(t), newWorld(t)
	// Both authorities in one file, as where they belong to one company.
	both := filepath.Join(t.TempDir(), "both.pem")
	var all []byte
	for _, path := range []string{first.CAFile, second.CAFile} {
		text, err := os.ReadFile(path)
		ok(t, err)
		all = append(all, text...)
	}
	ok(t, os.WriteFile(both, all, 0o600))
	w.on(settings(first, "url", first.SecureURL+" "+second.SecureURL, "ca_file", both))
	first.Stop()
	_, err := w.signIn("ada", ldaptest.AdaPassword)
	ok(t, err)
	_, err = w.signIn("ada", "wrong")
	wants(t, err, signin.ErrRefused)
}

func TestOthersAreAskedWhileTheDirectoryIsDown(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s, "remember_seconds", "300"))
	_, err := w.users.Create(t.Context(), root, access.NewUser{Name: "bob", Password: "correct horse"})
	ok(t, err)
	_, err = w.signIn("ada", ldaptest.AdaPassword)
	ok(t, err)
	ok(t, w.registry.Order(t.Context(), root, []string{"ldap", "password"}))
	s.Stop()
	_, err = w.signIn("bob", "correct horse")
	ok(t, err)
	_, err = w.signIn("ada", ldaptest.AdaPassword) // remembered
	ok(t, err)
	for _, c := range [][2]string{{"ada", "wrong"}, {"grace", ldaptest.GracePassword}, {"bob", "wrong"}, {"nobody", "wrong"}} {
		_, err := w.signIn(c[0], c[1])
		if !errors.Is(err, signin.ErrUnavailable) || errors.Is(err, signin.ErrRefused) {
			t.Errorf("%s: got %v, want ErrUnavailable whoever it is", c[0], err)
		}
	}
	s.Run(t)
	_, err = w.signIn("grace", ldaptest.GracePassword)
	ok(t, err)
}

func TestSecretsAreShownNowhere(t *testing.T) {
	s, w := ldaptest.Start(t), newWorld(t)
	w.on(settings(s))
	info, err := w.registry.Get("auth_ldap")
	ok(t, err)
	list, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	shown := fmt.Sprintf("%+v %+v %+v", info, w.registry.List(), list)
	if strings.Contains(shown, ldaptest.ServicePassword) || !strings.Contains(shown, "bind_password=(set)") || info.Settings["bind_password"] != "(set)" {
		t.Errorf("got %s", shown)
	}
	// Setting another key keeps it.
	ok(t, w.registry.Set(t.Context(), root, "ldap", signin.Settings{"timeout_seconds": "4"}))
	_, err = w.signIn("ada", ldaptest.AdaPassword)
	ok(t, err)
}

func TestADirectoryThatSaysNothingEndsWithTheTimeout(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	defer ln.Close() //nolint:errcheck
	p := ldap.New()
	s := complete(p, settings(&ldaptest.Server{SecureURL: "ldaps://" + ln.Addr().String()}, "timeout_seconds", "1"))
	if err := p.Probe(t.Context(), s); err == nil || !strings.Contains(err.Error(), "TLS") && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	ok(t, p.Configure(s))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.SignIn(ctx, "ada", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
}

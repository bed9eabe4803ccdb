package ldap

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"jeton/auth/signin"
)

// FuzzFilter puts any name into the default filter: the result must be a filter of the same shape, whose one value is the
// name.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"ada", "*", ")(uid=*", `\2a`, "{login}", "ada\x00", "é", "\xff", "x)(|(uid=*))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, login string) {
		if login == "" {
			return
		}
		p, err := ldap.CompileFilter(fill("(&(objectClass=person)(uid={login}))", "login", login))
		if err != nil {
			t.Fatalf("%q makes no filter: %v", login, err)
		}
		if len(p.Children) != 2 || p.Children[1].Tag != ldap.FilterEqualityMatch {
			t.Fatalf("%q changes the filter's shape", login)
		}
		if got := p.Children[1].Children[1].Data.String(); got != login {
			t.Errorf("%q is asked for as %q", login, got)
		}
	})
}

// FuzzSettings reads any settings: what is taken has a server, a base and a filter that compiles for any name.
func FuzzSettings(f *testing.F) {
	f.Add("ldaps://127.0.0.1", "dc=example", "(uid={login})", "(member={dn})")
	f.Add("ldap://[::1]:389, ldap://x", "", "({login}=x)", "(&(member={dn})(x={name}))")
	f.Fuzz(func(t *testing.T, url, base, filter, group string) {
		c, err := read(signin.Settings{"url": url, "base_dn": base, "filter": filter, "group_filter": group, "attr_name": "uid",
			"attr_email": "mail", "attr_full_name": "cn", "attr_id": "dn", "max_connections": "1"})
		if err != nil {
			return
		}
		if len(c.servers) == 0 || c.base == "" || !strings.Contains(c.filter, "{login}") {
			t.Errorf("took %q, %q, %q", url, base, filter)
		}
		for _, s := range c.servers {
			if s.Hostname() == "" || s.User != nil {
				t.Errorf("took the server %q", s)
			}
		}
	})
}

func TestLastingNamesAreText(t *testing.T) {
	for given, want := range map[string]string{"6f9619ff-8b86-d011-b42d-00c04fc964ff": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
		"\xff\x19\x96\x6f": "ff19966f", "a\x00b": "610062", "": ""} {
		if got := lasting([]byte(given)); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

// TestNamesThatADirectoryReadsAsAnotherAreNotAskedAbout: one person has one name for whatever counts wrong passwords.
func TestNamesThatADirectoryReadsAsAnotherAreNotAskedAbout(t *testing.T) {
	for user, want := range map[string]bool{"ada": true, "ada lovelace": true, "ada@example.com": true, "Ädä": true, `EXAMPLE\ada`: true,
		"": false, " ada": false, "ada ": false, "ada  lovelace": false, "a\u00adda": false, "a\u200bda": false, "a\u034fda": false,
		"a\ufe0fda": false, "a\u1806da": false, "a\ufffcda": false, "ada\u00a0": false, "a\tda": false, "a\xffda": false} {
		if got := typed(user); got != want {
			t.Errorf("%q: got %v, want %v", user, got, want)
		}
	}
}

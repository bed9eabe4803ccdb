package headers

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"jeton/auth/signin"
)

func plugin(t *testing.T, s signin.Settings) *Plugin {
	t.Helper()
	p := New([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	all := signin.Settings{}
	for _, k := range p.Describe().Keys {
		if all[k.Name] = k.Default; s[k.Name] != "" {
			all[k.Name] = s[k.Name]
		}
	}
	if err := p.Configure(all); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOnlyATrustedProxysWordIsTaken(t *testing.T) {
	domain := signin.Settings{"strip_domain": "true"}
	mail := signin.Settings{"header_email": "X-Mail"}
	for name, c := range map[string]struct {
		set     signin.Settings
		peer    string
		git     bool
		headers []string
		want    signin.Verdict
		user    string
	}{
		"from a proxy":             {nil, "10.0.0.1", false, []string{"X-Forwarded-User", "ada"}, signin.Accept, "ada"},
		"as IPv4 in IPv6":          {nil, "::ffff:10.0.0.1", false, []string{"X-Forwarded-User", "ada"}, signin.Accept, "ada"},
		"from anybody":             {nil, "192.0.2.1", false, []string{"X-Forwarded-User", "ada"}, signin.NotMine, ""},
		"from nobody":              {nil, "", false, []string{"X-Forwarded-User", "ada"}, signin.NotMine, ""},
		"none":                     {nil, "10.0.0.1", false, nil, signin.NotMine, ""},
		"empty":                    {nil, "10.0.0.1", false, []string{"X-Forwarded-User", ""}, signin.NotMine, ""},
		"another header":           {nil, "10.0.0.1", false, []string{"X-Remote-User", "ada"}, signin.NotMine, ""},
		"twice":                    {nil, "10.0.0.1", false, []string{"X-Forwarded-User", "ada", "X-Forwarded-User", "root"}, signin.Refuse, ""},
		"twice, one empty":         {nil, "10.0.0.1", false, []string{"X-Forwarded-User", "", "X-Forwarded-User", "root"}, signin.Refuse, ""},
		"two in one":               {nil, "10.0.0.1", false, []string{"X-Forwarded-User", "ada, root"}, signin.Refuse, ""},
		"no text":                  {nil, "10.0.0.1", false, []string{"X-Forwarded-User", "\xff"}, signin.Refuse, ""},
		"a book":                   {nil, "10.0.0.1", false, []string{"X-Forwarded-User", strings.Repeat("a", 400)}, signin.Refuse, ""},
		"git":                      {nil, "10.0.0.1", true, []string{"X-Forwarded-User", "ada"}, signin.NotMine, ""},
		"git, where it may":        {signin.Settings{"git": "true"}, "10.0.0.1", true, []string{"X-Forwarded-User", "ada"}, signin.Accept, "ada"},
		"a Kerberos principal":     {domain, "10.0.0.1", false, []string{"X-Forwarded-User", "ada@EXAMPLE.COM"}, signin.Accept, "ada"},
		"Windows":                  {domain, "10.0.0.1", false, []string{"X-Forwarded-User", `EXAMPLE\ada`}, signin.Accept, "ada"},
		"a domain alone":           {domain, "10.0.0.1", false, []string{"X-Forwarded-User", "@EXAMPLE.COM"}, signin.Refuse, ""},
		"with an e-mail":           {mail, "10.0.0.1", false, []string{"X-Forwarded-User", "ada", "X-Mail", "ada@example.com"}, signin.Accept, "ada"},
		"with two":                 {mail, "10.0.0.1", false, []string{"X-Forwarded-User", "ada", "X-Mail", "a@b", "X-Mail", "c@d"}, signin.Refuse, ""},
		"an e-mail without a name": {mail, "10.0.0.1", false, []string{"X-Mail", "ada@example.com"}, signin.NotMine, ""},
	} {
		claim := signin.Claim{Header: http.Header{}, Git: c.git}
		if c.peer != "" {
			claim.Peer = netip.MustParseAddr(c.peer)
		}
		for i := 0; i < len(c.headers); i += 2 {
			claim.Header.Add(c.headers[i], c.headers[i+1])
		}
		a := plugin(t, c.set).Vouch(claim)
		if a.Verdict != c.want || a.Person.Name != c.user || (a.Verdict == signin.Accept) != (a.Person.Subject == "ada") {
			t.Errorf("%s: got %+v", name, a)
		}
		if _, has := c.set["header_email"]; has && a.Verdict == signin.Accept && a.Person.Email != "ada@example.com" {
			t.Errorf("%s: the e-mail is %q", name, a.Person.Email)
		}
	}
}

func TestWhatCannotWorkIsSaidAtTheSwitch(t *testing.T) {
	if err := New(nil).Probe(t.Context(), nil); err == nil {
		t.Error("it would work without a trusted proxy")
	}
	p := plugin(t, nil)
	if err := p.Probe(t.Context(), nil); err != nil {
		t.Error(err)
	}
	for _, header := range []string{"", "X_User", "X User", "Authorization", "cookie", "X-Forwarded-For", "host", "x\r\ny", strings.Repeat("x", 101)} {
		if err := p.Check(signin.Settings{"header": header}); !errors.Is(err, signin.ErrBadSetting) {
			t.Errorf("%q: got %v", header, err)
		}
	}
	if a, err := p.SignIn(t.Context(), "ada", "x"); err != nil || a.Verdict != signin.NotMine {
		t.Errorf("it judges passwords: %+v, %v", a, err)
	}
	if a := New(nil).Vouch(signin.Claim{}); a.Verdict != signin.NotMine {
		t.Errorf("it vouches before it is set up: %+v", a)
	}
}

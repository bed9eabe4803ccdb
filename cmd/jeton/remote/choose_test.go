package remote

import (
	"errors"
	"strings"
	"testing"
)

func TestWhichServerIsMeant(t *testing.T) {
	two := "[instance:a]\napi_host = https://a.example.com/git\napi_key = key-of-a\nca_file = /ca\nplain_http = true\n[instance:b]\napi_host = https://b.example.com\napi_key = key-of-b\n"
	one := "[instance:a]\napi_host = https://a.example.com/git\napi_key = key-of-a\n"
	for _, row := range []struct {
		name, file string
		wanted     Wanted
		want       Instance
		class      Class
		says       string
	}{
		{"the only one", one, Wanted{}, Instance{"a", "https://a.example.com/git", "key-of-a", "", false}, "", ""},
		{"by name", two, Wanted{Instance: "b"}, Instance{"b", "https://b.example.com", "key-of-b", "", false}, "", ""},
		{"by address", two, Wanted{Host: "https://B.example.com:443/_admin/api"}, Instance{"b", "https://b.example.com", "key-of-b", "", false}, "", ""},
		{"no file needed", "", Wanted{Host: "https://c.example.com/_admin", Key: "k"}, Instance{"", "https://c.example.com", "k", "", false}, "", ""},
		{"another token", two, Wanted{Instance: "a", Key: "k"}, Instance{"a", "https://a.example.com/git", "k", "/ca", true}, "", ""},
		{"more said", one, Wanted{CAFile: "/x", PlainHTTP: true}, Instance{"a", "https://a.example.com/git", "key-of-a", "/x", true}, "", ""},
		{"another address and token: nothing else is taken over", two, Wanted{Instance: "a", Host: "http://evil.example.com", Key: "k"},
			Instance{"a", "http://evil.example.com", "k", "", false}, "", ""},
		{"a kept token goes to no other address", two, Wanted{Instance: "a", Host: "https://evil.example.com"}, Instance{}, Refused, "is for https://a.example.com"},
		{"nor to another port", two, Wanted{Instance: "b", Host: "https://b.example.com:8443"}, Instance{}, Refused, "not sent to"},
		{"nor to another scheme", one, Wanted{Instance: "a", Host: "http://a.example.com/git"}, Instance{}, Refused, "not sent to"},
		{"an address without a token", one, Wanted{Host: "https://evil.example.com"}, Instance{}, Invalid, "no token is known"},
		{"which?", two, Wanted{}, Instance{}, Invalid, "--instance-name a or b"},
		{"none of that name", two, Wanted{Instance: "c"}, Instance{}, NotFound, "it has a, b"},
		{"none at all", "", Wanted{}, Instance{}, Invalid, "--save-config"},
		{"no address", "[instance:a]\napi_host = code\napi_key = k\n", Wanted{}, Instance{}, Invalid, "https://"},
		{"no token", "[instance:a]\napi_host = https://h\n", Wanted{}, Instance{}, Invalid, "JETON_API_KEY"},
		{"a user name in the address", "", Wanted{Host: "https://u:p@h", Key: "k"}, Instance{}, Invalid, "no user name"},
	} {
		got, err := row.wanted.Choose(fileOf(t, row.file))
		var e *Error
		if errors.As(err, &e); err == nil != (row.class == "") || err != nil && (e == nil || e.Class != row.class || !strings.Contains(e.Message, row.says)) {
			t.Errorf("%s: %v, want %s with %q", row.name, err, row.class, row.says)
		}
		if err == nil && got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
		}
		if err != nil && strings.Contains(err.Error(), "key-of") {
			t.Errorf("%s: the error tells a token", row.name)
		}
	}
}

func TestEnvironmentFillsIn(t *testing.T) {
	for _, row := range []struct {
		name    string
		env     map[string]string
		wanted  Wanted
		keeping bool
		want    Wanted
	}{
		{"both", map[string]string{"JETON_API_HOST": "https://a", "JETON_API_KEY": "k"}, Wanted{}, false, Wanted{Host: "https://a", Key: "k"}},
		{"a server that was named is used as it is kept", map[string]string{"JETON_API_HOST": "https://a", "JETON_API_KEY": "k"}, Wanted{Instance: "x"}, false, Wanted{Instance: "x"}},
		{"but is kept with it", map[string]string{"JETON_API_HOST": "https://a", "JETON_API_KEY": "k"}, Wanted{Instance: "x"}, true, Wanted{Instance: "x", Host: "https://a", Key: "k"}},
		{"a token alone", map[string]string{"JETON_API_KEY": "k"}, Wanted{Host: "https://b"}, false, Wanted{Host: "https://b", Key: "k"}},
		{"a token for another address", map[string]string{"JETON_API_HOST": "https://a", "JETON_API_KEY": "k"}, Wanted{Host: "https://b"}, false, Wanted{Host: "https://b"}},
		{"the same address in other words", map[string]string{"JETON_API_HOST": "https://A/", "JETON_API_KEY": "k"}, Wanted{Host: "https://a:443"}, false, Wanted{Host: "https://a:443", Key: "k"}},
		{"what was said comes first", map[string]string{"JETON_API_HOST": "https://a", "JETON_API_KEY": "k"}, Wanted{Host: "https://a", Key: "x"}, false, Wanted{Host: "https://a", Key: "x"}},
	} {
		got := row.wanted
		got.Environment(func(name string) string { return row.env[name] }, row.keeping)
		if got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
		}
	}
}

func TestKeepingTakesNameAddressAndToken(t *testing.T) {
	if got, err := (Wanted{Instance: "a", Host: "https://H/_admin/api/", Key: "k", CAFile: "/ca"}).Kept(); err != nil || got != (Instance{"a", "https://h", "k", "/ca", false}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, w := range []Wanted{{}, {Instance: "a", Host: "https://h"}, {Host: "https://h", Key: "k"}, {Instance: "a", Key: "k"}, {Instance: "a", Host: "h", Key: "k"}} {
		if _, err := w.Kept(); err == nil {
			t.Errorf("kept %+v", w)
		}
	}
}

package remote

import (
	"errors"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		text, masked, hostPort string
		err                    error
	}{
		{"https://code.example/team/app.git", "https://code.example/team/app.git", "code.example:443", nil},
		{" HTTPS://code.example/x ", "https://code.example/x", "code.example:443", nil},
		{"http://ada:secret@code.example:8080/x", "http://ada:*****@code.example:8080/x", "code.example:8080", nil},
		{"https://ada:@code.example/x", "https://ada:*****@code.example/x", "code.example:443", nil},
		{"https://secret@code.example/x", "https://*****@code.example/x", "code.example:443", nil},
		{"https://ada:s%40cret%2F@code.example/a%20b", "https://ada:*****@code.example/a%20b", "code.example:443", nil},
		{"ssh://git@code.example/x", "ssh://git@code.example/x", "code.example:22", nil},
		{"ssh://git:secret@code.example:2222/~ada/x", "ssh://git:*****@code.example:2222/~ada/x", "code.example:2222", nil},
		{"git://code.example/x", "git://code.example/x", "code.example:9418", nil},
		{"git://[::1]:1/x", "git://[::1]:1/x", "[::1]:1", nil},

		{"", "", "", errScheme},
		{"/srv/git/x.git", "", "", errScheme},
		{"../x", "", "", errScheme},
		{"file:///etc/passwd", "", "", errScheme},
		{"ext::sh -c id", "", "", errScheme},
		{"ext::https://x/y", "", "", errScheme},
		{"git@code.example:x", "", "", errScheme},
		{"code.example:x", "", "", errScheme},
		{"ftp://code.example/x", "", "", errScheme},
		{"git+ssh://code.example/x", "", "", errScheme},
		{"--upload-pack=id", "", "", errScheme},
		{"https:/code.example/x", "", "", errScheme},
		{"https:///x", "", "", errForm},
		{"https://:443/x", "", "", errForm},
		{"https://code.example:0/x", "", "", errForm},
		{"https://code.example:65536/x", "", "", errForm},
		{"https://code.example:/x", "", "", errForm},
		{"https://code.example:443x/x", "", "", errForm},
		{"ssh://git@-oProxyCommand=id/x", "", "", errForm},
		{"https://fe80::1%25lo/x", "", "", errForm},
		{"https://[fe80::1%25lo]/x", "", "", errForm},
		{"https://code.example", "", "", errPath},
		{"https://code.example//", "", "", errPath},
		{"https://code.example/x?token=secret", "", "", errQuery},
		{"https://code.example/x?", "", "", errQuery},
		{"https://code.example/x#y", "", "", errQuery},
		{"https://code.example/x%0ay", "", "", errControl},
		{"git://code.example/x%00host=y", "", "", errControl},
		{"https://a%0d:b@code.example/x", "", "", errControl},
		{"https://a:b%00@code.example/x", "", "", errControl},
		{"git://ada@code.example/x", "", "", errSignIn},
		{"git://ada:secret@code.example/x", "", "", errSignIn},
		{"ssh://code.example/x", "", "", errNobody},
		{"https://code.example/" + strings.Repeat("x", maxAddress), "", "", errLong},
	} {
		a, err := Parse(c.text)
		if !errors.Is(err, c.err) {
			t.Errorf("%.60q: %v, want %v", c.text, err, c.err)
			continue
		}
		if err != nil {
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: the error tells it: %v", c.text, err)
			}
			continue
		}
		if a.Masked() != c.masked || a.HostPort() != c.hostPort {
			t.Errorf("%q is shown as %q, dialled as %q, want %q, %q", c.text, a.Masked(), a.HostPort(), c.masked, c.hostPort)
		}
		again, err := Parse(a.String())
		if err != nil || again.String() != a.String() {
			t.Errorf("%q comes back as %q, %v", a.String(), again.String(), err)
		}
	}
	if !(Address{}).IsZero() {
		t.Error("nowhere is somewhere")
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"https://ada:secret@code.example/x", "ssh://git@h/x", "git://[::1]:1/x", "https://a%40:b@h/%2e%2e", "http://%41:x@h/y", "file:///x", "https://u:p@h@i/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(a.String())
		if err != nil || again.HostPort() != a.HostPort() || again.Masked() != a.Masked() {
			t.Fatalf("%q is read as %q, that as %q: %v", text, a.String(), again.String(), err)
		}
		if _, password := a.signIn(); len(password) > 5 && strings.Contains(a.Masked(), password) && !strings.Contains(a.u.Host+a.u.Path+a.u.User.Username(), password) {
			t.Fatalf("%q is shown as %q", text, a.Masked())
		}
		if strings.ContainsFunc(hello(a)[4:], func(r rune) bool { return r < ' ' && r != 0 }) || strings.Count(hello(a), "\x00") != 2 {
			t.Fatalf("%q: git:// is told %q", text, hello(a))
		}
	})
}

func TestPathsAreOneWordOfAShell(t *testing.T) {
	for path, want := range map[string]string{
		"/srv/x": "'/srv/x'", "/~ada/x": "'~ada/x'", "/a'; id; '": `'/a'\''; id; '\'''`, "/a!b": `'/a'\!'b'`, "/$(id)`id`": "'/$(id)`id`'",
	} {
		if got := quoted(path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}

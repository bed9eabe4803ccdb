package mask

import "testing"

func TestSecretsAreMasked(t *testing.T) {
	for _, row := range []struct{ name, in, tokens, passwords string }{
		{"a token", "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM", "jet_vcs_0123…", "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"},
		{"one that was cut, in capitals", "a JET_WEB_Ab12c b", "a JET_WEB_Ab12… b", "a JET_WEB_Ab12c b"},
		{"a hint", "jet_vcs_0123…", "jet_vcs_0123…", "jet_vcs_0123…"},
		{"no kind of token", "jet_git_0123456789", "jet_git_0123456789", "jet_git_0123456789"},
		{"a password in an address", "https://ada:s3cret@host/a https://:x@h", "https://ada:s3cret@host/a https://:x@h", "https://ada:…@host/a https://:…@h"},
		{"an address without one", "https://ada@host:80/a:b@c", "https://ada@host:80/a:b@c", "https://ada@host:80/a:b@c"},
	} {
		if got := Tokens(row.in); got != row.tokens {
			t.Errorf("%s: Tokens(%q) is %q, want %q", row.name, row.in, got, row.tokens)
		}
		if got := Passwords(row.in); got != row.passwords {
			t.Errorf("%s: Passwords(%q) is %q, want %q", row.name, row.in, got, row.passwords)
		}
	}
}

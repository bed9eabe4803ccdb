package rules

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// forgivable stands for what fsck knows.
func forgivable(id string) error {
	if id == "zeroPaddedFilemode" || id == "missingEmail" {
		return nil
	}
	return errors.New("no such message: " + id)
}

func TestCheckTakesWhatMakesSense(t *testing.T) {
	r := Rules{
		Hidden:  []string{"refs/pull", "refs/pull/", "!refs/pull/1", "^refs/internal", "!^refs/internal/open", "refs"},
		Bundles: []Bundle{{"base", "https://cdn.example.com/base.bundle?x=1"}, {"week-47", "http://127.0.0.1:8000/w"}},
		Branches: []Branch{{Pattern: "refs/heads/main", Who: []string{"u1", "u2"}}, {Pattern: "refs/heads/release/*"},
			{Pattern: "refs/tags/**"}, {Pattern: "refs/heads/v?.?"}, {Pattern: "refs/**"}},
		Exempt: []string{"zeroPaddedFilemode", "missingEmail"},
	}
	if err := r.Check(forgivable); err != nil {
		t.Error(err)
	}
	if err := (&Rules{}).Check(forgivable); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	long := strings.Repeat("x", 2100)
	for _, row := range []struct {
		name, words string
		r           Rules
	}{
		{"no prefix of refs", "full ref name", Rules{Hidden: []string{"heads/main"}}},
		{"an empty pattern", "full ref name", Rules{Hidden: []string{""}}},
		{"an exclamation mark alone", "full ref name", Rules{Hidden: []string{"!"}}},
		{"a wildcard", "wildcard", Rules{Hidden: []string{"refs/pull/*"}}},
		{"a line end", "full ref name", Rules{Hidden: []string{"refs/pull\n"}}},
		{"two dots", "full ref name", Rules{Hidden: []string{"refs/../x"}}},
		{"a long pattern", "at most 1024", Rules{Hidden: []string{"refs/" + long}}},
		{"too many patterns", "at most 500", Rules{Hidden: make([]string, 501)}},
		{"a short branch", "full ref names", Rules{Branches: []Branch{{Pattern: "main"}}}},
		{"an empty branch", "full ref names", Rules{Branches: []Branch{{}}}},
		{"a space in a branch", "full ref names", Rules{Branches: []Branch{{Pattern: "refs/heads/a b"}}}},
		{"a bracket in a branch", "full ref names", Rules{Branches: []Branch{{Pattern: "refs/heads/[ab]"}}}},
		{"a long branch", "at most 1024", Rules{Branches: []Branch{{Pattern: "refs/" + long}}}},
		{"the server's own", "server's own", Rules{Branches: []Branch{{Pattern: "refs/jeton/**"}}}},
		{"one branch twice", "twice", Rules{Branches: []Branch{{Pattern: "refs/heads/a"}, {Pattern: "refs/heads/b"}, {Pattern: "refs/heads/a"}}}},
		{"somebody without an id", "without an id", Rules{Branches: []Branch{{Pattern: "refs/heads/a", Who: []string{""}}}}},
		{"too many people", "at most 500", Rules{Branches: []Branch{{Pattern: "refs/heads/a", Who: make([]string, 501)}}}},
		{"a bundle without a name", "1 to 100", Rules{Bundles: []Bundle{{"", "https://example.com/b"}}}},
		{"a bundle with a dot", "no name of a bundle", Rules{Bundles: []Bundle{{"a.b", "https://example.com/b"}}}},
		{"one bundle twice", "two bundles", Rules{Bundles: []Bundle{{"a", "https://example.com/b"}, {"a", "https://example.com/c"}}}},
		{"a file", "no address", Rules{Bundles: []Bundle{{"a", "file:///etc/passwd"}}}},
		{"ftp", "no address", Rules{Bundles: []Bundle{{"a", "ftp://example.com/b"}}}},
		{"no host", "no address", Rules{Bundles: []Bundle{{"a", "https:///b"}}}},
		{"a relative address", "no address", Rules{Bundles: []Bundle{{"a", "/b"}}}},
		{"a line end in an address", "no address", Rules{Bundles: []Bundle{{"a", "https://example.com/b\nc"}}}},
		{"a space in an address", "no address", Rules{Bundles: []Bundle{{"a", "https://example.com/b c"}}}},
		{"a password", "user or a password", Rules{Bundles: []Bundle{{"a", "https://ada:secret@example.com/b"}}}},
		{"a long address", "at most 2048", Rules{Bundles: []Bundle{{"a", "https://example.com/" + long}}}},
		{"secrets perhaps", "off, warn or refuse", Rules{Secrets: "perhaps"}},
		{"an unknown message", "no such message: hasDotgit", Rules{Exempt: []string{"hasDotgit"}}},
	} {
		err := row.r.Check(forgivable)
		if !errors.Is(err, ErrBad) || !strings.Contains(err.Error(), row.words) {
			t.Errorf("%s: got %v, want the words %q", row.name, err, row.words)
		}
		if err != nil && strings.Contains(err.Error(), "ada:secret") {
			t.Errorf("%s: a password is told: %v", row.name, err)
		}
	}
}

func FuzzCheckNeverPanics(f *testing.F) {
	f.Add("refs/pull", "refs/heads/*", "base", "https://example.com/b")
	f.Add("!^refs/", "**", "", "http://[::1]:x/%zz")
	f.Fuzz(func(t *testing.T, hidden, branch, id, uri string) {
		r := Rules{Hidden: []string{hidden}, Branches: []Branch{{Pattern: branch}}, Bundles: []Bundle{{id, uri}}}
		if r.Check(forgivable) == nil && strings.ContainsAny(hidden+branch+id+uri, "\x00\n\r \x7f") {
			t.Errorf("%q has a character that ends a line or a word", []string{hidden, branch, id, uri})
		}
	})
}

func TestOverPutsARepositorysRulesOverTheServers(t *testing.T) {
	server := Rules{Hidden: []string{"refs/pull"}, DenyForce: true, Exempt: []string{"missingEmail"}}
	own := Rules{Hidden: []string{"!refs/pull/1"}, DenyDeletes: true, AdvertisedOnly: true, Exempt: []string{"zeroPaddedFilemode"},
		Bundles: []Bundle{{"a", "https://example.com/a"}}, Branches: []Branch{{Pattern: "refs/heads/main"}}}
	got := own.Over(server)
	want := own
	want.Hidden = []string{"refs/pull", "!refs/pull/1"}
	want.DenyForce = true
	want.Exempt = []string{"missingEmail", "zeroPaddedFilemode"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Hides("refs/pull/1/head") || !got.Hides("refs/pull/2/head") {
		t.Error("the repository's own pattern does not win over the server's")
	}
	for _, row := range [][3]Secrets{{"", "", ""}, {"", SecretsRefuse, SecretsRefuse}, {SecretsOff, SecretsRefuse, SecretsOff}, {SecretsWarn, SecretsOff, SecretsWarn}} {
		if got := (Rules{Secrets: row[0]}).Over(Rules{Secrets: row[1]}); got.Secrets != row[2] {
			t.Errorf("%q over %q is %q", row[0], row[1], got.Secrets)
		}
	}
	if got := (Rules{}).Over(Rules{NoSkip: true}); !got.NoSkip {
		t.Error("a repository takes back what the server forbids")
	}
	if got := (Rules{NoArchives: true}).Over(Rules{}); !got.NoArchives {
		t.Error("downloads that a repository has switched off are on")
	}
	if got := (Rules{}).Over(server); got.AdvertisedOnly || got.DenyDeletes || !got.DenyForce {
		t.Errorf("nothing laid down over the server's rules is %+v", got)
	}
	if got := own.Over(Rules{}); !got.AdvertisedOnly || !got.DenyDeletes || got.DenyForce {
		t.Errorf("rules over nothing are %+v", got)
	}
}

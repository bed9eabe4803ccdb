package name

import (
	"os/exec"
	"strings"
	"testing"
)

func TestRepositoryPaths(t *testing.T) {
	for _, ok := range []string{"app", "team/app", "a/b/c/d/e/f/g/h/i/j", "A.b-c_9", "infos/app", strings.Repeat("x", 100)} {
		if got, err := Repository(ok); err != nil || got != ok {
			t.Errorf("Repository(%q) = %q, %v; want it accepted as it is", ok, got, err)
		}
	}
	for bad, rule := range map[string]string{
		"": "empty", "a//b": "empty", "/a": "empty", "a/": "empty",
		".a": "dot", "a.": "dot", "a/..": "dot", "a..b": "two dots", "-a": "dash",
		"app.git": ".git", "APP.GIT": ".git", "a.lock/b": ".lock",
		"a b": "allowed", "a\x00b": "allowed", "ä": "allowed", "a:b": "allowed", "a%2fb": "allowed", "ａ": "allowed",
		"team/info": "addresses", "team/INFO": "addresses", "_admin": "addresses", "changeset-diff": "addresses", "head": "addresses", "HEAD/x": "addresses",
		strings.Repeat("x", 101): "long", strings.Repeat("abcdefghi/", 26): "long", strings.Repeat("a/", 10) + "a": "parts",
	} {
		if _, err := Repository(bad); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("Repository(%q): got error %v, want one about %q", bad, err, rule)
		}
	}
}

func TestUserNames(t *testing.T) {
	if _, err := User("ada"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"git", "Git", "token", "oauth2", "x-access-token", "x-token-auth", "gitlab-ci-token", "a/b", "", "_admin", "archive"} {
		if _, err := User(bad); err == nil {
			t.Errorf("User(%q) was accepted", bad)
		}
	}
}

func TestCutAtTheLeftmostReservedWord(t *testing.T) {
	for path, want := range map[string][2]string{
		"app/info/refs":              {"app", "info/refs"},
		"team/app.git/info/refs":     {"team/app.git", "info/refs"},
		"team/app":                   {"team/app", ""},
		"team/app/":                  {"team/app/", ""},
		"team/archive/raw/x":         {"team", "archive/raw/x"},
		"_admin/api":                 {"", "_admin/api"},
		"team/app/HEAD":              {"team/app", "HEAD"},
		"team/app/changeset-diff/ab": {"team/app", "changeset-diff/ab"},
		"":                           {"", ""},
	} {
		if repo, rest := Cut(path); repo != want[0] || rest != want[1] {
			t.Errorf("Cut(%q) = %q, %q; want %q", path, repo, rest, want)
		}
	}
}

func TestNoAcceptedPathIsCut(t *testing.T) {
	for _, path := range []string{"team/app", "infos/heads", "x.archive/y"} {
		if _, err := Repository(path); err != nil {
			t.Fatal(err)
		}
		if repo, rest := Cut(path); repo != path || rest != "" {
			t.Errorf("Cut(%q) = %q, %q: router and validator disagree", path, repo, rest)
		}
	}
}

func TestFold(t *testing.T) {
	for _, pair := range [][2]string{{"App", "aPP"}, {"straße", "STRASSE"}, {"ﬁle", "FILE"}, {"Å", "å"}} {
		if Fold(pair[0]) != Fold(pair[1]) {
			t.Errorf("%q and %q fold to %q and %q", pair[0], pair[1], Fold(pair[0]), Fold(pair[1]))
		}
	}
}

func TestRefAgreesWithGit(t *testing.T) {
	for _, ref := range []string{"refs/heads/main", "refs/heads/a/b", "refs/heads/", "refs", "refs/heads/a..b", "refs/heads/.a", "refs/heads/a.", "refs/heads/a.lock",
		"refs/heads/a b", "refs/heads/a~", "refs/heads/a^", "refs/heads/a:", "refs/heads/a?", "refs/heads/a*", "refs/heads/[a", `refs/heads/a\b`, "refs/heads/a@{b", "refs/heads/@",
		"refs//heads", "/refs/heads/a", "refs/heads/a.lock/b", "refs/heads/ä", "refs/heads/a\x7f", "refs/heads/-a", "refs/heads/a..", "refs/heads/.", "refs/heads/a/.b", "refs/heads/\x1b[1m"} {
		want := exec.Command("git", "check-ref-format", ref).Run() == nil
		if got := Ref(ref); got != want {
			t.Errorf("Ref(%q) = %v, git says %v", ref, got, want)
		}
	}
}

func FuzzRepository(f *testing.F) {
	for _, s := range []string{"team/app", "a..b", "HEAD", "ﬁ", "a/_b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := Repository(s); err == nil {
			if repo, rest := Cut(got); repo != got || rest != "" {
				t.Errorf("accepted %q is cut into %q and %q", got, repo, rest)
			}
		}
	})
}

func FuzzRef(f *testing.F) {
	f.Add("refs/heads/main")
	f.Fuzz(func(t *testing.T, s string) {
		if Ref(s) && (strings.Contains(s, "..") || strings.ContainsAny(s, "\x00\n ~^:")) {
			t.Errorf("%q was accepted", s)
		}
	})
}

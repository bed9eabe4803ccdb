package name

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOtherScriptsAreAllowedWhereTheSettingSaysSo(t *testing.T) {
	rules := Rules{Scripts: true}
	for _, ok := range []string{"app", "straße", "проект-1", "проект-v2", "プロジェクト漢字かな", "프로젝트", "漢字", "日本/проект", "é", "e\u0301t\u0301", "مشروع٣"} {
		if got, err := rules.Repository(ok); err != nil || got != ok {
			t.Errorf("Repository(%q) = %q, %v; want it accepted as it is", ok, got, err)
		}
		if !ascii(ok) {
			if _, err := Repository(ok); err == nil {
				t.Errorf("Repository(%q) was accepted without the setting", ok)
			}
		}
	}
	for bad, rule := range map[string]string{
		"аpple" + "α":           "several scripts", // Cyrillic and Greek
		"漢字проект":              "several scripts",
		"한글ひら":                  "several scripts",
		"\u0301a":               "mark",
		"a\u200db":              "allowed", // zero width joiner
		"a\u202eb":              "allowed", // right-to-left override
		"a\ufe0f":               "allowed", // variation selector
		"a\u3164b":              "allowed", // Hangul filler, a letter that shows nothing
		"a b":                   "allowed",
		"a\u2024git":            ".git",
		"a\u2024b":              "allowed", // one dot leader
		"x.ｇｉｔ":                 ".git",
		"x.loc\u212a":           ".git", // Kelvin sign folds to k
		"ｉｎｆｏ":                  "addresses",
		"ﬁles":                  "addresses",
		"\xff":                  "UTF-8",
		strings.Repeat("ж", 51): "long",
	} {
		if _, err := rules.Repository(bad); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("Repository(%q): got error %v, want one about %q", bad, err, rule)
		}
	}
	for _, bad := range []string{"ｇｉｔ", "ｔｏｋｅｎ", "_админ"} {
		if _, err := rules.User(bad); err == nil {
			t.Errorf("User(%q) was accepted", bad)
		}
	}
}

func ascii(s string) bool { return len(s) == utf8.RuneCountInString(s) }

func FuzzFold(f *testing.F) {
	for _, s := range []string{"App", "ﬁ", "ß", "İ", "ΐ", "\u1fb3", "\u0345a", "ᾼ", "\xff", "ｇｉｔ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if utf8.ValidString(s) && Fold(once) != once {
			t.Errorf("%+q folds to %+q, and that to %+q", s, once, Fold(once))
		}
		if strings.ToUpper(s) == s && ascii(s) && Fold(strings.ToLower(s)) != once {
			t.Errorf("%q and its lower case fold to different forms", s)
		}
	})
}

func FuzzRules(f *testing.F) {
	for _, s := range []string{"team/app", "проект", "漢字/かな", "a\u0301", "x.ｇｉｔ", "ｉｎｆｏ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := (Rules{Scripts: true}).Repository(s); err == nil {
			if repo, rest := Cut(got); repo != got || rest != "" {
				t.Errorf("accepted %q is cut into %q and %q", got, repo, rest)
			}
			if repo, rest := Cut(Fold(got)); repo != Fold(got) || rest != "" || strings.Count(Fold(got), "/") != strings.Count(got, "/") {
				t.Errorf("the folded form of %q is cut into %q and %q", got, repo, rest)
			}
		}
		if got, err := Repository(s); err == nil {
			if _, err := (Rules{Scripts: true}).Repository(got); err != nil {
				t.Errorf("%q is a name, but with more scripts allowed it is not: %v", got, err)
			}
		}
	})
}

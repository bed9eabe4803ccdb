package whitelist

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const secret = "jet_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM"

// find knows one token, by its id, its successor's and its text.
func find(text string) (string, bool) {
	return "t1", text == "t1" || text == "t2" || text == secret
}

func parse(t *testing.T, text string) (List, []string) {
	t.Helper()
	l, warnings, err := Parse(text, find)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return l, warnings
}

func TestListsOpenWhatTheyName(t *testing.T) {
	for _, c := range []struct {
		name, text string
		open       string // for every token
		mine       string // for the token t1
	}{
		{"nothing", "", "", ""},
		{"blanks", " ,\n , ,", "", ""},
		{"our names", "archive,diff", "archive diff", "archive diff"},
		{"lines", "archive\n  raw ,\r\n\tpatch", "archive patch raw", "archive patch raw"},
		{"all", "*", "archive diff patch raw download commit files compare", "archive diff patch raw download commit files compare"},
		{"all but one", "!raw,*", "archive diff patch download commit files compare", "archive diff patch download commit files compare"},
		{"all but one, written behind", "*\n!raw", "archive diff patch download commit files compare", "archive diff patch download commit files compare"},
		{"an exclusion alone", "!raw", "", ""},
		{"one character", "ra?", "raw", "raw"},
		{"old controllers", "ChangesetController:changeset_patch,ChangesetController:changeset_raw,FilesController:raw,FilesController:archivefile",
			"archive diff patch raw", "archive diff patch raw"},
		{"an old controller's all", "ChangesetController:*", "diff patch download commit", "diff patch download commit"},
		{"new views", "RepoCommitsView:repo_commit_raw, RepoCommitsView:repo_commit_patch, RepoCommitsView:repo_commit_download, RepoFilesView:repo_files_diff, RepoFilesView:repo_archivefile, RepoFilesView:repo_file_raw",
			"archive diff patch raw download", "archive diff patch raw download"},
		{"a new view's all", "RepoFilesView:*", "archive diff raw files", "archive diff raw files"},
		{"attachments are raw files", "RepoFilesView:repo_file_download", "raw", "raw"},
		{"a wildcard over classes", "*Controller:rawfile", "raw", "raw"},
		{"a part is excluded", "RepoFilesView:*, !FilesController:diff", "archive raw files", "archive raw files"},
		{"for one token", "archive@t1, patch", "patch", "archive patch"},
		{"by its successor's id", "RepoFilesView:repo_archivefile@t2", "", "archive"},
		{"by its text", "archive@" + secret, "", "archive"},
		{"not for one token", "archive,diff,!archive@t1", "archive diff", "diff"},
		{"all for one token", "*@t1,!*View:repo_commit_*@t1", "", "archive raw files compare"},
		{"what is not here", "archive, GistView:*, RepoPullRequestsView:pullrequest_show", "archive", "archive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := parse(t, c.text)
			if got := strings.Join(l.Open(), " "); got != c.open {
				t.Errorf("every token opens %q, want %q", got, c.open)
			}
			mine := slices.DeleteFunc(Views(), func(v string) bool { return !l.Opens(v, "t1") })
			if got := strings.Join(mine, " "); got != c.mine {
				t.Errorf("t1 opens %q, want %q", got, c.mine)
			}
			again, warnings := parse(t, l.String())
			if again.String() != l.String() || len(warnings) > 0 || strings.Join(again.Open(), " ") != c.open {
				t.Errorf("written as %q, it is read as %q, with %q", l, again, warnings)
			}
			if strings.Contains(l.String(), secret) {
				t.Errorf("the token's text is kept: %q", l)
			}
		})
	}
}

func TestWhatIsLeftOutIsToldOnce(t *testing.T) {
	l, warnings := parse(t, "GistView:*,archive@0123456789abcdef0123456789abcdef01234567,RepoSummaryView:repo_summary,ChangesetController:changeset_info,raw@"+strings.ToUpper(secret)+",diff@")
	if len(l.Entries()) != 0 || len(warnings) != 4 {
		t.Fatalf("%q is left, warned of %q", l, warnings)
	}
	for i, want := range []string{"archive", "raw", "diff", "GistView:*, RepoSummaryView:repo_summary, ChangesetController:changeset_info"} {
		if !strings.Contains(warnings[i], want) || strings.Contains(warnings[i], "01234567") || strings.Contains(warnings[i], "456789") {
			t.Errorf("warned %q, want it to name %q and no token", warnings[i], want)
		}
	}
	if _, warnings, err := Parse("archive@t1", nil); err != nil || len(warnings) != 1 {
		t.Errorf("without anybody who knows tokens: %q, %v", warnings, err)
	}
}

func TestWhatNobodyKnowsIsAnErrorWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		words      []string
	}{
		{"mistyped", "diff,archve", []string{"entry 2", "line 1", `"archve"`, "archive"}},
		{"in a later line", "diff\n\nChangesetController:changeset_rwa", []string{"entry 2", "line 3", "ChangesetController:changeset_raw"}},
		{"another case", "Archive", []string{"nearest are archive"}},
		{"no class of RhodeCode's", "FooView:*", []string{"FooView"}},
		{"a class without a view", "GistView", []string{"GistView"}},
		{"a class with an empty one", "GistView:", []string{"GistView"}},
		{"a pattern of nothing", "zz*", []string{"zz*"}},
		{"an exclusion", "*,!rwa", []string{`"rwa"`, "raw"}},
		{"nothing but a mark", "!", []string{"entry 1"}},
		{"nothing but a token", "@t1", []string{"entry 1"}},
		{"a token", secret, []string{"jet_web_0123…"}},
		{"too many", strings.Repeat("raw,", maxEntries+1), []string{"1000"}},
		{"too long", strings.Repeat(" ", maxText+1), []string{"65536"}},
	} {
		_, _, err := Parse(c.text, find)
		if !errors.Is(err, ErrBad) {
			t.Errorf("%s: got %v, want ErrBad", c.name, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q lacks %q", c.name, err, w)
			}
		}
		if strings.Contains(err.Error(), "456789ABC") || len(err.Error()) > 600 {
			t.Errorf("%s: %q holds a token, or is long", c.name, err)
		}
	}
}

func TestEveryNameOfTheirsIsOneOfOursOrNone(t *testing.T) {
	for theirs, ours := range theirs() {
		if ours != "" && !slices.Contains(Views(), ours) {
			t.Errorf("%s is %q, which is no view", theirs, ours)
		}
	}
}

func TestPatternsAreLikeNames(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abbd", false},
		{"*b*", "abc", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"**a**", "a", true}, {"*ab", "aab", true}, {"?", "?", true}, {"[a]", "a", false},
	} {
		if got := like(c.pattern, c.name); got != c.want {
			t.Errorf("like(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "archive,diff", "*\n!raw", "ChangesetController:*,GistView:*", "patch@t1", "raw@" + secret, "!*@", "a@b@c", strings.Repeat("*", 300), "\x00,\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, warnings, err := Parse(text, find)
		if err != nil {
			if !errors.Is(err, ErrBad) {
				t.Errorf("%v is not ErrBad", err)
			}
			return
		}
		said := l.String() + strings.Join(warnings, "\n")
		if strings.Contains(said, "456789ABCDEFGHIJ") {
			t.Errorf("a token's text shows in %q", said)
		}
		again, _, err := Parse(l.String(), find)
		if err != nil || again.String() != l.String() {
			t.Fatalf("%q is written as %q and read as %q, %v", text, l, again, err)
		}
		for _, v := range Views() {
			if l.Opens(v, "t1") != again.Opens(v, "t1") || l.Opens(v, "") != again.Opens(v, "") {
				t.Errorf("%q, written and read, opens %s to others", text, v)
			}
		}
	})
}

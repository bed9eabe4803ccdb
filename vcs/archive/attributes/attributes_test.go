package attributes

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lay puts files of attributes into a repository, for git to be asked.
func lay(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func repository(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, "", "init", "-q")
	return dir
}

func run(t testing.TB, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// gits is what git says of paths.
func gits(t testing.TB, dir string, paths []string) []Export {
	t.Helper()
	out := run(t, dir, strings.Join(paths, "\x00")+"\x00", "check-attr", "-z", "--stdin", exportIgnore, exportSubst)
	fields := strings.Split(out, "\x00")
	all := make([]Export, len(paths))
	for i := range all {
		all[i] = Export{Ignore: fields[i*6+2] == "set", Subst: fields[i*6+5] == "set"}
	}
	return all
}

// ours is what a walk down to a path finds.
func ours(t testing.TB, files map[string]string, path string) Export {
	t.Helper()
	s := New()
	for at := 0; at >= 0; {
		folder := path[:at]
		if err := s.Push(folder, []byte(files[folder+".gitattributes"])); err != nil {
			t.Fatal(err)
		}
		next := strings.IndexByte(path[at:], '/')
		if next < 0 || at+next == len(path)-1 {
			break
		}
		at += next + 1
	}
	got, err := s.Get(path)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var paths = []string{"a", "a/", "b", "a.c", "a/b", "a/b/", "a/b/c", "a/b/c.c", "d/a.c", "a/x/y/b", "a]", "a*b", "a\\b", "[a]", "a b", "tab\tx", "ü", "a/d/",
	"-", "!a", "#a", ".gitattributes", "a/.gitattributes", "aXb/c", "x/a/b", "x/a/", "\"a\"", "a1", "aa", "ab", "abc/d/e/f", "a/a/a/a", "A", "a.b.c", "foo", "foo/bar", "foo/bar/"}

// compare asks git and us about all paths.
func compare(t *testing.T, dir string, files map[string]string, paths []string) {
	t.Helper()
	lay(t, dir, files)
	for i, want := range gits(t, dir, paths) {
		if got := ours(t, files, paths[i]); got != want {
			folder, _, _ := strings.Cut(paths[i], "/")
			t.Errorf("%q is %+v, git says %+v, by %q and %q", paths[i], got, want, files[".gitattributes"], files[folder+"/.gitattributes"])
		}
	}
}

// compareEach puts each text into a folder of its own, so that git is asked once.
func compareEach(t *testing.T, texts []string) {
	t.Helper()
	files := map[string]string{}
	var all []string
	for i, text := range texts {
		folder := fmt.Sprintf("%d/", i)
		files[folder+".gitattributes"] = text
		for _, p := range paths {
			all = append(all, folder+p)
		}
	}
	compare(t, repository(t), files, all)
}

func TestFilesAreUnderstoodAsGitDoes(t *testing.T) {
	dir := repository(t)
	for _, text := range []string{ // git 2.39, which is compared with, does not know yet that builtin_… are reserved
		"", "a", "# a export-ignore", " a export-ignore", "a\texport-ignore\r\n", "a export-ignore export-subst", "a -export-ignore", "a !export-ignore",
		"a export-ignore=1", "* export-ignore\na -export-ignore\na.c !export-ignore", "a export-ignore -export-ignore", "a -export-ignore export-ignore",
		"!a export-ignore", "\\!a export-ignore", "\\#a export-ignore", "\"a b\" export-ignore", "\"tab\\tx\" export-ignore", "\"\\303\\274\" export-ignore",
		"\"a export-ignore", "\"a\\q\" export-ignore", "\"\\\"a\\\"\" export-ignore", "\"a\"export-ignore", "a bad/name export-ignore", "a --x export-ignore",
		"[attr]gone export-ignore\na gone", "[attr]gone export-ignore\na gone\na -gone", "[attr]gone export-ignore\na gone -export-ignore", "[attr]gone export-ignore\na -export-ignore gone",
		"a gone\n[attr]gone export-ignore", "[attr]gone export-ignore\n[attr]gone export-subst\na gone", "[attr]x y\n[attr]y x export-subst\na x", "[attr]gone -export-ignore\na export-ignore\na gone",
		"[attr]gone !export-ignore\na export-ignore\na gone", "[attr]binary export-ignore\na binary", "a binary", "[attr] gone export-ignore\na gone", "[attr]\na export-ignore", "[attr]gone=1 export-ignore\na gone",
		"[attr]gone export-ignore\na gone=1", "[attr]gone export-ignore\na gone\n* !gone", "\xef\xbb\xbfa export-ignore", "a export-ignore\x00b export-ignore\nb export-subst",
		"a " + strings.Repeat("x", 2020) + " export-ignore\nb export-ignore", "a " + strings.Repeat("x", 2036) + " export-ignore", "* export-ignore=\n", "a =x export-ignore", "a -export-ignore=x",
		"[attr]one two\n[attr]two three\n[attr]three export-ignore export-subst\na one\nb two -three", "\"[attr]gone\" export-ignore\na gone",
	} {
		compare(t, dir, map[string]string{".gitattributes": text}, paths)
	}
}

func TestPatternsMeanWhatTheyDoInGit(t *testing.T) {
	var texts []string
	for _, p := range []string{"a", "a/", "/a", "/a/", "a/b", "/a/b", "b", "*.c", "/*.c", "a/*.c", "a/*", "a/**", "**", "*", "**/b", "a/**/b", "a/**/c.c", "**/a/**", "a**b", "a**/c", "a**/b", "?", "a?b", "a[*]b", "a\\*b", "a\\\\b",
		"[a-c]", "[!a]", "[^a]", "[]a]", "a[]]", "[[]a]", "[[:alpha:]]", "[[:alpha:][:digit:]]*", "[[:nope:]]", "[[:alpha:]", "[a", "a\\", "[a-]", "[-a]", "[\\a-b]", "[a\\]]", "a/b/", "a/*/", "/**/a", "/", "//a", "a//b", "***/b", "**a", "*/b", "*/*/b", "d*", "foo/**/bar",
		"foo**bar", "a/**/**/b", "**/", "[[:upper:]]", "x**", "*.*.c", "ab[c]", "abc/**/f", "a/**/a", "[[:space:]]", "*[[:punct:]]*", "?[!x]*", "[a-z]/b", "a[/]b", "[[.a.]]", "[b-a]", "[[:digit:]-z]", "**\\/b"} {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p)
		texts = append(texts, "\""+quoted+"\" export-ignore\n")
	}
	compareEach(t, texts)
}

func TestDeeperFilesWin(t *testing.T) {
	compare(t, repository(t), map[string]string{".gitattributes": "* export-ignore\n[attr]m export-subst\n", "a/.gitattributes": "b -export-ignore\n[attr]m export-ignore\n* m\n", "a/b/.gitattributes": "* !export-ignore\n/c export-ignore\n"}, paths)
	compare(t, repository(t), map[string]string{".gitattributes": "a/b/c export-ignore\n/a/b export-subst\n", "a/.gitattributes": "b/c -export-ignore\n", "foo/.gitattributes": "/bar export-ignore\nfoo/bar export-subst"}, paths)
}

// TestRandomPatterns makes patterns of what means something in them, always the same ones.
func TestRandomPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", "c", "/", "*", "**", "?", "[ab]", "[!a]", "/**/", "**/", ".c", "x", "\\*"}
	var texts []string
	for range 300 {
		var text strings.Builder
		for range 3 {
			for range 1 + r.IntN(6) {
				text.WriteString(parts[r.IntN(len(parts))])
			}
			fmt.Fprintf(&text, " %s\n", []string{"export-ignore", "-export-ignore", "export-subst", "!export-subst export-ignore"}[r.IntN(4)])
		}
		texts = append(texts, text.String())
	}
	compareEach(t, texts)
}

func TestTooManyRulesAndTooLongComparingAreRefused(t *testing.T) {
	s := New()
	if err := s.Push("", bytes.Repeat([]byte("a export-ignore\n"), MaxRules)); err != nil {
		t.Fatalf("%d rules: %v", MaxRules, err)
	}
	if err := s.Push("a/", []byte("b export-ignore\n")); !errors.Is(err, ErrTooMuch) {
		t.Errorf("one more: %v", err)
	}
	s.Pop()
	if err := s.Push("b/", []byte("b text\n")); err != nil {
		t.Errorf("one that matters to nobody here: %v", err)
	}
	s = New()
	s.most = MaxWork / 50
	if err := s.Push("", bytes.Repeat([]byte(strings.Repeat("*a", 500)+"/ export-ignore\n"), 500)); err != nil {
		t.Fatal(err)
	}
	path := strings.Repeat("a", 4000) + "/"
	var err error
	for n := 0; err == nil && n < 1000; n++ {
		_, err = s.Get(path)
	}
	if !errors.Is(err, ErrTooMuch) {
		t.Errorf("comparing without end: %v", err)
	}
}

// What a line says, and reading a file again in each of many folders, counts as what comparing costs does.
func TestLongLinesAndFilesThatStandEverywhereAreBounded(t *testing.T) {
	s := New()
	if err := s.Push("", bytes.Repeat([]byte("a x"+strings.Repeat(" export-subst", 150)+"\n"), 500)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get("a"); err != nil || s.work < 500*150 {
		t.Errorf("75,000 words cost %d steps, %v", s.work, err)
	}
	s = New()
	s.most = MaxWork / 50
	data := bytes.Repeat([]byte("#\n"), MaxFile/2)
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		if err = s.Push("a/", data); err == nil {
			s.Pop()
		}
	}
	if !errors.Is(err, ErrTooMuch) {
		t.Errorf("%d files of a MiB are read: %v", n, err)
	}
}

func FuzzGet(f *testing.F) {
	f.Add("[attr]x export-ignore\na/**/b x\n\"q\\101\" -export-ignore", "a/b")
	f.Add("[[:alpha:]-\\]] export-subst\n[a", "x/")
	f.Add("*"+strings.Repeat("*a", 100)+" export-ignore", strings.Repeat("a", 300))
	f.Fuzz(func(t *testing.T, text, path string) {
		s := New()
		if err := s.Push("", []byte(text)); err != nil {
			return
		}
		if path == "" || path == "/" {
			return
		}
		one, err := s.Get(path)
		if again, _ := s.Get(path); err == nil && again != one {
			t.Errorf("asked twice, %+v and %+v are answered", one, again)
		}
	})
}

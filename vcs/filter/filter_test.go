package filter

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

func TestFiltersComeToOneNormalForm(t *testing.T) {
	for spec, want := range map[string]string{
		"blob:none": "blob:limit=0", "blob:limit=0": "blob:limit=0", "blob:limit=1k": "blob:limit=1024", "blob:limit=2M": "blob:limit=2097152", "blob:limit=1g": "blob:limit=1073741824",
		"tree:0": "tree:0", "tree:1k": "tree:1024", "object:type=commit": "without:11100", "object:type=tag": "without:1110", "sparse:oid=main:x": "sparse:oid=main:x",
		"combine:blob:none": "blob:limit=0", "combine:tree:3+tree:2": "tree:2", "combine:blob:limit=5+blob:none+tree:9": "blob:limit=0+tree:9",
		"combine:object:type=tree+object:type=blob": "without:11110", "combine:tree:1+combine:tree:2%2Bblob:none": "blob:limit=0+tree:1",
		"combine:sparse:oid=a%26b+tree:2": "tree:2+sparse:oid=a&b", "combine:sparse:oid=%00%zz%4": "sparse:oid=%00%zz%4",
	} {
		f, err := Parse(spec)
		if err != nil || f.String() != want || f.Empty() {
			t.Errorf("%s: %q, %v; want %q", spec, f, err, want)
		}
	}
	if s := (Filter{}).String(); s != "" || !(Filter{}).Empty() {
		t.Errorf("no filter is %q", s)
	}
}

// TestRefusalsAreInGitsWords has git refuse the same; what git takes and this package does not is listed apart.
func TestRefusalsAreInGitsWords(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "", "init", "-q", "--bare", ".")
	for spec, want := range map[string]string{
		"": "invalid filter-spec ''", "blob": "invalid filter-spec 'blob'", "blob:": "invalid filter-spec 'blob:'", "blob:none ": "invalid filter-spec 'blob:none '", "blob:limit": "invalid filter-spec 'blob:limit'",
		"blob:limit=": "invalid filter-spec 'blob:limit='", "blob:limit=-1": "invalid filter-spec 'blob:limit=-1'", "blob:limit=1t": "invalid filter-spec 'blob:limit=1t'", "blob:limit=k": "",
		"blob:limit=99999999999999999999": "invalid filter-spec 'blob:limit=99999999999999999999'", "blob:limit=99999999999g": "invalid filter-spec 'blob:limit=99999999999g'",
		"tree:": "expected 'tree:<depth>'", "tree:x": "expected 'tree:<depth>'", "tree:-1": "expected 'tree:<depth>'", "tree": "invalid filter-spec 'tree'",
		"object:type": "invalid filter-spec 'object:type'", "object:type=": "'' for 'object:type=<type>' is not a valid object type", "object:type=ofs-delta": "'ofs-delta' for 'object:type=<type>' is not a valid object type",
		"sparse:path=x": "sparse:path filters support has been dropped", "combine:": "expected something after combine:", "combine:tree:0+": "invalid filter-spec ''", "combine:+tree:0": "invalid filter-spec ''",
		"combine:tree:0+x": "invalid filter-spec 'x'", "combine:a b": "must escape char in sub-filter-spec: ' '", "combine:tree:1&": "must escape char in sub-filter-spec: '&'", "Blob:none": "invalid filter-spec 'Blob:none'",
	} {
		_, err := Parse(spec)
		if err == nil || !errors.Is(err, ErrSpec) || want != "" && err.Error() != want {
			t.Errorf("%q: %v, want %s", spec, err, want)
		}
		if want == "" || spec == "combine:tree:0+" || spec == "" { // git says the same of them in its own way, or takes them
			continue
		}
		out, err := try(dir, "", "rev-list", "--objects", "--all", "--filter="+spec)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%q: git says %s", spec, out)
		}
	}
}

func TestWhatIsCombinedIsBounded(t *testing.T) {
	if _, err := Parse("combine:" + strings.Repeat("tree:1+", maxCombined-1) + "tree:1"); err != nil {
		t.Error(err)
	}
	if _, err := Parse("combine:" + strings.Repeat("tree:1+", maxCombined) + "tree:1"); err == nil || err.Error() != "more than 16 filters combined" {
		t.Error(err)
	}
	if _, err := Parse(strings.Repeat("combine:", maxNested) + "tree:1"); err != nil {
		t.Error(err)
	}
	if _, err := Parse(strings.Repeat("combine:", maxNested+1) + "tree:1"); err == nil || err.Error() != "filters are combined more than 8 times over" {
		t.Error(err)
	}
}

func TestAnswers(t *testing.T) {
	for _, row := range []struct {
		spec                string
		trees, placed       bool
		commit, tree, blobs bool
	}{
		{"blob:none", true, false, true, true, false}, {"blob:limit=1", true, false, true, true, true}, {"tree:0", false, true, true, true, true}, {"tree:1", true, true, true, true, true},
		{"object:type=commit", false, false, true, false, false}, {"object:type=tree", true, false, false, true, false}, {"object:type=blob", true, false, false, false, true}, {"object:type=tag", false, false, false, false, false},
		{"combine:blob:none+object:type=blob", false, false, false, false, false}, {"sparse:oid=x", true, true, true, true, true},
	} {
		f, err := Parse(row.spec)
		if err != nil {
			t.Fatal(err)
		}
		got := []bool{f.Trees(), f.Placed(), f.Type(plumbing.CommitObject), f.Type(plumbing.TreeObject), f.Type(plumbing.BlobObject)}
		if want := []bool{row.trees, row.placed, row.commit, row.tree, row.blobs}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", row.spec, got, want)
		}
	}
}

// files are paths on which patterns are tried.
var files = []string{
	"a", "b", "ab", "abc", "a.c", "b.h", "[x]", "-", "]", "a b", "sp ", `back\slash`, "A", "é", "dir/a", "dir/b", "dir/ab", "dir/sub/a", "dir/sub/deep/a", "dir/sub/deep/c.c", "dir2/a", "foo/bar/baz", "foo/x/bar/baz",
	"foobar/q", "x/foo/bar", "x/y/z/w", "x/dir/a", "long/" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
}

// lists are lists of patterns with all that git knows of them.
var lists = []string{
	"", "\n\n", "a", "/a", "a/", "dir", "dir/", "/dir/", "dir/a", "/dir/sub", "*", "*.c", "!*", "*\n!a", "*\n!dir/", "/*\n!/*/\n/dir/\n", "/*\n!/*/\n/dir/\n!/dir/*/\n/dir/sub/\n", "d*", "d*/a", "d*/*", "*/a", "**/a", "dir/**", "**/sub/**",
	"dir/**/a", "foo/**/baz", "**", "/**", "**/", "foo**", "/foo**", "/foo**/q", "foo**/baz", "a**", "***", "/dir/***/a", "?", "??", "[ab]", "[!ab]", "[^ab]", "[a-c]", "[]]", "[]-]", "[-]", "[a-", "[", "[[:upper:]]", "[[:alpha:][:digit:]]", "[[:none:]]",
	"[[:alpha]", "[\\]]", "[a\\-c]", "\\a", "\\*", "\\[x\\]", "back\\\\slash", "back\\slash", "a\\", "#a", "\\#a", "!\\!a", "sp\\ ", "sp ", "sp  ", "a b", "a\r", "\r", "a\r\nb\r\n", "/", "//", "a//", "\xef\xbb\xbfa", "é", "[é]", "dir/[a/]b", "dir[/]a", "dir?a", "x/*/z/*", "x/**/w",
	"*a*a*a*a*a*a*a*a*a*a*a*a*c", "**/**/**/**/a", "a\x00b", "dir/sub/deep/../a", "./a", "!/dir\n/dir/sub", "dir\n!dir/sub\ndir/sub/deep", "*/sub/\n!*/sub/deep/", "A", "[A-Z]", "[z-a]", "[a-a]", "*\\", "\\", "dir/\\a", "[[:alpha:]-z]", "[a-[:digit:]]",
}

func TestPatternsSayWhatGitsDo(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "", "init", "-q", "--bare", ".")
	var b strings.Builder
	b.WriteString("commit refs/heads/main\ncommitter A <a@example.com> 1 +0000\ndata 0\n")
	for _, name := range files {
		fmt.Fprintf(&b, "M 100644 inline \"%s\"\ndata %d\n%s\n", strings.ReplaceAll(name, `\`, `\\`), len(name), name)
	}
	run(t, dir, b.String(), "fast-import", "--quiet")
	for _, list := range lists {
		f := Filter{sparse: []sparse{{}}}
		if err := f.Load(func(string) (oid.ID, []byte, error) { return oid.ID{1}, []byte(list), nil }); err != nil {
			t.Fatal(err)
		}
		blob := strings.TrimSpace(run(t, dir, list, "hash-object", "-w", "--stdin"))
		sent := run(t, dir, "", "rev-list", "--objects", "--no-object-names", "--filter=sparse:oid="+blob, "main")
		for _, name := range files {
			id, _ := oid.Of(plumbing.BlobObject, []byte(name))
			if got, want := names(f, name), strings.Contains(sent, id.String()); got != want {
				t.Errorf("%q of %q: %v, git says %v", list, name, got, want)
			}
		}
	}
}

// free is a meter that asks for nothing.
func free() *Meter { return NewMeter(func() error { return nil }) }

// names asks for a file as a walk does, folder by folder.
func names(f Filter, path string) bool {
	in, err := f.Root(free())
	for i := range path {
		if path[i] == '/' {
			in, err = f.Enter(in, path[:i], path[strings.LastIndex(path[:i], "/")+1:i], free())
		}
	}
	named, last := f.Names(in, path, path[strings.LastIndex(path, "/")+1:], free())
	return named && err == nil && last == nil
}

func TestListsOfPatternsAreBounded(t *testing.T) {
	for _, content := range []string{strings.Repeat("a\n", maxPatterns+1), strings.Repeat("a", MaxPatternBytes+1)} {
		if _, err := ParsePatterns([]byte(content)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: %v", len(content), err)
		}
	}
	p, err := ParsePatterns([]byte(strings.Repeat("a\n", maxPatterns)))
	if err != nil || len(p.list) != maxPatterns {
		t.Errorf("%d patterns, %v", len(p.list), err)
	}
}

func TestListsThatAreNotFoundAreTold(t *testing.T) {
	gone := errors.New("gone")
	f, _ := Parse("sparse:oid=x")
	if err := f.Load(func(string) (oid.ID, []byte, error) { return oid.Zero, nil, gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	f, _ = Parse("combine:sparse:oid=x+sparse:oid=y")
	if err := f.Load(func(string) (oid.ID, []byte, error) { return oid.ID{7}, nil, nil }); err != nil || strings.Count(f.String(), "sparse") != 1 {
		t.Errorf("the same list twice is %s, %v", f, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"blob:none", "blob:limit=10k", "tree:3", "object:type=blob", "sparse:oid=main:x", "combine:tree:1+blob:none", "combine:combine%3atree:1%252bblob:none+x%", "combine:+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		if err != nil && !errors.Is(err, ErrSpec) || err == nil && (got.Empty() || got.String() == "") || len(got.sparse) > maxCombined {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	})
}

func FuzzPatterns(f *testing.F) {
	for _, l := range lists {
		f.Add(l, "dir/sub/a")
	}
	f.Fuzz(func(t *testing.T, list, path string) {
		p, err := ParsePatterns([]byte(list))
		if err != nil {
			return
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if one, two := p.match(path, name, true, free()), p.match(path, name, true, free()); one != two {
			t.Errorf("%q of %q: %v and then %v", list, path, one, two)
		}
		if all, err := ParsePatterns(append([]byte(list), "\n*"...)); err == nil && all.match(path, name, false, free()) != named {
			t.Errorf("%q with a star behind does not name %q", list, path)
		}
	})
}

func try(dir, in string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C")
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func run(t *testing.T, dir, in string, args ...string) string {
	t.Helper()
	out, err := try(dir, in, args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

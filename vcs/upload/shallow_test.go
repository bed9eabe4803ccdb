package upload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/wire"
)

func TestHistoryIsCutOffByTimeAndByRefs(t *testing.T) {
	f := history(t, 12, Options{})
	git(t, f.src, "branch", "sixth", "main~6")
	git(t, f.src, "tag", "-a", "-m", "x", "fourth", "main~8")
	f.push("--all")
	f.push("--tags")
	since := git(t, f.src, "log", "-1", "--format=%ct", "main~4")
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", "--no-tags", "--shallow-since="+since, f.url, dir)
		for _, step := range []struct{ args, want string }{
			{"", "5"}, {"fetch -q --shallow-exclude=sixth origin main", "6"}, {"fetch -q --shallow-exclude=refs/tags/fourth origin main", "8"}, {"fetch -q --deepen=2 origin main", "10"},
			{"fetch -q --shallow-exclude=sixth --shallow-exclude=fourth origin main", "6"}, {"fetch -q --shallow-since=" + since + " --shallow-exclude=sixth origin main", "5"}, {"fetch -q --unshallow origin main", "12"},
		} {
			if step.args != "" {
				git(t, dir, append([]string{"-c", v}, strings.Fields(step.args)...)...)
			}
			fsck(t, dir)
			if n := git(t, dir, "rev-list", "--count", "origin/main"); n != step.want {
				t.Errorf("after %s there are %s commits, want %s", step.args, n, step.want)
			}
		}
	})
}

// shallowRows are requests for a depth that are refused, in git's words. "SOURCE" and "MAIN" stand for ids.
var shallowRows = []struct{ name, lines, want string }{
	{"depth and time", "deepen 1; deepen-since 1", "deepen and deepen-since (or deepen-not) cannot be used together"},
	{"depth and a ref", "deepen-not old; deepen 1", "deepen and deepen-since (or deepen-not) cannot be used together"},
	{"no time", "deepen-since ", "Invalid deepen-since: deepen-since "},
	{"a time below zero", "deepen-since -1", "Invalid deepen-since: deepen-since -1"},
	{"the far future", "deepen-since 99999999999999999", "no commits selected for shallow requests"},
	{"all of it left out", "deepen-not main", "no commits selected for shallow requests"},
	{"a ref that is not there", "deepen-not none", "deepen-not is not a ref: deepen-not none"},
	{"an id in place of a ref", "deepen-not MAIN", "deepen-not is not a ref: deepen-not MAIN"},
	{"the server's own", "deepen-not refs/jeton/keep", "deepen-not is not a ref: deepen-not refs/jeton/keep"},
	{"a name that may mean two", "deepen-not both", "ambiguous deepen-not: deepen-not both"},
	{"raw escapes", "deepen-not \x1b[31m", `deepen-not is not a ref: deepen-not \x1b[31m`},
	{"two filters", "filter blob:none; filter tree:0", "multiple filter-specs cannot be combined"},
	{"an unknown filter", "filter blobs:none", "invalid filter-spec 'blobs:none'"},
	{"a limit of nothing", "filter blob:limit=x", "invalid filter-spec 'blob:limit=x'"},
	{"a depth of nothing", "filter tree:x", "expected 'tree:<depth>'"},
	{"an unknown type", "filter object:type=file", "'file' for 'object:type=<type>' is not a valid object type"},
	{"a file of the server", "filter sparse:path=/etc/passwd", "sparse:path filters support has been dropped"},
	{"patterns that are not there", "filter sparse:oid=1111111111111111111111111111111111111111", "unable to access sparse blob in '1111111111111111111111111111111111111111'"},
	{"patterns in a file that is not there", "filter sparse:oid=main:none", "unable to access sparse blob in 'main:none'"},
	{"a folder of patterns", "filter sparse:oid=main:dir0", "unable to access sparse blob in 'main:dir0'"},
	{"patterns that are hidden", "filter sparse:oid=HIDDEN", "unable to access sparse blob in 'HIDDEN'"},
	{"patterns behind a hidden commit", "filter sparse:oid=SECRET:reserved", "unable to access sparse blob in 'SECRET:reserved'"},
	{"patterns behind a hidden ref", "filter sparse:oid=refs/jeton/keep:reserved", "unable to access sparse blob in 'refs/jeton/keep:reserved'"},
	{"patterns by an expression", "filter sparse:oid=main^{tree}:dir0/file0", "unable to access sparse blob in 'main^{tree}:dir0/file0'"},
	{"too many patterns", "filter sparse:oid=main:huge", "unable to parse sparse filter data in "},
}

func TestRequestsForAPartAreRefusedInGitsWords(t *testing.T) {
	f := history(t, 4, Options{})
	git(t, f.src, "branch", "both")
	git(t, f.src, "tag", "both", "main~1")
	f.commit("huge", strings.Repeat("a\n", 10_001))
	f.push("--all")
	f.push("--tags")
	_, reserved := f.hide()
	ids := strings.NewReplacer("MAIN", f.id("main"), "HIDDEN", f.id(reserved+":reserved"), "SECRET", reserved)
	for _, row := range shallowRows {
		lines, want := strings.Split(ids.Replace(row.lines), "; "), ids.Replace(row.want)
		for v, request := range map[wire.Version][]string{
			wire.V0: append(append([]string{"want " + f.id("main") + " side-band-64k"}, lines...), "0000", "done"),
			wire.V2: append(append([]string{"command=fetch", "0001", "want " + f.id("main")}, lines...), "done", "0000"),
		} {
			answer, err := f.ask(v, pkt(request...))
			if err == nil || !strings.Contains(answer, "ERR upload-pack: "+want) || strings.Contains(answer, "PACK") {
				t.Errorf("%s, protocol %d: %.200q, %v; want %s", row.name, v, answer, err, want)
			}
		}
	}
}

func TestWalksBeyondTheLimitAreRefusedWithWords(t *testing.T) {
	f := history(t, 12, Options{Limits: Limits{Walk: 5, Visit: 5}})
	main := "want " + f.id("main")
	for _, lines := range [][]string{{"deepen 10"}, {"deepen-since 1"}, {"filter tree:3"}, {"no-progress"}} {
		answer, err := f.ask(wire.V2, pkt(append(append([]string{"command=fetch", "0001", main}, lines...), "done", "0000")...))
		if err == nil || !strings.Contains(answer, "the walk over the history would be too long for this server") {
			t.Errorf("%v: %.200q, %v", lines, answer, err)
		}
	}
}

func TestPartialClonesOfEveryKind(t *testing.T) {
	f := history(t, 4, Options{})
	f.commit("patterns", "/*\n!/*/\n/dir1/\n")
	f.push("main")
	patterns := f.id("main:patterns")
	for i, filter := range []string{
		"blob:limit=100", "tree:0", "tree:2", "object:type=commit", "object:type=blob", "combine:tree:2+blob:none", "combine:blob:none+combine:tree:1%2bblob:limit=1",
		"sparse:oid=" + patterns, "sparse:oid=main:patterns", "sparse:oid=refs/heads/main:patterns", "sparse:oid=" + f.id("main") + ":patterns",
	} {
		t.Run(filter, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "clone")
			git(t, "", "-c", []string{"protocol.version=0", "protocol.version=2"}[i%2], "clone", "-q", "--bare", "--filter="+filter, f.url, dir)
			want := git(t, f.dir, "rev-list", "--objects", "--no-object-names", "--filter="+filter, "--all")
			got := feed(t, dir, "", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
			for id := range strings.FieldsSeq(want) {
				if !strings.Contains(got, id) {
					t.Errorf("%s is not sent", id)
				}
			}
			if n, all := len(strings.Fields(got)), len(strings.Fields(git(t, f.dir, "rev-list", "--objects", "--no-object-names", "--all"))); n >= all {
				t.Errorf("%d of %d objects are sent", n, all)
			}
		})
	}
}

// cutOff makes the repository a shallow one, as an administrator does with C git.
func (f *fixture) cutOff(depth string) {
	f.t.Helper()
	dir := filepath.Join(f.t.TempDir(), "shallow.git")
	git(f.t, "", "clone", "-q", "--bare", "--branch=main", "--depth="+depth, "file://"+f.dir, dir)
	for _, name := range []string{"objects", "refs", "packed-refs", "shallow"} {
		if err := os.RemoveAll(filepath.Join(f.dir, name)); err != nil {
			f.t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(f.dir, name)); err != nil {
			f.t.Fatal(err)
		}
	}
	f.rescan()
}

func TestClonesOfAShallowRepository(t *testing.T) {
	f := history(t, 9, Options{})
	f.cutOff("4")
	ends := git(t, f.dir, "rev-parse", "main~3")
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", f.url, dir)
		for _, step := range []struct{ args, want string }{
			{"fetch -q", "4"}, {"fetch -q --depth=2", "2"}, {"fetch -q --deepen=1", "3"}, {"fetch -q --depth=100", "4"}, {"fetch -q --depth=2", "2"}, {"fetch -q --depth=2147483647", "4"},
			{"fetch -q --shallow-exclude=v1", "1"}, {"fetch -q --shallow-since=2001-01-01", "4"},
		} {
			git(t, dir, append([]string{"-c", v}, strings.Fields(step.args)...)...)
			fsck(t, dir)
			if n := git(t, dir, "rev-list", "--count", "origin/main"); n != step.want {
				t.Errorf("after %s there are %s commits, want %s", step.args, n, step.want)
			}
		}
		dir = filepath.Join(t.TempDir(), "fresh")
		git(t, "", "-c", v, "clone", "-q", f.url, dir)
		if git(t, dir, "rev-parse", "--is-shallow-repository") != "true" {
			t.Error("a clone of a shallow repository is not shallow")
		}
	})
	if got := f.advertisement(wire.V0); !strings.HasSuffix(got, pkt("shallow "+ends+"\n", "0000")) {
		t.Errorf("the advertisement ends in %q", got[len(got)-100:])
	}
}

func TestAShallowRepositoryGrowsAndIsWholeAgain(t *testing.T) {
	f := history(t, 9, Options{})
	whole := filepath.Join(t.TempDir(), "whole.git")
	git(t, "", "clone", "-q", "--mirror", f.dir, whole)
	f.cutOff("3")
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", f.url, dir)
		f.commit("more", v)
		f.push("main")
		git(t, dir, "-c", v, "fetch", "-q")
		fsck(t, dir)
		if got := git(t, dir, "rev-parse", "origin/main"); got != f.id("main") {
			t.Errorf("origin/main is %s", got)
		}
	})
	git(t, f.dir, "fetch", "-q", "--unshallow", whole)
	f.rescan()
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, "", "clone", "-q", f.url, dir)
	fsck(t, dir)
	if got, want := git(t, dir, "rev-list", "--count", "origin/main"), git(t, f.src, "rev-list", "--count", "main"); got != want {
		t.Errorf("%s commits, want %s", got, want)
	}
}

func TestABrokenShallowFileIsTold(t *testing.T) {
	f := history(t, 2, Options{})
	if err := os.WriteFile(filepath.Join(f.dir, "shallow"), []byte("nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.repo.Rescan(t.Context()); err == nil || !strings.Contains(err.Error(), "bad shallow line") {
		t.Errorf("got %v", err)
	}
}

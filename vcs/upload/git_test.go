package upload

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"
)

var protocol1 = flag.Bool("protocol1", false, "real git speaks protocol 1 in all tests")

// eachVersion runs a test for every protocol.
func eachVersion(t *testing.T, test func(t *testing.T, v string)) { versions(t, test, "0", "1", "2") }

// eitherVersion is eachVersion without protocol 1 where no flag asks for it: that is protocol 0 but for a line before the
// list of refs (gitprotocol-pack, "Extra Parameters"), which those tests look at that are run by eachVersion.
func eitherVersion(t *testing.T, test func(t *testing.T, v string)) {
	if *protocol1 {
		eachVersion(t, test)
		return
	}
	versions(t, test, "0", "2")
}

func versions(t *testing.T, test func(t *testing.T, v string), list ...string) {
	for _, version := range list {
		t.Run("protocol "+version, func(t *testing.T) { test(t, "protocol.version="+version) })
	}
}

func TestRealGitClones(t *testing.T) {
	f := history(t, 25, Options{})
	for name, args := range map[string][]string{
		"plain": nil, "bare": {"--bare"}, "mirror": {"--mirror"}, "single branch": {"--single-branch", "--branch", "old"}, "no tags": {"--no-tags"}, "a tag": {"--branch", "v1"},
		"depth 1": {"--depth=1"}, "depth 3 of all branches": {"--depth=3", "--no-single-branch"}, "depth beyond the roots": {"--depth=1000"}, "no blobs": {"--filter=blob:none"},
		"no blobs, nothing checked out": {"--filter=blob:none", "--no-checkout"}, "depth 1 without blobs": {"--depth=1", "--filter=blob:none"},
	} {
		t.Run(name, func(t *testing.T) {
			eitherVersion(t, func(t *testing.T, v string) {
				dir := filepath.Join(t.TempDir(), "clone")
				git(t, "", append(append([]string{"-c", v, "clone", "-q"}, args...), f.url, dir)...)
				fsck(t, dir)
				if strings.HasPrefix(name, "depth 1") {
					if n := git(t, dir, "rev-list", "--count", "HEAD"); n != "1" {
						t.Errorf("%s commits, want 1", n)
					}
				}
			})
		})
	}
}

func TestAMirrorHasAllThatTheRepositoryHas(t *testing.T) {
	f := history(t, 10, Options{})
	eachVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", "--mirror", f.url, dir)
		for _, what := range [][]string{{"for-each-ref"}, {"rev-list", "--all", "--objects"}, {"symbolic-ref", "HEAD"}} {
			if got, want := git(t, dir, what...), git(t, f.dir, what...); got != want {
				t.Errorf("%v:\n%s\nwant:\n%s", what, got, want)
			}
		}
	})
}

func TestListOfRefsIsThatOfGit(t *testing.T) {
	f := history(t, 3, Options{})
	git(t, f.dir, "symbolic-ref", "refs/heads/alias", "refs/heads/old")
	git(t, f.dir, "symbolic-ref", "refs/heads/dangling", "refs/heads/nowhere")
	f.rescan()
	eachVersion(t, func(t *testing.T, v string) {
		for _, args := range []string{"REPO", "--symref REPO", "--tags REPO", "--heads REPO", "--refs REPO", "REPO HEAD", "REPO refs/tags/v1*", "REPO nothing", "REPO main old"} {
			list := func(repo string) string {
				return git(t, "", append([]string{"-c", v, "ls-remote"}, strings.Fields(strings.Replace(args, "REPO", repo, 1))...)...)
			}
			if got, want := list(f.url), list("file://"+f.dir); got != want {
				t.Errorf("ls-remote %s:\n%s\nwant:\n%s", args, got, want)
			}
		}
	})
}

func TestFetchAfterNewCommits(t *testing.T) {
	f := history(t, 5, Options{})
	clones := map[string]string{"protocol.version=0": "", "protocol.version=1": "", "protocol.version=2": ""}
	for v := range clones {
		clones[v] = filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", f.url, clones[v])
	}
	for _, n := range []int{1, 2, 70} {
		f.grow(n)
		f.push("main")
		for v, dir := range clones {
			git(t, dir, "-c", v, "fetch", "-q")
			fsck(t, dir)
			if got := git(t, dir, "rev-parse", "origin/main"); got != f.id("main") {
				t.Errorf("%s: origin/main is %s after %d commits", v, got, n)
			}
			if out := git(t, dir, "-c", v, "fetch"); out != "" {
				t.Errorf("%s: a second fetch found %s", v, out)
			}
		}
	}
}

func TestFetchIntoADivergedClone(t *testing.T) {
	f := history(t, 5, Options{})
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", f.url, dir)
		alone(t, dir, "from refs/heads/main^0\n", 50) // commits that the server has never seen: negotiation must get past them
		f.commit("theirs", v)
		f.push("main")
		git(t, dir, "-c", v, "fetch", "-q")
		fsck(t, dir)
		if got := git(t, dir, "rev-parse", "origin/main"); got != f.id("main") {
			t.Errorf("origin/main is %s", got)
		}
	})
}

func TestFetchOfAnUnrelatedRepository(t *testing.T) {
	f := history(t, 4, Options{})
	eitherVersion(t, func(t *testing.T, v string) {
		dir := t.TempDir()
		git(t, dir, "init", "-q", "-b", "main")
		alone(t, dir, "", 20)
		git(t, dir, "-c", v, "fetch", "-q", f.url, "main")
		fsck(t, dir)
	})
}

func TestDepthGrowsShrinksAndGoes(t *testing.T) {
	f := history(t, 12, Options{})
	total := git(t, f.src, "rev-list", "--count", "main")
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", "--depth=2", f.url, dir)
		for _, step := range []struct{ args, want string }{
			{"fetch -q --depth=5", "5"}, {"fetch -q --deepen=2", "7"}, {"fetch -q --depth=3", "3"}, {"fetch -q --deepen=1", "4"}, {"fetch -q --unshallow", total}, {"fetch -q --depth=2", "2"}, {"fetch -q --depth=2147483647", total},
		} {
			git(t, dir, append([]string{"-c", v}, strings.Fields(step.args)...)...)
			fsck(t, dir)
			if n := git(t, dir, "rev-list", "--count", "origin/main"); n != step.want {
				t.Errorf("after %s there are %s commits, want %s", step.args, n, step.want)
			}
		}
		if git(t, dir, "rev-parse", "--is-shallow-repository") != "false" {
			t.Error("the clone is shallow still")
		}
	})
}

func TestFetchIntoAShallowClone(t *testing.T) {
	f := history(t, 6, Options{})
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", "--depth=1", f.url, dir)
		f.commit("more", v)
		f.push("main")
		git(t, dir, "-c", v, "fetch", "-q")
		fsck(t, dir)
		if n := git(t, dir, "rev-list", "--count", "origin/main"); n != "2" {
			t.Errorf("%s commits, want 2: the new one and the end", n)
		}
	})
}

func TestPartialCloneFetchesBlobsWhenNeeded(t *testing.T) {
	f := history(t, 9, Options{})
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", "--filter=blob:none", "--no-checkout", f.url, dir)
		missing := func() int {
			return strings.Count(git(t, dir, "rev-list", "--all", "--objects", "--missing=print"), "\n?")
		}
		before := missing()
		git(t, dir, "-c", v, "checkout", "-q", "main")
		if before == 0 || missing() >= before {
			t.Errorf("%d blobs were missing, %d after the checkout", before, missing())
		}
		if got, want := git(t, dir, "-c", v, "log", "-p", "main"), git(t, f.src, "log", "-p", "main"); got != want {
			t.Error("the history reads otherwise than that of the source")
		}
		f.commit("later", v)
		f.push("main")
		git(t, dir, "-c", v, "pull", "-q")
		fsck(t, dir)
	})
}

func TestTagsGoAlong(t *testing.T) {
	f := history(t, 4, Options{})
	eitherVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", f.url, dir)
		name := "tag-" + v[len(v)-1:]
		f.commit("tagged", v)
		git(t, f.src, "tag", "-a", "-m", "new", name)
		git(t, f.src, "tag", "-a", "-m", "nested", name+"-nested", name)
		f.push("main", name, name+"-nested")
		git(t, dir, "-c", v, "fetch", "-q")
		fsck(t, dir)
		if got, want := git(t, dir, "rev-parse", name+"-nested"), f.id(name+"-nested"); got != want {
			t.Errorf("the tag of a tag is %s, want %s", got, want)
		}
	})
}

func TestEmptyRepository(t *testing.T) {
	f := empty(t, Options{})
	git(t, f.dir, "symbolic-ref", "HEAD", "refs/heads/trunk")
	f.rescan()
	eachVersion(t, func(t *testing.T, v string) {
		dir := filepath.Join(t.TempDir(), "clone")
		out := git(t, "", "-c", v, "clone", f.url, dir)
		if !strings.Contains(out, "empty repository") {
			t.Errorf("git says %s", out)
		}
		if got := git(t, dir, "symbolic-ref", "HEAD"); v == "protocol.version=2" && got != "refs/heads/trunk" {
			t.Errorf("HEAD is %s, want that of the server", got)
		}
	})
}

func TestFetchById(t *testing.T) {
	f := history(t, 6, Options{})
	eachVersion(t, func(t *testing.T, v string) {
		for name, revision := range map[string]string{"a tip": "main", "an ancestor": "main~3", "a tag": "v1", "what a tag points to": "v1^{}", "a tree": "main^{tree}", "a blob": "main:dir0/file0"} {
			dir := blank(t, nil)
			if out, err := try(t, dir, "-c", v, "fetch", "-q", f.url, f.id(revision)); err != nil && !strings.Contains(out, "not a commit") && !strings.Contains(out, "does not point to a valid object") {
				t.Errorf("%s: %v %s", name, err, out)
			}
			git(t, dir, "cat-file", "-e", f.id(revision))
		}
		dir := blank(t, nil)
		git(t, dir, "-c", v, "fetch", "-q", "--depth=1", f.url, f.id("main~2"))
		fsck(t, dir)
	})
}

// hide makes a commit that is in the repository, and leads nowhere that a client sees: by a force push, and under the
// server's own refs.
func (f *fixture) hide() (forced, reserved string) {
	forced = f.commit("secret", "left behind by a force push")
	f.push("main")
	git(f.t, f.src, "reset", "-q", "--hard", "HEAD~1")
	reserved = f.commit("reserved", "the server's own")
	git(f.t, f.src, "push", "-q", "origin", reserved+":refs/jeton/keep")
	git(f.t, f.src, "reset", "-q", "--hard", "HEAD~1")
	f.push("main")
	return forced, reserved
}

func TestWhatIsHiddenIsNotServed(t *testing.T) {
	f := history(t, 4, Options{})
	forced, reserved := f.hide()
	eachVersion(t, func(t *testing.T, v string) {
		for name, id := range map[string]string{"left by a force push": forced, "the server's own": reserved, "not there": strings.Repeat("1", 40), "a hidden blob": f.id(reserved + ":reserved"), "a hidden tree": f.id(forced + "^{tree}")} {
			dir := blank(t, nil)
			out, err := try(t, dir, "-c", v, "fetch", f.url, id)
			if err == nil || !strings.Contains(out, "upload-pack: not our ref "+id) {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
		if out := git(t, "", "-c", v, "ls-remote", f.url); strings.Contains(out, "jeton") || strings.Contains(out, reserved) {
			t.Errorf("the server's own refs are shown:\n%s", out)
		}
	})
}

func TestProgressIsShownToThoseWhoWantIt(t *testing.T) {
	f := history(t, 4, Options{})
	out := git(t, "", "clone", "--progress", "--bare", f.url, filepath.Join(t.TempDir(), "clone"))
	if !strings.Contains(out, "remote: Enumerating objects: ") || !strings.Contains(out, "remote: Total ") {
		t.Errorf("git shows %s", out)
	}
	quiet := git(t, "", "clone", "-q", "--bare", f.url, filepath.Join(t.TempDir(), "clone"))
	if quiet != "" {
		t.Errorf("git shows %s", quiet)
	}
}

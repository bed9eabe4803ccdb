package browse

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/vcs/oid"
)

var (
	commitsFlag = flag.Int("browse.commits", 160, "how many commits of each repository are tried with real git")
	everyFlag   = flag.Int("browse.every", 4, "that one of so many commits is tried with git apply, besides git am")
	seedFlag    = flag.Uint64("browse.seed", 1, "seed of the generated repository")
)

// repository is one that real git is asked about: commits in a row, oldest first.
type repository struct {
	dir  string
	list []oid.ID
}

// made is a folder for what all tests look at and none changes.
var made string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if made, err = os.MkdirTemp("", "jeton-browse-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(made)
	os.Exit(code)
}

// once makes a repository for all tests, by the first that asks.
type once struct {
	sync.Mutex
	repository
}

var generatedOnce, ownOnce once

func generated(t *testing.T) repository {
	t.Helper()
	generatedOnce.Lock()
	defer generatedOnce.Unlock()
	if generatedOnce.list == nil {
		generatedOnce.dir, generatedOnce.list = generate(t, made+"/generated.git", *seedFlag, *commitsFlag)
	}
	return generatedOnce.repository
}

// own is this project's repository: as much of its history as is here, along first parents, without merges.
func own(t *testing.T) repository {
	t.Helper()
	ownOnce.Lock()
	defer ownOnce.Unlock()
	if ownOnce.list != nil {
		return ownOnce.repository
	}
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Skip("this is no clone of the project but a copy without its history: only the generated repository was tried")
	}
	dir := made + "/own.git"
	git(t, "", "clone", "-q", "--bare", "--no-local", strings.TrimSpace(string(top)), dir)
	list := ids(t, git(t, dir, "rev-list", "--reverse", "--first-parent", "--no-merges", "HEAD"))
	if len(list) < *commitsFlag {
		t.Logf("only %d commits of this project are here (%d were asked for)", len(list), *commitsFlag)
	}
	ownOnce.repository = repository{dir, list[max(0, len(list)-*commitsFlag):]}
	return ownOnce.repository
}

func TestDiffsGiveTheTreeBackGenerated(t *testing.T) { t.Parallel(); givesTreeBack(t, generated(t)) }
func TestDiffsGiveTheTreeBackOwn(t *testing.T)       { t.Parallel(); givesTreeBack(t, own(t)) }

// givesTreeBack applies diffs of commits to their parents' trees with git apply, in an index of its own. Every so many
// commits one is tried so; makesCommitsAgain tries them all.
func givesTreeBack(t *testing.T, r repository) {
	set := objects(t, r.dir)
	env := []string{"GIT_INDEX_FILE=" + t.TempDir() + "/index"}
	for i := int(*seedFlag) % *everyFlag; i < len(r.list); i += *everyFlag {
		var diff bytes.Buffer
		notice, err := CommitDiff(t.Context(), set, &diff, r.list[i], DiffOptions{})
		if err != nil || notice != "" {
			t.Fatalf("%s: %v, %q", r.list[i], err, notice)
		}
		c := commitOf(t, r, i)
		if len(c.Parents) == 0 || diff.Len() == 0 {
			continue
		}
		mustTry(t, r.dir, "", env, "read-tree", c.Parents[0].String())
		mustTry(t, r.dir, diff.String(), env, "apply", "--cached", "--binary", "--whitespace=nowarn")
		if got := mustTry(t, r.dir, "", env, "write-tree"); strings.TrimSpace(got) != c.Tree.String() {
			t.Fatalf("%s in %s: git apply makes the tree %s of the diff, want %s\n%s", c.ID, r.dir, got, c.Tree, diff.String())
		}
	}
}

func commitOf(t *testing.T, r repository, i int) Commit {
	t.Helper()
	c, err := ReadCommit(t.Context(), objects(t, r.dir), r.list[i])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustTry(t *testing.T, dir, in string, env []string, args ...string) string {
	t.Helper()
	out, said, err := try(t, dir, in, env, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s\ninput:\n%.4000s", strings.Join(args, " "), err, said, in)
	}
	return out
}

func TestDiffsReadAsGitsGenerated(t *testing.T) { t.Parallel(); readsAsGits(t, generated(t), 0.9) }
func TestDiffsReadAsGitsOwn(t *testing.T)       { t.Parallel(); readsAsGits(t, own(t), 0.97) }

// readsAsGits compares the text of all diffs with git's, and wants a share of them to be equal byte for byte. What is
// deflated is compared by its size alone: another program deflates otherwise.
func readsAsGits(t *testing.T, r repository, floor float64) {
	set := objects(t, r.dir)
	same := 0
	all := gitsDiffs(t, r)
	for i, id := range r.list {
		var diff bytes.Buffer
		if _, err := CommitDiff(t.Context(), set, &diff, id, DiffOptions{}); err != nil {
			t.Fatal(err)
		}
		if a, b := withoutBinary(diff.String()), withoutBinary(all[i]); a == b {
			same++
		} else {
			t.Logf("%s: %s", id, differ(a, b))
		}
	}
	share := float64(same) / float64(len(r.list))
	t.Logf("%d of %d diffs (%.1f %%) are equal to git's", same, len(r.list), 100*share)
	if share < floor {
		t.Errorf("%.3f of the diffs are equal to git's, want %.3f: see the lines above", share, floor)
	}
}

// gitsDiffs are git's diffs of all commits, from one process.
func gitsDiffs(t *testing.T, r repository) []string {
	t.Helper()
	var in strings.Builder
	for _, id := range r.list {
		fmt.Fprintln(&in, id)
	}
	out := mustTry(t, r.dir, in.String(), nil, "diff-tree", "--stdin", "--root", "-p", "--binary", "--full-index", "-C")
	all := make([]string, len(r.list))
	for i, id := range slices.Backward(r.list) {
		if at := strings.LastIndex("\n"+out, "\n"+id.String()+"\n"); at >= 0 {
			all[i] = out[at+len(id.String())+1:]
			out = out[:at]
		}
	}
	return all
}

// withoutBinary leaves of a binary patch its first line.
func withoutBinary(diff string) string {
	var b strings.Builder
	skip := false
	for line := range strings.Lines(diff) {
		if strings.HasPrefix(line, "diff --git ") || strings.HasPrefix(line, "From ") {
			skip = false
		}
		if !skip {
			b.WriteString(line)
		}
		if line == "GIT binary patch\n" {
			skip = true
		}
	}
	return b.String()
}

// differ shows where two texts part.
func differ(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("at byte %d\ngot  %q\nwant %q", i, got[max(0, i-100):min(len(got), i+200)], want[max(0, i-100):min(len(want), i+200)])
}

func TestPatchesMakeTheCommitsAgainGenerated(t *testing.T) {
	t.Parallel()
	makesCommitsAgain(t, generated(t))
}
func TestPatchesMakeTheCommitsAgainOwn(t *testing.T) { t.Parallel(); makesCommitsAgain(t, own(t)) }

// makesCommitsAgain gives all commits as one series to git am, in a working copy, and compares tree, author and message.
func makesCommitsAgain(t *testing.T, r repository) {
	var mbox bytes.Buffer
	notice, err := Series(t.Context(), objects(t, r.dir), &mbox, r.list, DiffOptions{Limits: Limits{Bytes: 1 << 30, Time: time.Hour}})
	if err != nil || notice != "" {
		t.Fatalf("%v, %q", err, notice)
	}
	work := t.TempDir() + "/work"
	git(t, "", "clone", "-q", "-n", "-s", r.dir, work)
	if first := commitOf(t, r, 0); len(first.Parents) > 0 {
		git(t, work, "checkout", "-q", "-B", "again", first.Parents[0].String())
	} else {
		git(t, work, "symbolic-ref", "HEAD", "refs/heads/again")
	}
	mustTry(t, work, mbox.String(), nil, "am", "-q", "--keep-cr", "--keep-non-patch", "--whitespace=nowarn")
	const format = "--format=%T%x00%an%x00%ae%x00%ad%x00%B%x01"
	got := strings.Split(mustTry(t, work, "", nil, "log", "-n", fmt.Sprint(len(r.list)), "--reverse", "--date=raw", format), "\x01")
	var in strings.Builder
	for _, id := range r.list {
		fmt.Fprintln(&in, id)
	}
	want := strings.Split(mustTry(t, r.dir, in.String(), nil, "log", "--no-walk=unsorted", "--date=raw", format, "--stdin"), "\x01")
	if len(got) != len(want) {
		t.Fatalf("git am made %d commits, want %d", len(got)-1, len(want)-1)
	}
	for i := range r.list {
		if strings.TrimSpace(got[i]) != strings.TrimSpace(want[i]) {
			t.Errorf("%s: %s", r.list[i], differ(got[i], want[i]))
		}
	}
}

func TestPatchesReadAsGitsGenerated(t *testing.T) {
	t.Parallel()
	patchesReadAsGits(t, generated(t), 0.9)
}
func TestPatchesReadAsGitsOwn(t *testing.T) { t.Parallel(); patchesReadAsGits(t, own(t), 0.97) }

// patchesReadAsGits compares all patches with those of git format-patch, as readsAsGits does.
func patchesReadAsGits(t *testing.T, r repository, floor float64) {
	set := objects(t, r.dir)
	args := []string{"format-patch", "--stdout", "-N", "--full-index", "-C", "--signature=Jeton"}
	if first := commitOf(t, r, 0); len(first.Parents) > 0 {
		args = append(args, first.Parents[0].String()+".."+r.list[len(r.list)-1].String())
	} else {
		args = append(args, "--root", r.list[len(r.list)-1].String())
	}
	out := mustTry(t, r.dir, "", nil, args...)
	same, compared := 0, 0
	for _, id := range slices.Backward(r.list) {
		at := strings.LastIndex("\n"+out, "\nFrom "+id.String()+" Mon Sep 17 00:00:00 2001\n")
		if at < 0 {
			continue // nothing changed
		}
		want := out[at:]
		out = out[:at]
		var mail bytes.Buffer
		if _, err := Patch(t.Context(), set, &mail, id, DiffOptions{}); err != nil {
			t.Fatal(err)
		}
		compared++
		if a, b := withoutBinary(mail.String()), withoutBinary(strings.TrimSuffix(want, "\n")); a == b || a == b+"\n" {
			same++
		} else {
			t.Logf("%s: %s", id, differ(a, b))
		}
	}
	share := float64(same) / float64(compared)
	t.Logf("%d of %d patches (%.1f %%) are equal to git's", same, compared, 100*share)
	if compared < len(r.list)/2 || share < floor {
		t.Errorf("%.3f of the patches are equal to git's, want %.3f: see the lines above", share, floor)
	}
}

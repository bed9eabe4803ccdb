package browse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// woven makes a history of merges, of which some clocks are wrong, in a few files, and lists its commits.
func woven(t *testing.T, commits int) (string, []oid.ID) {
	t.Helper()
	dir := t.TempDir() + "/woven.git"
	git(t, "", "init", "-q", "--bare", "-b", "main", dir)
	r := rand.New(rand.NewPCG(7, 7))
	var in strings.Builder
	for i := 1; i <= commits; i++ {
		fmt.Fprintf(&in, "commit refs/heads/c%d\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 2\nc\n", i, i, 1_600_000_000+i*100)
		if i > 1 && r.IntN(30) > 0 {
			fmt.Fprintf(&in, "from :%d\n", max(1, i-1-r.IntN(4)))
			for range r.IntN(3) / 2 * (1 + r.IntN(2)) {
				fmt.Fprintf(&in, "merge :%d\n", max(1, i-1-r.IntN(12)))
			}
		}
		fmt.Fprintf(&in, "M 644 inline %s\ndata 1\n%d\n", []string{"a", "dir/b", "dir/sub/c", "d"}[r.IntN(4)], r.IntN(2))
	}
	if _, said, err := try(t, dir, in.String(), nil, "fast-import", "--quiet"); err != nil {
		t.Fatal(said)
	}
	refs := mustTry(t, dir, "", nil, "for-each-ref", "--sort=version:refname", "--format=%(objectname)", "refs/heads")
	return dir, ids(t, refs)
}

func hexes(list []oid.ID) string {
	var b strings.Builder
	for _, id := range list {
		fmt.Fprintln(&b, id)
	}
	return b.String()
}

func TestLogIsGits(t *testing.T) {
	t.Parallel()
	dir, all := woven(t, 150)
	set := objects(t, dir)
	for _, path := range []string{"", "a", "dir", "dir/sub/c", "/dir/sub/", "none", "a/b"} {
		for _, from := range [][]oid.ID{all[149:], all[140:143], all[60:61]} {
			got, err := Log(t.Context(), set, from, LogOptions{Path: path, Max: 1000})
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"log", "--format=%H", "--stdin"}
			if path != "" {
				args = append(args, "--", strings.Trim(path, "/"))
			}
			in := hexes(from)
			if path != "" {
				args = append(append([]string{"log", "--format=%H"}, strings.Fields(in)...), "--", strings.Trim(path, "/"))
				in = ""
			}
			want := mustTry(t, dir, in, nil, args...)
			var list []oid.ID
			for _, c := range got {
				list = append(list, c.ID)
			}
			if hexes(list) != want {
				t.Errorf("log of %q from %v: got %d commits, want %d: %s", path, from, len(list), strings.Count(want, "\n"), differ(hexes(list), want))
			}
		}
	}
}

func TestLogReadsCommits(t *testing.T) {
	t.Parallel()
	r := generated(t)
	got, err := Log(t.Context(), objects(t, r.dir), r.list[len(r.list)-1:], LogOptions{Max: 20})
	if err != nil || len(got) != 20 {
		t.Fatalf("%d commits, %v", len(got), err)
	}
	var b strings.Builder
	for _, c := range got {
		fmt.Fprintf(&b, "%s %s %s|%s|%d %s|%s|%s\x01\n", c.ID, c.Tree, c.Author.Name, c.Author.Email, c.Author.When.Unix(), c.Author.When.Format("-0700"), c.Subject, c.Body)
	}
	want := mustTry(t, r.dir, "", nil, "log", "-n", "20", "--date=raw", "--format=%H %T %an|%ae|%ad|%s|%b%x01")
	if strip(b.String()) != strip(want) {
		t.Error(differ(strip(b.String()), strip(want)))
	}
}

// strip takes away the newlines with which a body ends.
func strip(s string) string { return strings.ReplaceAll(s, "\n\x01", "\x01") }

func TestWalksEndAtTheirBounds(t *testing.T) {
	t.Parallel()
	dir, all := woven(t, 60)
	set := objects(t, dir)
	got, err := Log(t.Context(), set, all[59:], LogOptions{Walk: 10})
	if !errors.Is(err, ErrLimit) || len(got) == 0 || len(got) > 10 {
		t.Errorf("log: %d commits and %v, want ErrLimit with what was found", len(got), err)
	}
	if _, _, err := MergeBase(t.Context(), set, all[59], all[3], 5); !errors.Is(err, ErrLimit) {
		t.Errorf("merge base: %v, want ErrLimit", err)
	}
	if _, err := Between(t.Context(), set, oid.Zero, all[59], 3); !errors.Is(err, ErrLimit) {
		t.Errorf("between: %v, want ErrLimit", err)
	}
	if got, err := Log(t.Context(), set, all[59:], LogOptions{Max: 3}); len(got) != 3 || err != nil {
		t.Errorf("log of 3: %d commits, %v", len(got), err)
	}
	if _, err := Log(t.Context(), set, []oid.ID{{1}}, LogOptions{}); !errors.Is(err, pack.ErrNotFound) {
		t.Errorf("log of what is not there: %v", err)
	}
	c, err := ReadCommit(t.Context(), set, all[5])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Log(t.Context(), set, []oid.ID{c.Tree}, LogOptions{}); !errors.Is(err, ErrNoCommit) {
		t.Errorf("log of a tree: %v, want ErrNoCommit", err)
	}
}

func TestMergeBaseIsGits(t *testing.T) {
	t.Parallel()
	dir, all := woven(t, 120)
	set := objects(t, dir)
	r := rand.New(rand.NewPCG(1, 9))
	for range 25 {
		a, b := all[r.IntN(len(all))], all[r.IntN(len(all))]
		got, ok, err := MergeBase(t.Context(), set, a, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		out, _, _ := try(t, dir, "", nil, "merge-base", "--all", a.String(), b.String())
		if want := ids(t, out); ok != (len(want) > 0) || ok && !slices.Contains(want, got) {
			t.Errorf("merge base of %s and %s is %s (%v), want one of %v", a, b, got, ok, want)
		}
	}
}

func TestBetweenIsGits(t *testing.T) {
	t.Parallel()
	dir, all := woven(t, 120)
	set := objects(t, dir)
	r := rand.New(rand.NewPCG(1, 9))
	for range 25 {
		base, tip := all[r.IntN(len(all))], all[r.IntN(len(all))]
		got, err := Between(t.Context(), set, base, tip, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := ids(t, mustTry(t, dir, "", nil, "rev-list", "--no-merges", "--reverse", base.String()+".."+tip.String()))
		if !slices.Equal(got, want) {
			t.Errorf("between %s and %s: %d commits, want %d\n%s", base, tip, len(got), len(want), differ(hexes(got), hexes(want)))
		}
	}
}

func TestHistoriesWithoutACommonAncestor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/two.git"
	git(t, "", "init", "-q", "--bare", dir)
	in := "commit refs/heads/a\ncommitter C <c@example.com> 1 +0000\ndata 0\n\ncommit refs/heads/b\ncommitter C <c@example.com> 2 +0000\ndata 0\n\n"
	if _, said, err := try(t, dir, in, nil, "fast-import", "--quiet"); err != nil {
		t.Fatal(said)
	}
	set := objects(t, dir)
	a, b := id(t, dir, "a"), id(t, dir, "b")
	if base, ok, err := MergeBase(t.Context(), set, a, b, 0); ok || err != nil {
		t.Errorf("got %s, %v, %v", base, ok, err)
	}
	if base, ok, err := MergeBase(t.Context(), set, a, a, 0); base != a || !ok || err != nil {
		t.Errorf("of one with itself: got %s, %v, %v", base, ok, err)
	}
}

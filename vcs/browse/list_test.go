package browse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

// branched makes a history of merges and branches in which every commit has a second of its own, and lists its tips.
func branched(t *testing.T, commits int) (dir string, tips []oid.ID) {
	t.Helper()
	dir = t.TempDir()
	git(t, "", "init", "-q", "--bare", "-b", "b0", dir)
	r := rand.New(rand.NewPCG(7, 7))
	var in strings.Builder
	for i := range commits {
		branch := r.IntN(4)
		if i < 4 {
			branch = i
		}
		fmt.Fprintf(&in, "commit refs/heads/b%d\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 2\nx\n", branch, i+1, 1_500_000_000+i*60)
		if i >= 4 && r.IntN(3) == 0 {
			fmt.Fprintf(&in, "merge :%d\n", 1+r.IntN(i))
		}
		fmt.Fprintf(&in, "M 100644 inline f%d\ndata 2\n%d\n\n", branch, i%10)
	}
	if _, said, err := try(t, dir, in.String(), nil, "fast-import", "--quiet"); err != nil {
		t.Fatalf("git fast-import: %s", said)
	}
	return dir, ids(t, git(t, dir, "for-each-ref", "--format=%(objectname)"))
}

func TestCommitsAreCountedAsGitDoes(t *testing.T) {
	dir, tips := branched(t, 200)
	set := objects(t, dir)
	want := ids(t, git(t, dir, "rev-list", "--all", "--date-order", "--reverse"))
	got, err := Order(t.Context(), set, append(tips, tips[0]), 0)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %d commits, %v; want %d as git orders them", len(got), err, len(want))
	}
	for _, c := range []struct{ at, n int }{{0, 5}, {0, 500}, {17, 1}, {100, 20}, {199, 3}, {195, 5}} {
		list, found, err := Since(t.Context(), set, tips, want[c.at], c.n, 0)
		if err != nil || !found || !slices.Equal(list, want[c.at:min(c.at+c.n, len(want))]) {
			t.Errorf("%d from the %dth on are %v, %v, %v", c.n, c.at, list, found, err)
		}
	}
	if list, found, err := Since(t.Context(), set, tips[:1], tips[1], 3, 0); err != nil || found || list != nil {
		t.Errorf("what is not reachable is found: %v %v %v", list, found, err)
	}
	if list, err := Order(t.Context(), set, nil, 0); err != nil || len(list) != 0 {
		t.Errorf("nothing has %v, %v", list, err)
	}
}

func TestWalksOverHistoriesEndAtTheirBound(t *testing.T) {
	dir, tips := branched(t, 60)
	set := objects(t, dir)
	if _, err := Order(t.Context(), set, tips, 59); !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
	if list, err := Order(t.Context(), set, tips, 60); err != nil || len(list) != 60 {
		t.Errorf("got %d, %v", len(list), err)
	}
	if _, _, err := Since(t.Context(), set, tips, oid.ID{1}, 2, 20); !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Order(ended, set, tips, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	tree := id(t, dir, "b0^{tree}")
	if _, err := Order(t.Context(), set, []oid.ID{tree}, 0); !errors.Is(err, ErrNoCommit) {
		t.Errorf("a tree: %v", err)
	}
}

func TestTreesAreListedAsGitDoes(t *testing.T) {
	r := generated(t)
	set := objects(t, r.dir)
	tip := r.list[len(r.list)-1].String()
	want := strings.Split(strings.TrimSuffix(git(t, r.dir, "ls-tree", "-r", "-t", "-z", tip), "\x00"), "\x00")
	var got []string
	depth := 0
	err := List(t.Context(), set, id(t, r.dir, tip+"^{tree}"), ListOptions{}, func(n Node) (bool, error) {
		kind := map[bool]string{true: "tree", false: "blob"}[n.Dir()]
		if !n.Dir() && !n.File() {
			kind = "commit"
		}
		if d := strings.Count(n.Path, "/"); d > depth {
			depth = d
		}
		got = append(got, fmt.Sprintf("%06o %s %s\t%s", uint32(n.Mode), kind, n.ID, n.Path))
		return true, nil
	})
	if err != nil || depth == 0 {
		t.Fatalf("depth %d, %v", depth, err)
	}
	sort.Strings(got)
	sort.Strings(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestAListEndsWhenNoMoreIsWanted(t *testing.T) {
	dir := t.TempDir()
	git(t, "", "init", "-q", "--bare", dir)
	blob := put(t, dir, "x", "hash-object", "-w", "--stdin")
	sub := put(t, dir, "100644 blob "+blob+"\tz\n", "mktree")
	top := put(t, dir, "040000 tree "+sub+"\ta\n100644 blob "+blob+"\tb\n040000 tree "+sub+"\tc\n", "mktree")
	set := objects(t, dir)
	list := func(o ListOptions, most int) (string, error) {
		var paths []string
		err := List(t.Context(), set, id(t, dir, top), o, func(n Node) (bool, error) {
			paths = append(paths, n.Path)
			return len(paths) < most, nil
		})
		return strings.Join(paths, " "), err
	}
	for _, c := range []struct {
		o    ListOptions
		most int
		want string
		err  error
	}{
		{ListOptions{}, 99, "a b c a/z c/z", nil},
		{ListOptions{Prefix: "p/"}, 99, "p/a p/b p/c p/a/z p/c/z", nil},
		{ListOptions{}, 2, "a b", nil},
		{ListOptions{}, 4, "a b c a/z", nil},
		{ListOptions{Visit: 4}, 99, "a b c a/z", ErrTooDeep},
	} {
		if got, err := list(c.o, c.most); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%+v %d: %q, %v; want %q, %v", c.o, c.most, got, err, c.want, c.err)
		}
	}
	bad := errors.New("enough")
	if err := List(t.Context(), set, id(t, dir, top), ListOptions{}, func(Node) (bool, error) { return true, bad }); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	if err := List(t.Context(), set, id(t, dir, blob), ListOptions{}, func(Node) (bool, error) { return true, nil }); err == nil {
		t.Error("a blob is listed as a tree")
	}
}

// put runs git with an input, and returns what it printed.
func put(t *testing.T, dir, in string, args ...string) string {
	t.Helper()
	out, said, err := try(t, dir, in, nil, args...)
	if err != nil {
		t.Fatalf("git %s: %s", strings.Join(args, " "), said)
	}
	return strings.TrimSpace(out)
}

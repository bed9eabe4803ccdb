package reach

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/filter"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// spec is a filter as clients write it; lists of patterns are named by the id of their blob.
func spec(t testing.TB, s string) filter.Filter {
	t.Helper()
	f, err := filter.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// loaded is spec with the blobs of a repository.
func loaded(t testing.TB, set *pack.Set, s string) filter.Filter {
	t.Helper()
	f := spec(t, s)
	err := f.Load(func(name string) (oid.ID, []byte, error) {
		id, ok := oid.Parse(name)
		if !ok {
			t.Fatalf("%s is no id", name)
		}
		_, content, err := set.Read(id, 1<<20)
		return id, content, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// patterns are lists of patterns that leave out this and that of what random makes.
var patterns = []string{
	"d0/\n", "/*\n!/*/\n/d1/\n", "f1\n!d2/e0/\n", "*\n!f0\n", "e?/f[02]\n", "**/e1/**\n!f3\n", "/d0/e0/f0\nd1/e*\n!d1/e2/\n", "/d[0-1]/**/f2\n",
}

func TestFilteredEnumerationIsGits(t *testing.T) {
	for seed := range uint64(2) {
		dir := random(t, 300+seed, 50)
		var specs []string
		for _, p := range patterns {
			specs = append(specs, "sparse:oid="+strings.TrimSpace(git(t, dir, p, "hash-object", "-w", "--stdin")))
		}
		git(t, dir, "", "prune-packed")
		git(t, dir, "", "-c", "repack.writeBitmaps=false", "repack", "-adkq")
		set := pack.NewSet(open(t, dir), 1<<20)
		specs = append(specs, "blob:none", "blob:limit=0", "blob:limit=10", "blob:limit=1k", "tree:0", "tree:1", "tree:2", "tree:3", "tree:1k",
			"object:type=commit", "object:type=tree", "object:type=blob", "object:type=tag", "combine:tree:3+blob:limit=10", "combine:object:type=tree+tree:2", "combine:"+specs[0]+"+tree:3")
		ref := refs(t, dir)
		ref["c49^{tree}"] = id(t, dir, "c49^{tree}")
		for _, s := range specs {
			for _, rev := range []string{"c49", "c0", "tt0", "tree", "c49^{tree}"} {
				plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{ref[rev]}, Filter: loaded(t, set, s)}, nil)
				if err != nil {
					t.Fatal(err)
				}
				want, got := list(t, dir, "--objects", "--filter="+s, rev), sorted(plan.Objects)
				if l := lacking(want, got); len(l) > 0 || len(got) != len(plan.Objects) {
					t.Errorf("seed %d, %s of %s: lacks %s and others, %d of %d", seed, s, rev, l, len(l), len(want))
				}
				// git forgets what one of several filters has let through where another did not.
				if more := lacking(got, want); len(more) > 0 && !strings.HasPrefix(s, "combine") && !strings.Contains(rev, "t") {
					t.Errorf("seed %d, %s of %s: %d objects more than git's %d, such as %s", seed, s, rev, len(more), len(want), more[0])
				}
			}
		}
	}
}

func TestFilteredEnumerationBesideHavesLacksNothing(t *testing.T) {
	for seed := range uint64(4) {
		dir := random(t, 400+seed, 50)
		ref := refs(t, dir)
		set := pack.NewSet(open(t, dir), 1<<20)
		rng := rand.New(rand.NewPCG(seed, 8))
		for range 8 {
			want, have := fmt.Sprintf("c%d", rng.IntN(50)), fmt.Sprintf("c%d", rng.IntN(50))
			s := []string{"blob:none", "blob:limit=10", "tree:1", "tree:2", "tree:3", "object:type=blob"}[rng.IntN(6)]
			plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{ref[want]}, Haves: []oid.ID{ref[have]}, Filter: spec(t, s)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if plan.ClientHas != nil {
				t.Fatal("something is said to be at a client that filters")
			}
			need := lacking(list(t, dir, "--objects", "--filter="+s, want), list(t, dir, "--objects", have))
			if l := lacking(need, sorted(plan.Objects)); len(l) > 0 {
				t.Fatalf("seed %d, %s of %s..%s: lacks %s and %d more", seed, s, have, want, l[0], len(l)-1)
			}
		}
	}
}

// towers is a tree of n folders in a row, each of which holds the next one ten times over: 10 to the n paths.
func towers(t *testing.T, n int) (dir string, tip oid.ID) {
	dir = t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	below := strings.TrimSpace(git(t, dir, "x", "hash-object", "-w", "--stdin"))
	kind := "100644 blob"
	for range n {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, "%s %s\t%d\n", kind, below, i)
		}
		below, kind = strings.TrimSpace(git(t, dir, b.String(), "mktree")), "040000 tree"
	}
	commit := strings.TrimSpace(git(t, dir, "", "commit-tree", "-m", "towers", below))
	git(t, dir, "", "update-ref", "refs/heads/main", commit)
	git(t, dir, "", "repack", "-adq")
	return dir, id(t, dir, "main")
}

func TestWalksEndWithTheirBudget(t *testing.T) {
	dir, tip := towers(t, 12)
	set := pack.NewSet(open(t, dir), 1<<20)
	sparse := spec(t, "sparse:oid=x")
	_ = sparse.Load(func(string) (oid.ID, []byte, error) { return oid.ID{1}, []byte("/0/1/2/3\n"), nil })
	_, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{tip}, Filter: sparse, Budget: 10_000}, nil)
	if !errors.Is(err, ErrBudget) {
		t.Errorf("a trillion paths: %v", err)
	}
	plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{tip}, Filter: spec(t, "tree:13"), Budget: 1000}, nil)
	if err != nil || len(plan.Objects) != 14 {
		t.Errorf("the same to a depth: %d objects, %v; each tree is worth one visit", len(plan.Objects), err)
	}

	dir = random(t, 1, 60)
	set = pack.NewSet(open(t, dir), 1<<20)
	tip = id(t, dir, "c59")
	for name, walk := range map[string]func(budget int) error{
		"depth": func(n int) error { _, err := Depth(context.Background(), set, []oid.ID{tip}, 1000, n); return err },
		"since": func(n int) error { _, err := Since(context.Background(), set, []oid.ID{tip}, 0, nil, n); return err },
		"full": func(n int) error {
			_, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{tip}, Budget: n}, nil)
			return err
		},
		"incremental": func(n int) error {
			_, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{tip}, Haves: []oid.ID{id(t, dir, "c1")}, Budget: n}, nil)
			return err
		},
	} {
		if err := walk(5); !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "more than 5 commits and trees") {
			t.Errorf("%s: %v", name, err)
		}
		if err := walk(5000); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSinceEndsWhereGitsDoes(t *testing.T) {
	for seed := range uint64(4) {
		dir := random(t, 500+seed, 60)
		ref := refs(t, dir)
		set := pack.NewSet(open(t, dir), 1<<20)
		for _, row := range []struct {
			since int64
			not   []string
		}{{0, nil}, {1_000_002_500, nil}, {1_000_005_000, nil}, {0, []string{"c20"}}, {0, []string{"c20", "tt1", "c45"}}, {1_000_003_000, []string{"c40"}}, {0, []string{"tree"}}} {
			args, not := []string{"c59", "tt0"}, []oid.ID{}
			for _, rev := range row.not {
				args, not = append(args, "^"+rev), append(not, ref[rev])
			}
			if row.since > 0 {
				args = append(args, fmt.Sprintf("--max-age=%d", row.since))
			}
			cut, err := Since(context.Background(), set, []oid.ID{ref["c59"], ref["tt0"]}, row.since, not, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := list(t, dir, args...)
			var got []oid.ID
			_ = cut.within.each(func(id oid.ID) error { got = append(got, id); return nil })
			if got = sorted(got); !slices.Equal(got, want) {
				t.Errorf("seed %d, %v: %d commits, git has %d", seed, row, len(got), len(want))
			}
			r := reader{set: set}
			for _, id := range want {
				c, err := r.commit(id)
				if err != nil || slices.Contains(cut.Boundary, id) != (len(lacking(c.Parents, want)) > 0) {
					t.Errorf("seed %d, %v: %s is taken for an end wrongly, %v", seed, row, id, err)
				}
			}
		}
	}
}

func TestWhatIsWantedByItsIdIsSentWhateverTheFilterSays(t *testing.T) {
	dir := random(t, 5, 40)
	set := pack.NewSet(open(t, dir), 1<<20)
	for _, s := range []string{"blob:none", "tree:0", "object:type=tag", "object:type=commit", "combine:tree:0+object:type=blob"} {
		var wants []oid.ID
		for _, o := range list(t, dir, "--objects", "c39") {
			if kind, _, err := set.Header(o); err == nil && kind != plumbing.CommitObject {
				wants = append(wants, o)
			}
		}
		plan, err := Enumerate(context.Background(), set, Request{Wants: append(wants, id(t, dir, "c39"), id(t, dir, "tt2")), Filter: spec(t, s)}, nil)
		if l := lacking(append(wants, id(t, dir, "c39"), id(t, dir, "tt2"), id(t, dir, "t2")), sorted(plan.Objects)); err != nil || len(l) > 0 || len(sorted(plan.Objects)) != len(plan.Objects) {
			t.Errorf("%s: lacks %d of %d, %v", s, len(l), len(wants), err)
		}
	}
}

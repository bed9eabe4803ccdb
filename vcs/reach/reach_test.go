package reach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

func git(t testing.TB, dir, in string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	cmd.Stdin = strings.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// random makes a repository with a wild history by git fast-import: merges, an octopus now and then, several roots, wild
// clocks, moved folders, tags of tags, submodules, empty trees.
func random(t testing.TB, seed uint64, commits int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	rng := rand.New(rand.NewPCG(seed, seed))
	var b strings.Builder
	for i := range commits {
		fmt.Fprintf(&b, "commit refs/heads/c%d\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", i, i+1, 1_000_000_000+i*100-rng.IntN(3)*rng.IntN(5000))
		if i > 0 && rng.IntN(20) != 0 {
			fmt.Fprintf(&b, "from :%d\n", max(1, i-rng.IntN(min(i, 4))))
			for range []int{0, 0, 0, 0, 1, 1, 2, 4}[rng.IntN(8)] {
				fmt.Fprintf(&b, "merge :%d\n", 1+rng.IntN(i))
			}
		}
		for range rng.IntN(4) {
			body := fmt.Sprintf("content %d", rng.IntN(60))
			fmt.Fprintf(&b, "M 100644 inline d%d/e%d/f%d\ndata %d\n%s\n", rng.IntN(3), rng.IntN(3), rng.IntN(4), len(body), body)
		}
		switch rng.IntN(12) {
		case 0:
			fmt.Fprintf(&b, "M 160000 %040x sub\n", i+1)
		case 1:
			b.WriteString("D d0\n")
		case 2:
			b.WriteString("deleteall\n")
		}
		b.WriteByte('\n')
	}
	for i := range 3 {
		fmt.Fprintf(&b, "tag t%d\nmark :%d\nfrom :%d\n%s", i, commits+1+i, 1+rng.IntN(commits), "tagger A <a@example.com> 1000000000 +0000\ndata 3\ntag\n")
		fmt.Fprintf(&b, "tag tt%d\nfrom :%d\n%s", i, commits+1+i, "tagger A <a@example.com> 1000000000 +0000\ndata 12\ntag of a tag\n")
	}
	git(t, dir, b.String(), "fast-import", "--quiet", "--force")
	git(t, dir, "", "tag", "-a", "-m", "tag of a tree", "tree", fmt.Sprintf("c%d^{tree}", commits-1))
	git(t, dir, "", "repack", "-adq")
	return dir
}

// open opens all packs of a repository.
func open(t testing.TB, dir string) []*pack.Pack {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	var packs []*pack.Pack
	for _, path := range paths {
		packs = append(packs, openPack(t, strings.TrimSuffix(path, ".pack"), nil))
	}
	return packs
}

func openPack(t testing.TB, base string, roots *pack.Roots) *pack.Pack {
	t.Helper()
	f, err := os.Open(base + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	x, err := mapped.Open(base + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	p, err := pack.Open(pack.Source{Name: filepath.Base(base), Data: f, Size: st.Size(), File: f, Index: x, Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func id(t testing.TB, dir, revision string) oid.ID {
	t.Helper()
	got, ok := oid.Parse(strings.TrimSpace(git(t, dir, "", "rev-parse", revision)))
	if !ok {
		t.Fatalf("%s is nothing", revision)
	}
	return got
}

// refs are what branches and tags of a repository stand for, by their names without refs/heads/ and refs/tags/: one process
// for those who ask often.
func refs(t testing.TB, dir string) map[string]oid.ID {
	t.Helper()
	all := map[string]oid.ID{}
	for line := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(refname:strip=2) %(objectname)")) {
		name, hex, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[name], _ = oid.Parse(hex)
	}
	return all
}

// list is what git rev-list says, without names of files.
func list(t testing.TB, dir string, args ...string) []oid.ID {
	t.Helper()
	var all []oid.ID
	for line := range strings.Lines(git(t, dir, "", append([]string{"rev-list"}, args...)...)) {
		got, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if parsed, ok := oid.Parse(got); ok {
			all = append(all, parsed)
		}
	}
	return sorted(all)
}

func sorted(l []oid.ID) []oid.ID {
	l = slices.Clone(l)
	slices.SortFunc(l, oid.Compare)
	return slices.Compact(l)
}

// lacking is what is in want and not in got.
func lacking(want, got []oid.ID) []oid.ID {
	var l []oid.ID
	for _, w := range want {
		if _, ok := slices.BinarySearchFunc(got, w, oid.Compare); !ok {
			l = append(l, w)
		}
	}
	return l
}

func TestFullEnumerationIsGits(t *testing.T) {
	for seed := range uint64(8) {
		dir := random(t, seed, 60)
		set := pack.NewSet(open(t, dir), 1<<20)
		for _, rev := range []string{"c59", "c30", "c0", "tt0", "tree", "c59^{tree}"} {
			plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{id(t, dir, rev)}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := list(t, dir, "--objects", rev)
			if got := sorted(plan.Objects); !slices.Equal(got, want) || len(got) != len(plan.Objects) {
				t.Errorf("seed %d, %s: %d objects (%d distinct), git has %d", seed, rev, len(plan.Objects), len(got), len(want))
			}
		}
	}
}

func TestIncrementalEnumerationLacksNothing(t *testing.T) {
	more, total := 0, 0
	for seed := range uint64(12) {
		dir := random(t, 100+seed, 60)
		ref, reached := refs(t, dir), map[string][]oid.ID{}
		reach := func(rev string) []oid.ID {
			if reached[rev] == nil {
				reached[rev] = list(t, dir, "--objects", rev)
			}
			return reached[rev]
		}
		set := pack.NewSet(open(t, dir), 1<<20)
		rng := rand.New(rand.NewPCG(seed, 7))
		for range 8 {
			want, have := fmt.Sprintf("c%d", rng.IntN(60)), fmt.Sprintf("c%d", rng.IntN(60))
			plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{ref[want]}, Haves: []oid.ID{ref[have]}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := sorted(plan.Objects)
			// What the client really has is all that have reaches.
			has := reach(have)
			need := lacking(reach(want), has)
			if l := lacking(need, got); len(l) > 0 {
				t.Fatalf("seed %d: %s..%s lacks %s and %d more", seed, have, want, l[0], len(l)-1)
			}
			for _, o := range has {
				if plan.ClientHas(o) {
					total++
				}
			}
			more += len(got) - len(need)
		}
	}
	t.Logf("%d objects more than needed, %d known at the client", more, total)
	if total == 0 {
		t.Error("nothing was ever known to be at the client")
	}
}

func TestBlobNoneLeavesOutBlobsAndNothingElse(t *testing.T) {
	dir := random(t, 5, 40)
	set := pack.NewSet(open(t, dir), 1<<20)
	plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{id(t, dir, "c39")}, Filter: spec(t, "blob:none")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(plan.Objects), list(t, dir, "--objects", "--filter=blob:none", "c39"); !slices.Equal(got, want) {
		t.Errorf("%d objects, git has %d", len(got), len(want))
	}
	blob := lacking(list(t, dir, "--objects", "c39"), sorted(plan.Objects))[0]
	plan, err = Enumerate(context.Background(), set, Request{Wants: []oid.ID{blob}, Filter: spec(t, "blob:none")}, nil)
	if err != nil || !slices.Equal(plan.Objects, []oid.ID{blob}) {
		t.Errorf("a blob that is wanted by its id: got %v, %v", plan.Objects, err)
	}
}

func TestDepthEndsWhereGitsDoes(t *testing.T) {
	for seed := range uint64(4) {
		dir := random(t, 200+seed, 50)
		set := pack.NewSet(open(t, dir), 1<<20)
		for _, depth := range []int{1, 2, 5, 1000} {
			cut, err := Depth(context.Background(), set, []oid.ID{id(t, dir, "c49")}, depth, 0)
			boundary := cut.Boundary
			if err != nil {
				t.Fatal(err)
			}
			clone := t.TempDir()
			git(t, "", "", "-c", "protocol.version=2", "clone", "-q", "--bare", "--no-tags", "--single-branch", "-b", "c49", "--depth", fmt.Sprint(depth), "file://"+dir, clone)
			var want []oid.ID
			if b, err := os.ReadFile(filepath.Join(clone, "shallow")); err == nil {
				for line := range strings.Lines(string(b)) {
					got, _ := oid.Parse(strings.TrimSpace(line))
					// git marks a root at the very depth, too, from which nothing is cut off.
					if strings.Contains(git(t, dir, "", "cat-file", "-p", got.String()), "\nparent ") {
						want = append(want, got)
					}
				}
			}
			if got := sorted(boundary); !slices.Equal(got, sorted(want)) {
				t.Errorf("seed %d, depth %d: boundary %v, git's %v", seed, depth, got, want)
			}
			plan, err := Enumerate(context.Background(), set, Request{Wants: []oid.ID{id(t, dir, "c49")}, Boundary: boundary}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if l := lacking(list(t, clone, "--objects", "--all"), sorted(plan.Objects)); len(l) > 0 {
				t.Errorf("seed %d, depth %d: lacks %d objects", seed, depth, len(l))
			}
		}
	}
}

func TestClosedPackGoesWholeOnlyWhereAllOfItIsWanted(t *testing.T) {
	dir := random(t, 9, 40)
	base := strings.TrimSuffix(func() string { p, _ := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack")); return p[0] }(), ".pack")
	var tips []oid.ID
	for line := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(objectname)")) {
		got, _ := oid.Parse(strings.TrimSpace(line))
		tips = append(tips, got)
	}
	p := openPack(t, base, &pack.Roots{IDs: tips, Closed: true})
	set := pack.NewSet([]*pack.Pack{p}, 1<<20)
	plan, err := Enumerate(context.Background(), set, Request{Wants: tips}, nil)
	if err != nil || len(plan.Whole) != 1 || len(plan.Objects) != 0 {
		t.Errorf("all tips: %d objects, %d whole packs, %v", len(plan.Objects), len(plan.Whole), err)
	}
	plan, err = Enumerate(context.Background(), set, Request{Wants: tips[:1]}, nil)
	if err != nil || len(plan.Whole) != 0 || !slices.Equal(sorted(plan.Objects), list(t, dir, "--objects", tips[0].String())) {
		t.Errorf("one tip: %d objects, %d whole packs, %v", len(plan.Objects), len(plan.Whole), err)
	}
}

func TestVisibleIsReachableAndNothingElse(t *testing.T) {
	for _, known := range []bool{false, true} {
		t.Run(fmt.Sprintf("roots known %v", known), func(t *testing.T) {
			dir := random(t, 11, 60)
			base := strings.TrimSuffix(func() string { p, _ := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack")); return p[0] }(), ".pack")
			var roots *pack.Roots
			all := list(t, dir, "--objects", "--all")
			if known {
				roots = &pack.Roots{IDs: []oid.ID{id(t, dir, "c59")}} // a claim that is not true of the whole pack: it is never to be asked
			}
			set := pack.NewSet([]*pack.Pack{openPack(t, base, nil)}, 1<<20)
			if known {
				set = pack.NewSet([]*pack.Pack{openPack(t, base, roots)}, 1<<20)
			}
			tips := []oid.ID{id(t, dir, "c20"), id(t, dir, "tt1")}
			want := list(t, dir, "--objects", "c20", "tt1")
			v := NewVisible(set, tips, Options{})
			hidden, err := v.Objects(context.Background(), all)
			if err != nil {
				t.Fatal(err)
			}
			if got := lacking(all, sorted(hidden)); !slices.Equal(got, want) {
				t.Errorf("%d of %d objects are visible, want %d", len(got), len(all), len(want))
			}
			none, _ := oid.Parse(strings.Repeat("1", oid.HexSize))
			if ok, err := v.Object(context.Background(), none); ok || err != nil {
				t.Errorf("an object that is not there: got %v, %v", ok, err)
			}
		})
	}
}

func TestRootsAnswerWithoutAWalk(t *testing.T) {
	dir := random(t, 12, 60)
	base := strings.TrimSuffix(func() string { p, _ := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack")); return p[0] }(), ".pack")
	blob := id(t, dir, "c59^{tree}")
	for _, c := range []struct {
		roots *pack.Roots
		want  error
	}{{nil, ErrBudget}, {&pack.Roots{IDs: []oid.ID{id(t, dir, "c59")}}, nil}} {
		set := pack.NewSet([]*pack.Pack{openPack(t, base, c.roots)}, 1<<20)
		v := NewVisible(set, []oid.ID{id(t, dir, "c59")}, Options{Budget: 1})
		if _, err := v.Object(context.Background(), blob); !errors.Is(err, c.want) {
			t.Errorf("roots %v: got %v, want %v", c.roots, err, c.want)
		}
	}
}

func TestAPaintHoldsNoMoreThanItMay(t *testing.T) {
	dir := random(t, 1, 60)
	set := pack.NewSet(open(t, dir), 1<<20)
	tip := id(t, dir, "c59")
	walk := func(room int) (left int, err error) {
		p := newPaint(reader{set: set}, Request{})
		p.room = room
		if err := p.meet(tip, false); err != nil {
			return p.room, err
		}
		err = p.run(context.Background())
		return p.room, err
	}
	left, err := walk(maxHeld)
	if err != nil || maxHeld-left < 60 {
		t.Fatalf("%d of %d are left, %v", left, maxHeld, err)
	}
	if _, err := walk(maxHeld - left); err != nil {
		t.Errorf("just enough room: %v", err)
	}
	if _, err := walk(maxHeld - left - 1); !errors.Is(err, ErrBudget) {
		t.Errorf("one too few: %v", err)
	}
}

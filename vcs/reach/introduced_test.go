package reach

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// filesOf lists the blobs of a commit's tree with their paths, as C git does; each commit's once.
func filesOf(t *testing.T, dir string) func(commit string) map[string]bool {
	known := map[string]map[string]bool{}
	return func(commit string) map[string]bool {
		if known[commit] == nil {
			known[commit] = map[string]bool{}
			for line := range strings.Lines(git(t, dir, "", "ls-tree", "-r", "--format=%(objectname) %(path)", commit)) {
				known[commit][strings.TrimSpace(line)] = true
			}
		}
		return known[commit]
	}
}

func has(files map[string]bool, path string) bool {
	for file := range files {
		if strings.HasSuffix(file, " "+path) {
			return true
		}
	}
	return false
}

// TestIntroducedIsWhatNoParentHas compares with what C git lists of each commit and its parents.
func TestIntroducedIsWhatNoParentHas(t *testing.T) {
	for seed := range uint64(2) {
		rng := rand.New(rand.NewPCG(seed, 3))
		dir := random(t, 900+seed, 14)
		git(t, dir, "", "repack", "-a", "-d", "-q")
		fresh := open(t, dir)[0]
		set := pack.NewSet([]*pack.Pack{fresh}, 1<<20)
		wanted := map[oid.ID]bool{}
		for _, id := range packed(t, fresh) {
			if kind, _, _ := set.Header(id); kind == plumbing.BlobObject && rng.IntN(12) == 0 {
				wanted[id] = true
			}
		}
		old := list(t, dir, "--all", "--max-count=100", "--reverse")[:3]
		visible := NewVisible(set, old, Options{})
		first := map[oid.ID]string{}
		reached, err := Introduced(t.Context(), set, fresh, tipsOf(t, dir), visible, Wanted{Objects: wanted, Counts: func(at Place) bool {
			if first[at.Commit] == "" {
				first[at.Commit] = at.Path
			}
			return true
		}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := list(t, dir, strings.Fields(git(t, dir, "", "rev-list", old[0].String(), old[1].String(), old[2].String()))...)
		want, files := map[oid.ID]bool{}, filesOf(t, dir)
		for line := range strings.Lines(git(t, dir, "", "rev-list", "--topo-order", "--reverse", "--parents", "--all")) {
			f := strings.Fields(line)
			commit := parsed(f[0])
			if slices.Contains(seen, commit) {
				continue
			}
			before := map[string]bool{}
			for _, parent := range f[1:] {
				want[commit] = want[commit] || want[parsed(parent)]
				for file := range files(parent) {
					before[file] = true
				}
			}
			for file := range files(f[0]) {
				blob, ok := oid.Parse(strings.Fields(file)[0])
				want[commit] = want[commit] || ok && wanted[blob] && !before[file]
			}
			if reached[commit] != want[commit] {
				t.Errorf("seed %d: commit %s reaches what is wanted: %v, C git says %v", seed, commit, reached[commit], want[commit])
			}
			if path := first[commit]; path != "" && !has(files(commit.String()), path) {
				t.Errorf("seed %d: commit %s has no file %s", seed, commit, path)
			}
		}
	}
}

func parsed(hex string) oid.ID {
	id, _ := oid.Parse(hex)
	return id
}

func TestIntroducedEndsAtItsBudget(t *testing.T) {
	dir := random(t, 77, 20)
	git(t, dir, "", "repack", "-a", "-d", "-q")
	fresh := open(t, dir)[0]
	set := pack.NewSet([]*pack.Pack{fresh}, 1<<20)
	_, err := Introduced(t.Context(), set, fresh, tipsOf(t, dir), NewVisible(pack.NewSet(nil, 1<<20), nil, Options{}), Wanted{}, 5)
	if !errors.Is(err, ErrBudget) {
		t.Errorf("got %v, want ErrBudget", err)
	}
}

package reach

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// damaged is a pack of all of a history but for some objects of it.
func damaged(t testing.TB, dir string, without int, rng *rand.Rand) *pack.Pack {
	t.Helper()
	all := list(t, dir, "--objects", "--all")
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var in strings.Builder
	for _, id := range all[without:] {
		in.WriteString(id.String() + "\n")
	}
	base := filepath.Join(t.TempDir(), "damaged")
	return openPack(t, base+"-"+strings.TrimSpace(git(t, dir, in.String(), "pack-objects", "-q", base)), nil)
}

func tipsOf(t testing.TB, dir string) []oid.ID {
	t.Helper()
	var tips []oid.ID
	for line := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(objectname)")) {
		got, _ := oid.Parse(strings.TrimSpace(line))
		tips = append(tips, got)
	}
	return tips
}

func TestBrokenIsWhatNoProofCanBeMadeOf(t *testing.T) {
	ctx := context.Background()
	none := func() *Visible { return NewVisible(pack.NewSet(nil, 1<<20), nil, Options{}) }
	whole, bad := 0, 0
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 7))
		dir := random(t, 500+seed, 40)
		fresh := damaged(t, dir, int(seed%4), rng)
		set := pack.NewSet([]*pack.Pack{fresh}, 1<<20)
		tips := tipsOf(t, dir)
		tips = append(tips, tips...) // named twice
		broken, err := Broken(ctx, set, fresh, tips, none(), 1)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var rest []oid.ID
		for _, tip := range tips {
			_, err := Connected(ctx, set, fresh, []oid.ID{tip}, none())
			if errors.Is(err, ErrMissing) != errors.Is(broken[tip], ErrMissing) {
				t.Errorf("seed %d: %s alone: %v; among others: %v", seed, tip, err, broken[tip])
			}
			if broken[tip] == nil {
				rest = append(rest, tip)
				whole++
			} else {
				bad++
			}
		}
		if _, err := Connected(ctx, set, fresh, rest, none()); err != nil {
			t.Errorf("seed %d: what is not broken cannot be proven together: %v", seed, err)
		}
	}
	if whole == 0 || bad == 0 {
		t.Errorf("%d tips are whole and %d broken; want both", whole, bad)
	}
}

func TestBrokenKnowsWhatIsVisible(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(4) {
		dir := random(t, 600+seed, 40)
		oldPack, fresh := split(t, dir, "c20", "c39")
		oldSet := pack.NewSet([]*pack.Pack{oldPack}, 1<<20)
		set := pack.NewSet([]*pack.Pack{fresh, oldPack}, 1<<20)
		tip := id(t, dir, "c39")
		for name, shown := range map[string][]oid.ID{"shown": {id(t, dir, "c20")}, "hidden": nil} {
			visible := func() *Visible { return NewVisible(oldSet, shown, Options{}) }
			_, want := Connected(ctx, set, fresh, []oid.ID{tip}, visible())
			got, err := Broken(ctx, set, fresh, []oid.ID{tip, {1}}, visible(), 1)
			if err != nil || errors.Is(want, ErrMissing) != (got[tip] != nil) {
				t.Errorf("seed %d, %s: got %v, %v; Connected says %v", seed, name, got[tip], err, want)
			}
			if !errors.Is(got[oid.ID{1}], ErrMissing) {
				t.Errorf("seed %d, %s: an object that is nowhere: %v", seed, name, got[oid.ID{1}])
			}
		}
	}
}

func TestBrokenEndsAtItsBudgetAndWithItsContext(t *testing.T) {
	dir := random(t, 700, 30)
	fresh := damaged(t, dir, 1, rand.New(rand.NewPCG(1, 1)))
	set := pack.NewSet([]*pack.Pack{fresh}, 1<<20)
	none := NewVisible(pack.NewSet(nil, 1<<20), nil, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Broken(ctx, set, fresh, tipsOf(t, dir), none, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if _, err := Broken(context.Background(), set, nil, tipsOf(t, dir), none, 1); err != nil {
		t.Errorf("without a pack: %v", err)
	}
	// A chain of tags that each tip would walk anew.
	b := tagged(t, dir)
	set = pack.NewSet([]*pack.Pack{b}, 1<<20)
	var tips []oid.ID
	for range 100 {
		tips = append(tips, id(t, dir, "long"))
	}
	if _, err := Broken(context.Background(), set, b, tips, none, 1); !errors.Is(err, ErrBudget) {
		t.Errorf("got %v, want ErrBudget", err)
	}
}

// tagged is a pack of a chain of tags whose end is missing.
func tagged(t testing.TB, dir string) *pack.Pack {
	t.Helper()
	to, kind, in := id(t, dir, "c0").String(), "commit", ""
	for range 50 {
		to = strings.TrimSpace(git(t, dir, "object "+to+"\ntype "+kind+"\ntag x\ntagger A <a@example.com> 1 +0000\n\nx\n", "mktag"))
		kind, in = "tag", in+to+"\n"
	}
	git(t, dir, "", "update-ref", "refs/tags/long", to)
	base := filepath.Join(t.TempDir(), "tags")
	return openPack(t, base+"-"+strings.TrimSpace(git(t, dir, in, "pack-objects", "-q", base)), nil)
}

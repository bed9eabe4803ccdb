package gate

import (
	"math"
	"slices"
	"testing"
	"time"

	"jeton/auth/token"
)

const (
	// samples of each kind of refusal; at 2 ms each the test takes some seconds.
	samples = 150
	// limit bounds |z| of the rank test between two kinds of refusal. Under the same distribution |z| passes 4.5 once in
	// 150,000 comparisons; there are ten of them.
	limit = 4.5
)

// TestRefusalsTakeTheSameTime asks with an unknown token, and with genuine ones that are refused, in turns that begin with
// another each time, so that a machine that does other things moves all alike: nothing in the times tells which is which.
// That the rank test sees what is there is tried on times that are plain.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	w := newWorld(t)
	mint := func(k token.Kind, more ...func(*token.Request)) string {
		_, text := w.mint(w.ada, k, more...)
		return text
	}
	revokedID, revoked := w.mint(w.ada, token.VCS)
	ok(t, w.tokens.Revoke(t.Context(), root, revokedID))
	asked := []struct{ name, secret string }{
		{"unknown", forged(t)}, {"expired", mint(token.VCS, until(noon.Add(time.Second)))}, {"revoked", revoked},
		{"wrong kind", mint(token.Feed)}, {"decoy", mint(token.VCS, decoy)},
	}
	w.set(noon.Add(time.Minute))
	o := w.options(func() time.Time { return *w.now.Load() })
	o.RefusalTime = 0
	g := New(o)
	names := make([]string, len(asked))
	for i, a := range asked {
		names[i] = a.name
	}
	takeTheSameTime(t, names, func(i int) error {
		_, err := g.Admit(t.Context(), basic("", asked[i].secret), Git, Resource{Path: "ada/private"}, Read)
		return err
	})
	if z := ranks([]time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, []time.Duration{21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32}); z > -4 {
		t.Errorf("the rank test does not see what is plain: z %.2f", z)
	}
}

// TestWhatIsMissingAndWhatIsForbiddenTakeTheSameTime asks at the API about what is not there, and about what is there and
// not the caller's to see.
func TestWhatIsMissingAndWhatIsForbiddenTakeTheSameTime(t *testing.T) {
	c := newCalls(t)
	o := c.gate.o
	o.RefusalTime = 0
	c.gate = New(o)
	asked := []Object{{Kind: OnRepository, Name: "ada/nothing"}, {Kind: OnRepository, Name: "ada/private"},
		{Kind: OnGroup, Name: "nothing"}, {Kind: OnGroup, Name: "firm"}, {Kind: OnUserGroup, Name: "crew"}}
	names := make([]string, len(asked))
	for i, object := range asked {
		names[i] = string(object.Kind) + " " + object.Name
	}
	takeTheSameTime(t, names, func(i int) error {
		_, err := c.call("eve", asked[i], "", Read)
		return err
	})
}

// takeTheSameTime asks for refusals in turns that begin with another each time, and fails where their times tell which is
// which, or one came before its time. A machine that is busy with other things makes some slower for a while; a pair that
// can be told apart is measured anew, twice, and what the code itself makes slower is so each time, and in the same way.
func takeTheSameTime(t *testing.T, names []string, ask func(i int) error) {
	t.Helper()
	apart := toldApart(t, names, ask)
	for again := 0; again < 2 && len(apart) > 0; again++ {
		now := toldApart(t, names, ask)
		for pair, z := range apart {
			if now[pair]*z <= 0 { // not, or the other way round
				delete(apart, pair)
			}
		}
	}
	for pair, z := range apart {
		t.Errorf("%s and %s can be told apart: z is %.2f, at most %.1f is chance", names[pair[0]], names[pair[1]], z, limit)
	}
}

// toldApart measures once, and answers z of each pair that can be told apart.
func toldApart(t *testing.T, names []string, ask func(i int) error) map[[2]int]float64 {
	t.Helper()
	times := make([][]time.Duration, len(names))
	for turn := range samples {
		for k := range names {
			i := (turn + k) % len(names)
			began := time.Now()
			err := ask(i)
			times[i] = append(times[i], time.Since(began))
			if AsRefused(err) == nil {
				t.Fatalf("%s: %v", names[i], err)
			}
		}
	}
	apart := map[[2]int]float64{}
	for i := range names {
		if least := slices.Min(times[i]); least < refusalTime {
			t.Errorf("%s: refused after %s, before its time", names[i], least)
		}
		for j := range i {
			z := ranks(times[i], times[j])
			t.Logf("%s and %s: z %.2f, medians %s apart", names[i], names[j], z, median(times[i])-median(times[j]))
			if math.Abs(z) > limit {
				apart[[2]int{i, j}] = z
			}
		}
	}
	return apart
}

// ranks is z of the rank sum test of Mann and Whitney: how far the ranks of a, among both, lie from what chance gives, in
// standard deviations; below zero where a is smaller. Ties are split evenly.
func ranks(a, b []time.Duration) float64 {
	b = slices.Sorted(slices.Values(b))
	u := 0.0
	for _, x := range a {
		below, _ := slices.BinarySearch(b, x)
		upTo, _ := slices.BinarySearch(b, x+1)
		u += float64(below) + float64(upTo-below)/2
	}
	n, m := float64(len(a)), float64(len(b))
	return (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func median(list []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

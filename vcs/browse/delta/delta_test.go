package delta_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"jeton/vcs/browse/delta"
	"jeton/vcs/pack"
)

// check makes a delta and has vcs/pack apply it.
func check(t testing.TB, base, result []byte) []byte {
	t.Helper()
	d := delta.Make(base, result, 1<<30)
	got, err := pack.ApplyDelta(nil, base, d)
	if err != nil || !bytes.Equal(got, result) {
		t.Fatalf("delta %q of %q makes %q (%v), want %q", d, base, got, err, result)
	}
	return d
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 5))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestMake(t *testing.T) {
	base := random(1, 200_000)
	for name, c := range map[string]struct {
		base, result []byte
		most         int
	}{
		"both empty":       {nil, nil, 2},
		"from nothing":     {nil, []byte("something"), 20},
		"to nothing":       {base, nil, 5},
		"the same":         {base, base, 50},
		"one byte changed": {base, append(append(bytes.Clone(base[:70_000]), 'x'), base[70_001:]...), 80},
		"parts exchanged":  {base, append(bytes.Clone(base[100_000:]), base[:100_000]...), 80},
		"something before": {base, append([]byte("before"), base...), 80},
		"nothing alike":    {base, random(2, 1000), 1020},
		"all zeros":        {make([]byte, 100_000), make([]byte, 150_000), 200},
	} {
		t.Run(name, func(t *testing.T) {
			if d := check(t, c.base, c.result); len(d) > c.most {
				t.Errorf("delta takes %d bytes, want at most %d", len(d), c.most)
			}
		})
	}
}

func TestMakeGivesUpAtTheLimit(t *testing.T) {
	if d := delta.Make(random(1, 10_000), random(2, 10_000), 10_000); d != nil {
		t.Errorf("delta of %d bytes, want none", len(d))
	}
}

func FuzzMake(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), []byte("x0123456789abcdefy"))
	f.Add([]byte(""), []byte("a"))
	f.Fuzz(func(t *testing.T, base, result []byte) { check(t, base, result) })
}

func BenchmarkMake(b *testing.B) {
	base := random(1, 1<<20)
	result := append(append(bytes.Clone(base[:1<<19]), "changed"...), base[1<<19:]...)
	b.SetBytes(int64(len(base) + len(result)))
	for b.Loop() {
		delta.Make(base, result, len(result))
	}
}

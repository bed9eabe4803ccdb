package pack

import (
	"bufio"
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// mended applies a delta as a stream.
func mended(base, delta []byte, limit int64) ([]byte, error) {
	var out bytes.Buffer
	m := mender{delta: bufio.NewReader(bytes.NewReader(delta)), base: bytes.NewReader(base), baseSize: int64(len(base)), to: &out}
	err := m.run(limit)
	return out.Bytes(), err
}

func TestStreamedDeltasMakeWhatHeldOnesMake(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	base := make([]byte, 300_000)
	for i := range base {
		base[i] = byte(rng.Uint32())
	}
	for range 50 {
		ops, size := [][]byte{insertOp("x")}, 1
		for range rng.IntN(40) {
			if rng.IntN(2) == 0 {
				text := string(base[:1+rng.IntN(127)])
				ops = append(ops, insertOp(text))
				size += len(text)
			} else {
				off := rng.IntN(len(base) - 1)
				n := 1 + rng.IntN(len(base)-off)
				ops = append(ops, copyOp(off, n))
				size += n
			}
		}
		d := delta(len(base), size, ops...)
		want, err := ApplyDelta(nil, base, d)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := mended(base, d, int64(size)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
		if _, err := mended(base, d, int64(size)-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a limit of one byte less: got %v, want ErrTooLarge", err)
		}
	}
}

// FuzzDelta holds the two ways to apply a delta against each other: they accept the same and make the same.
func FuzzDelta(f *testing.F) {
	base := []byte("hello, world")
	f.Add(base, delta(12, 8, copyOp(0, 5), insertOp(" to")))
	f.Add(base, delta(12, 12, []byte{0x90, 12}))
	f.Add(base, delta(12, 1, []byte{0}))
	f.Add(base, delta(12, 1<<20, []byte{0x80}))
	f.Add(base, delta(13, 1, insertOp("a")))
	f.Add([]byte{}, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		if _, size, _, err := DeltaSizes(delta); err == nil && size > 1<<20 {
			return
		}
		held, err := ApplyDelta([]byte("before"), base, delta)
		streamed, serr := mended(base, delta, 1<<20)
		if (err == nil) != (serr == nil) {
			t.Fatalf("held: %v, streamed: %v", err, serr)
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || !errors.Is(serr, ErrCorrupt) {
				t.Errorf("held: %v, streamed: %v; want ErrCorrupt", err, serr)
			}
			return
		}
		if string(held) != "before"+string(streamed) {
			t.Errorf("held %q, streamed %q", held, streamed)
		}
	})
}

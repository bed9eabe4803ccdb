package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	fast "github.com/klauspost/compress/zlib"
)

// deflated is content as a zlib stream of the standard library.
func deflated(t testing.TB, content []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// contents are of each nature that a repository holds, and of sizes at which something changes.
func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 100_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	few := make([]byte, 70_000)
	for i := range few {
		few[i] = "abcdefgh\n"[r.IntN(9)]
	}
	var words strings.Builder
	for words.Len() < 200_000 {
		fmt.Fprintf(&words, "func f%d(x int) { return x*%d }\n", r.IntN(500), r.IntN(1<<r.IntN(30)))
	}
	skew := make([]byte, 300_000) // symbols so unequal that codes grow to 15 bits
	for i := range skew {
		for skew[i] = 0; r.IntN(3) > 0 && skew[i] < 40; skew[i]++ {
		}
	}
	c := map[string][]byte{
		"empty": nil, "one byte": {7}, "zeros": make([]byte, 150_000), "random": random, "few symbols": few,
		"source": []byte(words.String()), "skewed": skew, "far match": append(append([]byte("needle in the hay"), random[:32_700]...), "needle in the hay"...),
	}
	for _, n := range []int{2, 3, 7, 8, 9, 15, 16, 17, 257, 258, 259, 65_535, 65_536} {
		c[fmt.Sprintf("%d bytes of source", n)] = []byte(words.String())[:n]
	}
	return c
}

func TestDecodesWhatWasDeflated(t *testing.T) {
	var z Decoder // one for all: nothing may stay behind
	for name, content := range contents() {
		for _, level := range []int{-2, -1, 0, 1, 6, 9} {
			in := deflated(t, content, level)
			out := make([]byte, len(content))
			n, err := z.Decode(append(in, "what follows"...), out)
			if err != nil || n != len(in) || !bytes.Equal(out, content) {
				t.Errorf("%s at level %d: %d of %d bytes used, %v, content equal: %v", name, level, n, len(in), err, bytes.Equal(out, content))
			}
		}
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	content := []byte(strings.Repeat("some content that repeats itself, ", 50))
	good := deflated(t, content, 6)
	flip := func(i int) []byte {
		b := bytes.Clone(good)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
	for _, c := range []struct {
		name string
		in   []byte
		size int
		want error
	}{
		{"nothing", nil, 1, ErrMore},
		{"one byte", good[:1], len(content), ErrMore},
		{"without its checksum", good[:len(good)-4], len(content), ErrMore},
		{"checksum cut", good[:len(good)-1], len(content), ErrMore},
		{"wrong checksum", flip(-1), len(content), ErrSum},
		{"wrong method", flip(0), len(content), ErrStream},
		{"declared too short", good, len(content) - 1, ErrLength},
		{"declared too long", good, len(content) + 1, ErrLength},
		{"declared empty", good, 0, ErrLength},
		{"preset dictionary", []byte{0x78, 0x20, 0, 0, 0, 0, 3, 0}, 0, ErrStream},
		{"window too large", []byte{0x88, 0x1c, 3, 0, 0, 0, 0, 1}, 0, ErrStream},
		{"reserved block", []byte{0x78, 0x9c, 7, 0, 0, 0, 0, 1}, 0, ErrStream},
		{"stored with a wrong complement", []byte{0x78, 0x9c, 1, 1, 0, 1, 0, 65, 0, 66, 0, 66}, 1, ErrStream},
		{"stored and cut off", []byte{0x78, 0x9c, 1, 4, 0, 0xfb, 0xff, 65}, 4, ErrMore},
		{"match before the beginning", []byte{0x78, 0x9c, 0x03, 0x02, 0, 0, 0, 0, 0}, 3, ErrStream},
		{"distance of no code", []byte{0x78, 0x9c, 0x4b, 0x84, 0x0f, 0, 0, 0, 0}, 100, ErrStream},
	} {
		if _, err := new(Decoder).Decode(c.in, make([]byte, c.size)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestCutStreamAsksForMore(t *testing.T) {
	for name, content := range contents() {
		if len(content) > 1000 {
			content = content[:400]
		}
		for _, level := range []int{0, 1, 9} {
			in := deflated(t, content, level)
			for n := range in {
				if _, err := new(Decoder).Decode(in[:n], make([]byte, len(content))); err != ErrMore {
					t.Fatalf("%s at level %d, %d of %d bytes: got %v, want %v", name, level, n, len(in), err, ErrMore)
				}
			}
		}
	}
}

// agree compares the decoder with the standard library: what one of the two accepts, the other must see in the same way.
func agree(t *testing.T, in []byte, size int) {
	t.Helper()
	out := make([]byte, size)
	n, err := new(Decoder).Decode(in, out)
	src := bytes.NewReader(in)
	want, wantErr := std(src)
	if err == nil {
		if wantErr != nil || !bytes.Equal(out, want) || n != len(in)-src.Len() {
			t.Fatalf("accepted %d bytes of %x, which the standard library sees otherwise: %v", n, in, wantErr)
		}
		return
	}
	// zlib bears less than the library: no code for the end mark, more than 30 distances.
	if wantErr == nil && len(want) == size && err != ErrStream {
		t.Fatalf("refused what the standard library accepts: %v: %x", err, in)
	}
}

func std(src *bytes.Reader) ([]byte, error) {
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, 4<<20))
}

func TestDamagedStreamsAreSeenAsTheStandardLibraryDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, content := range contents() {
		if len(content) > 3000 {
			content = content[:3000]
		}
		t.Run(name, func(t *testing.T) {
			for range 100 {
				in := deflated(t, content, r.IntN(10))
				for range 1 + r.IntN(3) {
					in[r.IntN(len(in))] ^= byte(1 << r.IntN(8))
				}
				agree(t, in, len(content))
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, content := range contents() {
		f.Add(deflated(f, content[:min(len(content), 400)], 6), min(len(content), 400))
		f.Add(deflated(f, content[:min(len(content), 50)], 1), min(len(content), 50))
	}
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		if size < 0 || size > 1<<20 {
			return
		}
		agree(t, in, size)
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"source", "random", "259 bytes of source", "17 bytes of source"} {
		content := contents()[name]
		in := deflated(b, content, 6)
		b.Run(name, func(b *testing.B) {
			var z Decoder
			out := make([]byte, len(content))
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if _, err := z.Decode(in, out); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+" by klauspost/compress", func(b *testing.B) {
			src := bytes.NewReader(in)
			z, err := fast.NewReader(src)
			if err != nil {
				b.Fatal(err)
			}
			out := make([]byte, len(content))
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				src.Reset(in)
				if err := z.(fast.Resetter).Reset(src, nil); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(z, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

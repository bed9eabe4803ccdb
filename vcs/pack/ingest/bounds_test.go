package ingest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/packtest"
)

// peak is the largest heap that was in use while do ran, above what was before, in bytes.
func peak(do func()) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	var stop atomic.Bool
	top := make(chan uint64)
	go func() {
		most := before
		for !stop.Load() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			runtime.Gosched()
		}
		top <- most
	}()
	do()
	stop.Store(true)
	return <-top - before
}

func limited(t *testing.T, err error, setting string) {
	t.Helper()
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Setting != setting || limit.Limit == 0 || !strings.Contains(err.Error(), setting) {
		t.Errorf("got %v, want a LimitError of %q", err, setting)
	}
}

func TestEachLimitNamesItsSetting(t *testing.T) {
	text := []byte(strings.Repeat("0123456789", 100))
	chain := func(n int) []byte {
		f := newForge()
		f.whole(plumbing.BlobObject, []byte("x"))
		for i := range n {
			f.on(i, delta(1+i, 2+i, from(0, 1+i), with([]byte{byte(i)})))
		}
		return f.pack()
	}
	one := func(kind plumbing.ObjectType, size int64) []byte {
		f := newForge()
		f.raw(pack.Header{Type: kind, Size: size}, packtest.Deflated(text))
		return f.pack()
	}
	bomb := newForge() // 100 bytes that say they become a gigabyte
	bomb.whole(plumbing.BlobObject, text)
	bomb.on(0, delta(len(text), 1<<30+1, from(0, 10)))
	tall := newForge()
	tall.whole(plumbing.TreeObject, text)
	tall.on(0, delta(len(text), 2*len(text), from(0, len(text)), from(0, len(text))))
	grown := tall.pack()
	for _, c := range []struct {
		name, setting string
		p             []byte
		l             Limits
	}{
		{"blob", "receive.max_blob", one(plumbing.BlobObject, 1001), Limits{Blob: 1000}},
		{"blob by default", "receive.max_blob", one(plumbing.BlobObject, 1<<30+1), Limits{}},
		{"result of a delta", "receive.max_blob", bomb.pack(), Limits{}},
		{"tree by default", "receive.max_tree", one(plumbing.TreeObject, maxChecked+1), Limits{}},
		{"tree", "receive.max_tree", one(plumbing.TreeObject, 101), Limits{Tree: 100}},
		{"tree, however much is allowed", "receive.max_tree", one(plumbing.TreeObject, maxChecked+1), Limits{Tree: 1 << 40}},
		{"commit by default", "receive.max_commit", one(plumbing.CommitObject, maxChecked+1), Limits{}},
		{"commit", "receive.max_commit", one(plumbing.CommitObject, 101), Limits{Commit: 100}},
		{"tag", "receive.max_commit", one(plumbing.TagObject, 101), Limits{Commit: 100}},
		{"tree made of a delta", "receive.max_tree", grown, Limits{Tree: 1000}},
		{"pack", "receive.max_pack", sample(t), Limits{Pack: int64(len(sample(t))) - 1}},
		{"header of a pack", "receive.max_pack", sample(t), Limits{Pack: 10}},
		{"objects", "receive.max_objects", newForge().declaring(10_000_001), Limits{Objects: 10_000_000}},
		{"four billion objects", "receive.max_objects", newForge().declaring(1<<32 - 1), Limits{}},
		{"inflated", "receive.max_inflated", one(plumbing.BlobObject, 1000), Limits{Inflated: 999}},
		{"inflated by deltas", "receive.max_inflated", chain(200), Limits{Inflated: 4000}},
		{"chain", "receive.max_delta_chain", chain(51), Limits{DeltaChain: 50}},
		{"chain by default", "receive.max_delta_chain", chain(5000), Limits{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := receive(t, c.p, Options{Limits: c.l})
			limited(t, err, c.setting)
		})
	}
	if _, err := receive(t, chain(50), Options{Limits: Limits{DeltaChain: 50}}); err != nil {
		t.Errorf("a chain of the longest: %v", err)
	}
	if _, err := receive(t, sample(t), Options{Limits: Limits{Pack: int64(len(sample(t)))}}); err != nil {
		t.Errorf("a pack of the largest: %v", err)
	}
}

func TestDeclaredObjectsCostNothing(t *testing.T) {
	p := newForge().declaring(20_000_000)
	if got := peak(func() {
		if _, err := receive(t, p, Options{}); !errors.Is(err, pack.ErrCorrupt) {
			t.Errorf("got %v", err)
		}
	}); got > 8<<20 {
		t.Errorf("a pack of %d bytes took %d MiB", len(p), got>>20)
	}
}

// zeros is a stream that inflates to size zeros.
func zeros(size int64) []byte {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	_, _ = io.CopyN(z, null{}, size)
	_ = z.Close()
	return b.Bytes()
}

type null struct{}

func (null) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBombsStayWithinMemory(t *testing.T) {
	const large = 150 << 20
	stream := zeros(large)
	entry := func(kind plumbing.ObjectType, size int64) *forge {
		f := newForge()
		f.raw(pack.Header{Type: kind, Size: size}, stream)
		return f
	}
	zip := entry(plumbing.BlobObject, large)
	patched := entry(plumbing.BlobObject, large)
	ops := make([][]byte, 0, 19)
	for at := 0; at < large; at += 1<<24 - 1 {
		ops = append(ops, from(at, min(1<<24-1, large-at)))
	}
	// Large objects on one another, where each is a base of two.
	patched.on(0, delta(large, large+1, append([][]byte{with([]byte{1})}, ops...)...))
	patched.on(1, delta(large+1, 100, from(0, 100)))
	patched.on(0, delta(large, 10, from(0, 10)))
	// A thousand results of 8 MB from some bytes each, on a chain with leaves: 16 GB if all were held.
	grow := newForge()
	grow.whole(plumbing.BlobObject, make([]byte, 8<<20))
	for i, last := 0, 0; i < 40; i++ {
		size := 8<<20 + i
		grow.on(last, delta(size, i+1, from(0, i+1)))
		last = grow.on(last, delta(size, size+1, from(0, size), with([]byte{byte(i)})))
	}
	// Some bytes that say they become 2 GiB, and a thousand of them.
	declared := newForge()
	declared.whole(plumbing.BlobObject, make([]byte, 1000))
	for range 1000 {
		declared.on(0, delta(1000, 2<<30, from(0, 1000)))
	}
	// Trees of 60 MB each, of which every one is whole in memory while it is checked.
	trees := newForge()
	trees.whole(plumbing.TreeObject, make([]byte, 1<<20))
	pieces := make([][]byte, 0, 61)
	for range 60 {
		pieces = append(pieces, from(0, 1<<20))
	}
	for i := range 20 {
		trees.on(0, delta(1<<20, 60<<20+1, append(pieces, with([]byte{byte(i)}))...))
	}
	for _, c := range []struct {
		name string
		p    []byte
		want string
	}{
		{"deltas that declare 2 GiB", declared.pack(), "receive.max_blob"},
		{"large trees", trees.pack(), "receive.max_tree"},
		{"blob that inflates to more than declared", entry(plumbing.BlobObject, 10).pack(), "longer or shorter"},
		{"blob that inflates to more than declared, large", entry(plumbing.BlobObject, large-1).pack(), "longer or shorter"},
		{"tree that inflates to more than declared", entry(plumbing.TreeObject, 1<<20).pack(), "longer or shorter"},
		{"zip bomb within the limits", zip.pack(), ""},
		{"delta on a large blob", patched.pack(), ""},
		{"many large results", grow.pack(), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := peak(func() {
				_, err := receive(t, c.p, Options{Workers: 2, Limits: Limits{Tree: 32 << 20}})
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
			if got > 120<<20 {
				t.Errorf("a pack of %d KiB took %d MiB of memory", len(c.p)>>10, got>>20)
			}
		})
	}
}

// A chain on which every object has a further delta has to hold them all, or build them again and again.
func TestRebuildingComesToAnEnd(t *testing.T) {
	const size, depth = 64 << 10, 300
	f := newForge()
	f.whole(plumbing.BlobObject, make([]byte, size))
	ids := []oid.ID{idOf(t, plumbing.BlobObject, make([]byte, size))}
	for i := range depth { // named by id, so that nobody knows which is the heavier
		content := make([]byte, size)
		content[0], content[1] = byte(i), byte(i>>8)+1
		f.named(ids[i], delta(size, size, with(content[:2]), from(2, size-2)))
		ids = append(ids, idOf(t, plumbing.BlobObject, content))
		f.named(ids[i], delta(size, 3, with([]byte{byte(i), byte(i >> 8), 9})))
	}
	p := f.pack()
	small := Limits{Memory: 1 << 20, Inflated: size * (depth + 2)}
	if _, err := receive(t, p, Options{Workers: 1, Limits: small}); err != nil {
		limited(t, err, "receive.max_inflated")
	}
	if _, err := receive(t, p, Options{}); err != nil {
		t.Errorf("with memory enough: %v", err)
	}
}

// flood writes a pack of n blobs as it is read, for packs that need not lie in memory.
type flood struct {
	n, i int
	sum  hash.Hash
	buf  bytes.Buffer
}

func (f *flood) Read(p []byte) (int, error) {
	for f.buf.Len() == 0 {
		switch {
		case f.sum == nil:
			f.sum = sha1.New()
			f.add(pack.AppendFileHeader(nil, uint32(f.n)))
		case f.i < f.n:
			content := []byte{byte(f.i), byte(f.i >> 8), byte(f.i >> 16)}
			f.add(append(pack.AppendHeader(nil, pack.Header{Type: plumbing.BlobObject, Size: 3}), stored(content)...))
			f.i++
		case f.i == f.n:
			f.buf.Write(f.sum.Sum(nil))
			f.i++
		default:
			return 0, io.EOF
		}
	}
	return f.buf.Read(p)
}

// stored is a zlib stream of one stored block (RFC 1951, 3.2.4), which costs nothing to make.
func stored(b []byte) []byte {
	out := append([]byte{0x78, 0x01, 1, byte(len(b)), byte(len(b) >> 8), ^byte(len(b)), ^byte(len(b) >> 8)}, b...)
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(b))
}

func (f *flood) add(b []byte) { f.sum.Write(b); f.buf.Write(b) }

func TestMemoryGrowsBySomeBytesAnObject(t *testing.T) {
	const n = 100_000
	var content bytes.Buffer
	if _, err := io.Copy(&content, &flood{n: n}); err != nil {
		t.Fatal(err)
	}
	got := peak(func() {
		res, err := Receive(context.Background(), bufio.NewReader(bytes.NewReader(content.Bytes())), Options{Dir: t.TempDir()})
		if err != nil || res.Objects != n {
			t.Errorf("got %+v, %v", res, err)
		}
	})
	if got > n*250+8<<20 {
		t.Errorf("%d objects took %d MiB", n, got>>20)
	}
}

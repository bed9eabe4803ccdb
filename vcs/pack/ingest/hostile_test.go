package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/packtest"
)

// sample is a small pack with entries of every type.
func sample(t testing.TB) []byte {
	f := newForge()
	text := []byte(strings.Repeat("a line of text\n", 20))
	f.whole(plumbing.BlobObject, text)
	f.on(0, delta(len(text), 20, from(3, 10), with([]byte("0123456789"))))
	f.named(idOf(t, plumbing.BlobObject, text), delta(len(text), 12, from(0, 12)))
	f.on(1, delta(20, 5, from(1, 5)))
	tree := append([]byte("100644 a\x00"), make([]byte, oid.Size)...)
	f.whole(plumbing.TreeObject, tree)
	f.whole(plumbing.CommitObject, []byte("tree "+idOf(t, plumbing.TreeObject, tree).String()+"\n"))
	f.whole(plumbing.TagObject, []byte("object x\n"))
	f.whole(plumbing.BlobObject, nil)
	return f.pack()
}

func TestEveryTypeOfEntryIsTaken(t *testing.T) {
	res, err := receive(t, sample(t), Options{})
	if err != nil || res.Objects != 8 || res.Completed != 0 || res.Bytes != int64(len(sample(t))) {
		t.Fatalf("got %+v, %v", res, err)
	}
}

func TestPackCutAnywhereIsRefused(t *testing.T) {
	p := sample(t)
	dir := t.TempDir()
	for n := range p {
		_, err := Receive(context.Background(), bytes.NewReader(p[:n]), Options{Dir: dir, Workers: 1})
		if !errors.Is(err, pack.ErrCorrupt) || !strings.Contains(err.Error(), "cut off") {
			t.Fatalf("cut at %d of %d: got %v", n, len(p), err)
		}
		_, err = Receive(context.Background(), io.MultiReader(bytes.NewReader(p[:n])), Options{Dir: dir, Workers: 1})
		if !errors.Is(err, pack.ErrCorrupt) || !strings.Contains(err.Error(), "cut off") {
			t.Fatalf("cut at %d of %d, read in large pieces: got %v", n, len(p), err)
		}
		empty(t, dir)
	}
}

func TestPackFlippedAnywhereIsRefused(t *testing.T) {
	p := sample(t)
	dir := t.TempDir()
	for i := range p {
		for bit := range 8 {
			b := bytes.Clone(p)
			b[i] ^= 1 << bit
			if _, err := Receive(context.Background(), bytes.NewReader(b), Options{Dir: dir, Workers: 1}); err == nil {
				t.Fatalf("bit %d of byte %d was flipped, and nobody noticed", bit, i)
			}
			empty(t, dir)
		}
	}
}

// A forger can make the trailer right. Then the content decides: ids are computed from what is there.
func TestFlippedAndSealedPackGivesNoWrongIDs(t *testing.T) {
	p := sample(t)
	p = p[:len(p)-oid.Size]
	for i := range p {
		b := bytes.Clone(p)
		b[i] ^= 0x10
		b = sealed(b)
		dir := t.TempDir()
		res, err := Receive(context.Background(), bytes.NewReader(b), Options{Dir: dir, Workers: 1})
		if err != nil {
			empty(t, dir)
			continue
		}
		sameIndexAsGit(t, dir, res.Name)
	}
}

func TestVersionThreeIsTaken(t *testing.T) {
	p := sample(t)
	p = p[:len(p)-oid.Size]
	p[7] = 3
	if _, err := receive(t, sealed(p), Options{}); err != nil {
		t.Error(err)
	}
}

func TestPackWithoutObjectsLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	res, err := receive(t, newForge().pack(), Options{Dir: dir})
	if err != nil || res.Name != "" || res.Objects != 0 || res.Bytes != 32 {
		t.Errorf("got %+v, %v", res, err)
	}
	empty(t, dir)
}

func TestForgedPacksAreRefused(t *testing.T) {
	text := []byte(strings.Repeat("0123456789", 10))
	blob := func() *forge { f := newForge(); f.whole(plumbing.BlobObject, text); return f }
	on := func(d []byte) []byte { f := blob(); f.on(0, d); return f.pack() }
	raw := func(b ...byte) []byte {
		f := newForge()
		f.b.Write(b)
		f.count++
		return f.pack()
	}
	sized := func(size int64, content []byte) []byte {
		f := newForge()
		f.raw(pack.Header{Type: plumbing.BlobObject, Size: size}, packtest.Deflated(content))
		return f.pack()
	}
	for _, c := range []struct {
		name string
		p    []byte
		want string
	}{
		{"no pack", sealed([]byte("KCAP\x00\x00\x00\x02\x00\x00\x00\x00")), "does not begin with PACK"},
		{"version 4", sealed([]byte("PACK\x00\x00\x00\x04\x00\x00\x00\x00")), "version 4"},
		{"type 0", raw(0x00, 0x78, 0x9c), "unknown type 0"},
		{"type 5", raw(0x50, 0x78, 0x9c), "unknown type 5"},
		{"type 0 with a long size", raw(0x80, 0xff, 0xff), "unknown type 0"},
		{"huge size", raw(bytes.Repeat([]byte{0xb0 | 0x80, 0xff}, 20)...), "size too large"},
		{"size beyond the limit", raw(0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), "receive.max_blob"},
		{"endless distance", raw(0x61, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9), "distance"},
		{"own base", raw(append([]byte{0x61, 0x00}, make([]byte, 30)...)...), "own base"},
		{"base before the pack", func() []byte {
			f := blob()
			f.raw(pack.Header{Type: plumbing.OFSDeltaObject, Size: 3, Back: 5000}, packtest.Deflated(delta(1, 1)))
			return f.pack()
		}(), "no base"},
		{"base inside of an entry", func() []byte {
			f := blob()
			f.raw(pack.Header{Type: plumbing.OFSDeltaObject, Size: 3, Back: 3}, packtest.Deflated(delta(1, 1)))
			return f.pack()
		}(), "no base"},
		{"no zlib stream", raw(0x33, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'), "cannot be inflated"},
		{"more objects declared", blob().declaring(2), "unknown type"},
		{"declared shorter", sized(99, text), "longer or shorter"},
		{"declared longer", sized(101, text), "longer or shorter"},
		{"declared much longer", sized(1<<20, text), "longer or shorter"},
		{"declared shorter, large", sized(streamed+1, make([]byte, 2*streamed)), "longer or shorter"},
		{"delta with sizes cut", on([]byte{0x80}), "size in a delta"},
		{"delta with a huge size", on(bytes.Repeat([]byte{0xff}, 30)), "size in a delta"},
		{"delta for another base", on(delta(99, 5, from(0, 5))), "base of 99 bytes"},
		{"copy beyond the base", on(delta(100, 5, from(96, 5))), "beyond its base"},
		{"copy far beyond the base", on(delta(100, 5, from(1<<31, 5))), "beyond its base"},
		{"instruction 0", on(delta(100, 5, []byte{0}, from(0, 5))), "reserved"},
		{"insert cut off", on(delta(100, 5, []byte{5, 'a'})), "cut off"},
		{"copy cut off", on(delta(100, 5, []byte{0xff, 1})), "cut off"},
		{"result too long", on(delta(100, 5, from(0, 6))), "more than it declares"},
		{"result too short", on(delta(100, 5, from(0, 4))), "less than it declares"},
		{"twice", func() []byte { f := blob(); f.whole(plumbing.BlobObject, text); return f.pack() }(), "twice"},
		{"twice, by a delta", on(delta(100, 100, from(0, 100))), "twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, memory := range []int64{0, 40} { // with 40 bytes deltas are applied from file to file
				_, err := receive(t, c.p, Options{Limits: Limits{Memory: memory}})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("with memory %d: got %v, want an error with %q", memory, err, c.want)
				}
			}
		})
	}
}

func TestWrongTrailerIsRefused(t *testing.T) {
	p := sample(t)
	p[len(p)-1] ^= 1
	if _, err := receive(t, p, Options{}); !errors.Is(err, pack.ErrCorrupt) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("got %v", err)
	}
}

func TestDeltasInACircleAreRefused(t *testing.T) {
	text := []byte("something")
	for _, bases := range [][]int{{0}, {1, 0}, {1, 2, 0}} {
		f := newForge()
		f.whole(plumbing.BlobObject, text)
		for i, b := range bases {
			content := make([]byte, 8)
			binary.BigEndian.PutUint64(content, uint64(b))
			f.named(idOf(t, plumbing.BlobObject, content), delta(8, 8, with([]byte{0, 0, 0, 0, 0, 0, 0, byte(i)})))
		}
		_, err := receive(t, f.pack(), Options{Bases: none{}})
		if !errors.Is(err, ErrUnresolved) {
			t.Errorf("circle of %d: got %v", len(bases), err)
		}
	}
}

// none has no base.
type none struct{}

func (none) Base(oid.ID) (plumbing.ObjectType, []byte, error) { return 0, nil, pack.ErrNotFound }

func TestObjectsInThePackTwiceAreRefusedWithTheirDeltas(t *testing.T) {
	for range 20 { // both copies are bases of the same delta, for whichever worker comes first
		f := newForge()
		text := []byte("something that is there twice")
		f.whole(plumbing.BlobObject, text)
		for range 200 {
			f.whole(plumbing.BlobObject, text)
		}
		f.named(idOf(t, plumbing.BlobObject, text), delta(len(text), 4, from(0, 4)))
		if _, err := receive(t, f.pack(), Options{Workers: 4}); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Fatalf("got %v", err)
		}
	}
}

func TestCheckSeesEachObjectOnceAndItsErrorEndsThePush(t *testing.T) {
	refuse := errors.New("not this one")
	for _, kind := range []plumbing.ObjectType{plumbing.CommitObject, plumbing.TreeObject, plumbing.TagObject} {
		_, err := receive(t, sample(t), Options{Check: func(k plumbing.ObjectType, id oid.ID, content []byte) error {
			if got, _ := oid.Of(k, content); got != id {
				t.Errorf("the check was told %s for %s", id, got)
			}
			if k == plumbing.BlobObject {
				t.Error("the check was asked of a blob")
			}
			if k == kind {
				return refuse
			}
			return nil
		}})
		if !errors.Is(err, refuse) {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

func TestCheckIsAskedOfWhatDeltasMake(t *testing.T) {
	f := newForge()
	tree := append([]byte("100644 a\x00"), bytes.Repeat([]byte{7}, oid.Size)...)
	f.whole(plumbing.TreeObject, tree)
	f.on(0, delta(len(tree), len(tree)+1, with([]byte("1")), from(0, len(tree))))
	want := idOf(t, plumbing.TreeObject, append([]byte("1"), tree...))
	refuse := errors.New("a bad mode")
	_, err := receive(t, f.pack(), Options{Check: func(_ plumbing.ObjectType, id oid.ID, _ []byte) error {
		if id == want {
			return refuse
		}
		return nil
	}})
	if !errors.Is(err, refuse) {
		t.Errorf("got %v", err)
	}
}

func TestReadersErrorIsToldAsItIs(t *testing.T) {
	hung := errors.New("the client hung up")
	p := sample(t)
	for _, n := range []int{0, 5, 12, 14, 40, len(p) - 3} {
		dir := t.TempDir()
		_, err := Receive(context.Background(), io.MultiReader(bytes.NewReader(p[:n]), failing{hung}), Options{Dir: dir})
		if !errors.Is(err, hung) {
			t.Errorf("after %d bytes: got %v", n, err)
		}
		empty(t, dir)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestCancelledContextEndsThePush(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	if _, err := Receive(ctx, bytes.NewReader(sample(t)), Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	empty(t, dir)
}

func FuzzReceive(f *testing.F) {
	f.Add(sample(f))
	f.Add(newForge().pack())
	deep := newForge()
	deep.whole(plumbing.BlobObject, []byte("0123456789"))
	for i := range 20 {
		deep.on(i, delta(10+i, 11+i, from(0, 10+i), with([]byte{byte(i)})))
	}
	f.Add(deep.pack())
	for _, p := range realPacks(f) {
		f.Add(p)
	}
	limits := Limits{Blob: 1 << 20, Inflated: 8 << 20, Objects: 10_000, DeltaChain: 50, Memory: 64 << 10}
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 1<<16 {
			return
		}
		if len(p) > 12+oid.Size { // what is behind the trailer's check is more interesting
			p = sealed(bytes.Clone(p[:len(p)-oid.Size]))
		}
		dir := t.TempDir()
		res, err := Receive(context.Background(), bytes.NewReader(p), Options{Dir: dir, Limits: limits, Bases: none{}, Workers: 2})
		if err != nil {
			empty(t, dir)
			return
		}
		if res.Name != "" {
			if _, err := Index(context.Background(), dir+"/"+res.Name+".pack", Options{Dir: t.TempDir()}); err != nil {
				t.Fatalf("received, and then not indexed: %v", err)
			}
		}
	})
}

package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"jeton/vcs/oid"
)

// ranger is a RangeWriter that counts.
type ranger struct {
	bytes.Buffer
	ranges int
	fail   error
}

func (r *ranger) CopyRange(f *os.File, off, n int64) error {
	r.ranges++
	if n > rangeStep {
		return fmt.Errorf("a range of %d bytes at once", n)
	}
	if r.fail != nil {
		return r.fail
	}
	_, err := io.Copy(r, io.NewSectionReader(f, off, n))
	return err
}

// noisy is a pack of blobs of these sizes, which do not deflate.
func noisy(t testing.TB, sizes ...int) (*Pack, []oid.ID) {
	t.Helper()
	rng := rand.New(rand.NewPCG(9, uint64(len(sizes))))
	var entries []forged
	var list []oid.ID
	for _, size := range sizes {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		entries = append(entries, whole(t, b))
		list = append(list, entries[len(entries)-1].id)
	}
	pack, index, _ := forge(t, entries...)
	return onDisk(t, pack, index), list
}

func TestRangesMakeTheSamePackAsBytes(t *testing.T) {
	p, all := noisy(t, 100, 3<<20, 200, 300, copyBuffer, copyBuffer-1, 5000, 2<<20, 70)
	set := NewSet([]*Pack{p}, 1<<20)
	other, rest := noisy(t, 50, 60)
	both := NewSet([]*Pack{other, p}, 1<<20)
	for name, c := range map[string]struct {
		set     *Set
		objects []oid.ID
		o       WriteOptions
		ranges  bool
	}{
		"one whole pack":        {set, nil, WriteOptions{Whole: []*Pack{p}}, true},
		"a whole pack and more": {both, rest[:1], WriteOptions{Whole: []*Pack{p}}, true},
		"two whole packs":       {both, nil, WriteOptions{Whole: []*Pack{p, other}}, true},
		"every object":          {set, all, WriteOptions{OfsDelta: true}, true},
		"all but small ones":    {set, []oid.ID{all[1], all[4], all[7]}, WriteOptions{}, true},
		"small ones":            {set, []oid.ID{all[0], all[2], all[3], all[8]}, WriteOptions{}, false},
		"small with large":      {both, append(rest[:1:1], all...), WriteOptions{}, true},
	} {
		var plain bytes.Buffer
		want, err := c.set.Write(context.Background(), &plain, c.objects, c.o)
		if err != nil {
			t.Fatal(err)
		}
		var by ranger
		got, err := c.set.Write(context.Background(), &by, c.objects, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if got != want || !bytes.Equal(by.Bytes(), plain.Bytes()) || (by.ranges > 0) != c.ranges {
			t.Errorf("%s: %+v in %d ranges; want %+v, ranges %v", name, got, by.ranges, want, c.ranges)
		}
		indexed(t, by.Bytes(), "")
	}
}

func TestFailingRangeEndsTheWrite(t *testing.T) {
	p, all := noisy(t, 2<<20)
	set := NewSet([]*Pack{p}, 1<<20)
	gone := errors.New("client is gone")
	for name, c := range map[string]struct {
		objects []oid.ID
		o       WriteOptions
	}{"whole": {nil, WriteOptions{Whole: []*Pack{p}}}, "objects": {all, WriteOptions{}}} {
		if _, err := set.Write(context.Background(), &ranger{fail: gone}, c.objects, c.o); !errors.Is(err, gone) {
			t.Errorf("%s: got %v, want %v", name, err, gone)
		}
		if _, err := set.Write(context.Background(), &ranger{fail: io.ErrUnexpectedEOF}, c.objects, c.o); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: a file that is too short: got %v, want ErrCorrupt", name, err)
		}
	}
}

// stops cancels a context after some bytes.
type stops struct {
	left   int
	cancel func()
}

func (s *stops) Write(b []byte) (int, error) {
	if s.left -= len(b); s.left < 0 {
		s.cancel()
	}
	return len(b), nil
}

func TestWriteOfOneLargePackCanBeCancelled(t *testing.T) {
	p, _ := noisy(t, 3<<20)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	to := &stops{1 << 20, cancel}
	if _, err := NewSet([]*Pack{p}, 1<<20).Write(ctx, to, nil, WriteOptions{Whole: []*Pack{p}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if to.left < -2*copyBuffer {
		t.Errorf("%d bytes went out after it was cancelled", -to.left)
	}
}

func TestProgressTellsOfEveryObject(t *testing.T) {
	p := packed(t, history(t, 10))
	all, err := p.all()
	if err != nil {
		t.Fatal(err)
	}
	var last uint32
	_, err = NewSet([]*Pack{p}, 1<<20).Write(context.Background(), io.Discard, all, WriteOptions{Progress: func(done, total uint32) {
		if done < last || total != p.Count() {
			t.Errorf("told of %d of %d behind %d", done, total, last)
		}
		last = done
	}})
	if err != nil || last != p.Count() {
		t.Errorf("last told of %d of %d, %v", last, p.Count(), err)
	}
}

// TestLargeDeltaWhoseBaseStaysGoesOutWhole is a fetch of a blob larger than Read would hold at once.
func TestLargeDeltaWhoseBaseStaysGoesOutWhole(t *testing.T) {
	p, want := large(t, inMemory+100_000)
	for id, content := range want {
		if id[1] != 0xff { // only those that are deltas
			continue
		}
		var b bytes.Buffer
		done, err := NewSet([]*Pack{p}, 1<<20).Write(context.Background(), &b, []oid.ID{id}, WriteOptions{OfsDelta: true})
		if err != nil || done.Reused != 0 || done.Objects != 1 {
			t.Fatalf("wrote %+v, %v", done, err)
		}
		h, n, err := ParseHeader(b.Bytes()[headerSize:])
		if err != nil || h.Size != int64(len(content)) {
			t.Fatalf("header %+v in %d bytes, %v", h, n, err)
		}
		out := t.TempDir() + "/x.pack"
		write(t, out, b.String())
		git(t, "", "", "index-pack", out)
	}
}

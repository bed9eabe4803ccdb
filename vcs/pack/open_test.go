package pack

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

func TestOpenStreamsWhatReadReads(t *testing.T) {
	dir := history(t, 20)
	for name, options := range shapes {
		set := NewSet([]*Pack{packed(t, dir, options...)}, 1<<20)
		for id, say := range objects(t, dir) {
			o, err := set.Open(id, 0)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(o)
			if err != nil || int64(len(got)) != o.Size {
				t.Fatalf("%s: %s has %d bytes of %d, %v; git says %s", name, id, len(got), o.Size, err, say)
			}
			if is, _ := oid.Of(o.Type, got); is != id {
				t.Errorf("%s: %s reads as %s", name, id, is)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// large is a pack with a whole blob of size bytes, and others that are made of it by deltas: 2 is both ends of it, 3 all
// of it and its beginning again, 4 a few bytes of that. The race detector pays for each byte of them many times over: there
// are no more than are needed.
func large(t testing.TB, size int) (*Pack, map[oid.ID][]byte) {
	t.Helper()
	block := make([]byte, 96<<10) // further apart than deflate looks back
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range block {
		block[i] = "01"[rng.IntN(2)]
	}
	first := bytes.Repeat(block, size/len(block)+1)[:size]
	var all [][]byte
	for at := 0; at < size; at += 1 << 20 {
		all = append(all, copyOp(at, min(1<<20, size-at)))
	}
	second := append(bytes.Clone(first[:1000]), "middle"...)
	second = append(second, first[size-1000:]...)
	third := slices.Concat(first, first[:1000])
	fourth := append([]byte("few"), third[size+5:size+105]...)
	blob := whole(t, first)
	entries := []forged{
		blob,
		ofs(2, 0, delta(size, len(second), copyOp(0, 1000), insertOp("middle"), copyOp(size-1000, 1000))),
		ofs(3, 0, delta(size, len(third), append(all, copyOp(0, 1000))...)),
		ofs(4, 2, delta(len(third), len(fourth), insertOp("few"), copyOp(size+5, 100))),
	}
	pack, index, _ := forge(t, entries...)
	want := map[oid.ID][]byte{blob.id: first, entries[1].id: second, entries[2].id: third, entries[3].id: fourth}
	return onDisk(t, pack, index), want
}

func TestLargeObjectsArePutTogetherInAFileThatGoesAway(t *testing.T) {
	p, want := large(t, inMemory+100_000)
	set := NewSet([]*Pack{p}, 1<<20)
	for id, content := range want {
		o, err := set.Open(id, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(content)+1) // at once: what grows by and by is several times as much
		n, err := io.ReadFull(o, got)
		if err != io.ErrUnexpectedEOF || !bytes.Equal(got[:n], content) || o.Type != plumbing.BlobObject {
			t.Errorf("%s: %d bytes of %d, a %s, %v", id, n, len(content), o.Type, err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		if _, data, err := set.Read(id, int64(len(content))); err != nil || !bytes.Equal(data, content) {
			t.Errorf("%s: Read gives %d bytes of %d, %v", id, len(data), len(content), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.File.Name()), "tmp_*")); len(left) > 0 {
		t.Errorf("files were left: %v", left)
	}
}

func TestSmallObjectOverALargeBaseNeedsOnlyItsOwnLimit(t *testing.T) {
	p, want := large(t, inMemory+100_000)
	for id, content := range want {
		if len(content) > 1<<20 {
			continue
		}
		set := NewSet([]*Pack{p}, 1<<20)
		if _, data, err := set.Read(id, int64(len(content))); err != nil || !bytes.Equal(data, content) {
			t.Errorf("a limit of its size: %d bytes, %v", len(data), err)
		}
		if _, _, err := set.Read(id, int64(len(content))-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("one byte less: got %v, want ErrTooLarge", err)
		}
	}
}

func TestOpenHoldsNoLargeObjectInMemory(t *testing.T) {
	p, want := large(t, inMemory+100_000)
	set := NewSet([]*Pack{p}, 1<<20)
	for id, content := range want {
		size := int64(len(content))
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		o, err := set.Open(id, 0)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, o)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err != nil || n != size {
			t.Errorf("%d bytes of %d, %v", n, size, err)
		}
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 4<<20 {
			t.Errorf("an object of %d MiB holds %d MiB", size>>20, held>>20)
		}
		_ = o.Close()
	}
}

func TestOpenKeepsItsLimit(t *testing.T) {
	p, want := large(t, inMemory+100_000)
	set := NewSet([]*Pack{p}, 1<<20)
	for id, content := range want {
		size := int64(len(content))
		if _, err := set.Open(id, size-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("an object of %d bytes under a limit of one less: got %v, want ErrTooLarge", size, err)
		}
	}
	if _, err := set.Open(oid.ID{1}, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("an object that is not there: got %v, want ErrNotFound", err)
	}
}

func TestOpenTellsAtTheEndThatContentIsWrong(t *testing.T) {
	blob := whole(t, bytes.Repeat([]byte("0123456789abcdef"), atOnce/8))
	pack, index, _ := forge(t, blob)
	pack[len(pack)-oid.Size-1] ^= 1 // the last byte of the stream's checksum
	o, err := NewSet([]*Pack{opened(t, pack, index)}, 1<<20).Open(blob.id, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, o); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if _, err := o.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("after Close: got %v", err)
	}
}

func TestSpoolGoesWhereItCan(t *testing.T) {
	s := &spool{dirs: []string{filepath.Join(t.TempDir(), "none"), t.TempDir()}}
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for range inMemory>>20 + 2 {
		if _, err := s.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.flush(); err != nil || s.file == nil {
		t.Fatalf("no file was made (%v)", err)
	}
	if _, err := os.Stat(s.file.Name()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file still has its name: %v", err)
	}
	if n, err := s.ReadAt(make([]byte, 10), s.size-10); n != 10 || err != nil {
		t.Errorf("read %d of the last 10 bytes, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	known := &spool{dirs: []string{t.TempDir()}}
	known.expect(inMemory + 1)
	if _, err := known.Write([]byte("x")); err != nil || known.file == nil || cap(known.buf) > spoolWrite {
		t.Errorf("what is known to be large is held in memory (%v)", err)
	}
	if err := known.Close(); err != nil {
		t.Error(err)
	}
	none := &spool{dirs: []string{filepath.Join(t.TempDir(), "none")}}
	if _, err := none.Write(make([]byte, inMemory+1)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nowhere to go: got %v", err)
	}
}

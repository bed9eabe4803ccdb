package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

// readAll opens and reads everything of a pack and index; what it finds matters less than that it comes back.
func readAll(pack, index []byte, path string) error {
	if err := os.WriteFile(path, index, 0o600); err != nil {
		return err
	}
	x, err := mapped.Open(path)
	if err != nil {
		return err
	}
	defer x.Close()
	p, err := Open(Source{Name: "x", Data: bytes.NewReader(pack), Size: int64(len(pack)), Index: x})
	if err != nil {
		return err
	}
	set := NewSet([]*Pack{p}, 1<<20)
	var list []oid.ID
	err = p.Each(func(id oid.ID, _ Location) error {
		list = append(list, id)
		_, _, herr := set.Header(id)
		kind, data, rerr := set.Read(id, 1<<20)
		if rerr == nil {
			if got, _ := oid.Of(kind, data); got != id {
				rerr = fmt.Errorf("other content: %w", ErrCorrupt)
			}
		}
		return errors.Join(herr, rerr)
	})
	if err != nil {
		return err
	}
	_, err = set.Write(context.Background(), io.Discard, list, WriteOptions{OfsDelta: true})
	return err
}

func small(t testing.TB) (pack, index []byte) {
	t.Helper()
	dir := history(t, 3)
	base := filepath.Join(t.TempDir(), "pack")
	name := strings.TrimSpace(git(t, dir, "", "pack-objects", "--all", "-q", "--delta-base-offset", base))
	pack, err := os.ReadFile(base + "-" + name + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	index, err = os.ReadFile(base + "-" + name + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	return pack, index
}

func TestCutFilesAreErrors(t *testing.T) {
	pack, index := small(t)
	path := filepath.Join(t.TempDir(), "idx")
	if err := readAll(pack, index, path); err != nil {
		t.Fatalf("the whole files: %v", err)
	}
	for n := range pack {
		if err := readAll(pack[:n], index, path); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("pack cut at %d of %d: got %v, want ErrCorrupt", n, len(pack), err)
		}
	}
	for n := range index {
		if err := readAll(pack, index[:n], path); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("index cut at %d of %d: got %v, want ErrCorrupt", n, len(index), err)
		}
	}
}

func TestFlippedBytesOfAPackAreFound(t *testing.T) {
	pack, index := small(t)
	path := filepath.Join(t.TempDir(), "idx")
	for n := range pack {
		bad := bytes.Clone(pack)
		bad[n] ^= 0x41
		if n == 7 && bad[7] == 3 {
			continue
		}
		if err := readAll(bad, index, path); err == nil {
			t.Errorf("byte %d of %d was changed and nobody noticed", n, len(pack))
		}
	}
}

// TestFlippedBytesOfAnIndexAreFoundOrHarmless knows two places that are not looked at: the CRCs and the index's own hash.
func TestFlippedBytesOfAnIndexAreFoundOrHarmless(t *testing.T) {
	pack, index := small(t)
	path := filepath.Join(t.TempDir(), "idx")
	count := opened(t, pack, index).index.count
	crcs := idsAt + int(count)*oid.Size
	for n := range index {
		bad := bytes.Clone(index)
		bad[n] ^= 0x41
		err := readAll(pack, bad, path)
		unread := n >= crcs && n < crcs+4*int(count) || n >= len(index)-oid.Size
		if (err == nil) != unread {
			t.Errorf("byte %d of %d was changed: %v; it is one that nobody reads: %v", n, len(index), err, unread)
		}
	}
}

func TestOffsetsThatPointAnywhereAreErrors(t *testing.T) {
	pack, _, table := forge(t, whole(t, []byte("one")), whole(t, bytes.Repeat([]byte("two"), 50)))
	trailer := oid.FromBytes(pack[len(pack)-oid.Size:])
	size := int64(len(pack))
	for _, off := range []int64{0, 4, headerSize - 1, headerSize + 1, table[1].Offset - 1, table[1].Offset + 1, size - int64(oid.Size) - 1, size - int64(oid.Size), size, size + 100, 1<<31 - 1, 1 << 31, 1 << 40, 1<<62 - 1, 1 << 62, -1} {
		moved := append([]IndexEntry(nil), table...)
		moved[1].Offset = off
		var x bytes.Buffer
		if err := WriteIndex(&x, moved, trailer); err != nil {
			t.Fatal(err)
		}
		p := opened(t, pack, x.Bytes())
		set := NewSet([]*Pack{p}, 1<<20)
		_, _, err := set.Read(table[1].ID, 0)
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("Read at %d: got %v, want ErrCorrupt", off, err)
		}
		if _, err := set.Write(context.Background(), io.Discard, []oid.ID{table[0].ID, table[1].ID}, WriteOptions{OfsDelta: true}); !errors.Is(err, ErrCorrupt) {
			// In the middle of an entry there may be what looks like one: it goes out as it lies, unchecked.
			if off < headerSize || off >= size-int64(oid.Size) {
				t.Errorf("Write at %d: got %v, want ErrCorrupt", off, err)
			}
		}
		_ = p.Each(func(oid.ID, Location) error { return nil })
	}
}

func TestCyclesOfDeltasAreErrors(t *testing.T) {
	five := []byte("\x05\x05\x90\x05")
	for name, entries := range map[string][]forged{
		"two":          {ref(1, oid.ID{2, 0xff}, five), ref(2, oid.ID{1, 0xff}, five)},
		"itself":       {ref(1, oid.ID{1, 0xff}, five)},
		"three, mixed": {ref(1, oid.ID{3, 0xff}, five), ofs(2, 0, five), ofs(3, 1, five)},
		"no base":      {ref(1, oid.ID{9, 0xff}, five)},
	} {
		pack, index, table := forge(t, entries...)
		set := NewSet([]*Pack{opened(t, pack, index)}, 1<<20)
		if _, _, err := set.Read(table[0].ID, 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: Read: got %v, want ErrCorrupt", name, err)
		}
		if _, _, err := set.Header(table[0].ID); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: Header: got %v, want ErrCorrupt", name, err)
		}
		if _, err := set.Open(table[0].ID, 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: Open: got %v, want ErrCorrupt", name, err)
		}
		if _, err := set.packs[0].build(table[0].Offset, 1<<40); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: by way of a file: got %v, want ErrCorrupt", name, err)
		}
	}
}

func TestChainsEndAtTheirBound(t *testing.T) {
	same := delta(5, 5, copyOp(0, 5))
	entries := []forged{whole(t, []byte("hello"))}
	for i := range maxChain + 1 {
		e := ofs(0, i, same)
		e.id = oid.ID{1, byte(i >> 8), byte(i)}
		entries = append(entries, e)
	}
	pack, index, table := forge(t, entries...)
	set := NewSet([]*Pack{opened(t, pack, index)}, 0)
	p := set.packs[0]
	for _, c := range []struct {
		deltas int
		want   error
	}{{1, nil}, {maxChain, nil}, {maxChain + 1, ErrCorrupt}} {
		at := table[c.deltas]
		if _, data, err := set.Read(at.ID, 0); !errors.Is(err, c.want) || err == nil && string(data) != "hello" {
			t.Errorf("Read over %d deltas: %q, %v; want %v", c.deltas, data, err, c.want)
		}
		if _, size, err := set.Header(at.ID); !errors.Is(err, c.want) || err == nil && size != 5 {
			t.Errorf("Header over %d deltas: %d, %v; want %v", c.deltas, size, err, c.want)
		}
		if chain, err := p.chain(at.Offset); !errors.Is(err, c.want) || err == nil && len(chain) != c.deltas+1 {
			t.Errorf("chain over %d deltas: %d, %v; want %v", c.deltas, len(chain), err, c.want)
		}
	}
}

// allocated is how much memory fn takes in all, in bytes.
func allocated(fn func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func TestNothingIsTakenForWhatIsOnlyDeclared(t *testing.T) {
	const much = DefaultRead - 1
	blob := whole(t, []byte("hello"))
	for name, last := range map[string]forged{
		"a blob":                  {id: oid.ID{1}, head: Header{Type: plumbing.BlobObject, Size: much}, data: []byte("hello")},
		"a delta":                 {id: oid.ID{1}, head: Header{Type: plumbing.REFDeltaObject, Size: much, BaseID: blob.id}, data: delta(5, 5, copyOp(0, 5))},
		"the result of a delta":   ref(1, blob.id, delta(5, much, copyOp(0, 5))),
		"the base of a delta":     ref(1, blob.id, delta(much, 5, copyOp(0, 5))),
		"more than anything":      ref(1, blob.id, delta(5, 1<<61, copyOp(0, 5))),
		"a result that is cut":    ref(1, blob.id, delta(5, much, []byte{0xff})),
		"a blob beyond the limit": {id: oid.ID{1}, head: Header{Type: plumbing.BlobObject, Size: 1 << 60}, data: []byte("hello")},
	} {
		pack, index, table := forge(t, blob, last)
		set := NewSet([]*Pack{onDisk(t, pack, index)}, 1<<20)
		took := allocated(func() {
			if _, _, err := set.Read(table[1].ID, 0); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s: Read: got %v", name, err)
			}
			o, err := set.Open(table[1].ID, 0)
			if err == nil {
				_, err = io.Copy(io.Discard, o)
				_ = o.Close()
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: Open: got %v, want ErrCorrupt", name, err)
			}
		})
		if took > 8<<20 {
			t.Errorf("%s: took %d MiB for what is only declared", name, took>>20)
		}
	}
}

// TestBombsStopAtTheLimit has deltas that each make 16 times their base.
func TestBombsStopAtTheLimit(t *testing.T) {
	size := 1 << 16
	entries := []forged{whole(t, make([]byte, size))}
	for i := range 6 {
		var ops [][]byte
		for range 16 {
			for at := 0; at < size && at < 1<<28; at += 1 << 23 {
				ops = append(ops, copyOp(at, min(size-at, 1<<23)))
			}
		}
		entries = append(entries, ofs(byte(i+1), i, delta(size, size*16, ops...)))
		size *= 16
	}
	pack, index, table := forge(t, entries...)
	set := NewSet([]*Pack{onDisk(t, pack, index)}, 1<<20)
	took := allocated(func() {
		for i := 3; i < len(table); i++ {
			if _, _, err := set.Read(table[i].ID, 32<<20); !errors.Is(err, ErrTooLarge) {
				t.Errorf("Read of %d: got %v, want ErrTooLarge", i, err)
			}
			if _, err := set.Open(table[i].ID, 32<<20); !errors.Is(err, ErrTooLarge) {
				t.Errorf("Open of %d: got %v, want ErrTooLarge", i, err)
			}
		}
	})
	if took > 64<<20 {
		t.Errorf("took %d MiB under a limit of 32", took>>20)
	}
}

package pack

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
	"jeton/vcs/pack/packtest"
)

// forged is an entry of a pack made by hand.
type forged struct {
	id   oid.ID
	head Header // a Back is computed from base
	base int    // for OFS_DELTA: which entry
	data []byte // before it is deflated
}

// whole is an entry that is no delta; its id is right.
func whole(t testing.TB, content []byte) forged {
	t.Helper()
	id, err := oid.Of(plumbing.BlobObject, content)
	if err != nil {
		t.Fatal(err)
	}
	return forged{id: id, head: Header{Type: plumbing.BlobObject, Size: int64(len(content))}, data: content}
}

// ofs is a delta on the base-th entry under an id of any kind.
func ofs(id byte, base int, delta []byte) forged {
	return forged{id: oid.ID{id, 0xff}, head: Header{Type: plumbing.OFSDeltaObject, Size: int64(len(delta))}, base: base, data: delta}
}

// ref is a delta on an object that is named.
func ref(id byte, base oid.ID, delta []byte) forged {
	return forged{id: oid.ID{id, 0xff}, head: Header{Type: plumbing.REFDeltaObject, Size: int64(len(delta)), BaseID: base}, data: delta}
}

// forge makes a pack and its index of entries.
func forge(t testing.TB, entries ...forged) (pack, index []byte, table []IndexEntry) {
	t.Helper()
	pack = AppendFileHeader(nil, uint32(len(entries)))
	for _, e := range entries {
		if e.head.Type == plumbing.OFSDeltaObject {
			e.head.Back = int64(len(pack)) - table[e.base].Offset
		}
		table = append(table, IndexEntry{ID: e.id, Offset: int64(len(pack))})
		pack = append(AppendHeader(pack, e.head), packtest.Deflated(e.data)...)
	}
	sum := oid.NewSum()
	sum.Write(pack)
	trailer := oid.SumID(sum)
	var x bytes.Buffer
	if err := WriteIndex(&x, append([]IndexEntry(nil), table...), trailer); err != nil {
		t.Fatal(err)
	}
	return append(pack, trailer[:]...), x.Bytes(), table
}

// opened opens files that lie in memory; the index goes through a file.
func opened(t testing.TB, pack, index []byte) *Pack {
	t.Helper()
	path := filepath.Join(t.TempDir(), "idx")
	if err := os.WriteFile(path, index, 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := mapped.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	p, err := Open(Source{Name: "forged", Data: bytes.NewReader(pack), Size: int64(len(pack)), Index: x})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// onDisk writes the files and opens them from there.
func onDisk(t testing.TB, pack, index []byte) *Pack {
	t.Helper()
	base := filepath.Join(t.TempDir(), "pack-1")
	write(t, base+".pack", string(pack))
	write(t, base+".idx", string(index))
	p, err := openAt(t, base)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// delta makes a delta of its sizes and instructions.
func delta(base, result int, ops ...[]byte) []byte {
	b := binary.AppendUvarint(nil, uint64(base))
	return append(binary.AppendUvarint(b, uint64(result)), bytes.Join(ops, nil)...)
}

// copyOp copies a range of the base; n is 1 to 0xffffff.
func copyOp(off, n int) []byte {
	return []byte{0xff, byte(off), byte(off >> 8), byte(off >> 16), byte(off >> 24), byte(n), byte(n >> 8), byte(n >> 16)}
}

// insertOp inserts up to 127 bytes.
func insertOp(text string) []byte { return append([]byte{byte(len(text))}, text...) }

// loosePack packs every object of a repository, reachable or not, and returns the path without its ending.
func loosePack(t testing.TB, dir string) string {
	t.Helper()
	var list bytes.Buffer
	for id := range objects(t, dir) {
		list.WriteString(id.String() + "\n")
	}
	base := t.TempDir() + "/pack"
	return base + "-" + string(bytes.TrimSpace([]byte(git(t, dir, list.String(), "pack-objects", "-q", "--delta-base-offset", base))))
}

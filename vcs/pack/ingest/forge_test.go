package ingest

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"os"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/packtest"
)

// forge makes packs that no git would make, entry by entry.
type forge struct {
	b     bytes.Buffer
	count uint32
	at    []int64 // where the entries begin
}

func newForge() *forge {
	f := &forge{}
	f.b.Write(pack.AppendFileHeader(nil, 0))
	return f
}

// raw adds an entry with any header and bytes as they are.
func (f *forge) raw(h pack.Header, stream []byte) int {
	f.at = append(f.at, int64(f.b.Len()))
	f.b.Write(pack.AppendHeader(nil, h))
	f.b.Write(stream)
	f.count++
	return len(f.at) - 1
}

// whole adds an object that is no delta.
func (f *forge) whole(kind plumbing.ObjectType, content []byte) int {
	return f.raw(pack.Header{Type: kind, Size: int64(len(content))}, packtest.Deflated(content))
}

// on adds a delta on an earlier entry, named a delta on an id.
func (f *forge) on(base int, delta []byte) int {
	back := int64(f.b.Len()) - f.at[base]
	return f.raw(pack.Header{Type: plumbing.OFSDeltaObject, Size: int64(len(delta)), Back: back}, packtest.Deflated(delta))
}

func (f *forge) named(base oid.ID, delta []byte) int {
	return f.raw(pack.Header{Type: plumbing.REFDeltaObject, Size: int64(len(delta)), BaseID: base}, packtest.Deflated(delta))
}

// pack is all of it with the true count and trailer.
func (f *forge) pack() []byte { return f.declaring(f.count) }

func (f *forge) declaring(count uint32) []byte {
	b := bytes.Clone(f.b.Bytes())
	binary.BigEndian.PutUint32(b[8:], count)
	return sealed(b)
}

// sealed is b with the hash that a pack ends in.
func sealed(b []byte) []byte {
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

// delta is the sizes and instructions of a delta.
func delta(base, result int, ops ...[]byte) []byte {
	b := binary.AppendUvarint(nil, uint64(base))
	b = binary.AppendUvarint(b, uint64(result))
	return append(b, bytes.Join(ops, nil)...)
}

// from copies n bytes at off of the base; with brings bytes of its own (at most 127).
func from(off, n int) []byte {
	return []byte{0xff, byte(off), byte(off >> 8), byte(off >> 16), byte(off >> 24), byte(n), byte(n >> 8), byte(n >> 16)}
}

func with(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

func idOf(t testing.TB, kind plumbing.ObjectType, content []byte) oid.ID {
	t.Helper()
	id, err := oid.Of(kind, content)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// receive takes a pack into a folder of its own; after an error nothing may be left there.
func receive(t testing.TB, p []byte, o Options) (Result, error) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	res, err := Receive(context.Background(), bytes.NewReader(p), o)
	if err != nil {
		empty(t, o.Dir)
	}
	return res, err
}

func empty(t testing.TB, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left in the folder", f.Name())
	}
}

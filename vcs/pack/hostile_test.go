package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	for n := 0; n < len(index); n += 3 {
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

func TestDeltaCycleIsAnError(t *testing.T) {
	a, b := oid.ID{1}, oid.ID{2}
	body := AppendFileHeader(nil, 2)
	first := int64(len(body))
	body = append(AppendHeader(body, Header{Type: plumbing.REFDeltaObject, Size: 4, BaseID: b}), deflated([]byte("\x05\x05\x90\x05"))...)
	second := int64(len(body))
	body = append(AppendHeader(body, Header{Type: plumbing.REFDeltaObject, Size: 4, BaseID: a}), deflated([]byte("\x05\x05\x90\x05"))...)
	sum := oid.NewSum()
	sum.Write(body)
	trailer := oid.SumID(sum)
	body = append(body, trailer[:]...)
	var x bytes.Buffer
	if err := WriteIndex(&x, []IndexEntry{{ID: a, Offset: first}, {ID: b, Offset: second}}, trailer); err != nil {
		t.Fatal(err)
	}
	if err := readAll(body, x.Bytes(), filepath.Join(t.TempDir(), "idx")); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

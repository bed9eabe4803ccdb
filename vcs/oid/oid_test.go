package oid

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

func TestParseTakesExactlyOneId(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 3)[:HexSize]
	id, ok := Parse(good)
	if !ok || id.String() != good || string(Append(nil, id)) != good || FromBytes(id[:]) != id {
		t.Errorf("%s comes back as %s, %v", good, id, ok)
	}
	if upper, ok := Parse(strings.ToUpper(good)); !ok || upper != id {
		t.Error("upper case digits are digits, too")
	}
	for _, bad := range []string{"", good[1:], good + "0", good + "\n", " " + good[1:], "g" + good[1:], strings.Repeat("0", 64), "0x" + good[2:]} {
		if id, ok := Parse(bad); ok || !id.IsZero() {
			t.Errorf("%q was taken for %s", bad, id)
		}
	}
}

func TestIdsAreGits(t *testing.T) {
	for _, c := range []struct {
		kind    plumbing.ObjectType
		content string
	}{{plumbing.BlobObject, ""}, {plumbing.BlobObject, "hello\n"}, {plumbing.BlobObject, strings.Repeat("long ", 100_000)}, {plumbing.TreeObject, ""}} {
		cmd := exec.Command("git", "hash-object", "--stdin", "-t", c.kind.String())
		cmd.Stdin = strings.NewReader(c.content)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Of(c.kind, []byte(c.content))
		if err != nil || got.String() != strings.TrimSpace(string(out)) {
			t.Errorf("%s of %d bytes: %s (%v), git says %s", c.kind, len(c.content), got, err, out)
		}
	}
}

func TestHasherIsUsedAgain(t *testing.T) {
	h := NewHasher()
	want, _ := Of(plumbing.BlobObject, []byte("two"))
	for _, text := range []string{"one", "two"} {
		h.Reset(plumbing.BlobObject, int64(len(text)))
		_, _ = h.Write([]byte(text))
	}
	if got, err := h.Sum(); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestCompareOrdersAsIndexesDo(t *testing.T) {
	a, b := ID{1}, ID{2}
	if Compare(a, b) >= 0 || Compare(b, a) <= 0 || Compare(a, a) != 0 || FirstByte(b) != 2 {
		t.Error("ids are out of order")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(strings.Repeat("a", HexSize))
	f.Fuzz(func(t *testing.T, s string) {
		if id, ok := Parse(s); ok && !strings.EqualFold(id.String(), s) {
			t.Errorf("%q comes back as %s", s, id)
		}
	})
}

// shattered are the first 320 bytes of the two files of the SHAttered attack (Stevens et al., 2017): after them both have
// one and the same state of SHA-1.
func shattered(t *testing.T) (a, b []byte) {
	t.Helper()
	const head = "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033203020522f547970652034203020522f" +
		"537562747970652035203020522f46696c7465722036203020522f436f6c6f7253706163652037203020522f4c656e6774682038203020522f42697473506572" +
		"436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d3120697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01"
	const one = "7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3dc38e96ac22fe7bd728f0e45bce046d2" +
		"3c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1"
	const two = "7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45c1530afedfb76038e972722fe7ad728f0e4904e046c2" +
		"30570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf3f98cda8044629a1"
	a, err := hex.DecodeString(head + one)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = hex.DecodeString(head + two); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// No pair of objects with one id is known to anybody: the header of an object stands before the blocks of the attack and
// changes what they do. So the hash itself is tried.
func TestContentBuiltToCollideIsNoticed(t *testing.T) {
	a, b := shattered(t)
	sum := func(content []byte) ID {
		h := NewSum()
		h.Write(content)
		return SumID(h)
	}
	if bytes.Equal(a, b) || sum(a) != sum(b) {
		t.Fatal("the two are no collision")
	}
	h := NewHasher()
	for _, content := range [][]byte{a, b, append(bytes.Clone(a), "and more"...)} {
		h.h.Reset()
		_, _ = h.Write(content)
		if _, err := h.Sum(); !errors.Is(err, ErrCollision) {
			t.Errorf("got %v, want ErrCollision", err)
		}
	}
	if id, err := Of(plumbing.BlobObject, a); err != nil || id == sum(a) {
		t.Errorf("within an object the blocks collide no more, and it is %s, %v", id, err)
	}
	h.Reset(plumbing.BlobObject, 1)
	_, _ = h.Write([]byte("x"))
	if _, err := h.Sum(); err != nil {
		t.Errorf("after a collision the hasher says %v to anything", err)
	}
}

package oid

import (
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

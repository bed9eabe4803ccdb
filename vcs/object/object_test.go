package object

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

var (
	one = strings.Repeat("1", oid.HexSize)
	two = strings.Repeat("2", oid.HexSize)
)

const person = "Ada <ada@example.com> 1700000000 +0100"

func TestCommits(t *testing.T) {
	for _, c := range []struct {
		name, text string
		parents    int
		when       int64
	}{
		{"root", "tree " + one + "\nauthor " + person + "\ncommitter " + person + "\n\nmessage\n", 0, 1700000000},
		{"merge", "tree " + one + "\nparent " + two + "\nparent " + one + "\nauthor " + person + "\ncommitter " + person + "\n\n", 2, 1700000000},
		{"no committer", "tree " + one + "\nauthor " + person + "\n\n", 0, 0},
		{"a committer in the message alone", "tree " + one + "\nauthor " + person + "\n\ncommitter " + person + "\n", 0, 0},
		{"date that is none", "tree " + one + "\ncommitter Ada <a> never\n\n", 0, 0},
		{"date before 1970", "tree " + one + "\ncommitter Ada <a> -5 +0000\n\n", 0, 0},
		{"no mail", "tree " + one + "\ncommitter Ada 5\n\n", 0, 0},
		{"tree alone", "tree " + one, 0, 0},
	} {
		got, err := ParseCommit([]byte(c.text))
		if err != nil || got.Tree.String() != one || len(got.Parents) != c.parents || got.When != c.when {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "no tree": "author " + person, "short tree": "tree " + one[1:], "long tree": "tree " + one + "1\n", "short parent": "tree " + one + "\nparent " + one[1:] + "\n",
	} {
		if _, err := ParseCommit([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

func TestTags(t *testing.T) {
	id, kind, err := ParseTag([]byte("object " + one + "\ntype commit\ntag v1\n\n"))
	if err != nil || id.String() != one || kind != plumbing.CommitObject {
		t.Errorf("got %s %s, %v", id, kind, err)
	}
	for name, text := range map[string]string{
		"empty": "", "no object": "type commit\n", "no type": "object " + one + "\n", "delta": "object " + one + "\ntype ofs-delta\n", "unknown": "object " + one + "\ntype thing\n", "short": "object " + one[1:] + "\ntype commit\n",
	} {
		if _, _, err := ParseTag([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

func entry(mode, name string) string {
	return mode + " " + name + "\x00" + strings.Repeat("x", oid.Size)
}

func TestTrees(t *testing.T) {
	tree := NewTree([]byte(entry("100644", "file") + entry("40000", "folder") + entry("040000", "padded") + entry("120000", "link") + entry("160000", "sub")))
	var names []string
	for e, ok := tree.Next(); ok; e, ok = tree.Next() {
		names = append(names, string(e.Name))
		if e.IsTree() != (string(e.Name) == "folder" || string(e.Name) == "padded") || e.IsLink() != (string(e.Name) == "sub") {
			t.Errorf("%s: mode %o is taken for something else", e.Name, e.Mode)
		}
	}
	if got := strings.Join(names, " "); got != "file folder padded link sub" || tree.Err() != nil {
		t.Errorf("got %q, %v", got, tree.Err())
	}
	for name, text := range map[string]string{
		"no mode": " name\x00" + strings.Repeat("x", oid.Size), "no space": "100644name", "bad mode": entry("10x644", "a"), "long mode": entry("1006440000", "a"), "no name": entry("100644", ""),
		"no NUL": "100644 name", "short id": "100644 name\x00abc", "mode of 8": entry("100648", "a"),
	} {
		tree := NewTree([]byte(text))
		if e, ok := tree.Next(); ok || !errors.Is(tree.Err(), ErrMalformed) {
			t.Errorf("%s: got %+v, %v; want ErrMalformed", name, e, tree.Err())
		}
		if _, ok := tree.Next(); ok {
			t.Errorf("%s: goes on after an error", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("tree " + one + "\nparent " + two + "\ncommitter " + person + "\n\n"))
	f.Add([]byte("object " + one + "\ntype commit\n"))
	f.Add([]byte(entry("100644", "file")))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseCommit(b)
		_, _, _ = ParseTag(b)
		tree := NewTree(b)
		n := 0
		for e, ok := tree.Next(); ok; e, ok = tree.Next() {
			if n += len(e.Name) + oid.Size + 2; len(e.Name) == 0 || n > len(b) {
				t.Fatalf("an entry %+v out of %d bytes", e, len(b))
			}
		}
	})
}

func TestEntriesAreOrderedAsGitSortsTrees(t *testing.T) {
	file := func(name string) Entry { return Entry{Mode: 0o100644, Name: []byte(name)} }
	tree := func(name string) Entry { return Entry{Mode: 0o040000, Name: []byte(name)} }
	sorted := []Entry{file("a"), file("a-"), file("a.b"), tree("a"), file("a0"), file("b"), tree("b"), file("b\xff")}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := Compare(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s (%o) against %s (%o): %d", a.Name, a.Mode, b.Name, b.Mode, got)
			}
		}
	}
}

package fsck

import (
	"strings"
	"testing"

	"jeton/vcs/oid"
)

// entry is one entry of a raw tree.
func entry(mode, name string) string {
	return mode + " " + name + "\x00" + strings.Repeat("x", oid.Size)
}

func check(content string) (Set, int) {
	return (&Trees{MaxName: 20, Named: func(File, oid.ID) {}}).Check([]byte(content))
}

func TestTrees(t *testing.T) {
	file := func(names ...string) string {
		var b strings.Builder
		for _, n := range names {
			if dir, ok := strings.CutSuffix(n, "/"); ok {
				b.WriteString(entry("40000", dir))
			} else {
				b.WriteString(entry("100644", n))
			}
		}
		return b.String()
	}
	for _, c := range []struct {
		name, content string
		want          Set
		entries       int
	}{
		{"empty", "", 0, 0},
		{"ordinary", file("a", "a.b", "a0", "b/", "c"), 0, 5},
		{"a folder sorts behind what follows its name", file("a.b", "a/", "a0"), 0, 3},
		{"folder in the place of a file", file("a/", "a.b"), TreeNotSorted.Set(), 2},
		{"out of order", file("b", "a"), TreeNotSorted.Set(), 2},
		{"twice", file("a", "a"), DuplicateEntries.Set(), 2},
		{"file and folder", file("a", "a/"), DuplicateEntries.Set(), 2},
		{"folder and file", file("a/", "a"), DuplicateEntries.Set(), 2},
		{"file and folder apart", file("a", "a.b", "a/"), DuplicateEntries.Set(), 3},
		{"two apart", file("a", "a.b", "a.b.c", "a.b/", "a/"), DuplicateEntries.Set(), 5},
		{"the outer of two", file("a", "a.b", "a.b.c", "a/"), DuplicateEntries.Set(), 4},
		{"nearly", file("a", "a.b", "a.c/", "a0/"), 0, 4},
		{"padded", entry("0100644", "a"), ZeroPaddedFilemode.Set(), 1},
		{"group may write", entry("100664", "a"), BadFilemode.Set(), 1},
		{"of no kind", entry("644", "a"), BadFilemode.Set(), 1},
		{"null", "100644 a\x00" + strings.Repeat("\x00", oid.Size), NullSha1.Set(), 1},
		{"long name", file(strings.Repeat("n", 21)), LargePathname.Set(), 1},
		{"longest name", file(strings.Repeat("n", 20)), 0, 1},
		{"no name", entry("100644", ""), BadTree.Set(), 0},
		{"cut", file("a") + "100644 b\x00short", BadTree.Set(), 1},
		{"not a tree", "hello", BadTree.Set(), 0},
		{"much at once", entry("100644", "..") + entry("0100664", ".git"), HasDotdot.Set() | HasDotgit.Set() | ZeroPaddedFilemode.Set() | BadFilemode.Set(), 2},
	} {
		if got, n := check(c.content); got != c.want || n != c.entries {
			t.Errorf("%s: got %v in %d entries, want %v in %d", c.name, names(got), n, names(c.want), c.entries)
		}
	}
}

func names(s Set) (list []string) {
	for m := range s.All() {
		list = append(list, m.String())
	}
	return list
}

func FuzzTree(f *testing.F) {
	f.Add([]byte(entry("100644", "a") + entry("40000", "b")))
	for _, c := range tricks {
		f.Add([]byte(entry("100644", c.name)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		found, n := check(string(b))
		if found&^(1<<messages-1) != 0 || n*(oid.Size+4) > len(b) {
			t.Errorf("%b in %d entries of %d bytes", found, n, len(b))
		}
	})
}

func BenchmarkTree(b *testing.B) {
	var content []byte
	for i := range 100 {
		content = append(content, entry("100644", "file-"+string(rune('a'+i/26))+string(rune('a'+i%26))+".go")...)
	}
	trees := &Trees{MaxName: 4096, Named: func(File, oid.ID) {}}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if found, _ := trees.Check(content); found != 0 {
			b.Fatal(names(found))
		}
	}
}

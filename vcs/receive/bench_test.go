package receive

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/rules"
)

// wholeRepository is a pack of n commits, each with a root of 20 folders, of which one of 50 files has changed.
func wholeRepository(n int) []byte {
	var entries []entry
	folders := make([]entry, 20)
	var parent oid.ID
	for i := range n {
		at := i % len(folders)
		var list, root []any
		for f := range 50 {
			list = append(list, fmt.Sprintf("100644 source-%02d.go", f), oid.ID{byte(f), byte(i), byte(i >> 8), 1})
		}
		folders[at] = treeOf(list...)
		for f, folder := range folders {
			if folder.content != "" {
				root = append(root, fmt.Sprintf("40000 folder-%02d", f), folder.id())
			}
		}
		tree := treeOf(root...)
		c := commitOf(tree.id(), parent, "change the source\n\n"+strings.Repeat("what was done, and why\n", 10))
		parent = c.id()
		entries = append(entries, c, tree, folders[at])
	}
	return packOf(entries...)
}

// BenchmarkChecks is what the checks cost of the receiving of a pack, most of which they meet: trees and commits alone.
func BenchmarkChecks(b *testing.B) {
	p := wholeRepository(2000)
	for name, check := range map[string]bool{"with": true, "without": false} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				o := ingest.Options{Dir: b.TempDir()}
				if check {
					o.Check = newInspection(rules.Rules{}, Objects{}).object
				}
				if _, err := ingest.Receive(ctx, bufio.NewReader(bytes.NewReader(p)), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package pack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// grown is a bare repository of n commits in 40 folders, made by git fast-import: large enough to measure.
func grown(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	rng := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 9\nchange it\n", 1700000000+i*60)
		for range 3 {
			text := fmt.Sprintf("%d\n%x\n", i, rng.Uint64())
			fmt.Fprintf(&b, "M 100644 inline src/dir%d/sub%d/file%d.go\ndata %d\n%s\n", rng.IntN(8), rng.IntN(5), rng.IntN(30), len(text), text)
		}
	}
	git(t, dir, b.String(), "fast-import", "--quiet")
	return dir
}

// walkOrder is the commits and trees of a repository in the order in which a walk from the newest meets them.
func walkOrder(t testing.TB, set *Set, dir string) []oid.ID {
	t.Helper()
	var list []oid.ID
	for line := range bytes.Lines([]byte(git(t, dir, "", "rev-list", "--all", "--objects", "--in-commit-order"))) {
		id, _ := oid.Parse(string(line[:oid.HexSize]))
		if kind, _, err := set.Header(id); err != nil {
			t.Fatal(err)
		} else if kind != plumbing.BlobObject {
			list = append(list, id)
		}
	}
	return list
}

func BenchmarkWalk(b *testing.B) {
	dir := grown(b, 4000)
	p := packed(b, dir, "--delta-base-offset")
	list := walkOrder(b, NewSet([]*Pack{p}, 1<<20), dir)
	b.ReportAllocs()
	for b.Loop() {
		set := NewSet([]*Pack{p}, 16<<20)
		for _, id := range list {
			if _, _, err := set.Read(id, 0); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/object")
}

// sink is where packs are written to be measured.
type sink struct{ n int64 }

func (s *sink) Write(b []byte) (int, error) {
	s.n += int64(len(b))
	return len(b), nil
}

func BenchmarkWrite(b *testing.B) {
	dir := grown(b, 4000)
	p, err := openAt(b, loosePack(b, dir))
	if err != nil {
		b.Fatal(err)
	}
	set := NewSet([]*Pack{p}, 16<<20)
	all := ids(b, dir)
	half := all[:len(all)/2]
	for _, c := range []struct {
		name    string
		objects []oid.ID
		o       WriteOptions
	}{
		{"every object", all, WriteOptions{OfsDelta: true}},
		{"every object for a reader without ofs-delta", all, WriteOptions{}},
		{"half of the objects", half, WriteOptions{OfsDelta: true, ClientHas: func(oid.ID) bool { return true }}},
		{"the pack as it lies", nil, WriteOptions{OfsDelta: true, Whole: []*Pack{p}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			to := &sink{}
			for b.Loop() {
				if _, err := set.Write(context.Background(), to, c.objects, c.o); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(to.n / int64(b.N))
		})
	}
}

func BenchmarkCopyOfLargeEntries(b *testing.B) {
	dir := b.TempDir()
	git(b, dir, "", "init", "-q", "--bare", ".")
	noise := make([]byte, 16<<20)
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	git(b, dir, fmt.Sprintf("blob\ndata %d\n%s\n", len(noise), noise), "fast-import", "--quiet")
	p, err := openAt(b, loosePack(b, dir))
	if err != nil {
		b.Fatal(err)
	}
	set := NewSet([]*Pack{p}, 1<<20)
	all := ids(b, dir)
	b.SetBytes(p.Size)
	for b.Loop() {
		if _, err := set.Write(context.Background(), io.Discard, all, WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

package pack

import (
	"os"
	"path/filepath"
	"testing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

func indexOf(t testing.TB, b []byte, trailer oid.ID) *index {
	t.Helper()
	path := filepath.Join(t.TempDir(), "idx")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := mapped.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	x, err := openIndex(m, trailer)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func FuzzIndexAndPack(f *testing.F) {
	pack, index := small(f)
	f.Add(pack, index)
	f.Add(pack[:100], index)
	f.Add(pack, index[:1100])
	path := filepath.Join(f.TempDir(), "idx")
	f.Fuzz(func(_ *testing.T, pack, index []byte) {
		_ = readAll(pack, index, path) // any error will do; a panic or a hang will not
	})
}

func BenchmarkFind(b *testing.B) {
	dir := history(b, 200)
	p := packed(b, dir)
	all := ids(b, dir)
	i := 0
	for b.Loop() {
		if _, ok, err := p.Find(all[i%len(all)]); !ok || err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkRead(b *testing.B) {
	dir := history(b, 200)
	set := NewSet([]*Pack{packed(b, dir, "--delta-base-offset")}, 16<<20)
	all := ids(b, dir)
	i := 0
	for b.Loop() {
		if _, _, err := set.Read(all[i%len(all)], 0); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

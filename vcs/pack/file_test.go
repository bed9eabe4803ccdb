package pack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

func content(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWriteFilesMakesWhatGitWouldMake(t *testing.T) {
	dir := history(t, 25)
	set := NewSet([]*Pack{packed(t, dir, "--delta-base-offset")}, 1<<20)
	all := ids(t, dir)
	out := t.TempDir()
	var last uint32
	name, done, err := set.WriteFiles(context.Background(), out, all, func(n, _ uint32) { last = n })
	if err != nil {
		t.Fatal(err)
	}
	if int(done.Objects) != len(all) || last != done.Objects || name != "pack-"+done.Checksum.String() {
		t.Errorf("%s: wrote %+v of %d objects, last told of %d", name, done, len(all), last)
	}
	git(t, out, "", "verify-pack", name+".idx")
	git(t, out, "", "index-pack", "--strict", "--rev-index", "-o", "git.idx", name+".pack")
	for _, ext := range []string{".idx", ".rev"} {
		ours, theirs := content(t, filepath.Join(out, name+ext)), content(t, filepath.Join(out, "git"+ext))
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s: ours has %d bytes, git's %d, and they differ", ext, len(ours), len(theirs))
		}
	}
}

func TestWriteFilesOfNothingIsAnEmptyPack(t *testing.T) {
	out := t.TempDir()
	name, _, err := NewSet(nil, 1<<20).WriteFiles(context.Background(), out, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	git(t, out, "", "verify-pack", name+".idx")
	p, err := openAt(t, filepath.Join(out, name))
	if err != nil || p.Count() != 0 || p.Size != int64(MinSize) {
		t.Fatalf("got %+v, %v", p, err)
	}
	if _, ok, err := p.Find(oid.ID{1}); ok || err != nil {
		t.Errorf("an empty pack finds an object (%v)", err)
	}
	if err := p.Each(func(oid.ID, Location) error { return errors.New("an object") }); err != nil {
		t.Error(err)
	}
}

func TestWriteFilesThatFailsLeavesNothing(t *testing.T) {
	dir := history(t, 3)
	set := NewSet([]*Pack{packed(t, dir)}, 1<<20)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		objects []oid.ID
		want    error
	}{
		"missing object": {context.Background(), []oid.ID{{1}}, ErrNotFound},
		"cancelled":      {ctx, ids(t, dir), context.Canceled},
	} {
		out := t.TempDir()
		if _, _, err := set.WriteFiles(c.ctx, out, c.objects, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if left, _ := os.ReadDir(out); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	if _, _, err := set.WriteFiles(context.Background(), filepath.Join(t.TempDir(), "none"), nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such folder: got %v", err)
	}
}

// revOf opens a pack with a .rev of this content.
func revOf(t testing.TB, base string, rev []byte) (*Pack, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rev")
	if err := os.WriteFile(path, rev, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := mapped.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	p, err := openAt(t, base)
	if err != nil {
		t.Fatal(err)
	}
	src := p.Source
	src.Rev = m
	return Open(src)
}

// withRev is a pack for which git has made a reverse index.
func withRev(t testing.TB, commits int) (base string, rev []byte) {
	t.Helper()
	base = loosePack(t, history(t, commits))
	git(t, filepath.Dir(base), "", "index-pack", "--rev-index", base+".pack")
	return base, content(t, base+".rev")
}

func TestOrderIsThatOfThePackWithAndWithoutRev(t *testing.T) {
	base, good := withRev(t, 12)
	flip := func(at int) []byte { b := bytes.Clone(good); b[at] ^= 1; return b }
	for name, c := range map[string]struct {
		rev  []byte
		used bool
	}{
		"git's": {good, true}, "of another pack": {flip(len(good) - 2*oid.Size), false}, "cut": {good[:len(good)-4], false}, "empty": {nil, false},
		"other magic": {flip(0), false}, "other version": {flip(7), false}, "other hash": {flip(11), false},
	} {
		p, err := revOf(t, base, c.rev)
		if err != nil || (p.Rev != nil) != c.used {
			t.Fatalf("%s: want .rev to be used: %v (%v)", name, c.used, err)
		}
		last, n := int64(0), uint32(0)
		err = p.Each(func(id oid.ID, at Location) error {
			if got, ok, err := p.Find(id); err != nil || !ok || got != at || at.Offset <= last {
				t.Errorf("%s: %s lies at %+v and is told of at %+v behind %d", name, id, got, at, last)
			}
			last = at.Offset
			n++
			return nil
		})
		if err != nil || n != p.Count() {
			t.Errorf("%s: %d of %d objects, %v", name, n, p.Count(), err)
		}
	}
}

// all lists the ids of a pack in the order of its index, which needs no reverse index.
func (p *Pack) all() (list []oid.ID, err error) {
	for pos := range p.Count() {
		id, err := p.IDAt(pos)
		if err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, nil
}

func TestRevThatLiesIsAnError(t *testing.T) {
	base, rev := withRev(t, 5)
	for name, spoil := range map[string]func(b []byte){
		"beyond the index": func(b []byte) { b[0] = 0x7f },
		"one entry twice":  func(b []byte) { copy(b[:4], b[4:8]) },
		"out of order":     reverse4,
	} {
		bad := bytes.Clone(rev)
		spoil(bad[revHead : len(bad)-2*oid.Size])
		p, err := revOf(t, base, bad)
		if err != nil {
			t.Fatal(err)
		}
		all, err := p.all()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := NewSet([]*Pack{p}, 1<<20).Write(context.Background(), &b, all, WriteOptions{OfsDelta: true}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}

// reverse4 turns the order of 4-byte numbers round.
func reverse4(b []byte) {
	for i, j := 0, len(b)-4; i < j; i, j = i+4, j-4 {
		for k := range 4 {
			b[i+k], b[j+k] = b[j+k], b[i+k]
		}
	}
}

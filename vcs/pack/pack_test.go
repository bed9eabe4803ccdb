package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/mapped"
	"jeton/vcs/oid"
)

func git(t testing.TB, dir, in string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	cmd.Stdin = strings.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// history is a repository whose files change a little in each of n commits, so that packs of it hold deltas.
func history(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "-b", "main")
	rng := rand.New(rand.NewPCG(1, 2))
	lines := strings.Split(strings.Repeat("some line of text\n", 300), "\n")
	for i := range n {
		lines[rng.IntN(len(lines))] = fmt.Sprint("changed ", i)
		write(t, filepath.Join(dir, fmt.Sprintf("dir%d/file%d", i%3, i%5)), strings.Join(lines, "\n"))
		git(t, dir, "", "add", "-A")
		git(t, dir, "", "commit", "-q", "-m", fmt.Sprint("change ", i))
	}
	git(t, dir, "", "tag", "-a", "-m", "one", "v1")
	return dir
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// packed makes one pack of a repository with git, and opens it.
func packed(t testing.TB, dir string, options ...string) *Pack {
	t.Helper()
	base := filepath.Join(t.TempDir(), "pack")
	name := strings.TrimSpace(git(t, dir, "", append([]string{"pack-objects", "--all", "-q", base}, options...)...))
	p, err := openAt(t, base+"-"+name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openAt(t testing.TB, base string) (*Pack, error) {
	t.Helper()
	f, err := os.Open(base + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	x, err := mapped.Open(base + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return Open(Source{Name: filepath.Base(base), Data: f, Size: st.Size(), File: f, Index: x})
}

// objects lists what git says is in a repository: id, type, size.
func objects(t testing.TB, dir string) map[oid.ID]string {
	t.Helper()
	all := map[oid.ID]string{}
	for line := range strings.Lines(git(t, dir, "", "cat-file", "--batch-all-objects", "--batch-check")) {
		f := strings.Fields(line)
		id, _ := oid.Parse(f[0])
		all[id] = f[1] + " " + f[2]
	}
	return all
}

var shapes = map[string][]string{
	"ofs deltas":  {"--delta-base-offset"},
	"ref deltas":  nil,
	"deep chains": {"--delta-base-offset", "--depth=200", "--window=200"},
	"no deltas":   {"--depth=0"},
}

func TestEveryObjectReadsAsGitReadsIt(t *testing.T) {
	dir := history(t, 40)
	want := objects(t, dir)
	for name, options := range shapes {
		t.Run(name, func(t *testing.T) {
			p := packed(t, dir, options...)
			set := NewSet([]*Pack{p}, 1<<20)
			if int(p.Count()) != len(want) {
				t.Errorf("%d objects, git has %d", p.Count(), len(want))
			}
			for id, say := range want {
				kind, size, err := set.Header(id)
				if err != nil || fmt.Sprintf("%s %d", kind, size) != say {
					t.Fatalf("Header(%s) = %s %d, %v; git says %s", id, kind, size, err, say)
				}
				kind, data, err := set.Read(id, 0)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := oid.Of(kind, data); err != nil || got != id {
					t.Fatalf("%s reads as an object whose id is %s (%v)", id, got, err)
				}
			}
		})
	}
}

func TestMissingObjects(t *testing.T) {
	set := NewSet([]*Pack{packed(t, history(t, 2))}, 1<<20)
	none, _ := oid.Parse(strings.Repeat("ab", oid.Size))
	if _, ok, err := set.Find(none); ok || err != nil {
		t.Errorf("Find: got %v, %v", ok, err)
	}
	if _, _, err := set.Read(none, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("Read: got %v, want ErrNotFound", err)
	}
	if _, _, err := set.Header(none); !errors.Is(err, ErrNotFound) {
		t.Errorf("Header: got %v, want ErrNotFound", err)
	}
}

func TestReadRefusesWhatIsTooLarge(t *testing.T) {
	dir := history(t, 3)
	set := NewSet([]*Pack{packed(t, dir)}, 1<<20)
	for id, say := range objects(t, dir) {
		var size int64
		_, _ = fmt.Sscanf(say, "blob %d", &size)
		if size < 100 {
			continue
		}
		if _, _, err := set.Read(id, size-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a limit of one byte less: got %v, want ErrTooLarge", err)
		}
		if _, _, err := set.Read(id, size); err != nil {
			t.Errorf("a limit of just its size: %v", err)
		}
	}
}

// indexed has git take a pack, which must be valid to the letter, into an empty repository, and returns the repository.
func indexed(t testing.TB, pack []byte, thinOver string) string {
	t.Helper()
	dir := t.TempDir()
	if thinOver == "" {
		git(t, dir, "", "init", "-q", "--bare", ".")
	} else {
		git(t, "", "", "clone", "-q", "--bare", thinOver, dir)
	}
	git(t, dir, string(pack), "index-pack", "--stdin", "--strict", "--fix-thin")
	return dir
}

func ids(t testing.TB, dir string) []oid.ID {
	t.Helper()
	var list []oid.ID
	for id := range objects(t, dir) {
		list = append(list, id)
	}
	return list
}

func TestWriteMakesPacksThatGitTakes(t *testing.T) {
	dir := history(t, 40)
	all := ids(t, dir)
	for name, options := range shapes {
		for _, ofs := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, ofs %v", name, ofs), func(t *testing.T) {
				p := packed(t, dir, options...)
				set := NewSet([]*Pack{p}, 1<<20)
				var b bytes.Buffer
				done, err := set.Write(context.Background(), &b, all, WriteOptions{OfsDelta: ofs})
				if err != nil {
					t.Fatal(err)
				}
				if int(done.Objects) != len(all) || done.Bytes != int64(b.Len()) || done.Reused != done.Objects {
					t.Errorf("wrote %+v for %d objects in %d bytes", done, len(all), b.Len())
				}
				got := indexed(t, b.Bytes(), "")
				if n := len(objects(t, got)); n != len(all) {
					t.Errorf("git found %d objects, want %d", n, len(all))
				}
			})
		}
	}
}

func TestWriteOfAnySubsetStandsByItself(t *testing.T) {
	dir := history(t, 30)
	all := ids(t, dir)
	set := NewSet([]*Pack{packed(t, dir, "--delta-base-offset"), packed(t, dir)}, 1<<20)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		var some []oid.ID
		for _, id := range all {
			if rng.IntN(2) == 0 {
				some = append(some, id)
			}
		}
		var b bytes.Buffer
		if _, err := set.Write(context.Background(), &b, some, WriteOptions{OfsDelta: true}); err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		write(t, filepath.Join(out, "x.pack"), b.String())
		git(t, out, "", "index-pack", "x.pack")
		index, err := os.ReadFile(filepath.Join(out, "x.idx"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(git(t, out, string(index), "show-index"), "\n"); n != len(some) || n == 0 {
			t.Errorf("git finds %d objects in the pack, %d were chosen", n, len(some))
		}
	}
}

func TestThinPackRefersToWhatTheClientHas(t *testing.T) {
	dir := history(t, 20)
	old := t.TempDir()
	git(t, "", "", "clone", "-q", "--bare", dir, old)
	has := map[oid.ID]bool{}
	for _, id := range ids(t, old) {
		has[id] = true
	}
	write(t, filepath.Join(dir, "dir0/file0"), strings.Repeat("some line of text\n", 300)+"and one more\n")
	git(t, dir, "", "add", "-A")
	git(t, dir, "", "commit", "-q", "-m", "one more")
	set := NewSet([]*Pack{packed(t, dir, "--delta-base-offset", "--window=100")}, 1<<20)
	var fresh []oid.ID
	for _, id := range ids(t, dir) {
		if !has[id] {
			fresh = append(fresh, id)
		}
	}
	var whole, thin bytes.Buffer
	if _, err := set.Write(context.Background(), &whole, fresh, WriteOptions{OfsDelta: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Write(context.Background(), &thin, fresh, WriteOptions{OfsDelta: true, ClientHas: func(id oid.ID) bool { return has[id] }}); err != nil {
		t.Fatal(err)
	}
	if thin.Len() > whole.Len() {
		t.Errorf("the thin pack has %d bytes, the whole one %d", thin.Len(), whole.Len())
	}
	got := indexed(t, thin.Bytes(), old)
	for _, id := range fresh {
		git(t, got, "", "cat-file", "-e", id.String())
	}
}

func TestWholePackGoesOutAsItLies(t *testing.T) {
	dir := history(t, 10)
	p := packed(t, dir, "--delta-base-offset")
	set := NewSet([]*Pack{p}, 1<<20)
	var b bytes.Buffer
	if _, err := set.Write(context.Background(), &b, nil, WriteOptions{OfsDelta: true, Whole: []*Pack{p}}); err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(io.NewSectionReader(p.Data, 0, p.Size))
	if err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%d bytes went out, the file has %d (%v)", b.Len(), len(want), err)
	}
	write(t, filepath.Join(dir, "extra"), "extra")
	git(t, dir, "", "add", "-A")
	git(t, dir, "", "commit", "-q", "-m", "extra")
	both := NewSet([]*Pack{packed(t, dir), p}, 1<<20)
	var fresh []oid.ID
	for _, id := range ids(t, dir) {
		if _, ok, _ := p.Find(id); !ok {
			fresh = append(fresh, id)
		}
	}
	b.Reset()
	done, err := both.Write(context.Background(), &b, fresh, WriteOptions{OfsDelta: true, Whole: []*Pack{p}})
	if err != nil {
		t.Fatal(err)
	}
	if int(done.Objects) != len(fresh)+int(p.Count()) {
		t.Errorf("wrote %d objects, want %d", done.Objects, len(fresh)+int(p.Count()))
	}
	indexed(t, b.Bytes(), "")
}

func TestCancelledWriteEnds(t *testing.T) {
	dir := history(t, 5)
	set := NewSet([]*Pack{packed(t, dir)}, 1<<20)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := set.Write(ctx, io.Discard, ids(t, dir), WriteOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

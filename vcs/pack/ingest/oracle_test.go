package ingest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// git runs the real one, away from the user's own configuration.
func git(t testing.TB, dir string, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME="+dir,
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out
}

// history is a repository with n commits, each of which changes one of some files.
func history(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, nil, "init", "-q", "-b", "main")
	var in bytes.Buffer
	for i := range n {
		text := strings.Repeat("line of text\n", 100) + strings.Repeat("x", i) + "\n" + strings.Repeat("more text\n", 100)
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 6\nchange\n", 1_700_000_000+i)
		fmt.Fprintf(&in, "M 100644 inline dir%d/file%d\ndata %d\n%s\n", i%3, i%5, len(text), text)
	}
	git(t, dir, in.Bytes(), "fast-import", "--quiet")
	git(t, dir, nil, "tag", "-a", "-m", "a tag", "v1", "main")
	return dir
}

// packed has git make a pack of what the revisions say.
func packed(t testing.TB, dir, revs string, args ...string) []byte {
	t.Helper()
	return git(t, dir, []byte(revs), append([]string{"pack-objects", "--revs", "--stdout", "-q"}, args...)...)
}

func realPacks(t testing.TB) [][]byte {
	dir := history(t, 12)
	return [][]byte{
		packed(t, dir, "main\nv1\n", "--delta-base-offset"),
		packed(t, dir, "main\n"),
		packed(t, dir, "main\n^main~3\n", "--thin", "--delta-base-offset"),
	}
}

// sameIndexAsGit has git index the pack name.pack in dir and compares the files byte for byte.
func sameIndexAsGit(t *testing.T, dir, name string) {
	t.Helper()
	base := filepath.Join(dir, name)
	want := filepath.Join(t.TempDir(), "want.idx")
	git(t, dir, nil, "index-pack", "--rev-index", "-o", want, base+".pack")
	for _, end := range []string{".idx", ".rev"} {
		a, err := os.ReadFile(base + end)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(strings.TrimSuffix(want, ".idx") + end)
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s%s differs from what git writes: %v", name, end, err)
		}
	}
	git(t, dir, nil, "verify-pack", base+".idx")
}

func TestIndexIsWhatGitWrites(t *testing.T) {
	dir := history(t, 60)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"ofs deltas", []string{"--delta-base-offset"}},
		{"ref deltas", nil},
		{"deep chains", []string{"--depth=4000", "--window=50", "--delta-base-offset"}},
		{"deep chains of ref deltas", []string{"--depth=4000", "--window=50"}},
		{"no deltas", []string{"--depth=0"}},
		{"stored", []string{"--compression=0", "--delta-base-offset"}},
	} {
		for _, memory := range []int64{0, 1 << 10} { // the second: everything is spilled and built again
			t.Run(fmt.Sprintf("%s, memory %d", c.name, memory), func(t *testing.T) {
				p := packed(t, dir, "main\nv1\n", c.args...)
				out := t.TempDir()
				res, err := Receive(context.Background(), bytes.NewReader(p), Options{Dir: out, Limits: Limits{Memory: memory}})
				if err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(filepath.Join(out, res.Name+".pack"))
				if err != nil || !bytes.Equal(got, p) {
					t.Fatalf("the stored pack is not the one that was sent: %v", err)
				}
				sameIndexAsGit(t, out, res.Name)
				readOnly(t, out, res.Name)
			})
		}
	}
}

func readOnly(t *testing.T, dir, name string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("there are %d files, want .pack, .idx and .rev: %v", len(files), err)
	}
	for _, end := range []string{".pack", ".idx", ".rev"} {
		st, err := os.Stat(filepath.Join(dir, name+end))
		if err != nil || st.Mode() != 0o444 {
			t.Errorf("%s: %v, %v", end, st, err)
		}
	}
}

// repository answers for bases as git has them.
type repository struct {
	t   *testing.T
	dir string
	// asked are the ids, in order; hidden those that the pusher may not know of.
	asked  []oid.ID
	hidden map[oid.ID]bool
}

func (r *repository) Base(id oid.ID) (plumbing.ObjectType, []byte, error) {
	r.asked = append(r.asked, id)
	if r.hidden[id] {
		return 0, nil, pack.ErrNotFound
	}
	kind := strings.TrimSpace(string(git(r.t, r.dir, nil, "cat-file", "-t", id.String())))
	parsed, err := plumbing.ParseObjectType(kind)
	return parsed, git(r.t, r.dir, nil, "cat-file", kind, id.String()), err
}

func TestThinPackIsCompleted(t *testing.T) {
	dir := history(t, 60)
	for _, args := range [][]string{{"--thin", "--delta-base-offset"}, {"--thin"}, {"--thin", "--depth=3"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			p := packed(t, dir, "main\n^main~20\n", args...)
			out := t.TempDir()
			bases := &repository{t: t, dir: dir}
			res, err := Receive(context.Background(), bytes.NewReader(p), Options{Dir: out, Bases: bases})
			if err != nil {
				t.Fatal(err)
			}
			if res.Completed == 0 || int(res.Completed) != len(bases.asked) || res.Bytes != int64(len(p)) {
				t.Errorf("got %+v after %d questions for %d bytes", res, len(bases.asked), len(p))
			}
			sameIndexAsGit(t, out, res.Name)
			readOnly(t, out, res.Name)
			taken(t, dir, out, res.Name)
		})
	}
}

// taken puts the new pack beside the old history of dir and has git look at the whole.
func taken(t *testing.T, dir, out, name string) {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "clone.git")
	git(t, dir, nil, "branch", "-f", "old", "main~20")
	git(t, dir, nil, "clone", "-q", "--bare", "--no-local", "--single-branch", "--no-tags", "-b", "old", ".", clone)
	for _, end := range []string{".pack", ".idx", ".rev"} {
		if err := os.Link(filepath.Join(out, name+end), filepath.Join(clone, "objects/pack", name+end)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, clone, nil, "update-ref", "refs/heads/new", strings.TrimSpace(string(git(t, dir, nil, "rev-parse", "main"))))
	git(t, clone, nil, "fsck", "--strict", "--full")
}

func TestThinPackWithoutItsBasesIsRefused(t *testing.T) {
	dir := history(t, 30)
	p := packed(t, dir, "main\n^main~10\n", "--thin", "--delta-base-offset")
	_, err := receive(t, p, Options{})
	if !errorsIsUnresolved(err) {
		t.Errorf("without bases: got %v", err)
	}
	bases := &repository{t: t, dir: dir}
	if _, err := receive(t, p, Options{Bases: bases}); err != nil {
		t.Fatal(err)
	}
	hidden := &repository{t: t, dir: dir, hidden: map[oid.ID]bool{bases.asked[0]: true}}
	if _, err := receive(t, p, Options{Bases: hidden}); !errorsIsUnresolved(err) {
		t.Errorf("with one base hidden: got %v", err)
	}
}

func errorsIsUnresolved(err error) bool {
	return err != nil && strings.Contains(err.Error(), "unresolved deltas (thin pack against objects that this repository does not have)")
}

// A base that the pack's own deltas make is not added, though the repository has it: it would be there twice.
func TestThinPackTakesNoBaseThatItMakesItself(t *testing.T) {
	one, two := []byte("the first of three texts"), []byte("the first of three textsthe first of")
	f := newForge()
	f.named(idOf(t, plumbing.BlobObject, one), delta(len(one), len(two), from(0, len(one)), from(0, 12)))
	f.named(idOf(t, plumbing.BlobObject, two), delta(len(two), 5, from(4, 5)))
	has := fixed{idOf(t, plumbing.BlobObject, one): one, idOf(t, plumbing.BlobObject, two): two}
	res, err := receive(t, f.pack(), Options{Bases: has})
	if err != nil || res.Completed != 1 || res.Objects != 3 {
		t.Errorf("got %+v, %v", res, err)
	}
}

// fixed are blobs that are there.
type fixed map[oid.ID][]byte

func (f fixed) Base(id oid.ID) (plumbing.ObjectType, []byte, error) {
	if b, ok := f[id]; ok {
		return plumbing.BlobObject, b, nil
	}
	return 0, nil, pack.ErrNotFound
}

func TestBaseThatIsNotWhatItsIDSaysIsRefused(t *testing.T) {
	one := []byte("the first of three texts")
	f := newForge()
	f.named(idOf(t, plumbing.BlobObject, one), delta(len(one), 5, from(0, 5)))
	damaged := fixed{idOf(t, plumbing.BlobObject, one): []byte("the first of three TEXTS")}
	if _, err := receive(t, f.pack(), Options{Bases: damaged}); err == nil || !strings.Contains(err.Error(), "repository's own object") {
		t.Errorf("got %v", err)
	}
}

func TestIndexMakesTheFilesAnew(t *testing.T) {
	dir := history(t, 30)
	for _, args := range [][]string{{"--delta-base-offset"}, nil} {
		there := t.TempDir()
		path := filepath.Join(there, "any.pack")
		if err := os.WriteFile(path, packed(t, dir, "main\n", args...), 0o444); err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		res, err := Index(context.Background(), path, Options{Dir: out})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path, filepath.Join(out, res.Name+".pack")); err != nil {
			t.Fatal(err)
		}
		sameIndexAsGit(t, out, res.Name)
		readOnly(t, out, res.Name)
	}
}

func TestIndexRefusesWhatIsNoWholePack(t *testing.T) {
	dir := history(t, 30)
	p := sample(t)
	for name, b := range map[string][]byte{
		"cut off": p[:len(p)-1], "with something behind": append(bytes.Clone(p), 0),
		"thin": packed(t, dir, "main\n^main~10\n", "--thin"), "empty": nil,
	} {
		path := filepath.Join(t.TempDir(), "a.pack")
		if err := os.WriteFile(path, b, 0o444); err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		if _, err := Index(context.Background(), path, Options{Dir: out, Bases: &repository{t: t, dir: dir}}); err == nil {
			t.Errorf("%s: indexed", name)
		}
		empty(t, out)
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: the pack was changed: %v", name, err)
		}
	}
	if _, err := Index(context.Background(), filepath.Join(t.TempDir(), "none"), Options{Dir: t.TempDir()}); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("a pack that is not there: %v", err)
	}
}

func unwrapped(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

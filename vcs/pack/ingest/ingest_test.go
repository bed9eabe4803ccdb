package ingest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func git(t testing.TB, dir string, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out
}

// history is a repository with n commits that change one of some files.
func history(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, nil, "init", "-q", "-b", "main")
	for i := range n {
		name := filepath.Join(dir, "file"+string(rune('a'+i%5)))
		if err := os.WriteFile(name, []byte(strings.Repeat("line of text\n", 100)+strings.Repeat("x", i)+"\n"+strings.Repeat("more text\n", 100)), 0o644); err != nil {
			t.Fatal(err)
		}
		git(t, dir, nil, "add", "-A")
		git(t, dir, nil, "commit", "-q", "-m", "change")
	}
	return dir
}

func TestIndexIsWhatGitWrites(t *testing.T) {
	dir := history(t, 30)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"ofs deltas", []string{"--delta-base-offset"}},
		{"ref deltas", nil},
		{"deep chains", []string{"--depth=4000", "--window=50"}},
		{"no deltas", []string{"--depth=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := git(t, dir, []byte("main\n"), append([]string{"pack-objects", "--revs", "--stdout", "-q"}, c.args...)...)
			out := t.TempDir()
			res, err := Receive(context.Background(), bytes.NewReader(p), Options{Dir: out})
			if err != nil {
				t.Fatal(err)
			}
			base := filepath.Join(out, res.Name)
			got, err := os.ReadFile(base + ".pack")
			if err != nil || !bytes.Equal(got, p) {
				t.Fatalf("the stored pack is not the one that was sent: %v", err)
			}
			git(t, out, nil, "index-pack", "--rev-index", "-o", "want.idx", base+".pack")
			for _, end := range []string{".idx", ".rev"} {
				a, _ := os.ReadFile(base + end)
				b, err := os.ReadFile(filepath.Join(out, "want"+end))
				if err != nil || !bytes.Equal(a, b) {
					t.Errorf("%s differs from what git writes: %v", end, err)
				}
			}
			git(t, out, nil, "verify-pack", base+".idx")
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	path := os.Getenv("JETON_BENCH_PACK")
	if path == "" {
		b.Skip("set JETON_BENCH_PACK to a pack file")
	}
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Receive(context.Background(), f, Options{Dir: b.TempDir()}); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

package reach

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// grown makes a repository as people's are: one line of commits with a branch now and then, each with a few changes deep
// in a tree of folders. 9,000 commits come to about 100,000 objects.
func grown(t testing.TB, commits int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range commits {
		fmt.Fprintf(&b, "commit refs/heads/main\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", i+1, 1_000_000_000+i*100)
		if i > 0 {
			fmt.Fprintf(&b, "from :%d\n", i)
		}
		if i > 20 && rng.IntN(10) == 0 {
			fmt.Fprintf(&b, "merge :%d\n", i-rng.IntN(20))
		}
		for range 2 + rng.IntN(3) {
			body := fmt.Sprintf("content %d of %d", rng.Uint64(), i)
			fmt.Fprintf(&b, "M 100644 inline d%d/e%d/f%d/g%d\ndata %d\n%s\n", rng.IntN(12), rng.IntN(12), rng.IntN(4), rng.IntN(12), len(body), body)
		}
		b.WriteByte('\n')
	}
	git(t, dir, b.String(), "fast-import", "--quiet", "--force")
	git(t, dir, "", "-c", "repack.writeBitmaps=false", "repack", "-adq")
	return dir
}

// BenchmarkEnumerateBesideGit walks a full clone of about 100,000 objects without any shortcut, and lets git do the same.
func BenchmarkEnumerateBesideGit(b *testing.B) {
	dir := grown(b, 9000)
	packs := open(b, dir)
	tip := id(b, dir, "main")
	var objects int
	var ours, gits time.Duration
	for b.Loop() {
		from := spent(b)
		plan, err := Enumerate(context.Background(), pack.NewSet(packs, 96<<20), Request{Wants: []oid.ID{tip}}, nil)
		if err != nil {
			b.Fatal(err)
		}
		ours += spent(b) - from
		objects = len(plan.Objects)
		cmd := exec.Command("git", "rev-list", "--objects", "--all")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		gits += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	b.ReportMetric(float64(objects), "objects")
	b.ReportMetric(ours.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(gits.Seconds()/float64(b.N), "git-cpu-s/op")
	b.ReportMetric(float64(ours)/float64(gits), "×git")
}

// spent is the CPU time of this process, collecting garbage included.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

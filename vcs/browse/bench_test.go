package browse

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"jeton/vcs/oid"
)

// wide makes a repository whose main changes 1,000 files, and moves so many of them besides.
func wide(b *testing.B, moved int) (string, oid.ID) {
	b.Helper()
	dir := b.TempDir() + "/wide.git"
	git(b, "", "init", "-q", "--bare", "-b", "main", dir)
	g := &generator{Rand: rand.New(rand.NewPCG(1, 1))}
	var one, two strings.Builder
	for _, w := range []*strings.Builder{&one, &two} {
		w.WriteString("commit refs/heads/main\ncommitter C <c@example.com> 1600000000 +0000\ndata 0\n")
	}
	for i := range 1000 {
		path := fmt.Sprintf("d%d/f%d.go", i%40, i)
		text := g.text(200 + g.IntN(200))
		fmt.Fprintf(&one, "M 644 inline %s\ndata %d\n%s\n", path, len(text), text)
		text = g.edit(text)
		if i < moved {
			fmt.Fprintf(&two, "D %s\n", path)
			path = "moved/" + path
		}
		fmt.Fprintf(&two, "M 644 inline %s\ndata %d\n%s\n", path, len(text), text)
	}
	if _, said, err := try(b, dir, one.String()+two.String(), nil, "fast-import", "--quiet"); err != nil {
		b.Fatal(said)
	}
	git(b, dir, "repack", "-qad")
	return dir, id(b, dir, "main")
}

// BenchmarkCommitOf1000Files reports the CPU time of a diff beside that of git, which is a process each time.
func BenchmarkCommitOf1000Files(b *testing.B) {
	for _, moved := range []int{0, 300} {
		dir, commit := wide(b, moved)
		b.Run(fmt.Sprintf("moved=%d", moved), func(b *testing.B) {
			var ours, theirs time.Duration
			for b.Loop() {
				start := cpu(b, unix.RUSAGE_SELF)
				if _, err := CommitDiff(b.Context(), objects(b, dir), io.Discard, commit, DiffOptions{}); err != nil {
					b.Fatal(err)
				}
				ours += cpu(b, unix.RUSAGE_SELF) - start
				start = cpu(b, unix.RUSAGE_CHILDREN)
				git(b, dir, "diff", "--binary", "--full-index", "-C", "main~1", "main")
				theirs += cpu(b, unix.RUSAGE_CHILDREN) - start
			}
			b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "CPU-ms/op")
			b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "git-CPU-ms/op")
			b.ReportMetric(float64(ours)/float64(theirs), "CPU/git")
		})
	}
}

// cpu is the time that this process, or its children, have had of the processors.
func cpu(b *testing.B, who int) time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(who, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkLog(b *testing.B) {
	dir, commit := wide(b, 0)
	set := objects(b, dir)
	for b.Loop() {
		if _, err := Log(b.Context(), set, []oid.ID{commit}, LogOptions{Path: "d1/f1.go"}); err != nil {
			b.Fatal(err)
		}
	}
}

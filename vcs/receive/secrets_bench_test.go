package receive

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/receive/secrets"
	"jeton/vcs/rules"
)

// sources is a pack of one commit with the source files of Go that lie below a folder of its own, in one flat tree.
func sources(b *testing.B, below string) (p []byte, tip oid.ID, files, size int) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	var entries []entry
	var tree []any
	seen := map[oid.ID]bool{}
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src", below), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		blob := blobOf(string(text))
		if err == nil && !seen[blob.id()] {
			seen[blob.id()] = true
			files, size = files+1, size+len(text)
			entries = append(entries, blob)
			tree = append(tree, fmt.Sprintf("100644 f%06d.go", files), blob.id())
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	t := treeOf(tree...)
	c := commitOf(t.id(), oid.Zero, "sources")
	return packOf(append(entries, c, t)...), c.id(), files, size
}

// BenchmarkSecrets is what a push of sources costs with and without the looking for secrets: wall time, and the time of all
// processors as "cpu-ms/op". docs/push-protection.md has the figures.
func BenchmarkSecrets(b *testing.B) {
	p, tip, files, size := sources(b, "")
	b.Logf("%d files of %d bytes, a pack of %d", files, size, len(p))
	for _, c := range []struct {
		name  string
		scan  *secrets.Scanner
		rules rules.Rules
	}{
		{"without", nil, rules.Rules{}},
		{"own-tokens", secrets.New(secrets.Options{Tokens: &liveTokens{}, Key: []byte("key")}), rules.Rules{Secrets: rules.SecretsOff}},
		{"own-and-others", secrets.New(secrets.Options{Tokens: &liveTokens{}, Key: []byte("key"), Time: time.Hour}), rules.Rules{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(size))
			var used time.Duration
			for b.Loop() {
				b.StopTimer()
				s := newStand(b, Limits{})
				s.server.o.Secrets = c.scan
				before := cpu()
				b.StartTimer()
				out := s.underRules(c.rules, request(p, line(oid.Zero, tip, "refs/heads/main", "report-status")))
				used += cpu() - before
				if !strings.Contains(out, "ok refs/heads/main") {
					b.Fatal(out)
				}
			}
			b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

// underRules pushes a whole request under rules.
func (s *stand) underRules(r rules.Rules, request []byte) string {
	var out bytes.Buffer
	ses := Session{Stateless: true, Repo: s.repo, Rules: r, Recheck: func(context.Context) error { return nil }}
	if err := s.server.Serve(ctx, ses, bytes.NewReader(request), &out); err != nil {
		s.t.Fatal(err)
	}
	return out.String()
}

// cpu is the time of the processors that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

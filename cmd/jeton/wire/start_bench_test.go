package wire

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jeton/cmd/jeton/config"
	"jeton/db"
	"jeton/db/dbtest"
)

var crowdFlag = flag.String("wire.crowd", "", "a folder that keeps the data folder of BenchmarkStart between runs, since filling it takes a minute")

// crowdFolder is a data folder of a server with thousands of people, repositories (empty folders) and tokens.
func crowdFolder(b *testing.B) string {
	b.Helper()
	dir := *crowdFlag
	if dir == "" {
		dir = b.TempDir()
	}
	full := filepath.Join(dir, "full")
	if _, err := os.Stat(full); err == nil {
		return dir
	}
	ctx := b.Context()
	d, err := db.Open(ctx, db.Options{Path: filepath.Join(dir, "jeton.db")})
	if err != nil {
		b.Fatal(err)
	}
	made, err := dbtest.Fill(ctx, d, dbtest.Thousands)
	if err != nil {
		b.Fatal(err)
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	for _, id := range made.Repositories {
		if err := os.MkdirAll(filepath.Join(dir, "repos", id[:2], id+".git"), 0o700); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.WriteFile(full, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkStart opens a full data folder as a server does, up to where its ports would be opened. It reports the memory
// that the process holds then.
func BenchmarkStart(b *testing.B) {
	dir := crowdFolder(b)
	set, err := config.Load(config.Sources{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(context.Background(), dir, set, "test", slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(resident(b), "resident-MiB")
}

// resident is what this process holds in memory that is not of files, in MiB.
func resident(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	var kib float64
	if _, err := fmt.Sscanf(rest, "%f kB", &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

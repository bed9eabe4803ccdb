package ingest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"testing/iotest"
)

// pipes are ways in which a pack comes in.
var pipes = map[string]func(io.Reader) io.Reader{
	"bufio":                 func(r io.Reader) io.Reader { return bufio.NewReader(r) },
	"small bufio":           func(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 64) },
	"tiny bufio":            func(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 16) },
	"bufio of single bytes": func(r io.Reader) io.Reader { return bufio.NewReader(iotest.OneByteReader(r)) },
	"bufio with late EOF":   func(r io.Reader) io.Reader { return bufio.NewReader(iotest.DataErrReader(r)) },
	"bytes":                 func(r io.Reader) io.Reader { b, _ := io.ReadAll(r); return bytes.NewReader(b) },
	"buffer":                func(r io.Reader) io.Reader { b, _ := io.ReadAll(r); return bytes.NewBuffer(b) },
}

func TestNotAByteBeyondTheTrailerIsRead(t *testing.T) {
	packs := append(realPacks(t)[:2], sample(t), newForge().pack())
	const rest = "what the client says next"
	for name, pipe := range pipes {
		t.Run(name, func(t *testing.T) {
			for i, p := range packs {
				r := pipe(io.MultiReader(bytes.NewReader(p), bytes.NewReader([]byte(rest))))
				res, err := Receive(context.Background(), r, Options{Dir: t.TempDir()})
				if err != nil || res.Bytes != int64(len(p)) {
					t.Fatalf("pack %d: %+v, %v", i, res, err)
				}
				if got, err := io.ReadAll(r); err != nil || string(got) != rest {
					t.Errorf("pack %d: left to read is %q, %v", i, got, err)
				}
			}
		})
	}
}

// A client that has sent its pack says nothing until it has its answer: to wait for one byte more would be for ever.
func TestNothingIsWaitedForBehindThePack(t *testing.T) {
	for _, p := range append(realPacks(t)[:2], sample(t)) {
		for _, piece := range []int{1, 7, 100, len(p)} {
			pr, pw := io.Pipe()
			go func() {
				for b := p; len(b) > 0; {
					n, err := pw.Write(b[:min(piece, len(b))])
					if err != nil {
						return
					}
					b = b[n:]
				} // and the pipe stays open
			}()
			if _, err := Receive(context.Background(), bufio.NewReader(pr), Options{Dir: t.TempDir()}); err != nil {
				t.Fatal(err)
			}
			pr.Close()
		}
	}
}

func TestProgressGoesFromNothingToAll(t *testing.T) {
	dir := history(t, 400)
	p := packed(t, dir, "main\n", "--delta-base-offset", "--depth=20")
	last := map[string]uint32{}
	totals := map[string]uint32{}
	res, err := receive(t, p, Options{Progress: func(stage string, done, total uint32) {
		if done < last[stage] || done > total || stage == "Receiving objects" && totals["Resolving deltas"] > 0 {
			t.Errorf("%s: %d of %d after %d", stage, done, total, last[stage])
		}
		last[stage], totals[stage] = done, total
	}})
	if err != nil {
		t.Fatal(err)
	}
	if totals["Receiving objects"] != res.Objects || len(totals) != 2 {
		t.Errorf("totals are %v for %d objects", totals, res.Objects)
	}
	for stage, n := range last {
		if n != totals[stage] {
			t.Errorf("%s ended at %d of %d", stage, n, totals[stage])
		}
	}
}

func TestFolderThatIsNotThereIsAnError(t *testing.T) {
	if _, err := Receive(context.Background(), bytes.NewReader(sample(t)), Options{Dir: "/nonexistent/folder"}); err == nil {
		t.Error("no error")
	}
}

// BenchmarkReceive is to be compared with `git index-pack --stdin --strict` on the same pack.
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
		if _, err := Receive(context.Background(), bufio.NewReaderSize(f, 64<<10), Options{Dir: b.TempDir()}); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

package wire

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// bands reads a side-band stream apart, up to its flush packet: what came on each band, and how many packets.
func bands(t *testing.T, b []byte) (got map[byte]string, packets int) {
	t.Helper()
	got = map[byte]string{}
	r := NewReader(bytes.NewReader(b))
	for {
		p, err := r.Next()
		if err == io.EOF || p.Kind == Flush {
			return got, packets
		}
		if err != nil {
			t.Fatal(err)
		}
		got[p.Data[0]] += string(p.Data[1:])
		packets++
	}
}

func packFile(t *testing.T, content string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pack")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestSideBandSplitsAndMarks(t *testing.T) {
	pack := strings.Repeat("0123456789", 20_000)
	f := packFile(t, pack)
	for _, payload := range []int{SideBand64k, SideBandOld} {
		var b bytes.Buffer
		s := NewSideBand(NewWriter(&b), payload)
		if _, err := s.Write([]byte(pack)); err != nil {
			t.Fatal(err)
		}
		if err := s.CopyRange(f, 5, 100_000); err != nil {
			t.Fatal(err)
		}
		_ = s.Progress("working\n")
		_ = s.Fatal("broken\n")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		got, _ := bands(t, b.Bytes())
		if got[1] != pack+pack[5:100_005] || got[2] != "working\n" || got[3] != "broken\n" {
			t.Errorf("payload %d: bands of %d, %q, %q", payload, len(got[1]), got[2], got[3])
		}
		if !strings.HasSuffix(b.String(), "0000") {
			t.Error("no flush at the end")
		}
	}
}

func TestSmallWritesBecomeFullPackets(t *testing.T) {
	for _, payload := range []int{SideBand64k, SideBandOld} {
		var b bytes.Buffer
		s := NewSideBand(NewWriter(&b), payload)
		for range 3 * payload {
			if n, err := s.Write([]byte{'x'}); n != 1 || err != nil {
				t.Fatalf("wrote %d, %v", n, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		got, packets := bands(t, b.Bytes())
		if len(got[1]) != 3*payload || packets != 3 {
			t.Errorf("payload %d: %d bytes in %d packets, want %d in 3", payload, len(got[1]), packets, 3*payload)
		}
	}
}

func TestPacketsKeepWithinTheirBound(t *testing.T) {
	for payload, most := range map[int]int{SideBand64k: 65520, SideBandOld: 1000} {
		var b bytes.Buffer
		s := NewSideBand(NewWriter(&b), payload)
		_, _ = s.Write(make([]byte, 200_000))
		_ = s.Progress(strings.Repeat("p", 200_000))
		_ = s.Close()
		r := NewReader(&b)
		for p, err := r.Next(); err == nil; p, err = r.Next() {
			if len(p.Data)+4 > most {
				t.Fatalf("a packet of %d bytes, want at most %d", len(p.Data)+4, most)
			}
		}
	}
}

func TestProgressGoesOutAtOnceBehindWhatWasWritten(t *testing.T) {
	var f flushing
	s := NewSideBand(NewWriter(&f), SideBand64k)
	_, _ = s.Write([]byte("abc"))
	if f.Len() != 0 {
		t.Errorf("sent %q before the packet was full", f.String())
	}
	_ = s.Progress("50%\r")
	if f.String() != "0008\x01abc0009\x0250%\r" || f.times != 1 {
		t.Errorf("sent %q, flushed %d times", f.String(), f.times)
	}
}

func TestReadFromTakesWhateverComes(t *testing.T) {
	content := strings.Repeat("pack", 50_000)
	broken := errors.New("the disk is dead")
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(content), "halves": iotest.HalfReader(strings.NewReader(content)), "data with EOF": iotest.DataErrReader(strings.NewReader(content))} {
		var b bytes.Buffer
		s := NewSideBand(NewWriter(&b), SideBand64k)
		_, _ = s.Write([]byte("first "))
		n, err := s.ReadFrom(r)
		if err != nil || n != int64(len(content)) {
			t.Errorf("%s: read %d, %v", name, n, err)
		}
		_ = s.Close()
		if got, _ := bands(t, b.Bytes()); got[1] != "first "+content {
			t.Errorf("%s: band 1 has %d bytes", name, len(got[1]))
		}
	}
	s := NewSideBand(NewWriter(io.Discard), SideBand64k)
	if _, err := s.ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's own error", err)
	}
}

func TestCopyRangeOfAFileThatIsTooShort(t *testing.T) {
	s := NewSideBand(NewWriter(io.Discard), SideBand64k)
	if err := s.CopyRange(packFile(t, "short"), 2, 10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want io.ErrUnexpectedEOF", err)
	}
	if err := s.CopyRange(packFile(t, "short"), 5, 0); err != nil {
		t.Errorf("nothing at the end: %v", err)
	}
}

func TestErrorsOfTheConnectionComeBack(t *testing.T) {
	broken := errors.New("nobody listens")
	s := NewSideBand(NewWriter(failing{broken}), SideBand64k)
	if _, err := s.Write(make([]byte, 200_000)); !errors.Is(err, broken) {
		t.Errorf("write: %v", err)
	}
	for name, err := range map[string]error{"progress": s.Progress("x"), "fatal": s.Fatal("x"), "keep-alive": s.KeepAlive(), "copy": s.CopyRange(packFile(t, "abc"), 0, 3), "close": s.Close()} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeepAliveSpeaksIntoSilenceAlone(t *testing.T) {
	var b bytes.Buffer
	s := NewSideBand(NewWriter(&b), SideBand64k)
	_, _ = s.Write([]byte("x"))
	for _, step := range []struct{ what, want string }{
		{"something was written since the last look", ""},
		{"what was collected goes out", "0006\x01x"},
		{"nothing is left", "0006\x01x0005\x01"},
		{"nothing still", "0006\x01x0005\x010005\x01"},
	} {
		if err := s.KeepAlive(); err != nil || b.String() != step.want {
			t.Errorf("%s: sent %q, %v; want %q", step.what, b.String(), err, step.want)
		}
	}
}

func TestNothingFollowsTheEndOfTheBands(t *testing.T) {
	var b bytes.Buffer
	s := NewSideBand(NewWriter(&b), SideBand64k)
	_, _ = s.Write([]byte("x"))
	if err := s.Send(); err != nil || b.String() != "0006\x01x" {
		t.Errorf("sent %q, %v", b.String(), err)
	}
	_ = s.Close()
	for range 3 {
		_ = s.KeepAlive()
	}
	_ = s.Progress("more\n")
	_ = s.Fatal("too late\n")
	if got := b.String(); got != "0006\x01x0000" {
		t.Errorf("sent %q", got)
	}
}

func TestKeepAliveBesideTheWriter(t *testing.T) {
	var b bytes.Buffer
	s := NewSideBand(NewWriter(&b), SideBand64k)
	f := packFile(t, strings.Repeat("f", 300_000))
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 500 {
				_ = s.KeepAlive()
			}
		})
	}
	for range 500 {
		_, _ = s.Write([]byte(strings.Repeat("w", 1000)))
	}
	_ = s.CopyRange(f, 0, 300_000)
	wg.Wait()
	_ = s.Close()
	if got, _ := bands(t, b.Bytes()); got[1] != strings.Repeat("w", 500_000)+strings.Repeat("f", 300_000) {
		t.Errorf("band 1 has %d bytes, or in another order", len(got[1]))
	}
}

func BenchmarkSideBand(b *testing.B) {
	s := NewSideBand(NewWriter(io.Discard), SideBand64k)
	p := make([]byte, 128<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		_, _ = s.Write(p)
	}
}

func BenchmarkCopyRange(b *testing.B) {
	path := filepath.Join(b.TempDir(), "pack")
	const size = 8 << 20
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	s := NewSideBand(NewWriter(io.Discard), SideBand64k)
	b.SetBytes(size)
	for b.Loop() {
		_ = s.CopyRange(f, 0, size)
	}
}

package wire

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPacketsComeBackAsTheyWere(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	_ = w.Line("hello")
	_ = w.Data([]byte("raw"))
	_ = w.Data(nil)
	_ = w.Flush()
	_ = w.Delim()
	_ = w.ResponseEnd()
	_ = w.Data(bytes.Repeat([]byte("x"), MaxPayload))
	if _, err := w.Write([]byte("PACK…")); err != nil {
		t.Fatal(err)
	}
	if err := w.Send(); err != nil {
		t.Fatal(err)
	}
	if want := "000ahello\n0007raw0004000000010002fff0"; !strings.HasPrefix(b.String(), want) {
		t.Errorf("wrote %q, want %q", b.String()[:60], want)
	}
	r := NewReader(&b)
	for _, want := range []struct {
		kind Kind
		line string
	}{{Data, "hello"}, {Data, "raw"}, {Data, ""}, {Flush, ""}, {Delim, ""}, {ResponseEnd, ""}, {Data, strings.Repeat("x", MaxPayload)}} {
		p, err := r.Next()
		if err != nil || p.Kind != want.kind || p.Line() != want.line {
			t.Errorf("read %v %.20q, %v; want %v %.20q", p.Kind, p.Line(), err, want.kind, want.line)
		}
	}
	rest, err := io.ReadAll(r.Rest())
	if err != nil || string(rest) != "PACK…" {
		t.Errorf("behind the packets: %q, %v", rest, err)
	}
}

func TestLineDropsOneLFAndNoMore(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "a\n": "a", "a\n\n": "a\n", "\n": "", "": ""} {
		if got := (Packet{Data: []byte(in)}).Line(); got != want {
			t.Errorf("Line of %q is %q, want %q", in, got, want)
		}
	}
}

func TestMalformedPackets(t *testing.T) {
	for name, in := range map[string]string{
		"no digits": "zzzz", "too short a length": "0003", "cut length": "00", "cut payload": "0009abc", "too long": "fff1" + strings.Repeat("x", 70000), "spaces": "  4x", "sign": "+004",
	} {
		if _, err := NewReader(strings.NewReader(in)).Next(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
	if _, err := NewReader(strings.NewReader("")).Next(); err != io.EOF {
		t.Errorf("nothing: got %v, want io.EOF", err)
	}
	if p, err := NewReader(strings.NewReader("000Axyzxyz")).Next(); err != nil || p.Line() != "xyzxyz" {
		t.Errorf("upper case digits: got %q, %v", p.Line(), err)
	}
}

func TestOversizedPayloadIsTheCallersError(t *testing.T) {
	w := NewWriter(io.Discard)
	if err := w.Data(make([]byte, MaxPayload+1)); err == nil {
		t.Error("a payload that does not fit was written")
	}
	if w.Err() == nil || w.Send() == nil {
		t.Error("the first error did not stay")
	}
}

// bands reads a side-band stream apart.
func bands(t *testing.T, b []byte) map[byte]string {
	t.Helper()
	got := map[byte]string{}
	r := NewReader(bytes.NewReader(b))
	for {
		p, err := r.Next()
		if err == io.EOF || p.Kind == Flush {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got[p.Data[0]] += string(p.Data[1:])
	}
}

func TestSideBandSplitsAndMarks(t *testing.T) {
	pack := strings.Repeat("0123456789", 20_000)
	path := filepath.Join(t.TempDir(), "pack")
	if err := os.WriteFile(path, []byte(pack), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
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
		got := bands(t, b.Bytes())
		if got[1] != pack+pack[5:100_005] || got[2] != "working\n" || got[3] != "broken\n" {
			t.Errorf("payload %d: bands of %d, %q, %q", payload, len(got[1]), got[2], got[3])
		}
		if !strings.HasSuffix(b.String(), "0000") {
			t.Error("no flush at the end")
		}
	}
}

func TestKeepAliveSpeaksIntoSilenceAlone(t *testing.T) {
	var b bytes.Buffer
	s := NewSideBand(NewWriter(&b), SideBand64k)
	_, _ = s.Write([]byte("x"))
	_ = s.KeepAlive() // something was written since the last look
	if b.Len() != 0 {
		t.Errorf("sent %q at once", b.String())
	}
	_ = s.KeepAlive()
	if b.String() != "0006\x01x0005\x01" {
		t.Errorf("sent %q", b.String())
	}
	_ = s.KeepAlive()
	if !strings.HasSuffix(b.String(), "0005\x010005\x01") {
		t.Errorf("sent %q", b.String())
	}
}

func TestParseVersion(t *testing.T) {
	for in, want := range map[string]Version{"": V0, "version=0": V0, "version=1": V1, "version=2": V2, "version=2:version=1": V2, "version=1:version=2": V2,
		"version=99": V0, "foo": V0, "foo:version=2": V2, "version=2 ": V0, ":::": V0} {
		if got := ParseVersion(in); got != want {
			t.Errorf("ParseVersion(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestParseCaps(t *testing.T) {
	for _, line := range []string{"multi_ack agent=git/2.0 thin-pack", " multi_ack agent=git/2.0 thin-pack ", "multi_ack  agent=git/2.0\tthin-pack agent=second"} {
		c := ParseCaps(line)
		if v, ok := c.Value("agent"); !c.Has("multi_ack") || !c.Has("thin-pack") || c.Has("nothing") || !ok || v != "git/2.0" {
			t.Errorf("%q: %v", line, c)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", "ünïcode": "ünïcode", "\x1b[31m": `\x1b[31m`, "a\nb": `a\x0ab`, "\xff": `\xff`, "\u202eevil": "<U+202E>evil", "\x7f": `\x7f`, "\u0085": `\x85`, "\ufffd": "\ufffd"} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("0009abcde00000001"))
	f.Add([]byte("fff0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		var again bytes.Buffer
		w := NewWriter(&again)
		read := 0
		for {
			p, err := r.Next()
			if err != nil {
				break
			}
			switch p.Kind {
			case Data:
				_ = w.Data(p.Data)
				read += 4 + len(p.Data)
			case Flush:
				_ = w.Flush()
				read += 4
			case Delim:
				_ = w.Delim()
				read += 4
			case ResponseEnd:
				_ = w.ResponseEnd()
				read += 4
			}
		}
		if err := w.Send(); err != nil {
			t.Fatal(err)
		}
		if !strings.EqualFold(string(b[:read]), again.String()) && !bytes.Equal(bytes.ToLower(b[:read]), bytes.ToLower(again.Bytes())) {
			t.Errorf("%q is written again as %q", b[:read], again.Bytes())
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b[2J\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Escape(s) {
			if r < ' ' || r == 0x7f {
				t.Errorf("Escape(%q) lets %q through", s, r)
			}
		}
	})
}

func BenchmarkSideBand(b *testing.B) {
	s := NewSideBand(NewWriter(io.Discard), SideBand64k)
	p := make([]byte, 128<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		_, _ = s.Write(p)
	}
}

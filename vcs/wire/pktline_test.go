package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
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
		"no digits": "zzzz", "too short a length": "0003", "cut length": "00", "cut payload": "0009abc", "no payload": "0009", "too long": "fff1" + strings.Repeat("x", 70000),
		"spaces": "  4x", "sign": "+004", "cut large payload": "f000" + strings.Repeat("x", 9000), "cut at the head of a large payload": "f000", "prefix 0x": "0x12", "bytes over ASCII": "\xff\xff\xff\xff",
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

func TestMalformedPacketsAreEchoedSafely(t *testing.T) {
	_, err := NewReader(strings.NewReader("\x1b[2J")).Next()
	if err == nil || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), `\x1b[2J`) {
		t.Errorf("got %q", err)
	}
}

func TestTheReadersOwnErrorIsPassedOn(t *testing.T) {
	broken := errors.New("the line is dead")
	for _, before := range []string{"", "00", "0009ab", "f000" + strings.Repeat("x", 100)} {
		_, err := NewReader(io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken))).Next()
		if !errors.Is(err, broken) || errors.Is(err, ErrMalformed) {
			t.Errorf("after %q: got %v, want the reader's own error", before, err)
		}
	}
}

func TestPacketsThatComeByteByByte(t *testing.T) {
	in := "0009hello" + "0000" + "2004" + strings.Repeat("y", 0x2000) + "0005!" + "the rest"
	r := NewReader(iotest.OneByteReader(strings.NewReader(in)))
	for _, want := range []string{"hello", "", strings.Repeat("y", 0x2000), "!"} {
		p, err := r.Next()
		if err != nil || p.Line() != want {
			t.Fatalf("got %.20q, %v; want %.20q", p.Line(), err, want)
		}
	}
	b, err := r.Rest().ReadByte()
	if err != nil || b != 't' {
		t.Errorf("the rest begins with %q, %v", b, err)
	}
}

func TestPacketsAndRestMayBeReadInTurn(t *testing.T) {
	r := NewReader(strings.NewReader("0006ab" + "raw" + "0006cd" + "0000"))
	if p, err := r.Next(); err != nil || p.Line() != "ab" {
		t.Fatalf("got %q, %v", p.Line(), err)
	}
	raw := make([]byte, 3)
	if _, err := io.ReadFull(r.Rest(), raw); err != nil || string(raw) != "raw" {
		t.Fatalf("got %q, %v", raw, err)
	}
	if p, err := r.Next(); err != nil || p.Line() != "cd" {
		t.Errorf("got %q, %v", p.Line(), err)
	}
	if first, second := r.Rest(), r.Rest(); first != second {
		t.Error("Rest wrapped itself again")
	}
	if p, err := r.Next(); err != nil || p.Kind != Flush {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestReadingAllocatesNothingForAPacket(t *testing.T) {
	in := strings.NewReader("")
	r := NewReader(in)
	stream := strings.Repeat("0032have 0123456789012345678901234567890123456789\n", 1000)
	got := testing.AllocsPerRun(10, func() {
		in.Reset(stream)
		for {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	})
	if got > 0 {
		t.Errorf("%.0f allocations for 1000 packets, want none", got)
	}
}

func TestWritingAllocatesNothingForAPacket(t *testing.T) {
	w := NewWriter(io.Discard)
	id := []byte("0123456789012345678901234567890123456789")
	if got := testing.AllocsPerRun(100, func() { _, _ = w.Data(id), w.Line("ready") }); got > 0 {
		t.Errorf("%.0f allocations for two packets, want none", got)
	}
}

func TestOversizedPayloadIsTheCallersError(t *testing.T) {
	for name, write := range map[string]func(*Writer) error{
		"data": func(w *Writer) error { return w.Data(make([]byte, MaxPayload+1)) },
		"line": func(w *Writer) error { return w.Line(strings.Repeat("x", MaxPayload+1)) },
	} {
		var b bytes.Buffer
		w := NewWriter(&b)
		if err := write(w); err == nil {
			t.Errorf("%s: a payload that does not fit was written", name)
		}
		if w.Err() == nil || w.Send() == nil || b.Len() > 0 {
			t.Errorf("%s: the first error did not stay, or %d bytes went out", name, b.Len())
		}
	}
	var b bytes.Buffer
	w := NewWriter(&b)
	if err := w.Line(strings.Repeat("x", MaxPayload)); err != nil || w.Send() != nil || b.Len() != MaxPayload+4 {
		t.Errorf("a line without room for its LF: %v, %d bytes", err, b.Len())
	}
}

func TestTheFirstErrorOfAWriterStays(t *testing.T) {
	broken := errors.New("nobody listens")
	w := NewWriter(failing{broken})
	_ = w.Line("hello")
	if err := w.Send(); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	for name, err := range map[string]error{"line": w.Line("x"), "linef": w.Linef("%d", 1), "data": w.Data(nil), "flush": w.Flush(), "delim": w.Delim(), "end": w.ResponseEnd(), "err": Err(w, "x")} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n, err := w.Write([]byte("x")); n != 0 || !errors.Is(err, broken) {
		t.Errorf("write: got %d, %v", n, err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// flushing counts how often it was flushed.
type flushing struct {
	bytes.Buffer
	times int
}

func (f *flushing) Flush() error { f.times++; return nil }

func TestSendFlushesWhatCanBeFlushed(t *testing.T) {
	var f flushing
	w := NewWriter(&f)
	_ = w.Flush()
	if f.Len() != 0 || f.times != 0 {
		t.Errorf("a flush packet was sent at once: %q", f.String())
	}
	if err := w.Send(); err != nil || f.String() != "0000" || f.times != 1 {
		t.Errorf("sent %q, flushed %d times, %v", f.String(), f.times, err)
	}
}

func TestErrIsOnePacket(t *testing.T) {
	var b bytes.Buffer
	if err := Err(NewWriter(&b), "no such thing"); err != nil || b.String() != "0016ERR no such thing\n" {
		t.Errorf("sent %q, %v", b.String(), err)
	}
	b.Reset()
	if err := Err(NewWriter(&b), strings.Repeat("x", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if p, err := NewReader(&b).Next(); err != nil || !strings.HasPrefix(p.Line(), "ERR xxx") || len(p.Data) > 5000 {
		t.Errorf("a long sentence is sent as %d bytes, %v", len(p.Data), err)
	}
}

func TestBeginAndEndFrameInPlace(t *testing.T) {
	b := []byte("before")
	at := len(b)
	b = append(Begin(b), "hello\n"...)
	b, ok := End(b, at)
	if !ok || string(b) != "before000ahello\n" {
		t.Errorf("got %q, %v", b, ok)
	}
	at = len(b)
	b = append(Begin(b), make([]byte, MaxPayload+1)...)
	if b, ok = End(b, at); ok || string(b) != "before000ahello\n" {
		t.Errorf("a payload that does not fit: got %d bytes, %v", len(b), ok)
	}
	b = append(Begin(b[:0]), make([]byte, MaxPayload)...)
	if b, ok = End(b, 0); !ok || string(b[:4]) != "fff0" {
		t.Errorf("the largest payload: got %q, %v", b[:4], ok)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("0009abcde00000001"))
	f.Add([]byte("fff0"))
	f.Add([]byte("000Axyzxyz0002"))
	f.Add(append([]byte("2004"), make([]byte, 0x2000)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(iotest.HalfReader(bytes.NewReader(b)))
		var again bytes.Buffer
		w := NewWriter(&again)
		read := 0
		for {
			p, err := r.Next()
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrMalformed) {
					t.Fatalf("%q: unexpected error %v", b, err)
				}
				break
			}
			read += 4 + len(p.Data)
			switch p.Kind {
			case Data:
				_ = w.Data(p.Data)
			case Flush:
				_ = w.Flush()
			case Delim:
				_ = w.Delim()
			case ResponseEnd:
				_ = w.ResponseEnd()
			}
		}
		if err := w.Send(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.ToLower(b[:read]), bytes.ToLower(again.Bytes())) {
			t.Errorf("%q is written again as %q", b[:read], again.Bytes())
		}
	})
}

func BenchmarkNext(b *testing.B) {
	in := strings.NewReader("")
	r := NewReader(in)
	stream := strings.Repeat("0032have 0123456789012345678901234567890123456789\n", 1000)
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		in.Reset(stream)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}

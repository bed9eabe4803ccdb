package pack

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

func TestHeadersComeBackAsTheyWere(t *testing.T) {
	for _, size := range []int64{0, 1, 15, 16, 127, 128, 2047, 2048, 1 << 20, 1 << 31, 1 << 40, 1 << 61} {
		for _, h := range []Header{
			{Type: plumbing.CommitObject, Size: size}, {Type: plumbing.TreeObject, Size: size}, {Type: plumbing.BlobObject, Size: size}, {Type: plumbing.TagObject, Size: size},
			{Type: plumbing.OFSDeltaObject, Size: size, Back: 1}, {Type: plumbing.OFSDeltaObject, Size: size, Back: 127}, {Type: plumbing.OFSDeltaObject, Size: size, Back: 128},
			{Type: plumbing.OFSDeltaObject, Size: size, Back: 16511}, {Type: plumbing.OFSDeltaObject, Size: size, Back: 16512}, {Type: plumbing.OFSDeltaObject, Size: size, Back: 1 << 40},
			{Type: plumbing.REFDeltaObject, Size: size, BaseID: oid.ID{1, 2, 3}},
		} {
			b := AppendHeader(nil, h)
			got, n, err := ParseHeader(append(b, 0xff))
			if err != nil || n != len(b) || got != h {
				t.Errorf("%+v comes back as %+v in %d of %d bytes, %v", h, got, n, len(b), err)
			}
			for i := range b {
				if _, _, err := ParseHeader(b[:i]); !errors.Is(err, ErrCorrupt) {
					t.Errorf("%+v cut at %d: got %v, want ErrCorrupt", h, i, err)
				}
			}
		}
	}
}

func TestBadHeadersAreErrors(t *testing.T) {
	for name, b := range map[string][]byte{
		"type 0": {0x00}, "type 5": {0x50}, "endless size": bytes.Repeat([]byte{0xff}, 40), "delta on itself": {0x60, 0x00},
		"size of 67 bits":                 {0x9f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"distance that would overflow":    []byte("a\xff\xff\xbe\xbe\xbe\xbe\xd1\xbe0"),
		"distance that would be negative": {0x61, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xff, 0x00},
		"endless distance":                append([]byte{0x60}, bytes.Repeat([]byte{0xff}, 40)...),
	} {
		if _, _, err := ParseHeader(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}

func TestDeltas(t *testing.T) {
	base := []byte("hello, world")
	for _, c := range []struct{ name, delta, want string }{
		{"insert", "\x0c\x03\x03abc", "abc"},
		{"copy all", "\x0c\x0c\x90\x0c", "hello, world"},
		{"copy and insert", "\x0c\x08\x90\x05\x03 to", "hello to"},
		{"copy from the middle", "\x0c\x05\x91\x07\x05", "world"},
		{"empty", "\x0c\x00", ""},
	} {
		got, err := ApplyDelta(nil, base, []byte(c.delta))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	for name, delta := range map[string]string{
		"other base": "\x0d\x01\x01a", "too short a result": "\x0c\x02\x01a", "too long a result": "\x0c\x01\x02ab", "beyond the base": "\x0c\x01\x91\x0c\x01",
		"longer than the base": "\x0c\x0d\x90\x0d", "reserved": "\x0c\x01\x00", "cut insert": "\x0c\x05\x05ab", "cut copy": "\x0c\x05\x91", "no sizes": "", "one size": "\x0c",
		"endless size": "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	} {
		if _, err := ApplyDelta(nil, base, []byte(delta)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}

func TestLargeOffsetsGoIntoTheirOwnTable(t *testing.T) {
	entries := []IndexEntry{{ID: oid.ID{3}, Offset: 12}, {ID: oid.ID{1}, Offset: 1 << 31}, {ID: oid.ID{2}, Offset: math.MaxInt32}, {ID: oid.ID{0xff}, Offset: 5 << 40}}
	var b bytes.Buffer
	if err := WriteIndex(&b, entries, oid.ID{9}); err != nil {
		t.Fatal(err)
	}
	x := indexOf(t, b.Bytes(), oid.ID{9})
	for _, e := range entries {
		if _, off, ok, err := x.find(e.ID); err != nil || !ok || off != e.Offset {
			t.Errorf("%s lies at %d (%v, %v), want %d", e.ID, off, ok, err, e.Offset)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add(AppendHeader(nil, Header{Type: plumbing.BlobObject, Size: 1000}))
	f.Add(AppendHeader(nil, Header{Type: plumbing.OFSDeltaObject, Size: 5, Back: 100_000}))
	f.Add([]byte("a\xff\xff\xbe\xbe\xbe\xbe\xd1\xbe0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := ParseHeader(b)
		if err != nil {
			return
		}
		again, _, err := ParseHeader(AppendHeader(nil, h))
		if err != nil || again != h || n > len(b) || h.Back < 0 || h.Size < 0 {
			t.Errorf("%x reads as %+v, which reads as %+v (%v)", b, h, again, err)
		}
	})
}

func FuzzApplyDelta(f *testing.F) {
	f.Add([]byte("hello, world"), []byte("\x0c\x08\x90\x05\x03 to"))
	f.Add([]byte(""), []byte("\x00\x01\x01a"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		_, size, _, err := DeltaSizes(delta)
		if err != nil || size > 1<<20 {
			return
		}
		if out, err := ApplyDelta(nil, base, delta); err == nil && int64(len(out)) != size {
			t.Errorf("made %d bytes of %d", len(out), size)
		}
	})
}

package ingest

import (
	"bytes"
	"errors"
	"testing"
)

func TestPumpCarriesAllInOrder(t *testing.T) {
	want := make([]byte, 5*pumpSize+7)
	for i := range want {
		want[i] = byte(i * i >> 3)
	}
	for _, piece := range []int{1, 100, pumpSize - 1, pumpSize, pumpSize + 1, len(want)} {
		var got bytes.Buffer
		p := newPump(func(b []byte) error { _, err := got.Write(b); return err })
		for b := want; len(b) > 0; b = b[min(piece, len(b)):] {
			if err := p.write(b[:min(piece, len(b))]); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(p.stop(), p.stop()); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("in pieces of %d: %v, content equal: %v", piece, err, bytes.Equal(got.Bytes(), want))
		}
	}
}

func TestPumpTellsItsErrorAndCallsNoMore(t *testing.T) {
	full := errors.New("the disk is full")
	calls := 0
	p := newPump(func([]byte) error { calls++; return full })
	var err error
	for range 100 {
		if err = p.write(make([]byte, pumpSize)); err != nil {
			break
		}
	}
	if err != full || p.stop() != full || calls != 1 {
		t.Errorf("got %v and %v after %d calls", err, p.stop(), calls)
	}
}

// Whoever stops at once must not be waited for by a goroutine that has not begun.
func TestPumpStopsBeforeItBegan(t *testing.T) {
	for range 2000 {
		if err := newPump(func([]byte) error { return nil }).stop(); err != nil {
			t.Fatal(err)
		}
	}
}

package mapped

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func file(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestDoSeesTheWholeFile(t *testing.T) {
	for _, want := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("jeton"), 10_000)} {
		f := open(t, file(t, want))
		if f.Len() != int64(len(want)) {
			t.Errorf("Len is %d, want %d", f.Len(), len(want))
		}
		if err := f.Do(func(b []byte) error {
			if !bytes.Equal(b, want) {
				t.Errorf("got %d other bytes", len(b))
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestTruncatedFileIsAFaultAndNotTheEndOfTheProcess(t *testing.T) {
	path := file(t, make([]byte, 1<<20))
	f := open(t, path)
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	sum := 0
	err := f.Do(func(b []byte) error {
		for _, c := range b {
			sum += int(c)
		}
		return nil
	})
	if !errors.Is(err, ErrFault) {
		t.Errorf("got %v, want ErrFault", err)
	}
}

func TestOtherPanicsAreNotSwallowed(t *testing.T) {
	f := open(t, file(t, []byte("x")))
	defer func() {
		if recover() == nil {
			t.Error("the panic of the function was swallowed")
		}
		if err := f.Do(func([]byte) error { return nil }); err != nil {
			t.Errorf("after a panic: %v", err)
		}
	}()
	_ = f.Do(func(b []byte) error { _ = b[5]; return nil })
}

func TestCloseWaitsForTheLastReader(t *testing.T) {
	f := open(t, file(t, []byte("still here")))
	err := f.Do(func(b []byte) error {
		if err := f.Close(); err != nil {
			return err
		}
		if string(b) != "still here" {
			t.Error("the map went away under a reader")
		}
		return f.Do(func([]byte) error { return nil })
	})
	if !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestOpenMissingFile(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

func BenchmarkDo(b *testing.B) {
	f := open(b, file(b, make([]byte, 4096)))
	for b.Loop() {
		if err := f.Do(func(b []byte) error { _ = b[100]; return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

package mapped

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
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

func TestOnlyRegularFilesAreMapped(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/dev/zero"} {
		if _, err := Open(path); !errors.Is(err, ErrNotMappable) {
			t.Errorf("%s: got %v, want ErrNotMappable", path, err)
		}
	}
}

// TestFaultInAnotherMapIsThatMapsMatter nests two maps, of which the outer is cut short.
func TestFaultInAnotherMapIsThatMapsMatter(t *testing.T) {
	path := file(t, make([]byte, 1<<16))
	outer, inner := open(t, path), open(t, file(t, []byte("sound")))
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	returned := false
	err := outer.Do(func(cut []byte) error {
		err := inner.Do(func([]byte) error { return errors.New(string(cut[1<<15])) })
		returned = true
		return err
	})
	if !errors.Is(err, ErrFault) || returned {
		t.Errorf("got %v, want ErrFault; the inner Do took it for its own: %v", err, returned)
	}
	if err := inner.Do(func(b []byte) error { _ = b[0]; return nil }); err != nil {
		t.Errorf("the sound map afterwards: %v", err)
	}
}

func TestManyReadersAndOneCloser(t *testing.T) {
	f := open(t, file(t, bytes.Repeat([]byte("x"), 1<<16)))
	started := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for first := true; ; first = false {
				err := f.Do(func(b []byte) error {
					if bytes.Count(b, []byte("x")) != 1<<16 {
						t.Error("the bytes are others")
					}
					return nil
				})
				if first {
					started <- struct{}{}
				}
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Errorf("got %v, want ErrClosed", err)
					}
					return
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if n := f.users.Load(); n != 0 {
		t.Errorf("%d users are left", n)
	}
}

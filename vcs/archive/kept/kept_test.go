package kept

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// content is what an archive of a size holds.
func content(size int) []byte {
	return bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
}

// made counts how often it was assembled.
func made(n *atomic.Int32, size int) Assemble {
	return func(_ context.Context, w io.Writer) error {
		n.Add(1)
		_, err := w.Write(content(size))
		return err
	}
}

func store(t testing.TB, o Options) *Store {
	t.Helper()
	s := New(o)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func read(t testing.TB, a *Answer) []byte {
	t.Helper()
	defer a.Close()
	got, err := io.ReadAll(a)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// settled waits until what was assembled is kept.
func settled(t testing.TB, s *Store) {
	t.Helper()
	s.group.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum int64
	for e := s.lru.Front(); e != nil; e = e.Next() {
		sum += e.Value.(*file).size
	}
	if sum != s.used || s.used > s.o.Max || len(s.files) != s.lru.Len() || len(s.flights) != 0 {
		t.Errorf("%d bytes are kept, %d counted, %d allowed; %d files, %d in order; %d under way", sum, s.used, s.o.Max, len(s.files), s.lru.Len(), len(s.flights))
	}
}

// onDisk lists the files below a folder.
func onDisk(t testing.TB, dir string) (list []string) {
	t.Helper()
	_ = filepath.Walk(dir, func(path string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	return list
}

func TestWhatWasAssembledIsKeptAlsoAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache", "archives")
	var n atomic.Int32
	s := store(t, Options{Dir: dir, Max: 1 << 20})
	key := Key{"r1", "a"}
	for range 2 {
		if got := read(t, s.Get(t.Context(), key, made(&n, 100_000))); !bytes.Equal(got, content(100_000)) {
			t.Fatalf("%d bytes came", len(got))
		}
		settled(t, s)
	}
	if n.Load() != 1 {
		t.Errorf("it was assembled %d times", n.Load())
	}
	if err := os.WriteFile(filepath.Join(dir, "r1", "part-123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := store(t, Options{Dir: dir, Max: 1 << 20})
	a := again.Get(t.Context(), key, made(&n, 1))
	_, sum, ok := a.Kept()
	if !ok || sum != sha256.Sum256(content(100_000)) {
		t.Errorf("after a restart: kept %v, %x", ok, sum)
	}
	if got := read(t, a); !bytes.Equal(got, content(100_000)) || n.Load() != 1 {
		t.Errorf("after a restart %d bytes came, assembled %d times", len(got), n.Load())
	}
	if list := onDisk(t, dir); len(list) != 1 {
		t.Errorf("what was left unfinished is still there: %q", list)
	}
	if a := again.Find(t.Context(), Key{"r1", "b"}); a != nil {
		t.Error("what nobody asked for is found")
	}
	if a := again.Find(t.Context(), key); a == nil || a.Close() != nil {
		t.Error("what is kept is not found")
	}
}

func TestAllWhoAskReadAlong(t *testing.T) {
	var n atomic.Int32
	s := store(t, Options{Dir: t.TempDir(), Max: 1 << 20})
	half, go_on := make(chan struct{}), make(chan struct{})
	slow := func(_ context.Context, w io.Writer) error {
		n.Add(1)
		_, _ = w.Write(content(300_000))
		close(half)
		<-go_on
		_, err := w.Write(content(300_000))
		return err
	}
	first := s.Get(t.Context(), Key{"r", "x"}, slow)
	defer first.Close()
	if _, err := io.ReadFull(first, make([]byte, buffered)); err != nil {
		t.Fatal(err)
	}
	<-half
	var group sync.WaitGroup
	for range 3 {
		a := s.Get(t.Context(), Key{"r", "x"}, slow)
		group.Go(func() {
			if got, err := io.ReadAll(iotest.HalfReader(a)); err != nil || !bytes.Equal(got, append(content(300_000), content(300_000)...)) {
				t.Errorf("%d bytes came, %v", len(got), err)
			}
			_ = a.Close()
		})
	}
	leaver := s.Get(t.Context(), Key{"r", "x"}, slow)
	_ = leaver.Close()
	_ = first.Close()
	first.flight = nil
	close(go_on)
	group.Wait()
	settled(t, s)
	if n.Load() != 1 {
		t.Errorf("it was assembled %d times", n.Load())
	}
}

func TestTheLastOneWhoLeavesEndsIt(t *testing.T) {
	s := store(t, Options{Dir: t.TempDir(), Max: 1 << 20})
	ended := make(chan error, 1)
	endless := func(ctx context.Context, w io.Writer) error {
		_, _ = w.Write(content(buffered + 1))
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	a, b := s.Get(t.Context(), Key{"r", "x"}, endless), s.Get(t.Context(), Key{"r", "x"}, endless)
	if _, err := io.ReadFull(a, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	select {
	case <-ended:
		t.Fatal("the first one who left ended it for the other")
	default:
	}
	_ = b.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	settled(t, s)
	if list := onDisk(t, s.o.Dir); len(list) != 0 {
		t.Errorf("left behind: %q", list)
	}
}

func TestWhatFailsIsNotKeptAndNeverLooksWhole(t *testing.T) {
	s := store(t, Options{Dir: t.TempDir(), Max: 1 << 20})
	broken := errors.New("broken")
	for _, size := range []int{0, 10, 300_000} {
		a := s.Get(t.Context(), Key{"r", "x"}, func(_ context.Context, w io.Writer) error {
			_, _ = w.Write(content(size))
			return broken
		})
		if _, err := io.ReadAll(a); !errors.Is(err, broken) {
			t.Errorf("%d bytes: %v", size, err)
		}
		_ = a.Close()
		settled(t, s)
	}
	if list := onDisk(t, s.o.Dir); len(list) != 0 {
		t.Errorf("left behind: %q", list)
	}
}

func TestTheOldestGoesFirst(t *testing.T) {
	var n atomic.Int32
	s := store(t, Options{Dir: t.TempDir(), Max: 1000})
	get := func(name string) {
		read(t, s.Get(t.Context(), Key{"r", name}, made(&n, 400)))
		settled(t, s)
	}
	get("a")
	get("b")
	get("a")
	get("c") // b goes
	if get("a"); n.Load() != 3 {
		t.Errorf("a was assembled anew: %d", n.Load())
	}
	if get("b"); n.Load() != 4 {
		t.Errorf("b was kept: %d", n.Load())
	}
	if list := onDisk(t, s.o.Dir); len(list) != 2 {
		t.Errorf("on disk: %q", list)
	}
}

func TestSmallArchivesAreKeptInNoGreaterNumberThanMayBe(t *testing.T) {
	var n atomic.Int32
	dir := t.TempDir()
	s := store(t, Options{Dir: dir, Max: 1 << 20, Files: 3})
	for i := range 10 {
		read(t, s.Get(t.Context(), Key{"r", fmt.Sprint(i)}, made(&n, 10)))
		settled(t, s)
	}
	if list := onDisk(t, dir); len(list) != 3 {
		t.Errorf("%d are kept: %q", len(list), list)
	}
	s = store(t, Options{Dir: dir, Max: 1 << 20, Files: 2}) // also after a restart
	if a := s.Find(t.Context(), Key{"r", "9"}); a == nil {
		t.Error("the last used one is gone")
	} else {
		_ = a.Close()
	}
	if list := onDisk(t, dir); len(list) != 2 {
		t.Errorf("%d are kept after a restart: %q", len(list), list)
	}
	settled(t, s)
}

func TestWhatIsTooLargeIsHandedThrough(t *testing.T) {
	for _, max := range []int64{0, 1000, 400_000} {
		var n atomic.Int32
		s := store(t, Options{Dir: t.TempDir(), Max: max})
		for range 2 {
			if got := read(t, s.Get(t.Context(), Key{"r", "x"}, made(&n, 1_000_000))); !bytes.Equal(got, content(1_000_000)) {
				t.Errorf("at most %d: %d bytes came", max, len(got))
			}
			settled(t, s)
		}
		if want := map[int64]int32{0: 2}[max] + 3*min(1, int32(max)); n.Load() != want { // once in vain, and then it is known
			t.Errorf("at most %d: assembled %d times, want %d", max, n.Load(), want)
		}
		if list := onDisk(t, s.o.Dir); len(list) != 0 {
			t.Errorf("left behind: %q", list)
		}
	}
}

func TestAFolderThatTakesNothingEndsNoDownload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int32
	s := store(t, Options{Dir: file, Max: 1 << 20})
	if got := read(t, s.Get(t.Context(), Key{"r", "x"}, made(&n, 500_000))); !bytes.Equal(got, content(500_000)) {
		t.Errorf("%d bytes came", len(got))
	}
}

func TestNoMoreThanMayAreAssembled(t *testing.T) {
	for _, max := range []int64{0, 1 << 20} {
		s := store(t, Options{Dir: t.TempDir(), Max: max, Concurrent: 1, Wait: time.Millisecond})
		begun, go_on := make(chan struct{}), make(chan struct{})
		a := s.Get(t.Context(), Key{"r", "x"}, func(_ context.Context, w io.Writer) error {
			close(begun)
			<-go_on
			_, err := w.Write([]byte("x"))
			return err
		})
		got := make(chan []byte)
		go func() {
			all, _ := io.ReadAll(a)
			got <- all
		}()
		<-begun
		var n atomic.Int32
		b := s.Get(t.Context(), Key{"r", "y"}, made(&n, 1))
		if _, err := io.ReadAll(b); !errors.Is(err, ErrBusy) {
			t.Errorf("the second: %v", err)
		}
		_ = b.Close()
		close(go_on)
		if all := <-got; string(all) != "x" {
			t.Errorf("the first: %q", all)
		}
		_ = a.Close()
		s.group.Wait()
		if got := read(t, s.Get(t.Context(), Key{"r", "y"}, made(&n, 1))); len(got) != 1 {
			t.Errorf("then %d bytes came", len(got))
		}
	}
}

func TestForgetRemovesARepositoryAlone(t *testing.T) {
	var n atomic.Int32
	s := store(t, Options{Dir: t.TempDir(), Max: 1 << 20})
	for _, repo := range []string{"r1", "r2"} {
		read(t, s.Get(t.Context(), Key{repo, "x"}, made(&n, 100)))
	}
	settled(t, s)
	begun := make(chan struct{})
	a := s.Get(t.Context(), Key{"r1", "y"}, func(ctx context.Context, _ io.Writer) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	<-begun
	if err := s.Forget("r1"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(a); !errors.Is(err, ErrGone) {
		t.Errorf("what was under way: %v", err)
	}
	_ = a.Close()
	settled(t, s)
	if list := onDisk(t, s.o.Dir); len(list) != 1 || !strings.Contains(list[0], "r2") {
		t.Errorf("on disk: %q", list)
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b"} {
		if err := s.Forget(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(onDisk(t, s.o.Dir)) != 1 {
		t.Error("a name that is none removed something")
	}
}

func TestWholeWaitsUntilItIsKept(t *testing.T) {
	var n atomic.Int32
	s := store(t, Options{Dir: t.TempDir(), Max: 1000})
	a := s.Get(t.Context(), Key{"r", "x"}, made(&n, 100))
	if whole := a.Whole(); !whole || !a.Whole() { // asked twice, it stays so
		t.Fatal("it is not kept")
	}
	if f, _, ok := a.Kept(); !ok || f == nil {
		t.Error("there is no file")
	}
	read(t, a)
	b := s.Get(t.Context(), Key{"r", "large"}, made(&n, 2000))
	if b.Whole() {
		t.Error("what is too large is kept")
	}
	if got := read(t, b); len(got) != 2000 {
		t.Errorf("%d bytes came", len(got))
	}
}

func TestManyAtOnceStayWithinBounds(t *testing.T) {
	var n atomic.Int32
	s := store(t, Options{Dir: t.TempDir(), Max: 100_000, Concurrent: 4, Wait: time.Minute})
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			size := 10_000 * (i%12 + 1)
			a := s.Get(t.Context(), Key{"r", fmt.Sprint(i % 12)}, made(&n, size))
			defer a.Close()
			if i%5 == 0 {
				_, _ = a.Read(make([]byte, 10))
				return
			}
			if got, err := io.ReadAll(a); err != nil || !bytes.Equal(got, content(size)) {
				t.Errorf("%d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	group.Wait()
	settled(t, s)
}

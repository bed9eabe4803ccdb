package control

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type greeting struct{ Name string }

func sample() Registry {
	r := Registry{}
	Handle(r, "greet", func(_ context.Context, operator string, a greeting) (greeting, error) {
		switch a.Name {
		case "":
			return greeting{}, Fail(Invalid, "a name is needed")
		case "breaks":
			return greeting{}, errors.New("it broke")
		}
		return greeting{Name: operator + " greets " + a.Name}, nil
	})
	return r
}

// both runs a test against the operations in this process and over a socket.
func both(t *testing.T, dir string, test func(t *testing.T, c Caller)) {
	t.Helper()
	t.Run("here", func(t *testing.T) { test(t, Local{Registry: sample(), Operator: "op"}) })
	t.Run("over the socket", func(t *testing.T) {
		s, err := Listen(dir, sample(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Serve() }()
		c, err := Dial(t.Context(), dir, "op")
		if err != nil {
			t.Fatal(err)
		}
		test(t, c)
		c.Close()
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := Dial(t.Context(), dir, "op"); err == nil {
			t.Error("somebody still answers after Shutdown")
		}
	})
}

func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestOperationsBehaveAlikeHereAndOverTheSocket(t *testing.T) {
	both(t, short(t), func(t *testing.T, c Caller) {
		var g greeting
		if err := c.Call(t.Context(), "greet", greeting{Name: "ada"}, &g); err != nil || g.Name != "op greets ada" {
			t.Errorf("greet answered %q, %v", g.Name, err)
		}
		if err := c.Call(t.Context(), "greet", greeting{Name: "ada"}, nil); err != nil {
			t.Errorf("a result that nobody wants: %v", err)
		}
		for _, e := range []struct {
			name string
			args any
			code string
		}{
			{"greet", greeting{}, Invalid}, {"greet", greeting{Name: "breaks"}, Internal},
			{"greet", map[string]string{"Nmae": "x"}, Invalid}, {"greet", "text", Invalid}, {"nothing", greeting{}, Unknown},
		} {
			err := c.Call(t.Context(), e.name, e.args, &g)
			var coded *Error
			if !errors.As(err, &coded) || coded.Code != e.code || coded.Message == "" {
				t.Errorf("%s %v failed with %v, want code %s", e.name, e.args, err, e.code)
			}
		}
	})
}

func TestALongDataFolderHasItsSocketElsewhere(t *testing.T) {
	dir := filepath.Join(short(t), strings.Repeat("long", 30))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	both(t, dir, func(t *testing.T, c Caller) {
		if err := c.Call(t.Context(), "greet", greeting{Name: "ada"}, nil); err != nil {
			t.Error(err)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left in the data folder: %v, %v", left, err)
	}
}

func TestTheSocketIsItsOwnersAlone(t *testing.T) {
	dir := short(t)
	for range 2 { // the second finds what a crash of the first has left
		s, err := Listen(dir, sample(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, socketName))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket's mode: %v, %v", info, err)
		}
		t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	}
}

func TestOneProcessHoldsTheLock(t *testing.T) {
	dir := t.TempDir()
	l, err := Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(dir); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second lock: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := Take(dir)
	if err != nil {
		t.Fatalf("after Release: %v", err)
	}
	_ = again.Release()
	if _, err := Take(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that is not there was locked")
	}
}

func TestNamesAreSorted(t *testing.T) {
	r := sample()
	Handle(r, "a", func(context.Context, string, greeting) (greeting, error) { return greeting{}, nil })
	if got := strings.Join(r.Names(), " "); got != "a greet" {
		t.Errorf("Names() = %s", got)
	}
}

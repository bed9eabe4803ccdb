package ingest

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// A check that panics, on a goroutine that nobody else watches, ends the push and not the process.
func TestAPanicEndsThePushAlone(t *testing.T) {
	tree := append([]byte("100644 a\x00"), bytes.Repeat([]byte{7}, oid.Size)...)
	f := newForge()
	f.whole(plumbing.TreeObject, tree)
	f.on(0, delta(len(tree), len(tree)+1, with([]byte("1")), from(0, len(tree))))
	for name, id := range map[string]oid.ID{
		"whole": idOf(t, plumbing.TreeObject, tree), "made of a delta": idOf(t, plumbing.TreeObject, append([]byte("1"), tree...)),
	} {
		dir := t.TempDir()
		_, err := Receive(t.Context(), bytes.NewReader(f.pack()), Options{Dir: dir, Workers: 2, Check: func(_ plumbing.ObjectType, got oid.ID, _ []byte) error {
			if got == id {
				panic("a bug")
			}
			return nil
		}})
		if err == nil || !strings.Contains(err.Error(), "panic: a bug") || !strings.Contains(err.Error(), "panic_test.go") {
			t.Errorf("%s: got %v, want the panic with its stack", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	p := newPump(func([]byte) error { panic("a bug") })
	_ = p.write([]byte("x"))
	if err := p.stop(); err == nil || !strings.Contains(err.Error(), "a bug") {
		t.Errorf("the pump: %v", err)
	}
}

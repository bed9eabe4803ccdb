package host

import (
	"context"
	"os"
	"testing"
)

func TestMissingAreThoseOfThisMachineWhoseFolderIsGone(t *testing.T) {
	w := newWorld(t, nil)
	here, gone := w.create("here"), w.create("gone")
	if missing, of, err := w.Missing(ctx); err != nil || len(missing) != 0 || of != 2 {
		t.Errorf("got %v of %d, %v", missing, of, err)
	}
	if err := os.RemoveAll(w.Dir(gone.ID)); err != nil {
		t.Fatal(err)
	}
	missing, of, err := w.Missing(ctx)
	if err != nil || len(missing) != 1 || missing[0].ID != gone.ID || of != 2 {
		t.Errorf("got %v of %d, %v; want %s of 2", missing, of, err, gone.ID)
	}
	if err := w.Delete(ctx, gone.ID); err != nil {
		t.Errorf("deleting it: %v", err)
	}
	if missing, of, err := w.Missing(ctx); err != nil || len(missing) != 0 || of != 1 {
		t.Errorf("afterwards: got %v of %d, %v; %s is there", missing, of, err, here.Path)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := w.Missing(ended); err == nil {
		t.Error("it goes on after its context has ended")
	}
}

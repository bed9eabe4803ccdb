package disk

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

func TestEndsOfAShallowRepository(t *testing.T) {
	one, two := strings.Repeat("1", oid.HexSize), strings.Repeat("2", oid.HexSize)
	for _, row := range []struct {
		name, file string
		ends       int
		err        string
	}{
		{"none", "", 0, ""}, {"one", one + "\n", 1, ""}, {"two, the last line without an end", one + "\n" + two, 2, ""}, {"the same twice", one + "\n" + one + "\n", 1, ""},
		{"a short id", one[1:] + "\n", 0, "bad shallow line"}, {"nonsense behind an id", one + " x\n", 0, "bad shallow line"}, {"an empty line", one + "\n\n", 0, "bad shallow line"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "1.git")
			if err := Create(context.Background(), dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "shallow"), []byte(row.file), 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := Open(context.Background(), dir, "1", Options{})
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Fatalf("got %v, want %s", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			view, err := r.View(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer view.Close()
			if n := len(view.Objects.Ends()); n != row.ends {
				t.Errorf("%d ends, want %d", n, row.ends)
			}
			id, _ := oid.Parse(one)
			if view.Objects.IsEnd(id) != (row.ends > 0) {
				t.Errorf("%s is an end: %v", one, row.ends == 0)
			}
		})
	}
}

func TestRescanTakesInThatARepositoryHasBecomeWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "1.git")
	if err := Create(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "shallow")
	if err := os.WriteFile(path, []byte(strings.Repeat("1", oid.HexSize)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Open(context.Background(), dir, "1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := r.Rescan(context.Background()); err != nil {
		t.Fatal(err)
	}
	view, err := r.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	if len(view.Objects.Ends()) != 0 {
		t.Error("the repository is shallow still")
	}
}

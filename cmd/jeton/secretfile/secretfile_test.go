package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadRefusesWhatOthersMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's secret")
	if _, err := Read(path, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := Write(path, []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	for mode, open := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o620: true, 0o644: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		text, err := Read(path, 10)
		if errors.Is(err, ErrOpenToOthers) != open || !open && string(text) != "0123456789" {
			t.Errorf("mode %o: got %q, %v; open to others: %v", mode, text, err, open)
		}
		if !open {
			continue
		}
		// What it says mends it.
		_, command, _ := strings.Cut(err.Error(), "mend it with: ")
		if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
		}
		if _, err := Read(path, 10); err != nil {
			t.Errorf("after %s: %v", command, err)
		}
	}
	if _, err := Read(path, 9); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := Read(filepath.Dir(path), 9); err == nil {
		t.Error("a folder was read")
	}
}

func TestWriteReplacesWholeAndFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "", "three"} {
		// The first write finds a link that leads nowhere, and puts the file in its place.
		if err := Write(link, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(link, 10); err != nil || string(got) != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
		if text != "one" {
			continue
		}
		if err := os.Rename(link, path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	if err := Write(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Error("a file was written where there is no folder")
	}
}

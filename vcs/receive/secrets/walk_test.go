package secrets

import (
	"io/fs"
	"testing"
)

// walk calls look for each file of a folder.
func walk(t *testing.T, root fs.FS, look func(path string, content []byte)) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		if err == nil {
			look(path, content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

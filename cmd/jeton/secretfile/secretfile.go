// Package secretfile reads and writes small files that hold secrets on a client's machine: they are their owner's alone,
// and are replaced whole or not at all. It knows nothing of what is in them and imports nothing of ours.
package secretfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ErrOpenToOthers: others can read or change the file, so that what is in it is not used. The error that wraps it says
// how to mend that.
var ErrOpenToOthers = errors.New("others can read or change this file, which holds secrets")

// Read is what a file holds, of max bytes at most. fs.ErrNotExist where it is not there, ErrOpenToOthers where its mode
// gives anything to group or others.
func Read(path string, max int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: mend it with: chmod 600 %s", ErrOpenToOthers, quoted(path))
	}
	text, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(text)) > max {
		err = fmt.Errorf("%s is too large: at most %d bytes", path, max)
	}
	return text, err
}

// Write puts text in a file's place, synced, readable by its owner alone. A symbolic link is followed, so that what it
// leads to is replaced.
func Write(path string, text []byte) (err error) {
	if at, err := filepath.EvalSymlinks(path); err == nil {
		path = at
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// quoted is a path as a shell takes it for one word.
func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

package wire

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretSize is how many random bytes a secret of the server's own has.
const secretSize = 32

// secret reads a secret of the data folder, hexadecimal digits in a file that nobody else may read, and makes it where it
// is not there yet. The folder's lock is held.
func secret(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read a secret: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != secretSize {
		return nil, fmt.Errorf("%s is not a secret of %d bytes in hexadecimal digits; remove it, and another is made", path, secretSize)
	}
	return b, nil
}

// makeSecret puts a new secret in place in one step.
func makeSecret(path string) ([]byte, error) {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // it never fails (crypto/rand)
	if err := putLine(path, hex.EncodeToString(b)); err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	return b, nil
}

// putLine makes a file of one line that nobody else may read, in one step, so that a crash leaves all of it or nothing.
func putLine(path, line string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(line + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}

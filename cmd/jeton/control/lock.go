package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrInUse: another process works on the data folder.
var ErrInUse = errors.New("the data folder is in use by another process")

// Lock is the right to work on a data folder. The system ends it with the process, however that ends.
type Lock struct{ f *os.File }

// Take takes the lock of a data folder, or ErrInUse. It does not wait.
func Take(dir string) (*Lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrInUse
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the data folder %s: %w", dir, err)
	}
	return &Lock{f: f}, nil
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.f.Close() }

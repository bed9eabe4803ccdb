package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"jeton/vcs/oid"
)

// maxShallow is how large the file shallow may be, in bytes: 1.5 million ends.
const maxShallow = 64 << 20

// readShallow reads the commits at which the history of the repository ends, nil for a whole one (gitformat: the file
// shallow holds their ids, a line each). Only an administrator makes a repository shallow, by C git; a push never does.
func (r *Repository) readShallow() (map[oid.ID]struct{}, error) {
	f, err := os.Open(filepath.Join(r.dir, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxShallow+1))
	if err != nil {
		return nil, fmt.Errorf("read shallow: %w", err)
	}
	if len(b) > maxShallow {
		return nil, fmt.Errorf("read shallow: it is larger than %d bytes", maxShallow)
	}
	ends := map[oid.ID]struct{}{}
	for line := range bytes.Lines(b) {
		id, ok := oid.Parse(string(bytes.TrimSpace(line)))
		if !ok {
			return nil, fmt.Errorf("bad shallow line: %.100q", line)
		}
		ends[id] = struct{}{}
	}
	if len(ends) == 0 {
		return nil, nil
	}
	return ends, nil
}

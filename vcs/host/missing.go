package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Missing are the repositories of this machine whose folder is not there, and how many it has in all. It opens none.
func (h *Host) Missing(ctx context.Context) (gone []Repo, of int, err error) {
	rows, err := h.o.Rows.List(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("look for missing repositories: %w", err)
	}
	for _, r := range rows {
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		if r.Elsewhere {
			continue
		}
		of++
		// A folder that cannot be looked at is not known to be gone.
		if _, err := os.Lstat(h.Dir(r.ID)); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, r)
		}
	}
	return gone, of, nil
}

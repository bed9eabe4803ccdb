package ingest

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// complete makes a thin pack whole: each base that deltas name and the pack lacks is asked of Options.Bases, appended
// to the pack, and what stands on it is resolved. It returns how many were added.
func (r *resolver) complete() (uint32, error) {
	in := r.in
	if in.o.Bases == nil {
		return 0, nil
	}
	var added uint32
	for _, id := range r.missing() {
		kind, data, err := in.o.Bases.Base(id)
		if errors.Is(err, pack.ErrNotFound) {
			continue
		}
		if err != nil {
			return added, fmt.Errorf("read base %s of a thin pack: %w", id, err)
		}
		h := pack.Header{Type: kind, Size: int64(len(data))}
		if err := in.append(h, id, data); err != nil {
			return added, fmt.Errorf("complete thin pack: %w", err)
		}
		added++
		if err := r.roots([]int32{int32(len(in.entries) - 1)}); err != nil {
			return added, err
		}
	}
	return added, nil
}

// missing are the ids that unresolved deltas name as their base.
func (r *resolver) missing() []oid.ID {
	var ids []oid.ID
	for _, i := range r.family.byID {
		if r.in.entries[i].id.IsZero() {
			ids = append(ids, r.family.id(r.in, i))
		}
	}
	slices.SortFunc(ids, oid.Compare)
	return slices.Compact(ids)
}

// append writes one more entry over the trailer of the stored pack.
func (in *intake) append(h pack.Header, id oid.ID, data []byte) error {
	if _, err := in.file.Seek(in.size, io.SeekStart); err != nil {
		return err
	}
	crc := crc32.NewIEEE()
	n := &counter{}
	to := io.MultiWriter(in.file, crc, n)
	head := pack.AppendHeader(nil, h)
	if _, err := to.Write(head); err != nil {
		return err
	}
	z := zlib.NewWriter(to)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	in.entries = append(in.entries, entry{
		off: in.size, data: in.size + int64(len(head)), size: h.Size, id: id, crc: crc.Sum32(), base: -1, kind: h.Type, final: h.Type,
	})
	in.size += n.n
	return nil
}

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

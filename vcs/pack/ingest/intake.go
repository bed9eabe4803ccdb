package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// intake is the state of one pack that is being received or indexed.
type intake struct {
	ctx context.Context
	o   Options
	// file is the pack, to be read while deltas are resolved; store is the same where it is written, else nil.
	file, store *os.File
	// made are the files that must go when the push fails.
	made []string

	table    table
	keep     keep
	refs     []oid.ID // what REF_DELTAs name as their base
	deltas   int
	spent    spent
	trailer  oid.ID
	size     int64 // of the file without its trailer, bytes
	received int64 // size of the pack as it arrived, bytes
}

func newIntake(ctx context.Context, o Options) *intake {
	o.Limits = o.Limits.withDefaults()
	o.Workers = workers(o.Workers)
	return &intake{ctx: ctx, o: o, keep: keep{budget: int(o.Limits.Memory >> keepBits / 4)}}
}

// receive stores and indexes the pack that r brings.
func (in *intake) receive(r io.Reader) (Result, error) {
	in.made = append(in.made, in.store.Name())
	err := in.scan(func(to *pump) *source { return newSource(in.ctx, r, to, in.o.Limits.Pack) })
	if err != nil {
		return Result{}, err
	}
	if in.table.n == 0 {
		return Result{Bytes: in.received}, in.discard()
	}
	// The disk writes while the processors resolve.
	var disk errgroup.Group
	disk.Go(in.store.Sync)
	completed, err := in.resolve()
	serr := disk.Wait()
	if err != nil {
		return Result{}, err
	}
	if serr != nil {
		return Result{}, fmt.Errorf("store pack: %w", serr)
	}
	res, err := in.publish(completed)
	if err != nil {
		return Result{}, fmt.Errorf("store pack: %w", err)
	}
	return res, nil
}

// reindex indexes the pack in in.file.
func (in *intake) reindex() (Result, error) {
	br := bufio.NewReaderSize(in.file, 256<<10)
	err := in.scan(func(to *pump) *source { return newSource(in.ctx, br, to, in.o.Limits.Pack) })
	if err != nil {
		return Result{}, err
	}
	if _, err := br.ReadByte(); err != io.EOF {
		return Result{}, fmt.Errorf("something follows the pack in its file (%v): %w", err, pack.ErrCorrupt)
	}
	if in.table.n == 0 {
		return Result{Bytes: in.received}, nil
	}
	if _, err := in.resolve(); err != nil {
		return Result{}, err
	}
	return in.index()
}

// publish writes the index files, syncs all, and gives the pack its name.
func (in *intake) publish(completed uint32) (Result, error) {
	if completed > 0 {
		if err := in.rehash(); err != nil {
			return Result{}, err
		}
		if err := in.store.Sync(); err != nil {
			return Result{}, err
		}
	}
	res, err := in.index()
	if err != nil {
		return Result{}, err
	}
	res.Completed = completed
	if err := in.store.Chmod(0o444); err != nil {
		return Result{}, err
	}
	path := filepath.Join(in.o.Dir, res.Name+".pack")
	return res, os.Rename(in.store.Name(), path)
}

// index writes the two index files. An object that is in the pack twice is refused, as `git index-pack --strict` does:
// readers disagree on which of the two they see.
func (in *intake) index() (Result, error) {
	entries := make([]pack.IndexEntry, 0, in.table.n)
	for c, chunk := range in.table.chunks {
		for i := range chunk {
			entries = append(entries, pack.IndexEntry{ID: chunk[i].id, CRC: chunk[i].crc, Offset: chunk[i].off})
		}
		in.table.chunks[c] = nil // not needed any more, and large
	}
	name := "pack-" + in.trailer.String()
	base := filepath.Join(in.o.Dir, name)
	err := in.write(base+".idx", func(w io.Writer) error { return pack.WriteIndex(w, entries, in.trailer) })
	if err != nil {
		return Result{}, err
	}
	for i := 1; i < len(entries); i++ {
		if entries[i].ID == entries[i-1].ID {
			return Result{}, fmt.Errorf("object %s is in the pack twice: %w", entries[i].ID, pack.ErrCorrupt)
		}
	}
	err = in.write(base+".rev", func(w io.Writer) error { return pack.WriteRev(w, entries, in.trailer) })
	return Result{Name: name, Objects: uint32(len(entries)), Bytes: in.received, Inflated: in.spent.n.Load()}, err
}

// write makes one synced, read-only file.
func (in *intake) write(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	in.made = append(in.made, path)
	err = fill(f)
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// discard removes every file that was made.
func (in *intake) discard() error {
	var errs error
	for _, path := range in.made {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
	}
	return errs
}

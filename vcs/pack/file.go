package pack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"jeton/vcs/oid"
)

// WriteFiles writes a pack of these objects into dir with its index and reverse index, and returns the name that the
// three share before their endings: "pack-" and the trailer. They are synced, readable and complete; the index comes
// last, because a pack counts from when it has one; before that a failure leaves nothing that counts. Objects are
// copied, not hashed: whoever does not trust the packs of the set sends Write through package ingest instead. progress
// may be nil.
func (s *Set) WriteFiles(ctx context.Context, dir string, objects []oid.ID, progress func(done, total uint32)) (string, Written, error) {
	f := &files{dir: dir}
	name, done, err := f.make(ctx, s, objects, progress)
	if err != nil {
		f.discard()
		return "", Written{}, fmt.Errorf("write pack into %s: %w", dir, err)
	}
	return name, done, nil
}

// files are the temporary files of one pack: the pack, its index, its reverse index.
type files struct {
	dir  string
	made []string
}

func (f *files) make(ctx context.Context, s *Set, objects []oid.ID, progress func(done, total uint32)) (string, Written, error) {
	entries := make([]IndexEntry, 0, len(objects))
	var done Written
	err := f.write(func(to *os.File) (err error) {
		done, err = s.Write(ctx, to, objects, WriteOptions{OfsDelta: true, Progress: progress, Entry: func(id oid.ID, at int64) {
			entries = append(entries, IndexEntry{ID: id, Offset: at})
		}})
		if err == nil {
			err = sumEntries(ctx, to, entries, done.Bytes-int64(oid.Size))
		}
		return err
	})
	if err != nil {
		return "", done, err
	}
	// The index first: it sorts the entries, as the reverse index needs them.
	if err = f.write(func(to *os.File) error { return WriteIndex(to, entries, done.Checksum) }); err != nil {
		return "", done, err
	}
	if err = f.write(func(to *os.File) error { return WriteRev(to, entries, done.Checksum) }); err != nil {
		return "", done, err
	}
	name := "pack-" + done.Checksum.String()
	return name, done, f.name(name)
}

// write makes one more temporary file, synced.
func (f *files) write(fill func(to *os.File) error) error {
	to, err := os.CreateTemp(f.dir, "tmp_pack_*")
	if err != nil {
		return err
	}
	f.made = append(f.made, to.Name())
	err = fill(to)
	if err == nil {
		err = to.Chmod(0o444)
	}
	if err == nil {
		err = to.Sync()
	}
	return errors.Join(err, to.Close())
}

// name gives the files their names, the index last, and syncs the folder.
func (f *files) name(name string) error {
	for _, part := range []struct {
		made int
		ext  string
	}{{0, ".pack"}, {2, ".rev"}, {1, ".idx"}} {
		if err := os.Rename(f.made[part.made], filepath.Join(f.dir, name+part.ext)); err != nil {
			return err
		}
		f.made[part.made] = "" // no longer ours to remove: the same pack may have been there before
	}
	d, err := os.Open(f.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f *files) discard() {
	for _, path := range f.made {
		if path != "" {
			_ = os.Remove(path)
		}
	}
}

// sumEntries reads a pack that was written and fills in the CRC-32 of each entry; entries are in the order of the pack,
// the last ends at end.
func sumEntries(ctx context.Context, pack io.ReaderAt, entries []IndexEntry, end int64) error {
	r := bufio.NewReaderSize(io.NewSectionReader(pack, headerSize, end-headerSize), copyBuffer)
	for i := range entries {
		if i%batchLen == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		next := end
		if i+1 < len(entries) {
			next = entries[i+1].Offset
		}
		for left := next - entries[i].Offset; left > 0; {
			b, err := r.Peek(int(min(left, copyBuffer)))
			if err != nil {
				return fmt.Errorf("read back what was written: %w", err)
			}
			entries[i].CRC = crc32.Update(entries[i].CRC, crc32.IEEETable, b)
			n, _ := r.Discard(len(b)) // what was peeked at is there
			left -= int64(n)
		}
	}
	return nil
}

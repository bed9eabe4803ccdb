package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/storage"
)

// adoptLoose puts loose objects that another tool has written into one ordinary pack and removes their files, so that
// readers meet packs alone. Nothing is lost whenever it dies: the files go after the pack is synced and in place.
func (r *Repository) adoptLoose(ctx context.Context) error {
	paths, err := r.loosePaths()
	if err != nil || len(paths) == 0 {
		return err
	}
	q, err := r.Quarantine(ctx)
	if err != nil {
		return err
	}
	defer q.Close()
	pr, pw := io.Pipe()
	go func() { _ = pw.CloseWithError(writeLoose(pw, paths)) }()
	res, err := ingest.Receive(ctx, pr, ingest.Options{Dir: q.Dir()})
	_ = pr.Close()
	if err != nil {
		return err
	}
	s, err := q.Stage(ctx, res.Name, nil)
	if err != nil {
		return err
	}
	if _, err := r.move(storage.Staged(s)); err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return err
		}
		_ = os.Remove(filepath.Dir(path)) // when it was the last
	}
	return nil
}

// loosePaths lists the files of loose objects: objects/ab/cdef….
func (r *Repository) loosePaths() ([]string, error) {
	dirs, err := os.ReadDir(filepath.Join(r.dir, "objects"))
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, d := range dirs {
		if !d.IsDir() || len(d.Name()) != 2 {
			continue
		}
		files, err := os.ReadDir(filepath.Join(r.dir, "objects", d.Name()))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if _, ok := oid.Parse(d.Name() + f.Name()); ok && f.Type().IsRegular() {
				paths = append(paths, filepath.Join(r.dir, "objects", d.Name(), f.Name()))
			}
		}
	}
	return paths, nil
}

// writeLoose writes the objects as a pack without deltas. Ids are computed anew by whoever reads it.
func writeLoose(w io.Writer, paths []string) error {
	sum := oid.NewSum()
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)
	if _, err := b.Write(pack.AppendFileHeader(nil, uint32(len(paths)))); err != nil {
		return err
	}
	for _, path := range paths {
		if err := writeLooseOne(b, path); err != nil {
			return fmt.Errorf("loose object %s: %w", path, err)
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	id := oid.SumID(sum)
	_, err := w.Write(id[:])
	return err
}

func writeLooseOne(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in, err := zlib.NewReader(f)
	if err != nil {
		return err
	}
	content := bufio.NewReader(in)
	head, err := content.ReadString(0)
	if err != nil || len(head) > 64 {
		return errors.Join(err, errors.New("it has no header"))
	}
	kindName, sizeText, _ := strings.Cut(strings.TrimSuffix(head, "\x00"), " ")
	kind, err := plumbing.ParseObjectType(kindName)
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(sizeText, 10, 64)
	if err != nil || size < 0 {
		return errors.Join(err, errors.New("its size is broken"))
	}
	if _, err := w.Write(pack.AppendHeader(nil, pack.Header{Type: kind, Size: size})); err != nil {
		return err
	}
	out := zlib.NewWriter(w)
	n, err := io.Copy(out, content)
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("it has %d bytes and declares %d", n, size)
	}
	return out.Close()
}

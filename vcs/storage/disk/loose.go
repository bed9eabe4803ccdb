package disk

import (
	"bufio"
	"bytes"
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

// looseObject is the file of one.
type looseObject struct {
	id   oid.ID
	path string
}

// adoptLoose puts loose objects that another tool has written into one ordinary pack and removes their files, so that
// readers meet packs alone; it reports whether there is a new pack. Nothing is lost whenever it dies: a file goes after a
// pack that holds its object is synced and in place. Files that hold no sound object stay where they are.
func (r *Repository) adoptLoose(ctx context.Context, packs *generation) (bool, error) {
	all, err := r.looseObjects()
	if err != nil || len(all) == 0 {
		return false, err
	}
	set := packs.set(r.o.cache())
	list, err := drop(all, func(id oid.ID) (bool, error) { _, ok, err := set.Find(id); return ok, err })
	if err != nil || len(list) == 0 {
		return false, err
	}
	done, err := r.packLoose(ctx, list)
	if err == nil || ctx.Err() != nil {
		return done, err
	}
	// One broken file must not keep the others out.
	sound := list[:0]
	for _, o := range list {
		if err := checkLoose(o); err != nil {
			r.o.log().Error("loose object is broken and left where it is", "repository", r.id, "object", o.id, "error", err)
			continue
		}
		sound = append(sound, o)
	}
	if len(sound) == 0 {
		return false, nil
	}
	return r.packLoose(ctx, sound)
}

// drop removes the files of those objects that a pack holds, and returns the others.
func drop(list []looseObject, held func(oid.ID) (bool, error)) ([]looseObject, error) {
	var rest []looseObject
	for _, o := range list {
		ok, err := held(o.id)
		if err != nil {
			return nil, err
		}
		if !ok {
			rest = append(rest, o)
			continue
		}
		if err := os.Remove(o.path); err != nil {
			return nil, err
		}
		_ = os.Remove(filepath.Dir(o.path)) // when it was the last
	}
	return rest, nil
}

// packLoose makes one pack of loose objects, moves it in and removes their files.
func (r *Repository) packLoose(ctx context.Context, list []looseObject) (bool, error) {
	q, err := r.Quarantine(ctx)
	if err != nil {
		return false, err
	}
	defer q.Close()
	pr, pw := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_ = pw.CloseWithError(writeLoose(pw, list))
	}()
	res, err := ingest.Receive(ctx, pr, ingest.Options{Dir: q.Dir(), Limits: unlimited})
	_ = pr.Close()
	<-written
	if err != nil {
		return false, err
	}
	s, err := q.Stage(ctx, res.Name, nil)
	if err != nil {
		return false, err
	}
	p, err := q.Open(ctx, res.Name)
	if err != nil {
		return false, err
	}
	if len(r.absent([]storage.Staged{s})) > 0 {
		if err := r.move(s); err != nil {
			return false, err
		}
	}
	_, err = drop(list, func(id oid.ID) (bool, error) { _, ok, err := p.Find(id); return ok, err })
	return true, err
}

// looseObjects lists the files of loose objects: objects/ab/cdef….
func (r *Repository) looseObjects() ([]looseObject, error) {
	dirs, err := os.ReadDir(filepath.Join(r.dir, "objects"))
	if err != nil {
		return nil, err
	}
	var list []looseObject
	for _, d := range dirs {
		if !d.IsDir() || len(d.Name()) != 2 {
			continue
		}
		files, err := os.ReadDir(filepath.Join(r.dir, "objects", d.Name()))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if id, ok := oid.Parse(d.Name() + f.Name()); ok && f.Type().IsRegular() {
				list = append(list, looseObject{id, filepath.Join(r.dir, "objects", d.Name(), f.Name())})
			}
		}
	}
	return list, nil
}

// writeLoose writes the objects as a pack without deltas. Ids are computed anew by whoever reads it.
func writeLoose(w io.Writer, list []looseObject) error {
	sum := oid.NewSum()
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)
	if _, err := b.Write(pack.AppendFileHeader(nil, uint32(len(list)))); err != nil {
		return err
	}
	z := zlib.NewWriter(b) // one for all: it is a large piece of memory
	for _, o := range list {
		if err := writeEntry(b, z, o); err != nil {
			return fmt.Errorf("loose object %s: %w", o.id, err)
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	id := oid.SumID(sum)
	_, err := w.Write(id[:])
	return err
}

// writeEntry writes one object as an entry of a pack; z is used to deflate it.
func writeEntry(w io.Writer, z *zlib.Writer, o looseObject) error {
	return readLooseObject(o, func(kind plumbing.ObjectType, size int64, content io.Reader) error {
		if _, err := w.Write(pack.AppendHeader(nil, pack.Header{Type: kind, Size: size})); err != nil {
			return err
		}
		z.Reset(w)
		if _, err := io.Copy(z, content); err != nil {
			return err
		}
		return z.Close()
	})
}

// checkLoose reads an object and compares what it hashes to with its name.
func checkLoose(o looseObject) error {
	return readLooseObject(o, func(kind plumbing.ObjectType, size int64, content io.Reader) error {
		h := oid.NewHasher()
		h.Reset(kind, size)
		if _, err := io.Copy(h, content); err != nil {
			return err
		}
		id, err := h.Sum()
		if err == nil && id != o.id {
			err = fmt.Errorf("its content is that of %s", id)
		}
		return err
	})
}

// readLooseObject opens the file of an object (zlib over "type size NUL content") and hands its parts to use; content
// that is longer or shorter than declared is an error when it has been read.
func readLooseObject(o looseObject, use func(plumbing.ObjectType, int64, io.Reader) error) error {
	f, err := os.Open(o.path)
	if err != nil {
		return err
	}
	defer f.Close()
	in, err := zlib.NewReader(f)
	if err != nil {
		return err
	}
	content := bufio.NewReader(in)
	kind, size, err := looseHeader(content)
	if err != nil {
		return err
	}
	exact := &io.LimitedReader{R: content, N: size + 1}
	if err := use(kind, size, exact); err != nil {
		return err
	}
	if exact.N != 1 {
		return fmt.Errorf("it does not have the %d bytes that it declares", size)
	}
	return nil
}

// maxLooseHeader is longer than any header: a type, a space, a number.
const maxLooseHeader = 32

func looseHeader(in *bufio.Reader) (plumbing.ObjectType, int64, error) {
	head, err := in.Peek(maxLooseHeader)
	if err != nil && err != io.EOF {
		return plumbing.InvalidObject, 0, err
	}
	end := bytes.IndexByte(head, 0)
	if end < 0 {
		return plumbing.InvalidObject, 0, errors.New("it has no header")
	}
	kindName, sizeText, _ := strings.Cut(string(head[:end]), " ")
	kind, err := plumbing.ParseObjectType(kindName)
	if err != nil || kind.IsDelta() {
		return plumbing.InvalidObject, 0, fmt.Errorf("its type is %.20q", kindName)
	}
	size, err := strconv.ParseUint(sizeText, 10, 62)
	if err != nil {
		return plumbing.InvalidObject, 0, fmt.Errorf("its size is %.20q", sizeText)
	}
	_, err = in.Discard(end + 1)
	return kind, int64(size), err
}

// Package ingest takes one pack from outside: stores it as it comes, checks it while it arrives, and indexes it on all
// cores. What comes out is a pack that git would call valid, with .idx and .rev beside it, or an error and no file.
//
//	            ┌──────────────── one goroutine ───────────────┐      ┌── workers ──┐
//	client ──►  read ─► file + pack hash   inflate each entry ──────►  ids, Check
//	                                          │ deltas: noted                │
//	            trailer right? ───────────────┴──► resolve deltas on all cores, base by base
//	                                               thin? bases from Options.Bases, appended
//	                                               .idx .rev, synced
//
// Nothing is believed before it is seen: tables grow with what arrives and not with the declared count, declared sizes
// are compared with the limits before a byte is inflated, and an entry that yields more or less than it declares ends
// the push. Ids are computed with a hash that notices content built to collide. Large objects live in files of Dir,
// mapped, so that memory follows Limits.Memory and not the pack.
//
// The package knows packs and objects; what an object must look like is the caller's Check, whether the pack is
// connected the caller's next question (package reach).
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Limits bound what a pack from outside may cost; a zero means the default that stands behind it.
type Limits struct {
	// Pack is the size of the pack in bytes (4 GiB), Blob that of one object (1 GiB), Inflated that of all objects and
	// deltas together when they are inflated (64 GiB).
	Pack, Blob, Inflated int64
	// Objects is how many entries there may be (20 million).
	Objects uint32
	// DeltaChain is how many deltas may stand on one another (4096).
	DeltaChain int
	// Memory is how many bytes of inflated objects are held at once while deltas are resolved (96 MiB).
	Memory int64
}

// maxChecked is the largest commit, tree or tag: they are checked as a whole.
const maxChecked = 64 << 20

func (l Limits) withDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Pack, 4<<30)
	set(&l.Blob, 1<<30)
	set(&l.Inflated, 64<<30)
	set(&l.Memory, 96<<20)
	if l.Objects == 0 {
		l.Objects = 20_000_000
	}
	if l.DeltaChain <= 0 {
		l.DeltaChain = 4096
	}
	return l
}

// LimitError says which limit a pack is over, and the setting that an administrator may change.
type LimitError struct {
	// What is over the limit, for people; Setting is the configuration's key; Limit its present value.
	What, Setting string
	Limit         int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s (the limit is %d; an administrator can change %s)", e.What, e.Limit, e.Setting)
}

// ErrUnresolved says that deltas have no base: a thin pack against objects that this repository does not have.
var ErrUnresolved = errors.New("unresolved deltas")

// Bases reads the bases of a thin pack.
type Bases interface {
	// Base returns type and content of an object that the pusher may see; pack.ErrNotFound for all others.
	Base(id oid.ID) (plumbing.ObjectType, []byte, error)
}

// Options govern Receive.
type Options struct {
	// Dir is the folder that the pack, its index and spilled objects are written to; it belongs to this call alone.
	Dir    string
	Limits Limits
	// Bases answers for the bases of a thin pack; nil: thin packs are refused.
	Bases Bases
	// Check, when not nil, is called once for each commit, tree and tag with its whole content, from several goroutines.
	// Its error ends the push.
	Check func(t plumbing.ObjectType, id oid.ID, content []byte) error
	// Progress is told from time to time, by one goroutine at a time, how far a stage has come.
	Progress func(stage string, done, total uint32)
	// Workers is how many goroutines hash and resolve; 0: one for each core.
	Workers int
}

// Result is a received pack, synced to disk in Options.Dir under Name + ".pack", ".idx" and ".rev".
type Result struct {
	// Name is "pack-" and the trailer in hexadecimal digits; empty where the pack held nothing, and then no file is there.
	Name string
	// Objects is how many objects the stored pack has, Completed how many of them are bases added to a thin pack.
	Objects, Completed uint32
	// Bytes is the size of the pack as it arrived, Inflated that of all it holds.
	Bytes, Inflated int64
}

// Receive reads one pack from r. It may read beyond the pack's end where r offers more. Errors are *LimitError,
// ErrUnresolved, oid.ErrCollision, the Check's, the reader's, or wrap pack.ErrCorrupt; with an error nothing stays in Dir.
func Receive(ctx context.Context, r io.Reader, o Options) (Result, error) {
	o.Limits = o.Limits.withDefaults()
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	f, err := os.CreateTemp(o.Dir, "receiving-")
	if err != nil {
		return Result{}, fmt.Errorf("store pack: %w", err)
	}
	in := &intake{ctx: ctx, o: o, file: f}
	res, err := in.run(r)
	if err := errors.Join(err, f.Close()); err != nil {
		return Result{}, errors.Join(err, in.discard())
	}
	return res, nil
}

// intake is the state of one pack that is being received.
type intake struct {
	ctx  context.Context
	o    Options
	file *os.File
	// made are the files that must go when the push fails.
	made []string

	entries  []entry
	deltas   int
	spent    spent
	trailer  oid.ID
	size     int64 // of the file, bytes
	received int64
}

// entry is one object of the pack. Its id is zero while it is a delta that is not resolved.
type entry struct {
	off, data int64 // where the header and the compressed bytes begin
	size      int64 // of the inflated data
	id        oid.ID
	crc       uint32
	base      int32               // index of the base's entry for OFS_DELTA, of baseIDs for REF_DELTA; else -1
	kind      plumbing.ObjectType // as in the pack
	final     plumbing.ObjectType // resolved
}

func (in *intake) run(r io.Reader) (Result, error) {
	in.made = append(in.made, in.file.Name())
	refs, err := in.scan(r)
	if err != nil {
		return Result{}, err
	}
	if len(in.entries) == 0 {
		return Result{Bytes: in.received}, in.discard()
	}
	completed, err := in.resolveAll(refs)
	if err != nil {
		return Result{}, err
	}
	name, err := in.publish(completed)
	if err != nil {
		return Result{}, fmt.Errorf("store pack: %w", err)
	}
	return Result{Name: name, Objects: uint32(len(in.entries)), Completed: completed, Bytes: in.received, Inflated: in.spent.n.Load()}, nil
}

// publish writes the index files, syncs all, and gives the files their names.
func (in *intake) publish(completed uint32) (string, error) {
	if completed > 0 {
		if err := in.rehash(); err != nil {
			return "", err
		}
	}
	index := make([]pack.IndexEntry, len(in.entries))
	for i, e := range in.entries {
		index[i] = pack.IndexEntry{ID: e.id, CRC: e.crc, Offset: e.off}
	}
	name := "pack-" + in.trailer.String()
	base := filepath.Join(in.o.Dir, name)
	err := in.write(base+".idx", func(w io.Writer) error { return pack.WriteIndex(w, index, in.trailer) })
	if err != nil {
		return "", err
	}
	for i := 1; i < len(index); i++ {
		if index[i].ID == index[i-1].ID {
			return "", fmt.Errorf("object %s is in the pack twice: %w", index[i].ID, pack.ErrCorrupt)
		}
	}
	err = in.write(base+".rev", func(w io.Writer) error { return pack.WriteRev(w, index, in.trailer) })
	if err != nil {
		return "", err
	}
	if err := in.file.Chmod(0o444); err != nil {
		return "", err
	}
	if err := in.file.Sync(); err != nil {
		return "", err
	}
	return name, os.Rename(in.file.Name(), base+".pack")
}

// write makes one synced, read-only file.
func (in *intake) write(path string, fill func(io.Writer) error) error {
	in.made = append(in.made, path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// rehash puts the true count into the header of a pack that was completed, and a new trailer behind it.
func (in *intake) rehash() error {
	if _, err := in.file.WriteAt(pack.AppendFileHeader(nil, uint32(len(in.entries))), 0); err != nil {
		return err
	}
	sum := oid.NewSum()
	if _, err := io.Copy(sum, io.NewSectionReader(in.file, 0, in.size)); err != nil {
		return err
	}
	in.trailer = oid.SumID(sum)
	_, err := in.file.WriteAt(in.trailer[:], in.size)
	return err
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

// Package ingest takes one pack from outside: stores it as it comes, checks it while it arrives, and indexes it on all
// cores. What comes out is a pack that git would call valid, with .idx and .rev beside it, or an error and no file.
//
//	            ┌──────────────── one goroutine ───────────────┐      ┌── workers ──┐
//	client ──►  read ─► inflate each entry ────────────────────────►  ids, Check
//	              │         └─ deltas: noted, small ones kept
//	              └─► file + pack hash (a goroutine)
//	            trailer right? ──► resolve deltas on all cores, base by base, each way down depth first
//	                               thin? bases from Options.Bases, appended, trailer anew
//	                               .idx .rev, synced
//
// Nothing is believed before it is seen: tables grow with what arrives and not with the declared count, declared sizes
// are compared with the limits before a byte is inflated, and an entry that yields more or less than it declares ends
// the push. Ids are computed with a hash that notices content built to collide; so an object cannot pose as another
// that the repository has, and need not be compared with it. Large objects lie in nameless files of Dir, so that memory
// follows Limits.Memory, plus some 100 bytes for each object of the pack.
//
// The package knows packs and objects; what an object must look like is the caller's Check, whether the pack is
// connected the caller's next question (package reach).
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// Limits bound what a pack from outside may cost; a zero means the default that stands behind it.
type Limits struct {
	// Pack is the size of the pack in bytes (4 GiB), Blob that of one object (1 GiB), Inflated that of all objects and
	// deltas together when they are inflated (64 GiB).
	Pack, Blob, Inflated int64
	// Tree is the size of a tree in bytes, Commit that of a commit or a tag (64 MiB, and never more: they are checked, and
	// later read, as a whole).
	Tree, Commit int64
	// Objects is how many entries there may be (20 million; never more than 2³¹ − 2).
	Objects uint32
	// DeltaChain is how many deltas may stand on one another (4096).
	DeltaChain int
	// Memory is how many bytes of inflated objects and deltas are held at once while deltas are resolved (96 MiB); what
	// is needed for one step, a base and what is made of it, is held even when it is less.
	Memory int64
}

// maxChecked is the largest commit, tree or tag that settings can allow.
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
	set(&l.Tree, maxChecked)
	set(&l.Commit, maxChecked)
	l.Tree, l.Commit = min(l.Tree, maxChecked), min(l.Commit, maxChecked)
	if l.Objects == 0 {
		l.Objects = 20_000_000
	}
	l.Objects = min(l.Objects, math.MaxInt32-1)
	if l.DeltaChain <= 0 {
		l.DeltaChain = 4096
	}
	return l
}

// size compares the size of an object with the limits; a kind that is not yet known is that of any object.
func (l *Limits) size(kind plumbing.ObjectType, size int64) error {
	if size > l.Blob {
		return &LimitError{What: fmt.Sprintf("object of %d bytes is too large", size), Setting: "receive.max_blob", Limit: l.Blob}
	}
	switch {
	case kind == plumbing.TreeObject && size > l.Tree:
		return &LimitError{What: fmt.Sprintf("tree of %d bytes is too large", size), Setting: "receive.max_tree", Limit: l.Tree}
	case (kind == plumbing.CommitObject || kind == plumbing.TagObject) && size > l.Commit:
		return &LimitError{What: fmt.Sprintf("%s of %d bytes is too large", kind, size), Setting: "receive.max_commit", Limit: l.Commit}
	}
	return nil
}

// LimitError says which limit a pack is over, and the setting that an administrator may change.
type LimitError struct {
	// What is over the limit, for people; Setting is the configuration's key, empty where the limit is fixed; Limit its
	// present value.
	What, Setting string
	Limit         int64
}

// Error implements error, for the eyes of whoever pushes.
func (e *LimitError) Error() string {
	if e.Setting == "" {
		return fmt.Sprintf("%s (the limit is %d)", e.What, e.Limit)
	}
	return fmt.Sprintf("%s (the limit is %d; an administrator can change %s)", e.What, e.Limit, e.Setting)
}

// ErrUnresolved says that deltas have no base: a thin pack against objects that this repository does not have.
var ErrUnresolved = errors.New("unresolved deltas")

// Bases reads the bases of a thin pack.
type Bases interface {
	// Base returns type and content of an object that the pusher may see; pack.ErrNotFound for all others. It is called
	// by one goroutine at a time.
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
	// Its error ends the push. The content must not be kept nor changed: its memory is used again.
	Check func(t plumbing.ObjectType, id oid.ID, content []byte) error
	// Blobs, when not nil, is shown every blob.
	Blobs Viewer
	// Progress is told from time to time, by one goroutine at a time, how far a stage ("Receiving objects", then
	// "Resolving deltas") has come.
	Progress func(stage string, done, total uint32)
	// Workers is how many goroutines hash and resolve; 0: one for each core.
	Workers int
}

// Viewer looks at blobs while they arrive, from several goroutines.
type Viewer interface {
	// Blob is shown a blob as a whole, which must not be kept nor changed.
	Blob(id oid.ID, content []byte)
	// Large is asked who looks at a blob of so many bytes that is never held whole: Write is shown it piece by piece, and Done,
	// at its end, told its id. Errors of Write count for nothing.
	Large(size int64) Large
}

// Large looks at one large blob.
type Large interface {
	io.Writer
	Done(id oid.ID)
}

// Result is a received pack, synced to disk in Options.Dir under Name + ".pack", ".idx" and ".rev".
type Result struct {
	// Name is "pack-" and the trailer in hexadecimal digits; empty where the pack held nothing, and then no file is there.
	Name string
	// Objects is how many objects the stored pack has, Completed how many of them are bases added to a thin pack.
	Objects, Completed uint32
	// Bytes is the size of the pack as it arrived, Inflated that of all that its entries and the results of its deltas
	// come to.
	Bytes, Inflated int64
}

// Receive reads one pack from r and stores it in o.Dir. Where r is an io.ByteReader it is read to the end of the pack's
// trailer and no further (fast for a *bufio.Reader); another reader may be read beyond. A reader that waits for ever is
// the caller's to close: ctx is seen between two reads.
//
// Errors are *LimitError, ErrUnresolved, oid.ErrCollision, the Check's, the reader's, or wrap pack.ErrCorrupt; with an
// error nothing stays in Dir. A pack without objects is valid and leaves no file (C git stores it).
func Receive(ctx context.Context, r io.Reader, o Options) (Result, error) {
	in := newIntake(ctx, o)
	f, err := os.CreateTemp(o.Dir, "receiving-")
	if err != nil {
		return Result{}, fmt.Errorf("store pack: %w", err)
	}
	in.file, in.store = f, f
	res, err := in.receive(r)
	if err := errors.Join(err, f.Close()); err != nil {
		return Result{}, errors.Join(err, in.discard())
	}
	return res, nil
}

// Index makes .idx and .rev anew, in o.Dir, for the pack file at path, which is read twice and not changed. The pack is
// checked as Receive does; it must be no thin pack, and the file must end with it. Result.Name is what the pack's file
// ought to be called. A pack without objects gets no index. Errors are those of Receive.
func Index(ctx context.Context, path string, o Options) (Result, error) {
	o.Bases = nil
	in := newIntake(ctx, o)
	f, err := os.Open(path)
	if err != nil {
		return Result{}, fmt.Errorf("index pack: %w", err)
	}
	defer f.Close() // only read
	in.file = f
	res, err := in.reindex()
	if err != nil {
		return Result{}, errors.Join(fmt.Errorf("index pack: %w", err), in.discard())
	}
	return res, nil
}

func workers(n int) int {
	if n <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}

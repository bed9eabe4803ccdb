package archive

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"jeton/vcs/archive/attributes"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// Format is a kind of archive, by the name that git gives it.
type Format string

// The formats. TGZ is TarGz by its other name.
const (
	Tar   Format = "tar"
	TGZ   Format = "tgz"
	TarGz Format = "tar.gz"
	Zip   Format = "zip"
	// TarZst is no format of git's own.
	TarZst Format = "tar.zst"
)

// Formats lists them in the order in which `git archive --list` does, and then what git has not.
func Formats() []Format { return []Format{Tar, TGZ, TarGz, Zip, TarZst} }

func (f Format) known() bool {
	return slices.Contains(Formats(), f)
}

// compresses reports whether a level of compression means something to the format.
func (f Format) compresses() bool { return f != Tar }

// Limits bound one archive; a zero means the default that stands behind it.
type Limits struct {
	// Entries is how many files and folders it may hold (5 million): a few trees that name each other many times stand
	// for more than any disk can take.
	Entries int
	// Bytes is how large all files may be together, unpacked (64 GiB).
	Bytes int64
	// Visit is how many entries may be looked at, written or not (100 million); a tree costs one more, and one for each
	// 64 KiB.
	Visit int
	// Directory is how much memory the list of all entries may take with which a zip file ends, in bytes (128 MiB): names
	// and zipEntry bytes for each. A tar file has no such list.
	Directory int64
}

func (l Limits) withDefaults() Limits {
	if l.Entries <= 0 {
		l.Entries = 5_000_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 30
	}
	if l.Visit <= 0 {
		l.Visit = 100_000_000
	}
	if l.Directory <= 0 {
		l.Directory = 128 << 20
	}
	return l
}

// Archive says what is to be written.
type Archive struct {
	// Tree is what is archived.
	Tree oid.ID
	// Commit is noted in the archive (a comment of the zip, a global header of the tar); zero where there is none.
	Commit oid.ID
	// When is the time of all entries, in whole seconds.
	When time.Time
	// Prefix stands before every path; one that ends in a slash is a folder of its own.
	Prefix string
	// Paths are pathspecs, of which one at least must match an entry; none means everything.
	Paths []string
	// Inside is the path of the one folder or file that is wanted, taken literally; "" means everything. It must be
	// there, and Paths must be empty.
	Inside string
	Format Format
	// Number is that of the format; 0 means the newest. ErrBadRequest where it is not kept.
	Number int
	// Level is how hard is compressed, 0 to 9; Default means what the format takes for good.
	Level  int
	Limits Limits
	// Told, when not nil, is called with the path of every entry before it is written.
	Told func(path string)
}

// Default is the Level of who has no wish.
const Default = -1

// sink is a format being written. Paths of folders end in a slash.
type sink interface {
	folder(path string) error
	file(path string, executable bool, size int64, content io.Reader) error
	link(path, target string) error
	Close() error
}

// Write writes an archive. Errors that wrap ErrBadRequest are for the client to read; what was written until then is no
// whole archive.
func Write(ctx context.Context, set *pack.Set, w io.Writer, a Archive) error {
	a.Limits = a.Limits.withDefaults()
	if a.Number != 0 && !slices.Contains(Numbers(), a.Number) {
		return refuse("format number %d is not kept by this server", a.Number)
	}
	if a.When.Unix() > maxTime {
		a.When = time.Unix(maxTime, 0)
	}
	specs, err := newPathspecs(a.Paths)
	if err != nil {
		return err
	}
	if a.Inside != "" {
		specs = &pathspecs{list: []pathspec{{typed: a.Inside, path: strings.Trim(a.Inside, "/")}}}
	}
	to, err := open(w, a)
	if err != nil {
		return err
	}
	k := &walk{ctx: ctx, set: set, a: a, to: to, specs: specs, attributes: attributes.New()}
	if err := k.run(); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}

// open begins a format.
func open(w io.Writer, a Archive) (sink, error) {
	switch a.Format {
	case Tar:
		return newTar(w, nil, a)
	case TGZ, TarGz:
		z, err := newGzip(w, a.Level)
		if err != nil {
			return nil, err
		}
		return newTar(z, z, a)
	case TarZst:
		z, err := newZstd(w, a.Level)
		if err != nil {
			return nil, err
		}
		return newTar(z, z, a)
	case Zip:
		return newZip(w, a)
	}
	return nil, refuse("Unknown archive format '%s'", a.Format)
}

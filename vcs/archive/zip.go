package archive

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Modes of entries in a zip file; unlike tar, unzip takes them as they are.
const (
	zipFile   = 0o644
	zipFolder = 0o755 // and what can be run
	zipLink   = 0o777
)

// zipSink writes a zip file: Unix modes in the external attributes, names that are no ASCII marked as UTF-8 where they
// are. Everything but folders is deflated, links too: readers of a stream cannot find the end of what is stored.
type zipSink struct {
	w    *zip.Writer
	when time.Time
	// held is the memory of the directory so far, of at most most bytes.
	held, most int64
	buffer     []byte
}

// zipEntry is what zip.Writer keeps of an entry until the end beside its name: its header, extra fields, and room for more.
const zipEntry = 320

// zipEpoch and zipEnd are the times that a zip file can tell (APPNOTE.TXT 4.4.6).
var (
	zipEpoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	zipEnd   = time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)
)

func newZip(w io.Writer, a Archive) (*zipSink, error) {
	z := &zipSink{w: zip.NewWriter(w), when: a.When.UTC(), most: a.Limits.Directory, buffer: make([]byte, copyBuffer)}
	switch {
	case z.when.Before(zipEpoch):
		z.when = zipEpoch
	case z.when.After(zipEnd):
		z.when = zipEnd
	}
	d, err := newDeflater(a.Level)
	if err != nil {
		return nil, err
	}
	z.w.RegisterCompressor(zip.Deflate, d.next)
	if !a.Commit.IsZero() {
		if err := z.w.SetComment(a.Commit.String()); err != nil {
			return nil, fmt.Errorf("begin the archive: %w", err)
		}
	}
	return z, nil
}

func (z *zipSink) entry(path string, mode fs.FileMode) (io.Writer, error) {
	if z.held += zipEntry + int64(len(path)); z.held > z.most {
		return nil, refuse("the list of entries that ends a zip file would take more than %d bytes; ask for a tar file, a shorter prefix or a folder", z.most)
	}
	h := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: z.when}
	h.SetMode(mode)
	return z.w.CreateHeader(h)
}

func (z *zipSink) folder(path string) error {
	_, err := z.entry(path, fs.ModeDir|zipFolder)
	return err
}

func (z *zipSink) file(path string, executable bool, _ int64, content io.Reader) error {
	mode := fs.FileMode(zipFile)
	if executable {
		mode = zipFolder
	}
	w, err := z.entry(path, mode)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(w, content, z.buffer)
	return err
}

func (z *zipSink) link(path, target string) error {
	w, err := z.entry(path, fs.ModeSymlink|zipLink)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, target)
	return err
}

// Close implements io.Closer.
func (z *zipSink) Close() error { return z.w.Close() }

package archive

import (
	"archive/tar"
	"fmt"
	"io"
	"strings"
	"time"
)

// Modes of entries: those that C git writes under its default umask for archives (tar.umask, 0002).
const (
	tarFile   = 0o664
	tarFolder = 0o775 // and what can be run
	tarLink   = 0o777
)

// tarSink writes a tar file: ustar where it can say everything, pax where a name is long or not ASCII.
type tarSink struct {
	w    *tar.Writer
	wrap io.Closer // the compression around it; nil for none
	when time.Time
	// buffer is for copying contents.
	buffer []byte
}

// copyBuffer is how much of a file is handed on at a time, in bytes.
const copyBuffer = 64 << 10

func newTar(w io.Writer, wrap io.Closer, a Archive) (*tarSink, error) {
	t := &tarSink{w: tar.NewWriter(w), wrap: wrap, when: a.When, buffer: make([]byte, copyBuffer)}
	if a.Commit.IsZero() {
		return t, nil
	}
	// What `git get-tar-commit-id` reads.
	err := t.w.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", Format: tar.FormatPAX,
		PAXRecords: map[string]string{"comment": a.Commit.String()}})
	if err != nil {
		return nil, fmt.Errorf("begin the archive: %w", err)
	}
	return t, nil
}

func (t *tarSink) header(h tar.Header) error {
	h.ModTime = t.when
	h.Uname, h.Gname = "root", "root"
	return t.w.WriteHeader(&h)
}

func (t *tarSink) folder(path string) error {
	return t.header(tar.Header{Typeflag: tar.TypeDir, Name: path, Mode: tarFolder})
}

func (t *tarSink) file(path string, executable bool, size int64, content io.Reader) error {
	mode := int64(tarFile)
	if executable {
		mode = tarFolder
	}
	if err := t.header(tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: mode, Size: size}); err != nil {
		return err
	}
	_, err := io.CopyBuffer(onlyWriter{t.w}, content, t.buffer)
	return err
}

// onlyWriter hides what else a writer can, so that the buffer is used.
type onlyWriter struct{ io.Writer }

func (t *tarSink) link(path, target string) error {
	if strings.IndexByte(target, 0) >= 0 { // no file system has such a link: its content is kept as a file
		return t.file(path, false, int64(len(target)), strings.NewReader(target))
	}
	return t.header(tar.Header{Typeflag: tar.TypeSymlink, Name: path, Linkname: target, Mode: tarLink})
}

// Close implements io.Closer.
func (t *tarSink) Close() error {
	if err := t.w.Close(); err != nil {
		return err
	}
	if t.wrap != nil {
		return t.wrap.Close()
	}
	return nil
}

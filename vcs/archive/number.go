package archive

import (
	"fmt"
	"io"
	"strconv"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Number is the format number of archives: what is the same for a commit, a path, a prefix, a format, and this number, is
// the same to the byte, on every machine and in every later version. It stands for all that makes the bytes: the order of
// entries and their headers, the levels below, the libraries that compress, and how attributes are understood. Checksums in
// the tests hold it; whoever changes what they are of makes a new number, keeps what made the old one for as long as
// Numbers lists it, and announces it.
const Number = 1

// Numbers are the format numbers that can be had, the newest last.
func Numbers() []int { return []int{1} }

// NumberWords are these numbers as people read them.
func NumberWords() string {
	words := ""
	for i, n := range Numbers() {
		if i > 0 {
			words += ", "
		}
		words += strconv.Itoa(n)
	}
	return words
}

// Levels of format number 1, written out because what a library takes for its default may change.
const (
	gzipLevel  = 7
	zipLevel   = 7
	zstdLevel  = zstd.SpeedDefault
	zstdWindow = 4 << 20 // what a reader must hold, in bytes
)

func newGzip(w io.Writer, level int) (io.WriteCloser, error) {
	if level == Default {
		level = gzipLevel
	}
	z, err := gzip.NewWriterLevel(w, level)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return z, nil
}

// newZstd compresses on one core: on several, what a block refers to would depend on how many there are.
func newZstd(w io.Writer, level int) (io.WriteCloser, error) {
	l := zstdLevel
	if level != Default {
		l = zstd.EncoderLevelFromZstd(level)
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(l), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(true),
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return z, nil
}

// deflater compresses one entry of a zip file after the other with the same memory.
type deflater struct{ z *flate.Writer }

func newDeflater(level int) (*deflater, error) {
	if level == Default {
		level = zipLevel
	}
	z, err := flate.NewWriter(io.Discard, level)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return &deflater{z}, nil
}

// next is an archive/zip.Compressor; the entry before was closed.
func (d *deflater) next(w io.Writer) (io.WriteCloser, error) {
	d.z.Reset(w)
	return d.z, nil
}

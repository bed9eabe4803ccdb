// Package packtest makes the parts of packs of which tests build theirs. It is for tests alone, imports nothing of ours, and
// deflates by the standard library, so that the library which the server uses is read by what another one wrote.
package packtest

import (
	"bytes"
	"compress/zlib"
)

// deflaters are kept, since each is a large piece of memory, and 20 ms under the race detector: some forged packs have
// thousands of entries. No sync.Pool: under the race detector that drops every fourth.
var deflaters = make(chan *zlib.Writer, 4)

// Deflated is content as a zlib stream (RFC 1950), as in an entry of a pack or, with its header, in a loose object.
func Deflated(content []byte) []byte {
	var b bytes.Buffer
	z := deflater()
	z.Reset(&b)
	_, _ = z.Write(content) // into memory: it does not fail
	_ = z.Close()
	select {
	case deflaters <- z:
	default:
	}
	return b.Bytes()
}

func deflater() *zlib.Writer {
	select {
	case z := <-deflaters:
		return z
	default:
	}
	z, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		panic(err) // the level is one of theirs
	}
	return z
}

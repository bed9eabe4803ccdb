package packtest

import (
	"bytes"
	"compress/zlib"
	"io"
	"testing"
)

func TestDeflatedInflatesToTheSame(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("one"), bytes.Repeat([]byte("many "), 100_000), []byte("one again")} {
		z, err := zlib.NewReader(bytes.NewReader(Deflated(content)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes became %d: %v", len(content), len(got), err)
		}
	}
}

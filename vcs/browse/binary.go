package browse

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zlib"

	"jeton/vcs/browse/delta"
)

// binary prints a patch that makes b of a, and one that goes back (git-apply takes both; gitdiffcore has no words on the
// format):
//
//	GIT binary patch
//	literal 1234          or delta 1234: how large the data is, inflated
//	zcmV+b0RR6000031…     up to 52 bytes of the deflated data, in base 85; the first letter says how many
//	                      an empty line ends it
func (p *printer) binary(a, b []byte) {
	p.out.WriteString("GIT binary patch\n")
	p.data(a, b)
	p.data(b, a)
}

// data prints b, or how b is made of a where that is shorter.
func (p *printer) data(a, b []byte) {
	whole := deflate(b)
	word, size, data := "literal", len(b), whole
	if len(a) > 0 && len(b) > 0 {
		if d := delta.Make(a, b, len(b)); d != nil {
			if short := deflate(d); len(short) < len(whole) {
				word, size, data = "delta", len(d), short
			}
		}
	}
	fmt.Fprintf(&p.out, "%s %d\n", word, size)
	base85(&p.out, data)
	p.out.WriteByte('\n')
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data) // into memory
	_ = z.Close()
	return b.Bytes()
}

const (
	digits85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
	lineSize = 52
)

// base85 writes lines of up to 52 bytes: how many (A for 1 to Z, a for 27 on), then five digits for each four bytes, the
// last filled up with zeros.
func base85(out *bytes.Buffer, data []byte) {
	for len(data) > 0 {
		line := data[:min(len(data), lineSize)]
		data = data[len(line):]
		if n := len(line); n <= 26 {
			out.WriteByte('A' + byte(n) - 1)
		} else {
			out.WriteByte('a' + byte(n) - 27)
		}
		for ; len(line) > 0; line = line[min(4, len(line)):] {
			var four [4]byte
			copy(four[:], line)
			n := uint32(four[0])<<24 | uint32(four[1])<<16 | uint32(four[2])<<8 | uint32(four[3])
			var five [5]byte
			for i := 4; i >= 0; i-- {
				five[i] = digits85[n%85]
				n /= 85
			}
			out.Write(five[:])
		}
		out.WriteByte('\n')
	}
}
